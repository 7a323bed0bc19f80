package main

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"golang.org/x/sync/errgroup"

	"enrich/delivery"
	"enrich/feed"
	"enrich/logs"
)

const (
	// pollPause is between two looks for the enriched record.
	pollPause = 200 * time.Millisecond
	// discardPause is between two looks for a batch that was given up, which is rare.
	discardPause = time.Second
	// followed is how many events are looked for at the same time.
	followed = 8
	// logPatience is how long the function's own account of a batch is waited for
	// when the record is there: CloudWatch Logs shows a line seconds later.
	logPatience = 2 * time.Second
)

// following is one run of test-event.
type following struct {
	*program
	session *session
	storage *s3.Client
	event   []byte
	timeout time.Duration
	mapping string // UUID of the event source mapping; "" if it is not known
}

// sentEvent is an event on its way.
type sentEvent struct {
	receipt    feed.Receipt
	began, put time.Time // by the clock of this machine
	found      delivery.Found
	seen       time.Time
	pickedUp   time.Time // by the function's clock; zero if it is not known
}

func (f *following) run(ctx context.Context, count int, wait bool) error {
	set, stop := f.out.spinner("putting the event into " + f.session.pipeline.Names().Stream)
	defer stop()
	sent, err := f.put(ctx, count)
	if err != nil {
		return err
	}
	if wait {
		set("waiting for the enriched record in " + f.session.pipeline.Names().Bucket)
		if err := f.await(ctx, sent); err != nil {
			return err
		}
		set("reading the function's log")
		f.pickUps(ctx, sent)
	}
	stop()
	d := f.document(sent, wait)
	return f.out.result(d, func(page *page) { f.print(page, d) })
}

// put sends the event count times.
func (f *following) put(ctx context.Context, count int) ([]*sentEvent, error) {
	client, stream := kinesis.NewFromConfig(f.session.sdk), f.session.pipeline.Names().Stream
	var sent []*sentEvent
	for range count {
		e := &sentEvent{began: time.Now()}
		var err error
		if e.receipt, err = feed.Put(ctx, client, stream, f.session.partitionField(), f.event); err != nil {
			err = f.notDeployed(err, "ResourceNotFoundException")
			details := map[string]any{"hop": hopPut, "sent": len(sent)}
			return nil, &fault{message: err.Error(), cause: err, details: details}
		}
		e.put = time.Now()
		f.out.trace("stored in %s as %s", e.receipt.ShardID, e.receipt.SequenceNumber)
		sent = append(sent, e)
	}
	return sent, nil
}

// await waits for all events, and for no other once one has failed.
func (f *following) await(ctx context.Context, sent []*sentEvent) error {
	waiting, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	if now, err := f.session.mapping(waiting); err == nil {
		f.mapping = now.ID
	}
	group, waiting := errgroup.WithContext(waiting)
	group.SetLimit(followed)
	var failed sync.Once
	var first error
	for _, e := range sent {
		group.Go(func() error {
			err := f.awaitOne(waiting, e)
			if err != nil {
				failed.Do(func() { first = f.explain(ctx, e, err, len(sent)) })
			}
			return err
		})
	}
	if group.Wait() != nil {
		return first
	}
	return nil
}

// discardedError tells that the record's batch was given up.
type discardedError struct{ batch delivery.FailedBatch }

func (e *discardedError) Error() string { return e.batch.Text() }

// awaitOne waits until an event is stored or given up.
func (f *following) awaitOne(ctx context.Context, e *sentEvent) error {
	ctx, cancel := context.WithCancelCause(ctx)
	place := f.session.place()
	var watch sync.WaitGroup
	defer watch.Wait()
	defer cancel(nil)
	if f.mapping != "" {
		watch.Go(func() {
			batch, err := delivery.AwaitFailedBatch(ctx, f.storage, place, f.mapping, e.receipt.ShardID, e.receipt.SequenceNumber, e.receipt.At, discardPause)
			if err == nil {
				cancel(&discardedError{batch})
			}
		})
	}
	sorted := place // the watch reads place at the same time
	sorted.Folder = f.session.folder(f.event)
	var err error
	e.found, err = delivery.Await(ctx, f.storage, sorted, e.receipt.ShardID, e.receipt.SequenceNumber, e.receipt.At, pollPause)
	e.seen = time.Now()
	if err == nil && e.found.DeadLetter {
		return errDeadLetter
	}
	return err
}

// errDeadLetter tells that the record was found, but among the dead letters.
var errDeadLetter = errors.New("it became a dead letter")

// pickUps finds in the function's log when each event's batch was begun. A log that
// cannot be read, or comes late, leaves that out.
func (f *following) pickUps(ctx context.Context, sent []*sentEvent) {
	reading, cancel := context.WithTimeout(ctx, logPatience)
	defer cancel()
	q := logs.Query{Group: f.session.pipeline.Names().LogGroup, Since: sent[0].receipt.At.Add(-time.Minute)}
	client := cloudwatchlogs.NewFromConfig(f.session.sdk)
	for event, err := range logs.Follow(reading, client, q, pollPause) {
		if err != nil {
			f.out.trace("when the events were picked up is not known: %s", err)
			return
		}
		begun, shard, ok := batchBegun(event)
		if !ok {
			continue
		}
		missing := false
		for _, e := range sent {
			// The put is answered in whole seconds.
			if e.pickedUp.IsZero() && e.receipt.ShardID == shard && !begun.Before(e.receipt.At.Truncate(time.Second)) {
				e.pickedUp = begun
			}
			missing = missing || e.pickedUp.IsZero()
		}
		if !missing {
			return
		}
	}
}

// batchBegun reads the function's line about a batch that stored something: when it
// was begun and the shard. The line is written at the batch's end.
func batchBegun(event logs.Event) (begun time.Time, shard string, ok bool) {
	line := logs.Parse(event.Message)
	if line.Text != "batch" {
		return time.Time{}, "", false
	}
	var took float64
	objects := false
	for _, field := range line.Fields {
		switch field.Name {
		case "shard_id":
			shard = field.Value
		case "objects":
			objects = field.Value != "0"
		case "decode_ms", "lookup_ms", "enrich_ms", "store_ms":
			part, err := strconv.ParseFloat(field.Value, 64)
			if err != nil {
				return time.Time{}, "", false
			}
			took += part
		}
	}
	return event.At.Add(-time.Duration(took * float64(time.Millisecond))), shard, shard != "" && objects
}
