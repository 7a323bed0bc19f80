package emulator

import (
	"context"
	"maps"
	"net/http"
	"strings"
	"sync"

	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
)

// taggable gives the tags of the function or mapping with an ARN, and the lock
// that guards them.
func (l *lambdaService) taggable(arn *string) (tags *map[string]string, guard *sync.RWMutex, err error) {
	if arn == nil {
		return nil, nil, nullMember("resource")
	}
	if f, ok := l.byARN(*arn); ok && !l.readiness.before(f.visible) {
		return &f.tags, &f.mu, nil
	}
	if _, uuid, ok := strings.Cut(*arn, ":event-source-mapping:"); ok {
		l.mu.RLock()
		m, ok := l.mappings[uuid]
		l.mu.RUnlock()
		if ok && m.arn == *arn && !l.readiness.before(m.visible) {
			return &m.tags, &m.mu, nil
		}
		return nil, nil, mappingNotFound()
	}
	if strings.Contains(*arn, ":function:") {
		return nil, nil, functionNotFound(*arn)
	}
	return nil, nil, invalidMember(*arn, "resource", "Member must satisfy regular expression pattern: arn:(aws[a-zA-Z-]*):lambda:[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:\\d{12}:(function:[a-zA-Z0-9-_]+(:(\\$LATEST|[a-zA-Z0-9-_]+))?|layer:([a-zA-Z0-9-_]+)|code-signing-config:csc-[a-z0-9]{17}|event-source-mapping:[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12})")
}

func (l *lambdaService) tagResource(_ context.Context, in *awslambda.TagResourceInput) (*awslambda.TagResourceOutput, error) {
	if in.Tags == nil {
		return nil, nullMember("tags")
	}
	if err := checkResourceTags(in.Tags); err != nil {
		return nil, err
	}
	tags, guard, err := l.taggable(in.Resource)
	if err != nil {
		return nil, err
	}
	guard.Lock()
	defer guard.Unlock()
	merged := maps.Clone(*tags)
	maps.Copy(merged, in.Tags)
	if len(merged) > tagQuota {
		return nil, lambdaFail(http.StatusBadRequest, "InvalidParameterValueException", "Resource cannot have more than %d tags.", tagQuota)
	}
	*tags = merged
	return &awslambda.TagResourceOutput{}, nil
}

func (l *lambdaService) untagResource(_ context.Context, in *awslambda.UntagResourceInput) (*awslambda.UntagResourceOutput, error) {
	if len(in.TagKeys) == 0 {
		return nil, nullMember("tagKeys")
	}
	tags, guard, err := l.taggable(in.Resource)
	if err != nil {
		return nil, err
	}
	guard.Lock()
	defer guard.Unlock()
	left := maps.Clone(*tags)
	for _, key := range in.TagKeys {
		delete(left, key)
	}
	*tags = left
	return &awslambda.UntagResourceOutput{}, nil
}

func (l *lambdaService) listTags(_ context.Context, in *awslambda.ListTagsInput) (*awslambda.ListTagsOutput, error) {
	tags, guard, err := l.taggable(in.Resource)
	if err != nil {
		return nil, err
	}
	guard.RLock()
	defer guard.RUnlock()
	return &awslambda.ListTagsOutput{Tags: maps.Clone(*tags)}, nil
}

// tagged lists the functions and mappings of a region for the Resource Groups
// Tagging API.
func (l *lambdaService) tagged(region string) []taggedResource {
	var list []taggedResource
	for _, f := range l.inRegion(region) {
		f.mu.RLock()
		list = append(list, taggedResource{arn: f.arn, tags: maps.Clone(f.tags)})
		f.mu.RUnlock()
	}
	l.sweepMappings()
	for _, m := range l.allMappings() {
		if partOf(m.arn, 3) != region || l.readiness.before(m.visible) {
			continue
		}
		m.mu.RLock()
		list = append(list, taggedResource{arn: m.arn, tags: maps.Clone(m.tags)})
		m.mu.RUnlock()
	}
	return list
}
