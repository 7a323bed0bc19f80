package delivery

import (
	"context"
	"errors"
	"iter"
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
	f := &following{client: client, place: p, prefix: prefix, seen: make(map[string]read)}
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
			for hour := from.UTC().Truncate(time.Hour); !hour.After(now.Add(skew)); hour = hour.Add(time.Hour) {
				if !f.hour(ctx, hour, yield) {
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
type read struct{ etag, through string }

// following is one Follow.
type following struct {
	client *s3.Client
	place  Place
	prefix string
	seen   map[string]read // by key
}

// hour gives what is new in an hour; false: no more is wanted.
func (f *following) hour(ctx context.Context, hour time.Time, yield func([]byte, error) bool) bool {
	for o, err := range List(ctx, f.client, f.place, f.prefix, hour, "") {
		if err != nil {
			yield(nil, err)
			return false
		}
		r := f.seen[o.Key]
		if o.ETag != "" && r.etag == o.ETag {
			continue
		}
		for text, err := range linesBehind(ctx, f.client, f.place, o, &r) {
			if err != nil {
				yield(nil, err)
				return false
			}
			if !yield(text, nil) {
				return false
			}
		}
		f.seen[o.Key] = r
	}
	return true
}

// linesBehind gives the lines of an object that were not in it before, and in the end,
// or when reading breaks off, tells how far it is read now.
func linesBehind(ctx context.Context, client *s3.Client, p Place, o Object, r *read) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		through := r.through
		for text, err := range Lines(ctx, client, p, o.Key) {
			if errors.Is(err, ErrGone) {
				break
			}
			if err != nil {
				*r = read{through: through} // and what follows is still to be read
				yield(nil, err)
				return
			}
			number := sequenceOf(text, o)
			if r.through != "" && CompareSequence(number, r.through) <= 0 {
				continue
			}
			if CompareSequence(number, through) > 0 {
				through = number
			}
			if !yield(text, nil) {
				return
			}
		}
		*r = read{etag: o.ETag, through: through}
	}
}
