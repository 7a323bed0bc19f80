package shard

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// Query says what to read.
type Query struct {
	Stream string
	Shard  string    // its ID
	Since  time.Time // records that arrived then or later; the oldest that there are by default
	Until  time.Time // none from the first on that arrived later; default: when the reading begins
}

// Page is what one call gave.
type Page struct {
	Records []types.Record // in the order of their sequence numbers; may be none although more follow
	Behind  time.Duration  // how far it is from the newest record of the shard
}

// failuresAtMost is how many calls in a row may fail; they take two minutes.
const failuresAtMost = 10

// Read gives the records of a shard, page by page, taking no more of it than one
// call and 1 MB a second, however often calls are refused. It ends where the shard
// does, with the first record that arrived after q.Until, or when that is over and
// there are no more; with an error otherwise. What comes from one page to the next may
// take its time.
func Read(ctx context.Context, client *kinesis.Client, q Query) iter.Seq2[Page, error] {
	r := &reading{client: client, query: q, pace: pace{limit: limitAtFirst}}
	if q.Until.IsZero() {
		r.query.Until = time.Now()
	}
	return func(yield func(Page, error) bool) {
		for {
			page, more, err := r.page(ctx)
			if err != nil {
				yield(Page{}, fmt.Errorf("reading %s of %s: %w", q.Shard, q.Stream, err))
				return
			}
			if !yield(page, nil) || !more {
				return
			}
		}
	}
}

// reading is one Read.
type reading struct {
	client   *kinesis.Client
	query    Query
	pace     pace
	iterator *string // nil: one is needed
	last     *string // sequence number of the last record that was read
}

// page makes calls until one succeeds.
func (r *reading) page(ctx context.Context) (page Page, more bool, err error) {
	for failures := 0; ; {
		if r.iterator == nil {
			if err := r.begin(ctx); err != nil {
				return Page{}, false, err
			}
		}
		if err := r.pace.wait(ctx); err != nil {
			return Page{}, false, err
		}
		r.pace.called()
		began := time.Now()
		out, err := r.client.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: r.iterator, Limit: &r.pace.limit}, once)
		if err == nil {
			page, more = r.take(out, began)
			return page, more, nil
		}
		if failures++; ctx.Err() != nil || failures == failuresAtMost || !r.passing(err) {
			return Page{}, false, err
		}
		r.pace.refused(failures)
	}
}

// begin asks for an iterator: at the beginning, or after what was read.
func (r *reading) begin(ctx context.Context) error {
	in := &kinesis.GetShardIteratorInput{
		StreamName: &r.query.Stream, ShardId: &r.query.Shard, ShardIteratorType: types.ShardIteratorTypeTrimHorizon,
	}
	switch {
	case r.last != nil:
		in.ShardIteratorType, in.StartingSequenceNumber = types.ShardIteratorTypeAfterSequenceNumber, r.last
	case !r.query.Since.IsZero():
		in.ShardIteratorType, in.Timestamp = types.ShardIteratorTypeAtTimestamp, &r.query.Since
	}
	out, err := r.client.GetShardIterator(ctx, in)
	if err != nil {
		return err
	}
	r.iterator = out.ShardIterator
	return nil
}

// take makes a page of an answer to a call that began at a time.
func (r *reading) take(out *kinesis.GetRecordsOutput, began time.Time) (page Page, more bool) {
	r.pace.answered(out.Records)
	page = Page{Records: out.Records, Behind: time.Duration(aws.ToInt64(out.MillisBehindLatest)) * time.Millisecond}
	for i, record := range page.Records {
		if aws.ToTime(record.ApproximateArrivalTimestamp).After(r.query.Until) {
			page.Records = page.Records[:i]
			return page, false
		}
	}
	if n := len(page.Records); n > 0 {
		r.last = page.Records[n-1].SequenceNumber
	}
	r.iterator = out.NextShardIterator
	return page, r.iterator != nil && (page.Behind > 0 || began.Before(r.query.Until))
}

// passing tells whether a call may succeed when it is made again.
func (r *reading) passing(err error) bool {
	var key *types.KMSThrottlingException
	var expired *types.ExpiredIteratorException
	if errors.As(err, &expired) { // what was done with the last page took more than five minutes
		r.iterator = nil
		return true
	}
	return errors.As(err, &key) || r.client.Options().Retryer.IsErrorRetryable(err)
}

// once keeps the SDK from repeating a call, which it would do before its time.
func once(o *kinesis.Options) { o.Retryer = aws.NopRetryer{} }
