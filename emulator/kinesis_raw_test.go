package emulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// rawKinesis sends a request that an SDK would not: it checks for required
// members itself.
func rawKinesis(t *testing.T, s *Server, operation, body string) (status int, code, message string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.Endpoint(), strings.NewReader(body))
	must(t, err)
	request.Header.Set("X-Amz-Target", "Kinesis_20131202."+operation)
	request.Header.Set("Content-Type", "application/x-amz-json-1.1")
	response, err := http.DefaultClient.Do(request)
	must(t, err)
	answer, err := take(response)
	must(t, err)
	var failure struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
	}
	if len(answer) > 0 {
		must(t, json.Unmarshal(answer, &failure))
	}
	return response.StatusCode, failure.Type, failure.Message
}

func TestKinesisMissesRequiredMembers(t *testing.T) {
	_, s := startKinesis(t, Options{}, 2)
	for _, c := range []struct{ operation, body, code, member string }{
		{"CreateStream", `{"ShardCount":1}`, "ValidationException", "'streamName'"},
		{"CreateStream", `{"StreamName":"t","StreamModeDetails":{}}`, "ValidationException", "'streamModeDetails.streamMode'"},
		{"CreateStream", `{"StreamName":"t","StreamModeDetails":{"StreamMode":"ON_DEMAND"},"ShardCount":1}`, "ValidationException", "ON_DEMAND"},
		{"CreateStream", `{"StreamName":"t","ShardCount":1,"WarmThroughputMiBps":1}`, "InvalidArgumentException", "WarmThroughputMiBps is not supported"},
		{"PutRecord", `{"StreamName":"s"}`, "ValidationException", "2 validation errors detected: Value null at 'partitionKey' failed to satisfy constraint: Member must not be null; Value null at 'data'"},
		{"PutRecord", `{"StreamName":"s","Data":"eA==","PartitionKey":"k","DryRun":true}`, "InvalidArgumentException", "DryRun is not supported"},
		{"PutRecord", `{"StreamName":"s","Data":"eA==","PartitionKey":"k","SequenceNumberForOrdering":"x"}`, "ValidationException", "'sequenceNumberForOrdering'"},
		{"PutRecords", `{"StreamName":"s"}`, "ValidationException", "'records'"},
		{"PutRecords", `{"StreamName":"s","Records":[{"PartitionKey":"k"}]}`, "ValidationException", "'records.1.member.data'"},
		{"PutRecords", `{"StreamName":"s","Records":[{"Data":"eA=="}]}`, "ValidationException", "'records.1.member.partitionKey'"},
		{"GetShardIterator", `{"StreamName":"s"}`, "ValidationException", "'shardIteratorType'"},
		{"GetShardIterator", `{"StreamName":"s","ShardId":"shardId-000000000000","ShardIteratorType":"AT_TIMESTAMP"}`, "InvalidArgumentException", "no timestamp"},
		{"GetShardIterator", `{"StreamName":"s","ShardId":"shardId-000000000000","ShardIteratorType":"SOON"}`, "ValidationException", "shardIteratorType"},
		{"GetRecords", `{}`, "ValidationException", "'shardIterator'"},
		{"SplitShard", `{"StreamName":"s"}`, "ValidationException", "'newStartingHashKey'"},
		{"MergeShards", `{"StreamName":"s"}`, "ValidationException", "'adjacentShardToMerge'"},
		{"UpdateShardCount", `{"StreamName":"s"}`, "ValidationException", "'scalingType'"},
		{"IncreaseStreamRetentionPeriod", `{"StreamName":"s"}`, "ValidationException", "'retentionPeriodHours'"},
		{"StartStreamEncryption", `{"StreamName":"s"}`, "ValidationException", "'keyId'"},
		{"StartStreamEncryption", `{"StreamName":"s","EncryptionType":"NONE","KeyId":"k"}`, "ValidationException", "[KMS]"},
		{"UpdateStreamMode", `{}`, "ValidationException", "'streamModeDetails'"},
		{"UpdateStreamMode", `{"StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/s","StreamModeDetails":{}}`, "ValidationException", "'streamModeDetails.streamMode'"},
		{"UpdateMaxRecordSize", `{"StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/s"}`, "ValidationException", "'maxRecordSizeInKiB'"},
		{"EnableEnhancedMonitoring", `{"StreamName":"s"}`, "ValidationException", "'shardLevelMetrics'"},
		{"AddTagsToStream", `{"StreamName":"s"}`, "ValidationException", "'tags'"},
		{"RemoveTagsFromStream", `{"StreamName":"s"}`, "ValidationException", "'tagKeys'"},
		{"TagResource", `{"ResourceARN":"x"}`, "ValidationException", "'tags'"},
		{"TagResource", `{"Tags":{"a":"b"}}`, "ValidationException", "'resourceARN'"},
		{"UntagResource", `{}`, "ValidationException", "'tagKeys'"},
		{"ListTagsForResource", `{"ResourceARN":"x"}`, "ValidationException", "'streamARN'"},
		{"DescribeStream", `{"StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/s","StreamName":"t"}`, "InvalidArgumentException", "do not match"},
		{"ListShards", `{"NextToken":"eA==","StreamName":"s"}`, "InvalidArgumentException", "NextToken and StreamName"},
		{"ListShards", `{"StreamName":"s","ShardFilter":{"Type":"AFTER_SHARD_ID"}}`, "InvalidArgumentException", "ShardId is required"},
		{"ListShards", `{"StreamName":"s","ShardFilter":{"Type":"AT_TIMESTAMP"}}`, "InvalidArgumentException", "Timestamp is required"},
		{"ListShards", `{"StreamName":"s","ShardFilter":{}}`, "ValidationException", "'shardFilter.type'"},
		{"ListShards", `{"StreamName":"s","StreamCreationTimestamp":1}`, "ResourceNotFoundException", "Stream s under account"},
		{"ListStreams", `{"NextToken":"x"}`, "ExpiredNextTokenException", "NextToken"},
		{"SubscribeToShard", `{}`, "UnknownOperationException", "SubscribeToShard"},
	} {
		t.Run(c.operation+" "+c.body, func(t *testing.T) {
			status, code, message := rawKinesis(t, s, c.operation, c.body)
			if status != http.StatusBadRequest || code != c.code || !strings.Contains(message, c.member) {
				t.Errorf("%d %s: %s; want %s with %s", status, code, message, c.code, c.member)
			}
		})
	}
}

