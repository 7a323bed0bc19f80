package emulator

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

func TestStreamSettingsAreReadBack(t *testing.T) {
	s := startServer(t, Options{})
	client, ctx := kinesis.NewFromConfig(sdkConfig(s)), t.Context()
	name, arn := aws.String("orders"), aws.String("arn:aws:kinesis:us-east-1:000000000000:stream/orders")
	_, err := client.CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: name, StreamModeDetails: &types.StreamModeDetails{StreamMode: types.StreamModeOnDemand}})
	must(t, err)
	_, err = client.StartStreamEncryption(ctx, &kinesis.StartStreamEncryptionInput{StreamName: name, EncryptionType: types.EncryptionTypeKms, KeyId: aws.String("alias/aws/kinesis")})
	must(t, err)
	monitoring, err := client.EnableEnhancedMonitoring(ctx, &kinesis.EnableEnhancedMonitoringInput{StreamName: name, ShardLevelMetrics: []types.MetricsName{types.MetricsNameAll}})
	must(t, err)
	if len(monitoring.DesiredShardLevelMetrics) != 7 || len(monitoring.CurrentShardLevelMetrics) != 0 {
		t.Errorf("ALL gives %v after %v", monitoring.DesiredShardLevelMetrics, monitoring.CurrentShardLevelMetrics)
	}
	_, err = client.DisableEnhancedMonitoring(ctx, &kinesis.DisableEnhancedMonitoringInput{StreamARN: arn, ShardLevelMetrics: []types.MetricsName{types.MetricsNameIncomingBytes}})
	must(t, err)
	out, err := client.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamARN: arn})
	must(t, err)
	d := out.StreamDescriptionSummary
	if d.StreamModeDetails.StreamMode != types.StreamModeOnDemand || *d.OpenShardCount != 4 || d.EncryptionType != types.EncryptionTypeKms ||
		deref(d.KeyId) != "alias/aws/kinesis" || *d.StreamARN != *arn || *d.RetentionPeriodHours != 24 || d.StreamStatus != types.StreamStatusActive {
		t.Errorf("summary %+v", d)
	}
	if metrics := d.EnhancedMonitoring[0].ShardLevelMetrics; len(metrics) != 6 || slices.Contains(metrics, types.MetricsNameIncomingBytes) {
		t.Errorf("metrics %v", metrics)
	}
	record, err := client.PutRecord(ctx, &kinesis.PutRecordInput{StreamName: name, PartitionKey: aws.String("k"), Data: []byte("1")})
	must(t, err)
	if record.EncryptionType != types.EncryptionTypeKms {
		t.Errorf("a record of an encrypted stream has the encryption %q", record.EncryptionType)
	}
	_, err = client.UpdateShardCount(ctx, &kinesis.UpdateShardCountInput{StreamName: name, TargetShardCount: aws.Int32(8), ScalingType: types.ScalingTypeUniformScaling})
	wantCode(t, err, "ValidationException")
	_, err = client.UpdateStreamMode(ctx, &kinesis.UpdateStreamModeInput{StreamARN: arn, StreamModeDetails: &types.StreamModeDetails{StreamMode: types.StreamModeProvisioned}})
	must(t, err)
	_, err = client.StopStreamEncryption(ctx, &kinesis.StopStreamEncryptionInput{StreamName: name, EncryptionType: types.EncryptionTypeKms, KeyId: aws.String("alias/aws/kinesis")})
	must(t, err)
	described, err := client.DescribeStream(ctx, &kinesis.DescribeStreamInput{StreamName: name})
	must(t, err)
	if full := described.StreamDescription; full.EncryptionType != types.EncryptionTypeNone || full.KeyId != nil || full.StreamModeDetails.StreamMode != types.StreamModeProvisioned || len(full.Shards) != 4 || *full.HasMoreShards {
		t.Errorf("description %+v", full)
	}
	limits, err := client.DescribeLimits(ctx, &kinesis.DescribeLimitsInput{})
	must(t, err)
	if *limits.OpenShardCount != 4 || *limits.OnDemandStreamCount != 0 || *limits.ShardLimit == 0 {
		t.Errorf("limits %d, %d, %d", *limits.OpenShardCount, *limits.OnDemandStreamCount, *limits.ShardLimit)
	}
}

