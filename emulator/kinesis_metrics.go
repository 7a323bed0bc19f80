package emulator

import (
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

const tooMuchThroughput = "ProvisionedThroughputExceededException"

// measure records the metrics of one call about the records of a stream: the
// stream's, and those of its shards that EnableEnhancedMonitoring has chosen.
// How much came in is recorded where it is stored.
// https://docs.aws.amazon.com/streams/latest/dev/monitoring-with-cloudwatch.html
func (s *kinesisService) measure(c caller, input, output any, failure *apiError, took time.Duration) {
	throttled := failure != nil && failure.Code == tooMuchThroughput
	switch in := input.(type) {
	case *kinesis.PutRecordInput:
		if st := s.measured(c, in.StreamName, in.StreamARN); st != nil {
			call := putCall{stream: st, name: "PutRecord", took: took, bytes: len(in.Data), throttled: int(oneIf(throttled))}
			if out, ok := output.(*kinesis.PutRecordOutput); ok && failure == nil {
				call.stored = []storedRecord{{*out.ShardId, len(in.Data)}}
			}
			s.measurePut(call)
		}
	case *kinesis.PutRecordsInput:
		if st := s.measured(c, in.StreamName, in.StreamARN); st != nil {
			s.measurePutRecords(st, in, output, failure, took)
		}
	case *kinesis.GetRecordsInput:
		it, ok := parseShardIterator(deref(in.ShardIterator))
		if !ok {
			return
		}
		if st := s.measured(c, nil, &it.streamARN); st != nil {
			dimensions := map[string]string{"StreamName": st.name}
			s.metrics.record("AWS/Kinesis", "GetRecords.Success", dimensions, oneIf(failure == nil), "Count")
			s.metrics.record("AWS/Kinesis", "GetRecords.Latency", dimensions, milliseconds(took), "Milliseconds")
			s.metrics.record("AWS/Kinesis", "ReadProvisionedThroughputExceeded", dimensions, oneIf(throttled), "Count")
			s.measureShard(st, it.shard, types.MetricsNameReadProvisionedThroughputExceeded, oneIf(throttled))
		}
	}
}

// measured finds the stream that a call was about; nil if there is none.
func (s *kinesisService) measured(c caller, name, arn *string) *stream {
	if name != nil {
		arn = new(c.arn("kinesis", "stream/"+*name))
	}
	if arn == nil {
		return nil
	}
	st, _ := s.byARN(*arn)
	return st
}

// storedRecord is where a record went, and how long its data is.
type storedRecord struct {
	shard string
	bytes int
}

// putCall is what a PutRecord or PutRecords came to.
type putCall struct {
	stream    *stream
	name      string
	took      time.Duration
	bytes     int // asked for
	stored    []storedRecord
	throttled int
}

func (s *kinesisService) measurePutRecords(st *stream, in *kinesis.PutRecordsInput, output any, failure *apiError, took time.Duration) {
	call := putCall{stream: st, name: "PutRecords", took: took}
	for _, r := range in.Records {
		call.bytes += len(r.Data)
	}
	failed := 0
	out, ok := output.(*kinesis.PutRecordsOutput)
	switch {
	case failure != nil && failure.Code == tooMuchThroughput:
		call.throttled = len(in.Records)
	case failure != nil || !ok:
		failed = len(in.Records)
	default:
		for i, r := range out.Records {
			switch deref(r.ErrorCode) {
			case "":
				call.stored = append(call.stored, storedRecord{*r.ShardId, len(in.Records[i].Data)})
			case tooMuchThroughput:
				call.throttled++
			default:
				failed++
			}
		}
	}
	dimensions := map[string]string{"StreamName": st.name}
	for name, n := range map[string]int{
		"TotalRecords": len(in.Records), "SuccessfulRecords": len(call.stored), "FailedRecords": failed,
		"ThrottledRecords": call.throttled, "Records": len(call.stored), // Records is the old name of SuccessfulRecords
	} {
		s.metrics.record("AWS/Kinesis", "PutRecords."+name, dimensions, float64(n), "Count")
	}
	s.measurePut(call)
}

// measurePut records what both operations have alike. Throttling has a 0 from each
// call that was not throttled.
func (s *kinesisService) measurePut(call putCall) {
	dimensions := map[string]string{"StreamName": call.stream.name}
	s.metrics.record("AWS/Kinesis", call.name+".Bytes", dimensions, float64(call.bytes), "Bytes")
	s.metrics.record("AWS/Kinesis", call.name+".Latency", dimensions, milliseconds(call.took), "Milliseconds")
	s.metrics.record("AWS/Kinesis", call.name+".Success", dimensions, oneIf(len(call.stored) > 0), "Count")
	s.metrics.record("AWS/Kinesis", "WriteProvisionedThroughputExceeded", dimensions, float64(call.throttled), "Count")
	if !call.stream.watchesShards() {
		return
	}
	records, bytes := map[string]int{}, map[string]int{}
	for _, r := range call.stored {
		records[r.shard]++
		bytes[r.shard] += r.bytes
	}
	for shard, n := range records {
		s.measureShard(call.stream, shard, types.MetricsNameIncomingRecords, float64(n))
		s.measureShard(call.stream, shard, types.MetricsNameIncomingBytes, float64(bytes[shard]))
		s.measureShard(call.stream, shard, types.MetricsNameWriteProvisionedThroughputExceeded, 0)
	}
}

// measureRead records what a reader got of a shard, be it by GetRecords or by an
// event source mapping, and how old the last of it was in milliseconds.
func (s *kinesisService) measureRead(st *stream, shard string, records, bytes int, age float64) {
	dimensions := map[string]string{"StreamName": st.name}
	s.metrics.record("AWS/Kinesis", "GetRecords.Records", dimensions, float64(records), "Count")
	s.metrics.record("AWS/Kinesis", "GetRecords.Bytes", dimensions, float64(bytes), "Bytes")
	s.metrics.record("AWS/Kinesis", "GetRecords.IteratorAgeMilliseconds", dimensions, age, "Milliseconds")
	if st.watchesShards() {
		s.measureShard(st, shard, types.MetricsNameOutgoingRecords, float64(records))
		s.measureShard(st, shard, types.MetricsNameOutgoingBytes, float64(bytes))
		s.measureShard(st, shard, types.MetricsNameIteratorAgeMilliseconds, age)
	}
}

// watchesShards tells whether any shard-level metric is on.
func (st *stream) watchesShards() bool {
	st.mu.RLock()
	defer st.mu.RUnlock()
	return len(st.monitoring) > 0
}

// measureShard records a shard-level metric, if it is on.
func (s *kinesisService) measureShard(st *stream, shard string, metric types.MetricsName, value float64) {
	st.mu.RLock()
	on := slices.Contains(st.monitoring, metric)
	st.mu.RUnlock()
	if !on {
		return
	}
	unit := "Count"
	switch {
	case strings.HasSuffix(string(metric), "Bytes"):
		unit = "Bytes"
	case strings.HasSuffix(string(metric), "Milliseconds"):
		unit = "Milliseconds"
	}
	s.metrics.record("AWS/Kinesis", string(metric), map[string]string{"StreamName": st.name, "ShardId": shard}, value, unit)
}
