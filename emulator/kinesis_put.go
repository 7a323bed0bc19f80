package emulator

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

const (
	kib              = 1 << 10
	mib              = 1 << 20
	defaultMaxRecord = mib      // bytes of a record, until UpdateMaxRecordSize
	maxRecordLimit   = 10 * mib // bytes of a record, at most
	putRecordsLimit  = 500
	putRecordsBytes  = 10 * mib
)

var (
	streamNamePattern = compiled(`^[a-zA-Z0-9_.-]+$`)
	streamARNPattern  = compiled(`^arn:aws[^:]*:kinesis:[^:]*:\d{12}:stream/[a-zA-Z0-9_.-]{1,128}$`)
)

func checkStreamName(name string) error {
	var c constraints
	c.text(&name, "streamName", 1, 128, streamNamePattern)
	return c.err()
}

func (s *kinesisService) putRecord(ctx context.Context, in *kinesis.PutRecordInput) (*kinesis.PutRecordOutput, error) {
	if deref(in.DryRun) {
		return nil, unsupportedMember("InvalidArgumentException", "DryRun")
	}
	var c constraints
	checkEntry(&c, "", in.Data, in.PartitionKey)
	if n := in.SequenceNumberForOrdering; n != nil && !validSequenceNumber(*n) {
		c.add(*n, "sequenceNumberForOrdering", "Member must satisfy regular expression pattern: 0|([1-9]\\d{0,128})")
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	key, err := entryKey(in.PartitionKey, in.ExplicitHashKey)
	if err != nil {
		return nil, err
	}
	st, err := s.findWritable(ctx, in.StreamName, in.StreamARN, in.StreamId)
	if err != nil {
		return nil, err
	}
	if err := st.checkSize("", in.Data, *in.PartitionKey); err != nil {
		return nil, err
	}
	held := heldSize(in.Data, *in.PartitionKey)
	if err := s.makeRoom(held); err != nil {
		return nil, err
	}
	st.mu.RLock()
	defer st.mu.RUnlock()
	if st.deleted {
		s.room.free(held)
		return nil, streamNotFound(st.name, st.account)
	}
	sh := st.shardFor(key)
	now := s.clock.Now()
	if s.enforced.Load() && !sh.admits(now, len(in.Data)+len(*in.PartitionKey)) {
		s.room.free(held)
		return nil, throughputExceeded(st, sh)
	}
	sequence := sh.append(now, st.retention, *in.PartitionKey, in.Data, st.encrypted())
	s.countIncoming(st, 1, len(in.Data))
	return &kinesis.PutRecordOutput{ShardId: new(sh.id), SequenceNumber: &sequence, EncryptionType: st.answeredEncryption()}, nil
}

func (s *kinesisService) putRecords(ctx context.Context, in *kinesis.PutRecordsInput) (*kinesis.PutRecordsOutput, error) {
	if deref(in.DryRun) {
		return nil, unsupportedMember("InvalidArgumentException", "DryRun")
	}
	keys, err := checkEntries(in.Records)
	if err != nil {
		return nil, err
	}
	st, err := s.findWritable(ctx, in.StreamName, in.StreamARN, in.StreamId)
	if err != nil {
		return nil, err
	}
	held := int64(0)
	for i, r := range in.Records {
		if err := st.checkSize(fmt.Sprintf("records.%d.member.", i+1), r.Data, *r.PartitionKey); err != nil {
			return nil, err
		}
		held += heldSize(r.Data, *r.PartitionKey)
	}
	if err := s.makeRoom(held); err != nil {
		return nil, err
	}
	st.mu.RLock()
	defer st.mu.RUnlock()
	if st.deleted {
		s.room.free(held)
		return nil, streamNotFound(st.name, st.account)
	}
	now, enforced, bytes, failed := s.clock.Now(), s.enforced.Load(), 0, 0
	left := s.faults.unprocessed("kinesis", "PutRecords", len(in.Records))
	out := &kinesis.PutRecordsOutput{
		Records: make([]types.PutRecordsResultEntry, len(in.Records)), FailedRecordCount: new(int32(0)),
		EncryptionType: st.answeredEncryption(),
	}
	for i, r := range in.Records {
		sh := st.shardFor(keys[i])
		if left != nil && left[i] || enforced && !sh.admits(now, len(r.Data)+len(*r.PartitionKey)) {
			out.Records[i] = types.PutRecordsResultEntry{ErrorCode: new(tooMuchThroughput), ErrorMessage: new(exceeded(st, sh))}
			s.room.free(heldSize(r.Data, *r.PartitionKey))
			failed++
			continue
		}
		sequence := sh.append(now, st.retention, *r.PartitionKey, r.Data, st.encrypted())
		out.Records[i] = types.PutRecordsResultEntry{ShardId: &sh.id, SequenceNumber: &sequence}
		bytes += len(r.Data)
	}
	s.countIncoming(st, len(in.Records)-failed, bytes)
	if failed > 0 {
		out.FailedRecordCount = new(int32(failed))
	}
	return out, nil
}

// checkEntries checks all that can be known of a batch without its stream and
// gives the hash keys of its records.
func checkEntries(records []types.PutRecordsRequestEntry) ([]hashKey, error) {
	var c constraints
	switch {
	case records == nil:
		c.null("records")
	case len(records) == 0:
		c.add("[]", "records", "Member must have length greater than or equal to 1")
	case len(records) > putRecordsLimit:
		c.add(fmt.Sprintf("[%d records]", len(records)), "records", fmt.Sprintf("Member must have length less than or equal to %d", putRecordsLimit))
	}
	size := 0
	for i, r := range records {
		if len(c.problems) >= 10 { // AWS gives up after ten too
			break
		}
		if r.Data == nil || r.PartitionKey == nil || len(*r.PartitionKey) == 0 || len(*r.PartitionKey) > 256 || len(r.Data) > maxRecordLimit {
			checkEntry(&c, fmt.Sprintf("records.%d.member.", i+1), r.Data, r.PartitionKey)
		}
		size += len(r.Data) + len(deref(r.PartitionKey))
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	if size > putRecordsBytes {
		return nil, failf(http.StatusBadRequest, "InvalidArgumentException", "Records size exceeds %d MB limit", putRecordsBytes/mib)
	}
	keys := make([]hashKey, len(records))
	for i, r := range records {
		var err error
		if keys[i], err = entryKey(r.PartitionKey, r.ExplicitHashKey); err != nil {
			return nil, err
		}
	}
	return keys, nil
}

func checkEntry(c *constraints, path string, data []byte, partitionKey *string) {
	if partitionKey == nil {
		c.null(path + "partitionKey")
	}
	c.text(partitionKey, path+"partitionKey", 1, 256, nil)
	if data == nil {
		c.null(path + "data")
	}
	if len(data) > maxRecordLimit {
		addTooLong(c, path, len(data), maxRecordLimit)
	}
}

func addTooLong(c *constraints, path string, size, limit int) {
	c.add(fmt.Sprintf("java.nio.HeapByteBuffer[pos=0 lim=%d cap=%d]", size, size), path+"data",
		fmt.Sprintf("Member must have length less than or equal to %d", limit))
}

// checkSize holds a record to the stream's own limit: data and partition key together.
func (st *stream) checkSize(path string, data []byte, partitionKey string) error {
	st.mu.RLock()
	limit := st.maxRecord
	st.mu.RUnlock()
	if len(data)+len(partitionKey) <= limit {
		return nil
	}
	var c constraints
	addTooLong(&c, path, len(data), limit)
	return c.err()
}

func entryKey(partitionKey, explicit *string) (hashKey, error) {
	if explicit == nil {
		return hashOf(*partitionKey), nil
	}
	key, ok := parseHashKey(*explicit)
	if !ok {
		return hashKey{}, failf(http.StatusBadRequest, "InvalidArgumentException",
			"Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was %s", *explicit)
	}
	return key, nil
}

// findWritable finds a stream that takes records: one that is CREATING or
// DELETING does not exist for a producer.
func (s *kinesisService) findWritable(ctx context.Context, name, arn, id *string) (*stream, error) {
	st, err := s.find(ctx, name, arn, id)
	if err != nil {
		return nil, err
	}
	st.mu.RLock()
	defer st.mu.RUnlock()
	switch st.status(s.clock.Now()) {
	case types.StreamStatusCreating, types.StreamStatusDeleting:
		return nil, streamNotFound(st.name, st.account)
	}
	return st, nil
}

func (st *stream) encrypted() bool { return st.encryption == types.EncryptionTypeKms }

// answeredEncryption is what answers about records say: nothing when there is none.
func (st *stream) answeredEncryption() types.EncryptionType {
	if st.encrypted() {
		return types.EncryptionTypeKms
	}
	return ""
}

func (s *kinesisService) countIncoming(st *stream, records, bytes int) {
	dimensions := map[string]string{"StreamName": st.name}
	s.metrics.record("AWS/Kinesis", "IncomingRecords", dimensions, float64(records), "Count")
	s.metrics.record("AWS/Kinesis", "IncomingBytes", dimensions, float64(bytes), "Bytes")
}

// makeRoom takes room for records. If there is none it first forgets, in all
// streams, what is older than their retention.
func (s *kinesisService) makeRoom(held int64) error {
	if s.room.take(held) {
		return nil
	}
	s.forgetExpired()
	if s.room.take(held) {
		return nil
	}
	return s.room.exceeded("stream records")
}

func (s *kinesisService) forgetExpired() {
	now := s.clock.Now()
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, st := range s.streams {
		for _, sh := range st.listed(now) {
			sh.forget(now, st.keeps())
		}
	}
}

// since gives the milliseconds from an arrival to now, never negative.
func since(now time.Time, arrived int64) int64 { return max(0, now.UnixMilli()-arrived) }
