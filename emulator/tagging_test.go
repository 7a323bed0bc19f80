package emulator

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	tagapi "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	tagtypes "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func TestGetResources(t *testing.T) {
	s := startServer(t, Options{})
	config := sdkConfig(s)
	createGroup(t, cloudwatchlogs.NewFromConfig(config), "/aws/lambda/f")
	if _, err := cloudwatch.NewFromConfig(config).PutMetricAlarm(t.Context(), errorsAlarm(nil)); err != nil {
		t.Fatal(err)
	}
	buckets := s3For(s, nil)
	newBucket(t, buckets, false)
	if _, err := buckets.PutBucketTagging(t.Context(), &s3.PutBucketTaggingInput{Bucket: aws.String(testBucket), Tagging: &s3types.Tagging{TagSet: []s3types.Tag{{Key: aws.String("managed-by"), Value: aws.String("enrich")}, {Key: aws.String("team"), Value: aws.String("web")}}}}); err != nil {
		t.Fatal(err)
	}
	client := tagapi.NewFromConfig(config)
	find := func(in tagapi.GetResourcesInput) string {
		t.Helper()
		var found []string
		for pages := tagapi.NewGetResourcesPaginator(client, &in); pages.HasMorePages(); {
			page, err := pages.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range page.ResourceTagMappingList {
				found = append(found, (*m.ResourceARN)[strings.LastIndexAny(*m.ResourceARN, ":")+1:])
			}
		}
		slices.Sort(found)
		return strings.Join(found, " ")
	}
	managed := []tagtypes.TagFilter{{Key: aws.String("managed-by"), Values: []string{"enrich", "other"}}}
	for i, test := range []struct {
		in   tagapi.GetResourcesInput
		want string
	}{
		{tagapi.GetResourcesInput{TagFilters: managed, ResourcesPerPage: aws.Int32(1)}, "/aws/lambda/f p-function-errors " + testBucket},
		{tagapi.GetResourcesInput{TagFilters: managed, ResourceTypeFilters: []string{"s3"}}, testBucket},
		{tagapi.GetResourcesInput{ResourceTypeFilters: []string{"s3:bucket", "logs:log-group"}}, "/aws/lambda/f " + testBucket},
		{tagapi.GetResourcesInput{ResourceTypeFilters: []string{"cloudwatch:alarm"}}, "p-function-errors"},
		{tagapi.GetResourcesInput{TagFilters: append(managed, tagtypes.TagFilter{Key: aws.String("team")})}, testBucket},
		{tagapi.GetResourcesInput{TagFilters: []tagtypes.TagFilter{{Key: aws.String("team"), Values: []string{"app"}}}}, ""},
		{tagapi.GetResourcesInput{ResourceARNList: []string{"arn:aws:s3:::" + testBucket}}, testBucket},
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			if got := find(test.in); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
	keys, err := client.GetTagKeys(t.Context(), &tagapi.GetTagKeysInput{})
	if err != nil || !slices.Equal(keys.TagKeys, []string{"managed-by", "team"}) {
		t.Errorf("keys %v, %v", keys, err)
	}
	values, err := client.GetTagValues(t.Context(), &tagapi.GetTagValuesInput{Key: aws.String("team")})
	if err != nil || !slices.Equal(values.TagValues, []string{"web"}) {
		t.Errorf("values %v, %v", values, err)
	}
	_, err = client.GetResources(t.Context(), &tagapi.GetResourcesInput{ResourcesPerPage: aws.Int32(101)})
	wantCode(t, err, "InvalidParameterException")
	_, err = client.GetResources(t.Context(), &tagapi.GetResourcesInput{PaginationToken: aws.String("x")})
	wantCode(t, err, "PaginationTokenExpiredException")
}

func TestResourceType(t *testing.T) {
	for arn, want := range map[string]string{
		"arn:aws:s3:::bucket": "s3:bucket", "arn:aws:lambda:r:1:function:f": "lambda:function", "arn:aws:kinesis:r:1:stream/s": "kinesis:stream",
		"arn:aws:dynamodb:r:1:table/t": "dynamodb:table", "arn:aws:logs:r:1:log-group:/aws/lambda/f": "logs:log-group", "arn:aws:cloudwatch:r:1:alarm:a/b": "cloudwatch:alarm",
		"arn:aws:cloudwatch::1:dashboard/d": "cloudwatch:dashboard", "arn:aws:sqs:r:1:q": "sqs:queue", "arn:aws:lambda:r:1:event-source-mapping:u": "lambda:event-source-mapping", "x": ":",
	} {
		if service, kind := resourceType(arn); service+":"+kind != want {
			t.Errorf("%s: got %s:%s, want %s", arn, service, kind, want)
		}
	}
}
