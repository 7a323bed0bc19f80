package emulator

import (
	"context"
	"maps"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// maxTags is how many tags a resource may have.
const maxTags = 50

// inputTags validates the tags of a request.
func inputTags(in []types.Tag) (map[string]string, error) {
	tags := map[string]string{}
	for _, tag := range in {
		key, value := deref(tag.Key), deref(tag.Value)
		switch {
		case key == "" || utf8.RuneCountInString(key) > 128 || utf8.RuneCountInString(value) > 256:
			return nil, cwInvalid("Tag keys have 1 to 128 characters and values up to 256: %q", key)
		case strings.HasPrefix(strings.ToLower(key), "aws:"):
			return nil, cwInvalid("Tag keys must not begin with aws: %q", key)
		}
		tags[key] = value
	}
	if len(tags) > maxTags {
		return nil, cwInvalid("A resource has at most %d tags.", maxTags)
	}
	return tags, nil
}

// tagsOf finds the tags of an alarm or dashboard for reading and for writing.
// The lock is held.
func (c *cloudWatchService) tagsOf(arn string) (*map[string]string, error) {
	if a := c.alarms[arn]; a != nil && !c.readiness.before(a.visible) {
		return &a.tags, nil
	}
	if a := c.composites[arn]; a != nil && !c.readiness.before(a.visible) {
		return &a.tags, nil
	}
	if _, name, ok := strings.Cut(arn, ":dashboard/"); ok && c.dashboard(name) != nil {
		return &c.dashboards[name].tags, nil
	}
	if !strings.HasPrefix(arn, "arn:") || strings.Count(arn, ":") < 5 {
		return nil, cwInvalid("Invalid ARN: %s", arn)
	}
	err := failf(http.StatusNotFound, "ResourceNotFoundException", "Unknown")
	err.Extra = map[string]any{"ResourceType": "alarm", "ResourceId": arn}
	return nil, err
}

func (c *cloudWatchService) tagResource(_ context.Context, in *cloudwatch.TagResourceInput) (*cloudwatch.TagResourceOutput, error) {
	added, err := inputTags(in.Tags)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	tags, err := c.tagsOf(deref(in.ResourceARN))
	if err != nil {
		return nil, err
	}
	changed := map[string]string{}
	maps.Copy(changed, *tags)
	maps.Copy(changed, added)
	if len(changed) > maxTags {
		return nil, cwInvalid("A resource has at most %d tags.", maxTags)
	}
	*tags = changed
	return &cloudwatch.TagResourceOutput{}, nil
}

func (c *cloudWatchService) untagResource(_ context.Context, in *cloudwatch.UntagResourceInput) (*cloudwatch.UntagResourceOutput, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	tags, err := c.tagsOf(deref(in.ResourceARN))
	if err != nil {
		return nil, err
	}
	changed := map[string]string{}
	maps.Copy(changed, *tags)
	for _, key := range in.TagKeys {
		delete(changed, key)
	}
	*tags = changed
	return &cloudwatch.UntagResourceOutput{}, nil
}

func (c *cloudWatchService) listTags(_ context.Context, in *cloudwatch.ListTagsForResourceInput) (*cloudwatch.ListTagsForResourceOutput, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	tags, err := c.tagsOf(deref(in.ResourceARN))
	if err != nil {
		return nil, err
	}
	out := &cloudwatch.ListTagsForResourceOutput{Tags: []types.Tag{}}
	for _, key := range sortedKeys(*tags) {
		out.Tags = append(out.Tags, types.Tag{Key: &key, Value: new((*tags)[key])})
	}
	return out, nil
}

// tagged implements tagSource: alarms of a region, and dashboards, which belong
// to none.
func (c *cloudWatchService) tagged(region string) []taggedResource {
	c.mu.Lock()
	defer c.mu.Unlock()
	var found []taggedResource
	for arn, a := range c.alarms {
		if a.region == region && !c.readiness.before(a.visible) {
			found = append(found, taggedResource{arn: arn, tags: a.tags})
		}
	}
	for arn, a := range c.composites {
		if a.region == region && !c.readiness.before(a.visible) {
			found = append(found, taggedResource{arn: arn, tags: a.tags})
		}
	}
	for name, d := range c.dashboards {
		if c.dashboard(name) == nil {
			continue
		}
		found = append(found, taggedResource{arn: "arn:" + partitionOf(region) + ":cloudwatch::" + c.options.Account + ":dashboard/" + name, tags: d.tags})
	}
	return found
}
