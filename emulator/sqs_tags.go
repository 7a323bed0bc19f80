package emulator

import (
	"context"
	"maps"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// checkQueueTags validates the tags of a request.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-queue-tags.html
func checkQueueTags(tags map[string]string) error {
	for _, key := range sortedKeys(tags) {
		switch {
		case key == "" || utf8.RuneCountInString(key) > 128 || utf8.RuneCountInString(tags[key]) > 256:
			return sqsInvalid("Tag keys must be between 1 and 128 characters in length, and tag values up to 256: %q", key)
		case strings.HasPrefix(strings.ToLower(key), "aws:"):
			return sqsInvalid("Tag keys must not begin with aws: %q", key)
		}
	}
	if len(tags) > maxTags {
		return sqsInvalid("Too many tags added for queue: at most %d.", maxTags)
	}
	return nil
}

func (s *sqsService) tagQueue(ctx context.Context, in *sqs.TagQueueInput) (*sqs.TagQueueOutput, error) {
	if in.Tags == nil {
		return nil, sqsMissing("Tags")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.queue(ctx, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	changed := maps.Clone(q.tags)
	maps.Copy(changed, in.Tags)
	if err := checkQueueTags(changed); err != nil {
		return nil, err
	}
	q.tags = changed
	return &sqs.TagQueueOutput{}, nil
}

func (s *sqsService) untagQueue(ctx context.Context, in *sqs.UntagQueueInput) (*sqs.UntagQueueOutput, error) {
	if in.TagKeys == nil {
		return nil, sqsMissing("TagKeys")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.queue(ctx, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	changed := maps.Clone(q.tags)
	for _, key := range in.TagKeys {
		delete(changed, key)
	}
	q.tags = changed
	return &sqs.UntagQueueOutput{}, nil
}

func (s *sqsService) listQueueTags(ctx context.Context, in *sqs.ListQueueTagsInput) (*sqs.ListQueueTagsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.queue(ctx, in.QueueUrl)
	if err != nil {
		return nil, err
	}
	return &sqs.ListQueueTagsOutput{Tags: maps.Clone(q.tags)}, nil
}
