package delivery

import (
	"context"
	"errors"
	"iter"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// An hour's records arrive in it, but may be stored long after, when the function
// was behind: so hours before the last two are looked at again, though rarely.
const lookBackEvery = time.Minute

// Follow gives the records that arrived in the hours since then, and goes on with
// what is stored, looking every poll (0: 500 ms). An object that a retry overwrites
// gives only what it did not hold before. For each object it remembers one sequence
// number. An error, the context's among them, is the last thing that it gives.
func Follow(ctx context.Context, client *s3.Client, p Place, prefix string, since time.Time, poll time.Duration) iter.Seq2[[]byte, error] {
	if poll <= 0 {
		poll = firstPoll
	}
	f := &following{seen: make(map[string]read)}
	r := reading{client: client, place: p, prefix: prefix, wanted: f.changed}
	return func(yield func([]byte, error) bool) {
		var whole time.Time // when all hours were last looked at
		for {
			now := time.Now()
			from := since
			if now.Sub(whole) < lookBackEvery && since.Before(now.Add(-time.Hour)) {
				from = now.Add(-time.Hour)
			} else {
				whole = now
			}
			for t, err := range r.texts(ctx, hours(from, now.Add(skew))) {
				if err != nil {
					yield(nil, err)
					return
				}
				if !f.give(t, yield) {
					return
				}
			}
			if err := sleep(ctx, poll); err != nil {
				yield(nil, err)
				return
			}
		}
	}
}

// read is how far an object was read.
type read struct {
	etag    string
	through spot
}

// spot is where a line belongs in an object, whose lines are in the order of their
// records: the sequence number, and the place of what is packed into one.
type spot struct {
	number string
	part   int
}

func spotOf(text []byte, o Object) spot {
	number, part, ok := Identity(text, o)
	if !ok {
		return spot{}
	}
	return spot{number, part}
}

func (s spot) after(other spot) bool {
	order := CompareSequence(s.number, other.number)
	return order > 0 || order == 0 && s.part > other.part
}

// following is one Follow.
type following struct {
	mu   sync.Mutex
	seen map[string]read // by key
}

// changed tells whether an object holds what was not read yet.
func (f *following) changed(o Object) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return o.ETag == "" || f.seen[o.Key].etag != o.ETag
}

// give gives what is new in an object; false: no more is wanted.
func (f *following) give(t *text, yield func([]byte, error) bool) bool {
	f.mu.Lock()
	r := f.seen[t.Key]
	f.mu.Unlock()
	for record, err := range behind(t.lines(), t.Object, &r) {
		if err != nil {
			yield(nil, err)
			return false
		}
		if !yield(record, nil) {
			return false
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen[t.Key] = r
	return true
}

// behind gives those of an object's lines that were not in it before, and in the end,
// or when reading breaks off, tells how far it is read now.
func behind(lines iter.Seq2[[]byte, error], o Object, r *read) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		through := r.through
		for record, err := range lines {
			if errors.Is(err, ErrGone) {
				break
			}
			if err != nil {
				*r = read{through: through} // and what follows is still to be read
				yield(nil, err)
				return
			}
			at := spotOf(record, o)
			if r.through.number != "" && !at.after(r.through) {
				continue
			}
			if at.after(through) {
				through = at
			}
			if !yield(record, nil) {
				return
			}
		}
		*r = read{etag: o.ETag, through: through}
	}
}