func TestShardFilters(t *testing.T) {
	clock := NewManualClock(epoch)
	client, _ := startKinesis(t, Options{Clock: clock}, 2)
	clock.Advance(time.Hour)
	resized := clock.Now()
	_, err := client.UpdateShardCount(t.Context(), &kinesis.UpdateShardCountInput{StreamName: aws.String("s"), TargetShardCount: aws.Int32(4), ScalingType: types.ScalingTypeUniformScaling})
	must(t, err)
	clock.Advance(time.Hour)
	for _, c := range []struct {
		filter types.ShardFilter
		want   string
	}{
		{types.ShardFilter{Type: types.ShardFilterTypeAtLatest}, "[2 3 4 5]"},
		{types.ShardFilter{Type: types.ShardFilterTypeAtTrimHorizon}, "[0 1]"},
		{types.ShardFilter{Type: types.ShardFilterTypeFromTrimHorizon}, "[0 1 2 3 4 5]"},
		{types.ShardFilter{Type: types.ShardFilterTypeAfterShardId, ShardId: aws.String("shardId-000000000003")}, "[4 5]"},
		{types.ShardFilter{Type: types.ShardFilterTypeAtTimestamp, Timestamp: aws.Time(epoch.Add(time.Minute))}, "[0 1]"},
		{types.ShardFilter{Type: types.ShardFilterTypeAtTimestamp, Timestamp: aws.Time(resized.Add(time.Minute))}, "[2 3 4 5]"},
		{types.ShardFilter{Type: types.ShardFilterTypeFromTimestamp, Timestamp: aws.Time(epoch.Add(time.Minute))}, "[0 1 2 3 4 5]"},
		{types.ShardFilter{Type: types.ShardFilterTypeFromTimestamp, Timestamp: aws.Time(resized.Add(time.Minute))}, "[2 3 4 5]"},
	} {
		out, err := client.ListShards(t.Context(), &kinesis.ListShardsInput{StreamName: aws.String("s"), ShardFilter: &c.filter})
		must(t, err)
		var got []int
		for _, sh := range out.Shards {
			var n int
			_, err := fmt.Sscanf(*sh.ShardId, "shardId-%d", &n)
			must(t, err)
			got = append(got, n)
		}
		if fmt.Sprint(got) != c.want {
			t.Errorf("%s: shards %v, want %s", c.filter.Type, got, c.want)
		}
	}
}
