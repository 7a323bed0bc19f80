package emulator

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

const tagQuota = 50 // tags of one resource

var tagPattern = compiled(`^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$`)

// checkResourceTags holds tags to the rules that AWS has for all of them.
// https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
func checkResourceTags(tags map[string]string) error {
	var c constraints
	for _, key := range sortedKeys(tags) {
		c.text(&key, "tags", 1, 128, tagPattern)
		value := tags[key]
		c.text(&value, "tags."+key+".member", 0, 256, tagPattern)
	}
	if err := c.err(); err != nil {
		return err
	}
	for key := range tags {
		if strings.HasPrefix(strings.ToLower(key), "aws:") {
			return failf(http.StatusBadRequest, "InvalidArgumentException", "Tag keys that begin with aws: are reserved: %s", key)
		}
	}
	if len(tags) > tagQuota {
		return failf(http.StatusBadRequest, "InvalidArgumentException", "A resource cannot have more than %d tags.", tagQuota)
	}
	return nil
}

func (st *stream) tag(tags map[string]string) error {
	if err := checkResourceTags(tags); err != nil {
		return err
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	merged := maps.Clone(st.tags)
	maps.Copy(merged, tags)
	if len(merged) > tagQuota {
		return failf(http.StatusBadRequest, "LimitExceededException",
			"Failed to add tags to stream %s under account %s because a given stream cannot have more than %d tags associated with it.", st.name, st.account, tagQuota)
	}
	st.tags = merged
	return nil
}

func (st *stream) untag(keys []string) {
	st.mu.Lock()
	defer st.mu.Unlock()
	left := maps.Clone(st.tags)
	for _, key := range keys {
		delete(left, key)
	}
	st.tags = left
}

// tagList gives the tags by key.
func (st *stream) tagList() []types.Tag {
	st.mu.RLock()
	defer st.mu.RUnlock()
	list := []types.Tag{}
	for _, key := range sortedKeys(st.tags) {
		list = append(list, types.Tag{Key: new(key), Value: new(st.tags[key])})
	}
	return list
}

func (s *kinesisService) addTagsToStream(ctx context.Context, in *kinesis.AddTagsToStreamInput) (*kinesis.AddTagsToStreamOutput, error) {
	if len(in.Tags) == 0 {
		return nil, nullMember("tags")
	}
	st, err := s.find(ctx, in.StreamName, in.StreamARN, in.StreamId)
	if err != nil {
		return nil, err
	}
	return &kinesis.AddTagsToStreamOutput{}, st.tag(in.Tags)
}

func (s *kinesisService) removeTagsFromStream(ctx context.Context, in *kinesis.RemoveTagsFromStreamInput) (*kinesis.RemoveTagsFromStreamOutput, error) {
	if len(in.TagKeys) == 0 {
		return nil, nullMember("tagKeys")
	}
	st, err := s.find(ctx, in.StreamName, in.StreamARN, in.StreamId)
	if err != nil {
		return nil, err
	}
	st.untag(in.TagKeys)
	return &kinesis.RemoveTagsFromStreamOutput{}, nil
}

func (s *kinesisService) listTagsForStream(ctx context.Context, in *kinesis.ListTagsForStreamInput) (*kinesis.ListTagsForStreamOutput, error) {
	var c constraints
	c.between(in.Limit, "limit", 1, tagQuota)
	if err := c.err(); err != nil {
		return nil, err
	}
	st, err := s.find(ctx, in.StreamName, in.StreamARN, in.StreamId)
	if err != nil {
		return nil, err
	}
	tags := st.tagList()
	if after := in.ExclusiveStartTagKey; after != nil {
		from, found := slices.BinarySearchFunc(tags, *after, func(t types.Tag, key string) int { return cmp.Compare(*t.Key, key) })
		if found {
			from++
		}
		tags = tags[from:]
	}
	limit := tagQuota
	if in.Limit != nil {
		limit = int(*in.Limit)
	}
	more := len(tags) > limit
	return &kinesis.ListTagsForStreamOutput{Tags: tags[:min(limit, len(tags))], HasMoreTags: &more}, nil
}

// taggable finds the stream that a resource ARN names.
func (s *kinesisService) taggable(ctx context.Context, arn, id *string) (*stream, error) {
	if arn == nil {
		return nil, nullMember("resourceARN")
	}
	return s.find(ctx, nil, arn, id)
}

func (s *kinesisService) tagResource(ctx context.Context, in *kinesis.TagResourceInput) (*kinesis.TagResourceOutput, error) {
	if len(in.Tags) == 0 {
		return nil, nullMember("tags")
	}
	st, err := s.taggable(ctx, in.ResourceARN, in.StreamId)
	if err != nil {
		return nil, err
	}
	return &kinesis.TagResourceOutput{}, st.tag(in.Tags)
}

func (s *kinesisService) untagResource(ctx context.Context, in *kinesis.UntagResourceInput) (*kinesis.UntagResourceOutput, error) {
	if len(in.TagKeys) == 0 {
		return nil, nullMember("tagKeys")
	}
	st, err := s.taggable(ctx, in.ResourceARN, in.StreamId)
	if err != nil {
		return nil, err
	}
	st.untag(in.TagKeys)
	return &kinesis.UntagResourceOutput{}, nil
}

func (s *kinesisService) listTagsForResource(ctx context.Context, in *kinesis.ListTagsForResourceInput) (*kinesis.ListTagsForResourceOutput, error) {
	st, err := s.taggable(ctx, in.ResourceARN, in.StreamId)
	if err != nil {
		return nil, err
	}
	return &kinesis.ListTagsForResourceOutput{Tags: st.tagList()}, nil
}

// tagged lists the streams of a region for the Resource Groups Tagging API.
func (s *kinesisService) tagged(region string) []taggedResource {
	var list []taggedResource
	for _, st := range s.inRegion(region) {
		st.mu.RLock()
		list = append(list, taggedResource{arn: st.arn, tags: maps.Clone(st.tags)})
		st.mu.RUnlock()
	}
	return list
}
