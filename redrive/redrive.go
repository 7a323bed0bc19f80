// Package redrive puts records that failed back into the stream.
//
// # What is guaranteed
//
// Records of dead letters and of failed batches are put with a mark (Mark) that tells
// who they were, and with their bytes and partition keys as they were; those of one
// partition key in their order. An object is moved below Folder when all of its records
// are stored, and not before.
//
// Nothing is lost, and nothing is put twice, however a run ends. Before the first
// record of an object is put, an intent is written into the bucket. A run that finds one
// searches the stream for the marks of the object's records and puts only those that it
// does not find. Where the stream no longer holds all that was put since the intent, the
// object is left as it is. A lock in the bucket, which its holder renews, keeps two runs
// from putting at the same time; a run that takes it over waits until nothing of the
// other can arrive any more.
package redrive

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"enrich/delivery"
)

// Options say what to put again.
type Options struct {
	Stream        string
	Place         delivery.Place
	DeadLetters   bool
	FailedBatches bool
	Since         time.Time // dead letters that arrived in this hour or later, batches given up since then; zero: all
	// Remembered tells for how long the function goes on giving a reason of dead letters
	// after the reason is gone. A Run gives it so long, from its beginning, to forget.
	Remembered map[string]time.Duration
	Observe    func(Progress) // called from one goroutine; may be nil
}

// Progress of a Run.
type Progress struct {
	Doing     string // what is waited for, if it is not the putting
	Objects   int    // done with
	Of        int    // objects
	Sent      int    // records
	Throttled int    // records that were refused and are put again
}

// Reason is why records failed.
type Reason struct {
	Reason  string `json:"reason"`
	Records int    `json:"records"` // how many
}

// Skipped is an object that stays where it is.
type Skipped struct {
	Key    string `json:"key"` // of the object
	Reason string `json:"reason"`
}

// Report is the outcome of a Run, or what one would do.
type Report struct {
	Objects       int // that hold records which failed
	Records       int // in them
	Sent          int // by this run
	AlreadySent   int // by an earlier run, as the stream or the bucket tells
	AlreadyStored int // records of failed batches that are enriched, or dead letters, all the same
	Moved         int // objects
	Skipped       []Skipped
	Reasons       []Reason // the most frequent first
}

// Look tells what Run would do, and changes nothing. It does not search the stream: what
// an earlier run began with may turn out to be sent.
func Look(ctx context.Context, storage *s3.Client, streams *kinesis.Client, o Options) (Report, error) {
	s := newStore(storage, o.Place)
	to, err := describe(ctx, streams, o.Stream)
	if err != nil {
		return Report{}, err
	}
	r := &run{options: o, store: s, stream: to, reasons: map[string]int{}}
	p, err := find(ctx, s, o)
	if err != nil {
		return r.end(), err
	}
	r.start(p)
	for _, o := range p.objects {
		c, err := r.read(ctx, o)
		if c != nil {
			var left []record
			left, _, err = r.pending(ctx, o, c)
			r.report.Sent += len(left)
			r.report.Moved++
		}
		if err != nil {
			return r.end(), err
		}
		r.progress.Objects++
		r.tell("")
	}
	return r.end(), nil
}

// Run puts records that failed again. With an error, the report holds what was done; a
// rerun goes on behind it.
func Run(ctx context.Context, storage *s3.Client, streams *kinesis.Client, o Options) (report Report, err error) {
	to, err := describe(ctx, streams, o.Stream)
	if err != nil {
		return Report{}, err
	}
	r := &run{options: o, stream: to, reasons: map[string]int{}, began: time.Now()}
	locks := newStore(storage, o.Place)
	r.lock = newLock(locks, r.tell)
	guard := func(next s3.HTTPClient) guarded { return guarded{next, r.lock} }
	r.stream.client = kinesis.New(streams.Options(), func(k *kinesis.Options) { k.HTTPClient = guard(k.HTTPClient) })
	r.store = newStore(s3.New(storage.Options(), func(s *s3.Options) { s.HTTPClient = guard(s.HTTPClient) }), o.Place)
	held, err := r.lock.take(ctx)
	if err != nil {
		return r.end(), err
	}
	defer func() {
		if err != nil && ctx.Err() == nil && held.Err() != nil {
			err = context.Cause(held)
		}
		if failed := r.lock.release(ctx, r.unsure); err == nil {
			err = failed
		}
	}()
	p, err := find(held, r.store, o)
	if err != nil {
		return r.end(), err
	}
	r.start(p)
	if err := r.settleGone(held, p.gone); err != nil {
		return r.end(), err
	}
	for _, o := range p.objects {
		if err := r.redrive(held, o); err != nil {
			return r.end(), err
		}
		r.progress.Objects++
		r.tell("")
	}
	return r.end(), nil
}
