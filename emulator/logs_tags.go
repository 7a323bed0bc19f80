package emulator

import (
	"context"
	"maps"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

// checkLogTags validates tags that are to be added to so many.
func checkLogTags(tags map[string]string, existing int) error {
	for key, value := range tags {
		switch {
		case key == "" || utf8.RuneCountInString(key) > 128 || utf8.RuneCountInString(value) > 256:
			return logsInvalid("Tag keys have 1 to 128 characters and values up to 256: %q", key)
		case strings.HasPrefix(strings.ToLower(key), "aws:"):
			return logsInvalid("Tag keys must not begin with aws: %q", key)
		}
	}
	if existing+len(tags) > maxTags {
		return failf(http.StatusBadRequest, "TooManyTagsException", "A resource has at most %d tags.", maxTags)
	}
	return nil
}

// byARN finds a group by the ARN of it, without the final :*. The lock is held.
func (l *logsService) byARN(arn string) (*logGroupData, error) {
	if _, after, ok := strings.Cut(arn, ":log-group:"); !ok || !strings.HasPrefix(arn, "arn:") || strings.Contains(after, "*") {
		return nil, logsInvalid("1 validation error detected: Value '%s' at 'resourceArn' is not the ARN of a log group without :*", arn)
	}
	for _, group := range l.groups {
		if group.arn == arn && !l.readiness.before(group.visible) {
			return group, nil
		}
	}
	return nil, failf(http.StatusBadRequest, "ResourceNotFoundException", "The specified resource does not exist.")
}

func (l *logsService) tagResource(_ context.Context, in *cloudwatchlogs.TagResourceInput) (*cloudwatchlogs.TagResourceOutput, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	group, err := l.byARN(deref(in.ResourceArn))
	if err != nil {
		return nil, err
	}
	fresh := map[string]string{}
	for key, value := range in.Tags {
		if _, known := group.tags[key]; !known {
			fresh[key] = value
		}
	}
	if err := checkLogTags(in.Tags, len(group.tags)+len(fresh)-len(in.Tags)); err != nil {
		return nil, err
	}
	changed := maps.Clone(group.tags)
	maps.Copy(changed, in.Tags)
	group.tags = changed
	return &cloudwatchlogs.TagResourceOutput{}, nil
}

func (l *logsService) untagResource(_ context.Context, in *cloudwatchlogs.UntagResourceInput) (*cloudwatchlogs.UntagResourceOutput, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	group, err := l.byARN(deref(in.ResourceArn))
	if err != nil {
		return nil, err
	}
	changed := maps.Clone(group.tags)
	for _, key := range in.TagKeys {
		delete(changed, key)
	}
	group.tags = changed
	return &cloudwatchlogs.UntagResourceOutput{}, nil
}

func (l *logsService) listTags(_ context.Context, in *cloudwatchlogs.ListTagsForResourceInput) (*cloudwatchlogs.ListTagsForResourceOutput, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	group, err := l.byARN(deref(in.ResourceArn))
	if err != nil {
		return nil, err
	}
	return &cloudwatchlogs.ListTagsForResourceOutput{Tags: group.tags}, nil
}

// listGroupTags is the operation from before log groups had ARNs in tagging.
func (l *logsService) listGroupTags(ctx context.Context, in *cloudwatchlogs.ListTagsLogGroupInput) (*cloudwatchlogs.ListTagsLogGroupOutput, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	group, err := l.group(ctx, deref(in.LogGroupName))
	if err != nil {
		return nil, err
	}
	return &cloudwatchlogs.ListTagsLogGroupOutput{Tags: group.tags}, nil
}

// tagged implements tagSource.
func (l *logsService) tagged(region string) []taggedResource {
	l.mu.RLock()
	defer l.mu.RUnlock()
	var found []taggedResource
	for _, group := range l.sorted(region) {
		found = append(found, taggedResource{arn: group.arn, tags: group.tags})
	}
	return found
}
