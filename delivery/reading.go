package delivery

import (
	"context"
	"errors"
	"iter"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// What is read before it is asked for: a call to S3 takes some 50 ms, most of it
// waiting. Together they hold no more than 16 objects' first half MiB, unpacked, and
// the names of 8,000, however large the objects are and however many hours there are.
const (
	hoursAhead   = 8
	objectsAhead = 16
	namesAhead   = 1000 // of an hour: one page of a listing
	blocksAhead  = 8    // of an object
	blockSize    = 64 << 10
)

// Records gives the records that arrived in the hours from since until now: hour by
// hour, and within each in the order of List. Hours and objects are read several at
// once, in bounded memory. An error, the context's among them, is the last thing that
// it gives.
func Records(ctx context.Context, client *s3.Client, p Place, prefix string, since time.Time) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		r := reading{client: client, place: p, prefix: prefix, wanted: func(Object) bool { return true }}
		for t, err := range r.texts(ctx, hours(since, time.Now())) {
			if err != nil {
				yield(nil, err)
				return
			}
			for record, err := range t.lines() {
				if errors.Is(err, ErrGone) {
					break // removed since it was listed
				}
				if !yield(record, err) || err != nil {
					return
				}
			}
		}
	}
}

// hours are those from the one of a time until the one of another.
func hours(from, until time.Time) iter.Seq[time.Time] {
	return func(yield func(time.Time) bool) {
		for hour := from.UTC().Truncate(time.Hour); !hour.After(until); hour = hour.Add(time.Hour) {
			if !yield(hour) {
				return
			}
		}
	}
}

// reading reads the objects of some hours.
type reading struct {
	client *s3.Client
	place  Place
	prefix string
	wanted func(Object) bool // safe for concurrent use
}

// listed is an object, or why there are no more.
type listed struct {
	Object
	err error
}

// texts gives the wanted objects in their order, each to be read before the next is
// asked for.
func (r *reading) texts(ctx context.Context, hours iter.Seq[time.Time]) iter.Seq2[*text, error] {
	return func(yield func(*text, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		var running sync.WaitGroup
		defer running.Wait()
		defer cancel()
		lists := ahead(ctx, &running, hoursAhead, hours, func(hour time.Time) <-chan listed { return r.list(ctx, &running, hour) })
		objects := func(yield func(listed) bool) {
			for list := range lists {
				for o := range list {
					if !yield(o) {
						return
					}
				}
			}
		}
		for t := range ahead(ctx, &running, objectsAhead, objects, func(o listed) *text { return r.open(ctx, &running, o) }) {
			if t.err != nil {
				yield(nil, t.err)
				return
			}
			if !yield(t, nil) {
				return
			}
		}
		if ctx.Err() != nil {
			yield(nil, context.Cause(ctx))
		}
	}
}

// list lists an hour in the background.
func (r *reading) list(ctx context.Context, running *sync.WaitGroup, hour time.Time) <-chan listed {
	objects := make(chan listed, namesAhead)
	running.Go(func() {
		defer close(objects)
		for o, err := range List(ctx, r.client, r.place, r.prefix, hour, "") {
			if (err != nil || r.wanted(o)) && !send(ctx, objects, listed{o, err}) {
				return
			}
		}
	})
	return objects
}

// open reads an object in the background, as far as there is room for it.
func (r *reading) open(ctx context.Context, running *sync.WaitGroup, o listed) *text {
	t := &text{listed: o, place: r.place, blocks: make(chan []byte, blocksAhead-1)}
	if o.err == nil {
		running.Go(func() {
			defer close(t.blocks)
			t.end = t.fill(ctx, r.client)
		})
	}
	return t
}

// text is an object that is being read.
type text struct {
	listed
	place  Place
	blocks chan []byte
	block  []byte // what is left of the one before
	end    error  // why there are no more: io.EOF, or what went wrong
}

func (t *text) fill(ctx context.Context, client *s3.Client) error {
	body, err := open(ctx, client, t.place, t.Key)
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }() // only read from
	for {
		block, n := make([]byte, blockSize), 0
		for n < len(block) && err == nil {
			var more int
			more, err = body.Read(block[n:])
			n += more
		}
		if n > 0 && !send(ctx, t.blocks, block[:n]) {
			return context.Cause(ctx)
		}
		if err != nil {
			return err
		}
	}
}

// Read gives what has been read, and waits for more.
func (t *text) Read(p []byte) (int, error) {
	for len(t.block) == 0 {
		block, more := <-t.blocks
		if !more {
			return 0, t.end
		}
		t.block = block
	}
	n := copy(p, t.block)
	t.block = t.block[n:]
	return n, nil
}

// lines gives its lines, as Lines does.
func (t *text) lines() iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) { split(t, t.place, t.Key, yield) }
}
