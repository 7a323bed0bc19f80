package emulator

import (
	"context"
	"maps"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
)

// snsTags validates the tags of a request.
// https://docs.aws.amazon.com/sns/latest/dg/sns-tags.html
func snsTags(in []types.Tag) (map[string]string, error) {
	tags := map[string]string{}
	for _, tag := range in {
		key, value := deref(tag.Key), deref(tag.Value)
		switch _, twice := tags[key]; {
		case twice:
			return nil, snsInvalid("Duplicated keys are not allowed.")
		case key == "" || utf8.RuneCountInString(key) > 128 || utf8.RuneCountInString(value) > 256:
			return nil, snsInvalid("Tags Reason: keys have 1 to 128 characters and values up to 256: %q", key)
		case strings.HasPrefix(strings.ToLower(key), "aws:"):
			return nil, snsInvalid("Tags Reason: keys must not begin with aws: %q", key)
		}
		tags[key] = value
	}
	return tags, snsTagLimit(tags)
}

func snsTagLimit(tags map[string]string) error {
	if len(tags) > maxTags {
		return failf(http.StatusBadRequest, "TagLimitExceeded", "Could not complete request: tag quota of per resource exceeded")
	}
	return nil
}

// taggedTopic finds a topic by what the tagging operations call a resource. The
// lock is held.
func (s *snsService) taggedTopic(arn string) (*topic, error) {
	t := s.topics[arn]
	if t == nil || s.readiness.before(t.visible) {
		return nil, failf(http.StatusNotFound, "ResourceNotFound", "Resource does not exist")
	}
	return t, nil
}

func (s *snsService) tagResource(_ context.Context, in *sns.TagResourceInput) (*sns.TagResourceOutput, error) {
	added, err := snsTags(in.Tags)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.taggedTopic(deref(in.ResourceArn))
	if err != nil {
		return nil, err
	}
	changed := maps.Clone(t.tags)
	maps.Copy(changed, added)
	if err := snsTagLimit(changed); err != nil {
		return nil, err
	}
	t.tags = changed
	return &sns.TagResourceOutput{}, nil
}

func (s *snsService) untagResource(_ context.Context, in *sns.UntagResourceInput) (*sns.UntagResourceOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.taggedTopic(deref(in.ResourceArn))
	if err != nil {
		return nil, err
	}
	changed := maps.Clone(t.tags)
	for _, key := range in.TagKeys {
		delete(changed, key)
	}
	t.tags = changed
	return &sns.UntagResourceOutput{}, nil
}

func (s *snsService) listTags(_ context.Context, in *sns.ListTagsForResourceInput) (*sns.ListTagsForResourceOutput, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	t, err := s.taggedTopic(deref(in.ResourceArn))
	if err != nil {
		return nil, err
	}
	out := &sns.ListTagsForResourceOutput{Tags: []types.Tag{}}
	for _, key := range sortedKeys(t.tags) {
		out.Tags = append(out.Tags, types.Tag{Key: &key, Value: new(t.tags[key])})
	}
	return out, nil
}
