package delivery

import (
	"context"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"golang.org/x/sync/errgroup"
)

// readers is how many objects a Watch reads at the same time.
const readers = 8

// Stored is a line of an object that was stored while somebody watched.
type Stored struct {
	Line   []byte // valid until take returns
	Object Object
	Seen   time.Time // when a look found the object, by the clock of this machine
}

// Watch looks every poll (0: 500 ms) for enriched records and dead letters that are
// stored from now on: what is there already it passes over, and then calls ready. An
// object that a retry overwrites gives only what it did not hold before. take is called
// by one goroutine at a time. Answers of S3 that may get better are waited out. It ends
// with an error: the context's cause, or why S3 refuses.
func Watch(ctx context.Context, client *s3.Client, p Place, poll time.Duration, ready func(), take func(Stored)) error {
	if poll <= 0 {
		poll = firstPoll
	}
	w := &watching{client: client, place: p, take: take, seen: make(map[string]read)}
	since := time.Now().Add(-skew)
	if err := w.look(ctx, since, func(_ context.Context, o Object, _ time.Time) error {
		w.note(o, read{etag: o.ETag})
		return nil
	}); err != nil {
		return err
	}
	ready()
	for {
		failed := w.look(ctx, since, w.read)
		if failed != nil && ctx.Err() == nil && final(failed) {
			return failed
		}
		if err := sleep(ctx, poll); err != nil {
			return join(err, failed)
		}
	}
}

// watching is one Watch.
type watching struct {
	client *s3.Client
	place  Place
	take   func(Stored)

	mu   sync.Mutex
	seen map[string]read // by key
}

func (w *watching) note(o Object, r read) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen[o.Key] = r
}

func (w *watching) noted(o Object) read {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.seen[o.Key]
}

// look looks once, and hands on the objects that are new or changed.
func (w *watching) look(ctx context.Context, since time.Time, found func(context.Context, Object, time.Time) error) error {
	group, reading := errgroup.WithContext(ctx)
	group.SetLimit(readers)
	listing := func() error {
		for hour := since.UTC().Truncate(time.Hour); !hour.After(time.Now().Add(skew)); hour = hour.Add(time.Hour) {
			for _, prefix := range []string{w.place.Prefix, DeadLetters} {
				for o, err := range List(reading, w.client, w.place, prefix, hour, "") {
					if err != nil {
						return err
					}
					if before := w.noted(o); o.ETag != "" && before.etag == o.ETag {
						continue
					}
					seen := time.Now()
					group.Go(func() error { return found(reading, o, seen) })
				}
			}
		}
		return nil
	}
	listed := listing()
	if err := group.Wait(); err != nil {
		return err
	}
	return listed
}

// read gives the lines of an object that were not in it before.
func (w *watching) read(ctx context.Context, o Object, seen time.Time) error {
	r := w.noted(o)
	for text, err := range behind(Lines(ctx, w.client, w.place, o.Key), o, &r) {
		if err != nil {
			w.note(o, r)
			return err
		}
		w.mu.Lock()
		w.take(Stored{Line: text, Object: o, Seen: seen})
		w.mu.Unlock()
	}
	w.note(o, r)
	return nil
}