func TestStreamTags(t *testing.T) {
	s := startServer(t, Options{})
	client, ctx := kinesis.NewFromConfig(sdkConfig(s)), t.Context()
	name, arn := aws.String("s"), aws.String("arn:aws:kinesis:us-east-1:000000000000:stream/s")
	_, err := client.CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: name, ShardCount: aws.Int32(1), Tags: map[string]string{"enrich:pipeline": "orders"}})
	must(t, err)
	_, err = client.AddTagsToStream(ctx, &kinesis.AddTagsToStreamInput{StreamName: name, Tags: map[string]string{"b": "2", "c": ""}})
	must(t, err)
	_, err = client.TagResource(ctx, &kinesis.TagResourceInput{ResourceARN: arn, Tags: map[string]string{"b": "3", "d": "4"}})
	must(t, err)
	_, err = client.RemoveTagsFromStream(ctx, &kinesis.RemoveTagsFromStreamInput{StreamName: name, TagKeys: []string{"c", "unknown"}})
	must(t, err)
	_, err = client.UntagResource(ctx, &kinesis.UntagResourceInput{ResourceARN: arn, TagKeys: []string{"d"}})
	must(t, err)
	want := map[string]string{"enrich:pipeline": "orders", "b": "3"}
	listed, err := client.ListTagsForResource(ctx, &kinesis.ListTagsForResourceInput{ResourceARN: arn})
	must(t, err)
	if got := streamTags(listed.Tags); !maps.Equal(got, want) {
		t.Errorf("tags %v, want %v", got, want)
	}
	page, err := client.ListTagsForStream(ctx, &kinesis.ListTagsForStreamInput{StreamName: name, Limit: aws.Int32(1)})
	must(t, err)
	if !*page.HasMoreTags || *page.Tags[0].Key != "b" {
		t.Errorf("first page %+v", page)
	}
	page, err = client.ListTagsForStream(ctx, &kinesis.ListTagsForStreamInput{StreamName: name, ExclusiveStartTagKey: aws.String("b")})
	must(t, err)
	if *page.HasMoreTags || len(page.Tags) != 1 || *page.Tags[0].Key != "enrich:pipeline" {
		t.Errorf("second page %+v", page)
	}
	many := map[string]string{}
	for i := range 49 {
		many[fmt.Sprint("k", i)] = "v"
	}
	_, err = client.AddTagsToStream(ctx, &kinesis.AddTagsToStreamInput{StreamName: name, Tags: many})
	wantCode(t, err, "LimitExceededException")
	_, err = client.AddTagsToStream(ctx, &kinesis.AddTagsToStreamInput{StreamName: name, Tags: map[string]string{"aws:x": "1"}})
	wantCode(t, err, "InvalidArgumentException")
	_, err = client.AddTagsToStream(ctx, &kinesis.AddTagsToStreamInput{StreamName: name, Tags: map[string]string{"k": strings.Repeat("v", 257)}})
	wantCode(t, err, "ValidationException")
}

func streamTags(tags []types.Tag) map[string]string {
	m := map[string]string{}
	for _, tag := range tags {
		m[*tag.Key] = deref(tag.Value)
	}
	return m
}

func TestListsArePaged(t *testing.T) {
	s := startServer(t, Options{})
	client, ctx := kinesis.NewFromConfig(sdkConfig(s)), t.Context()
	for i := range 5 {
		_, err := client.CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: aws.String(fmt.Sprint("s", i)), ShardCount: aws.Int32(7)})
		must(t, err)
	}
	var names []string
	pages := kinesis.NewListStreamsPaginator(client, &kinesis.ListStreamsInput{Limit: aws.Int32(2)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		must(t, err)
		names = append(names, page.StreamNames...)
	}
	if want := []string{"s0", "s1", "s2", "s3", "s4"}; !slices.Equal(names, want) {
		t.Errorf("streams %v, want %v", names, want)
	}
	var shards []string
	in := &kinesis.ListShardsInput{StreamName: aws.String("s1"), MaxResults: aws.Int32(3)}
	for {
		out, err := client.ListShards(ctx, in)
		must(t, err)
		for _, sh := range out.Shards {
			shards = append(shards, *sh.ShardId)
		}
		if out.NextToken == nil {
			break
		}
		in = &kinesis.ListShardsInput{NextToken: out.NextToken, MaxResults: aws.Int32(3)}
	}
	if len(shards) != 7 || shards[6] != "shardId-000000000006" {
		t.Errorf("shards %v", shards)
	}
	out, err := client.DescribeStream(ctx, &kinesis.DescribeStreamInput{StreamName: aws.String("s1"), Limit: aws.Int32(4), ExclusiveStartShardId: aws.String("shardId-000000000001")})
	must(t, err)
	if d := out.StreamDescription; !*d.HasMoreShards || len(d.Shards) != 4 || *d.Shards[0].ShardId != "shardId-000000000002" {
		t.Errorf("description %+v", out.StreamDescription)
	}
	_, err = client.ListShards(ctx, &kinesis.ListShardsInput{NextToken: aws.String("x")})
	wantCode(t, err, "InvalidArgumentException")
}

func TestStreamsBelongToARegion(t *testing.T) {
	s := startServer(t, Options{})
	config := sdkConfig(s)
	east := kinesis.NewFromConfig(config)
	config.Region = "cn-north-1"
	north := kinesis.NewFromConfig(config)
	_, err := north.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: aws.String("s"), ShardCount: aws.Int32(1)})
	must(t, err)
	out, err := north.DescribeStreamSummary(t.Context(), &kinesis.DescribeStreamSummaryInput{StreamName: aws.String("s")})
	must(t, err)
	if got := *out.StreamDescriptionSummary.StreamARN; got != "arn:aws-cn:kinesis:cn-north-1:000000000000:stream/s" {
		t.Errorf("ARN %s", got)
	}
	_, err = east.DescribeStreamSummary(t.Context(), &kinesis.DescribeStreamSummaryInput{StreamName: aws.String("s")})
	wantCode(t, err, "ResourceNotFoundException")
	list, err := east.ListStreams(t.Context(), &kinesis.ListStreamsInput{})
	must(t, err)
	if len(list.StreamNames) != 0 {
		t.Errorf("streams of another region: %v", list.StreamNames)
	}
}
