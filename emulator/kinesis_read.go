package emulator

import (
	"context"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

const (
	getRecordsLimit = 10_000
	getRecordsBytes = 10 * mib
	iteratorLife    = 5 * time.Minute
)

// shardIterator is a place in a shard, which clients get as an opaque token.
type shardIterator struct {
	streamARN string
	created   int64 // ms, of the stream: one of the same name that came later is another
	shard     string
	ordinal   uint64
	issued    int64 // ms
}

// iteratorMark begins each token; AWS's begin like that too.
const iteratorMark = "AAAAAAAAAAE"

func (it shardIterator) String() string {
	return iteratorMark + base64.StdEncoding.EncodeToString([]byte(strings.Join([]string{
		it.streamARN, strconv.FormatInt(it.created, 10), it.shard,
		strconv.FormatUint(it.ordinal, 10), strconv.FormatInt(it.issued, 10),
	}, "\n")))
}

func parseShardIterator(token string) (shardIterator, bool) {
	encoded, ok := strings.CutPrefix(token, iteratorMark)
	raw, err := base64.StdEncoding.DecodeString(encoded)
	parts := strings.Split(string(raw), "\n")
	if !ok || err != nil || len(parts) != 5 {
		return shardIterator{}, false
	}
	created, err1 := strconv.ParseInt(parts[1], 10, 64)
	ordinal, err2 := strconv.ParseUint(parts[3], 10, 64)
	issued, err3 := strconv.ParseInt(parts[4], 10, 64)
	if err1 != nil || err2 != nil || err3 != nil {
		return shardIterator{}, false
	}
	return shardIterator{streamARN: parts[0], created: created, shard: parts[2], ordinal: ordinal, issued: issued}, true
}

func (s *kinesisService) getShardIterator(ctx context.Context, in *kinesis.GetShardIteratorInput) (*kinesis.GetShardIteratorOutput, error) {
	if deref(in.DryRun) {
		return nil, unsupportedMember("InvalidArgumentException", "DryRun")
	}
	var c constraints
	if in.ShardId == nil {
		c.null("shardId")
	}
	c.text(in.ShardId, "shardId", 1, 128, streamNamePattern)
	if in.ShardIteratorType == "" {
		c.null("shardIteratorType")
	}
	if n := in.StartingSequenceNumber; n != nil && !validSequenceNumber(*n) {
		c.add(*n, "startingSequenceNumber", "Member must satisfy regular expression pattern: 0|([1-9]\\d{0,128})")
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	st, err := s.findReadable(ctx, in.StreamName, in.StreamARN, in.StreamId)
	if err != nil {
		return nil, err
	}
	sh, err := s.shardOf(st, *in.ShardId)
	if err != nil {
		return nil, err
	}
	ordinal, err := s.startingOrdinal(st, sh, in)
	if err != nil {
		return nil, err
	}
	return &kinesis.GetShardIteratorOutput{ShardIterator: new(s.iterator(st, sh, ordinal))}, nil
}

func (s *kinesisService) iterator(st *stream, sh *shard, ordinal uint64) string {
	return shardIterator{
		streamARN: st.arn, created: st.created.UnixMilli(), shard: sh.id,
		ordinal: ordinal, issued: s.clock.Now().UnixMilli(),
	}.String()
}

func (s *kinesisService) shardOf(st *stream, id string) (*shard, error) {
	st.mu.RLock()
	defer st.mu.RUnlock()
	sh, ok := st.shard(id)
	if !ok {
		return nil, failf(http.StatusBadRequest, "ResourceNotFoundException",
			"Shard %s in stream %s under account %s does not exist", id, st.name, st.account)
	}
	return sh, nil
}

// startingOrdinal turns an iterator type into a place in the shard.
func (s *kinesisService) startingOrdinal(st *stream, sh *shard, in *kinesis.GetShardIteratorInput) (uint64, error) {
	oldest, next := sh.ends()
	switch kind := in.ShardIteratorType; kind {
	case types.ShardIteratorTypeTrimHorizon, types.ShardIteratorTypeLatest:
		if in.StartingSequenceNumber != nil {
			return 0, failf(http.StatusBadRequest, "InvalidArgumentException",
				"Must either specify (1) AT_SEQUENCE_NUMBER and StartingSequenceNumber or (2) AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or (3) TRIM_HORIZON or (4) LATEST. Request specified %s and also a StartingSequenceNumber.", kind)
		}
		if kind == types.ShardIteratorTypeLatest {
			return next, nil
		}
		return oldest, nil
	case types.ShardIteratorTypeAtTimestamp:
		if in.Timestamp == nil {
			return 0, failf(http.StatusBadRequest, "InvalidArgumentException", "Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. Current request has no timestamp parameter.")
		}
		if now := s.clock.Now(); in.Timestamp.After(now) {
			return 0, failf(http.StatusBadRequest, "InvalidArgumentException",
				"The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. timestampInMillis: %d, currentTimestampInMillis: %d",
				in.Timestamp.UnixMilli(), now.UnixMilli())
		}
		return sh.ordinalAt(*in.Timestamp), nil
	}
	if in.StartingSequenceNumber == nil {
		return 0, failf(http.StatusBadRequest, "InvalidArgumentException",
			"Must either specify (1) AT_SEQUENCE_NUMBER and StartingSequenceNumber or (2) AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or (3) TRIM_HORIZON or (4) LATEST. Request specified %s and no StartingSequenceNumber.", in.ShardIteratorType)
	}
	sequence := *in.StartingSequenceNumber
	last := newSequenceNumber(sh.created, sh.number, lastInShard, s.clock.Now()).String()
	if compareSequence(sequence, sh.startingSequence()) < 0 || compareSequence(sequence, last) > 0 {
		return 0, failf(http.StatusBadRequest, "InvalidArgumentException",
			"StartingSequenceNumber %s used in GetShardIterator on shard %s in stream %s under account %s is invalid because it did not come from this stream.",
			sequence, sh.id, st.name, st.account)
	}
	if in.ShardIteratorType == types.ShardIteratorTypeAfterSequenceNumber {
		return sh.ordinalAfter(sequence), nil
	}
	return sh.ordinalOf(sequence), nil
}

func (s *kinesisService) getRecords(ctx context.Context, in *kinesis.GetRecordsInput) (*kinesis.GetRecordsOutput, error) {
	if err := refuseUsed("InvalidArgumentException", map[string]bool{"DryRun": deref(in.DryRun), "StreamId": in.StreamId != nil}); err != nil {
		return nil, err
	}
	var c constraints
	if in.ShardIterator == nil {
		c.null("shardIterator")
	}
	c.between(in.Limit, "limit", 1, getRecordsLimit)
	if err := c.err(); err != nil {
		return nil, err
	}
	it, ok := parseShardIterator(*in.ShardIterator)
	if !ok {
		return nil, failf(http.StatusBadRequest, "InvalidArgumentException", "Invalid ShardIterator.")
	}
	now := s.clock.Now()
	if age := now.Sub(time.UnixMilli(it.issued)); age > iteratorLife {
		return nil, failf(http.StatusBadRequest, "ExpiredIteratorException",
			"Iterator expired. The iterator was created at time %s while right now it is %s which is further in the future than the tolerated delay of %d milliseconds.",
			time.UnixMilli(it.issued).UTC().Format(time.UnixDate), now.UTC().Format(time.UnixDate), iteratorLife.Milliseconds())
	}
	st, err := s.findReadable(ctx, nil, &it.streamARN, nil)
	if err != nil {
		return nil, err
	}
	if in.StreamARN != nil && *in.StreamARN != it.streamARN {
		return nil, failf(http.StatusBadRequest, "InvalidArgumentException", "The ShardIterator is not of the stream %s.", *in.StreamARN)
	}
	if st.created.UnixMilli() != it.created {
		return nil, streamNotFound(st.name, st.account)
	}
	sh, err := s.shardOf(st, it.shard)
	if err != nil {
		return nil, err
	}
	limit := getRecordsLimit
	if in.Limit != nil {
		limit = int(*in.Limit)
	}
	if s.enforced.Load() && !sh.serves(now, 1) {
		return nil, throughputExceeded(st, sh)
	}
	return s.recordsFrom(st, sh, it.ordinal, limit), nil
}

func (s *kinesisService) recordsFrom(st *stream, sh *shard, ordinal uint64, limit int) *kinesis.GetRecordsOutput {
	now := s.clock.Now()
	v := sh.read(now, st.keeps(), ordinal, limit, getRecordsBytes)
	out := &kinesis.GetRecordsOutput{Records: make([]types.Record, len(v.records)), MillisBehindLatest: new(int64(0))}
	for i := range v.records {
		r := &v.records[i]
		out.Records[i] = types.Record{
			Data: r.data, PartitionKey: &r.partitionKey, SequenceNumber: &r.sequence,
			ApproximateArrivalTimestamp: new(time.UnixMilli(r.arrived).UTC()),
		}
		if r.encrypted {
			out.Records[i].EncryptionType = types.EncryptionTypeKms
		}
	}
	if v.next < v.latest {
		// Of what is not read yet, the oldest tells how far behind the reader is. 0 says
		// that there is nothing.
		if rest := sh.read(now, st.keeps(), v.next, 1, getRecordsBytes); len(rest.records) > 0 {
			out.MillisBehindLatest = new(max(1, since(now, rest.records[0].arrived)))
		}
	}
	s.countOutgoing(st, sh, v.records, now)
	if v.ended {
		out.ChildShards = st.children(sh)
		return out
	}
	out.NextShardIterator = new(s.iterator(st, sh, v.next))
	return out
}

func (s *kinesisService) countOutgoing(st *stream, sh *shard, records []record, now time.Time) {
	bytes, age := 0, int64(0)
	for i := range records {
		bytes += len(records[i].data)
	}
	if s.enforced.Load() {
		sh.served(bytes)
	}
	if n := len(records); n > 0 {
		age = since(now, records[n-1].arrived)
	}
	s.measureRead(st, sh.id, len(records), bytes, float64(age))
}

// children gives the shards that continue a closed one.
func (st *stream) children(parent *shard) []types.ChildShard {
	st.mu.RLock()
	defer st.mu.RUnlock()
	var children []types.ChildShard
	for _, sh := range st.shards {
		if sh.parent != parent.id && sh.adjacent != parent.id {
			continue
		}
		child := types.ChildShard{ShardId: &sh.id, ParentShards: []string{sh.parent}, HashKeyRange: sh.describe().HashKeyRange}
		if sh.adjacent != "" {
			child.ParentShards = append(child.ParentShards, sh.adjacent)
		}
		children = append(children, child)
	}
	return children
}

// findReadable finds a stream whose records can be read.
func (s *kinesisService) findReadable(ctx context.Context, name, arn, id *string) (*stream, error) {
	st, err := s.find(ctx, name, arn, id)
	if err != nil {
		return nil, err
	}
	st.mu.RLock()
	defer st.mu.RUnlock()
	if status := st.status(s.clock.Now()); status == types.StreamStatusCreating {
		return nil, streamNotFound(st.name, st.account)
	}
	return st, nil
}

// keeps is the stream's retention.
func (st *stream) keeps() time.Duration {
	st.mu.RLock()
	defer st.mu.RUnlock()
	return st.retention
}
