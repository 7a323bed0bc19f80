package pipeline

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	tagapi "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi/types"

	"enrich/engine"
)

// Discover lists what carries this pipeline's tags in its region, whoever manages it,
// and whatever the configuration and the record say: tables of lookups that there were
// once, with their alarms. Roles are not among it, as AWS's index of tags does not have
// them; their names are known.
//
// The index lags behind: what it lists may be gone, so each has to be read. ARNs
// of what has the tags but not a name of this pipeline are strange: not for us to
// touch, but somebody should know.
func (p *Pipeline) Discover(ctx context.Context) (found []engine.Resource, strange []string, err error) {
	pages := tagapi.NewGetResourcesPaginator(tagapi.NewFromConfig(p.sdk), &tagapi.GetResourcesInput{TagFilters: []types.TagFilter{
		{Key: aws.String(tagPipeline), Values: []string{p.id.Name}},
		{Key: aws.String(tagEnvironment), Values: []string{p.id.Environment}},
	}})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, nil, fmt.Errorf("looking for resources by their tags: %w", err)
		}
		for _, mapping := range page.ResourceTagMappingList {
			name := aws.ToString(mapping.ResourceARN)
			if r := p.byARN(name); r != nil {
				found = append(found, r)
			} else if p.Owns(tagMap(mapping.Tags, func(t types.Tag) (*string, *string) { return t.Key, t.Value })) {
				strange = append(strange, name)
			}
		}
	}
	return found, strange, nil
}

// byARN restores the resource of an ARN; nil where the pipeline has none of that
// name.
func (p *Pipeline) byARN(text string) engine.Resource {
	name, err := arn.Parse(text)
	if err != nil {
		return nil
	}
	begin := p.id.prefix() + "-"
	switch resource := name.Resource; name.Service {
	case "kinesis":
		return only(p.namedStream(keyStream, p.names.Stream), text)
	case "dynamodb":
		// An index and a stream of a table have longer ARNs.
		if lookup, ok := strings.CutPrefix(resource, "table/"+begin); ok && !strings.Contains(lookup, "/") {
			return only(p.namedTable(tableKey(lookup), begin+lookup), text)
		}
	case "cloudwatch":
		if alarm, ok := strings.CutPrefix(resource, "alarm:"+begin); ok {
			if alarm == alarmUnhealthy {
				return only(p.namedComposite(alarmKey(alarm), begin+alarm), text)
			}
			return only(p.namedAlarm(alarmKey(alarm), begin+alarm), text)
		}
		return only(p.namedDashboard(keyDashboard, p.names.Dashboard), text)
	case "sns":
		return only(p.namedTopic(keyTopic, p.names.AlarmTopic), text)
	case "s3":
		return only(p.namedBucket(keyBucket, p.names.Bucket), text)
	case "logs":
		return only(p.namedLogGroup(keyLogGroup, p.names.LogGroup), strings.TrimSuffix(text, ":*"))
	case "lambda":
		if uuid, ok := strings.CutPrefix(resource, "event-source-mapping:"); ok {
			return p.recordedMapping(keyMapping, mappingName(p.names), uuid)
		}
		return only(p.namedFunction(keyFunction, p.names.Function), text)
	}
	return nil
}

// only gives a resource if this is its ARN.
func only(r engine.Resource, arn string) engine.Resource {
	if r.ARN() != arn {
		return nil
	}
	return r
}
