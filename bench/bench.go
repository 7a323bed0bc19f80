// Package bench measures a pipeline from the put of an event to its object in S3.
//
// It puts generated events at a rate, reads back what is stored meanwhile, and compares
// both. An event's time counts from when the rate has it due, so a stream that takes
// events too slowly shows as latency and not as fewer measurements. It counts up to S3's
// LastModified where that is more exact than a second, as on the emulator; on AWS it is
// not, and counts until a look found the object, some hundred milliseconds later.
package bench

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"enrich/clickstream"
	"enrich/delivery"
	"enrich/feed"
)

// Options of a Run.
type Options struct {
	Stream   string // name of the data stream
	Key      string // as feed has it
	Place    delivery.Place
	ID       string // of the run: no other one may have it
	Events   int
	Rate     float64 // events a second
	Users    int
	Bytes    int // of an event
	Seed     uint64
	Patience time.Duration  // how long, after the last put, events may take to arrive
	Poll     time.Duration  // between two looks at S3
	Observe  func(Progress) // called by one goroutine at a time; may be nil
	Waiting  func()         // as feed has it
}

// Progress of a Run.
type Progress struct {
	Put     feed.Progress
	PutAll  bool // only waits any more
	Arrived int
}

// Report is the outcome of a Run.
type Report struct {
	Sent        int
	Bytes       int64
	Throttled   int           // entries that were refused and put again
	Putting     time.Duration // from the first event's time to the last answer
	Stored      int           // enriched records, each event once
	Storing     time.Duration // from the first event's time to the last object
	DeadLetters int
	Duplicates  int            // records and dead letters of events that had one already
	Statuses    map[string]int // how many of the stored have which enrichment_status
	Latency     *Histogram     // until the object was stored
	Processed   *Histogram     // until the function had the record
	Precise     bool           // Latency is by S3's own time
	Interrupted bool           // the context ended: what is missing may still come
}

// Missing is how many events have not arrived at all.
func (r Report) Missing() int { return max(0, r.Sent-r.Stored-r.DeadLetters) }

// Run puts events and waits until all of them have arrived, the patience is over, or the
// context ends, which is no error.
func Run(ctx context.Context, stream *kinesis.Client, storage *s3.Client, o Options) (Report, error) {
	r := &runner{options: o, tally: newTally(o.ID, o.Events), watched: make(chan struct{})}
	watching, stop := context.WithCancel(context.WithoutCancel(ctx)) // it goes on while the last put is answered
	putting, blind := context.WithCancelCause(ctx)
	defer blind(nil)
	ready := make(chan struct{})
	go func() {
		defer close(r.watched)
		r.blind = delivery.Watch(watching, storage, o.Place, o.Poll, func() { close(ready) }, r.tally.take)
		blind(r.blind)
	}()
	defer func() { stop(); <-r.watched }()
	select {
	case <-ready:
	case <-putting.Done():
		return Report{}, context.Cause(putting)
	}
	began := time.Now()
	sent, err := r.put(putting, stream, began)
	took := time.Since(began)
	if err == nil || ctx.Err() != nil {
		err = r.await(ctx, sent.Sent)
	}
	stop()
	<-r.watched
	return r.report(sent, took, began, ctx.Err() != nil), err
}

// runner is one Run.
type runner struct {
	options  Options
	tally    *tally
	progress feed.Progress
	watched  chan struct{} // closed when the watch is over
	blind    error         // why that was
}

func (r *runner) put(ctx context.Context, stream *kinesis.Client, began time.Time) (feed.Report, error) {
	o := r.options
	in := &source{ctx: ctx, events: clickstream.New(o.Seed, o.Users, o.Bytes), run: o.ID, rate: o.Rate, total: o.Events, began: began}
	return feed.Send(ctx, stream, in, feed.Options{
		// What is measured is the pipeline, not what the order of a user's events costs.
		Stream: o.Stream, Key: o.Key, Unordered: true, Waiting: o.Waiting,
		Observe: func(p feed.Progress) { r.progress = p; r.observe(false) },
	})
}

func (r *runner) observe(all bool) {
	if r.options.Observe != nil {
		r.options.Observe(Progress{Put: r.progress, PutAll: all, Arrived: r.tally.count()})
	}
}

// await waits until all that was sent has arrived, as long as there is patience.
func (r *runner) await(ctx context.Context, sent int) error {
	patience := time.NewTimer(r.options.Patience)
	defer patience.Stop()
	for r.tally.count() < sent {
		r.observe(true)
		select {
		case <-r.tally.changed:
		case <-r.watched:
			return r.blind
		case <-patience.C:
			return nil
		case <-ctx.Done():
			return nil
		}
	}
	return nil
}

// report tells the outcome, once the watch is over.
func (r *runner) report(sent feed.Report, putting time.Duration, began time.Time, interrupted bool) Report {
	t := r.tally
	report := Report{
		Sent: sent.Sent, Bytes: r.progress.Bytes, Throttled: r.progress.Throttled, Putting: putting,
		Stored: t.enriched, DeadLetters: t.deadLetters, Duplicates: t.duplicates, Statuses: t.statuses,
		Latency: &t.stored, Processed: &t.processed, Precise: t.precise, Interrupted: interrupted,
	}
	if !t.last.IsZero() {
		report.Storing = t.last.Sub(began)
	}
	return report
}
