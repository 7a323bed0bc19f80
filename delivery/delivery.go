// Package delivery finds what the pipeline's function stored in S3.
package delivery

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	smithytime "github.com/aws/smithy-go/time"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Place is where records are stored.
type Place struct {
	Bucket string
	Prefix string // of enriched objects: "enriched-data/"
	Owner  string // account that must own the bucket; "" is not checked
	Folder string // of the value that records are sorted by, where one is looked for: "event_type=page_view/"
}

func (p Place) owner() *string {
	if p.Owner == "" {
		return nil
	}
	return &p.Owner
}

// Found is a record that was found.
type Found struct {
	Record     []byte // the line, without its end
	Key        string // of the object
	DeadLetter bool   // found among the dead letters; Record is the letter
	StoredAt   time.Time
}

// How far the arrival that the caller knows may be from the one that Kinesis
// noted, and the time of S3 from that.
const skew = 5 * time.Minute

// firstPoll is the default of Await's poll.
const firstPoll = 500 * time.Millisecond

// Await looks for the record among enriched records and dead letters until it is
// there, every poll (0: 500 ms). arrival is when the record was put, by the
// service's clock if possible. Answers of S3 that may get better are waited out;
// when the context ends, the error holds its cause and the last such answer.
func Await(ctx context.Context, client *s3.Client, p Place, shardID, sequenceNumber string, arrival time.Time, poll time.Duration) (Found, error) {
	if poll <= 0 {
		poll = firstPoll
	}
	s := &search{
		client: client, place: p, shard: shardID, sequence: sequenceNumber, arrival: arrival,
		seen: make(map[string]string),
	}
	var last error
	for {
		found, err := s.look(ctx)
		if found != nil {
			return *found, nil
		}
		if ctx.Err() == nil {
			if final(err) {
				return Found{}, err
			}
			last = err
		}
		if ended := sleep(ctx, poll); ended != nil {
			if last != nil {
				ended = fmt.Errorf("%w (%w)", ended, last)
			}
			return Found{}, fmt.Errorf("waiting for record %s:%s in s3://%s: %w", shardID, sequenceNumber, p.Bucket, ended)
		}
	}
}

// search is one Await.
type search struct {
	client          *s3.Client
	place           Place
	shard, sequence string
	arrival         time.Time

	mu   sync.Mutex
	seen map[string]string // keys of objects without the record, with their ETags
}

// look looks once, at both prefixes at the same time.
func (s *search) look(ctx context.Context) (*Found, error) {
	prefixes := []string{s.place.Prefix, DeadLetters}
	found, failed := make([]*Found, len(prefixes)), make([]error, len(prefixes))
	var group sync.WaitGroup
	for i, prefix := range prefixes {
		group.Go(func() { found[i], failed[i] = s.lookAt(ctx, prefix) })
	}
	group.Wait()
	for _, f := range found {
		if f != nil {
			return f, nil
		}
	}
	return nil, join(failed...)
}

func (s *search) lookAt(ctx context.Context, prefix string) (*Found, error) {
	var candidates []Object
	for _, hour := range s.hours() {
		for o, err := range List(ctx, s.client, s.place, prefix, hour, s.shard) {
			if err != nil {
				return nil, err
			}
			if s.mayHold(o) {
				candidates = append(candidates, o)
			}
		}
	}
	// With one reader of the shard it is in the last object that begins before it.
	slices.SortFunc(candidates, func(a, b Object) int { return CompareSequence(b.SequenceNumber, a.SequenceNumber) })
	var trouble error
	for _, o := range candidates {
		record, err := s.read(ctx, o)
		switch {
		case err != nil && (final(err) || ctx.Err() != nil):
			return nil, err
		case err != nil: // read it again; meanwhile it keeps nobody from the others
			trouble = err
			continue
		case record != nil:
			return &Found{Record: record, Key: o.Key, DeadLetter: o.DeadLetter, StoredAt: o.StoredAt}, nil
		}
		s.mu.Lock()
		s.seen[o.Key] = o.ETag
		s.mu.Unlock()
	}
	return nil, trouble
}

// hours are those in which the record may have arrived.
func (s *search) hours() []time.Time {
	var hours []time.Time
	for _, at := range []time.Time{s.arrival.Add(-skew), s.arrival, s.arrival.Add(skew)} {
		if hour := at.UTC().Truncate(time.Hour); !slices.Contains(hours, hour) {
			hours = append(hours, hour)
		}
	}
	return hours
}

// mayHold tells whether an object can hold the record and has not been read.
func (s *search) mayHold(o Object) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return o.ShardID == s.shard && CompareSequence(o.SequenceNumber, s.sequence) <= 0 &&
		!o.StoredAt.Before(s.arrival.Add(-skew)) && (o.ETag == "" || s.seen[o.Key] != o.ETag)
}

// read looks for the record in an object; nil if it is not in there.
func (s *search) read(ctx context.Context, o Object) ([]byte, error) {
	number := []byte(s.sequence)
	for text, err := range Lines(ctx, s.client, s.place, o.Key) {
		switch {
		case errors.Is(err, ErrGone):
			return nil, nil
		case err != nil:
			return nil, err
		case bytes.Contains(text, number) && s.is(text, o.DeadLetter):
			return bytes.Clone(text), nil
		}
	}
	return nil, nil
}

// is tells whether a line is the record.
func (s *search) is(text []byte, deadLetter bool) bool {
	// A map, as names must match exactly: an event may have an Enrichment_ID.
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil {
		return false
	}
	if deadLetter {
		return field(fields, "sequence_number") == s.sequence && field(fields, "shard_id") == s.shard
	}
	id := s.shard + ":" + s.sequence
	got := field(fields, "enrichment_id")
	return got == id || strings.HasPrefix(got, id+":") // a part of an aggregated record
}

func field(fields map[string]json.RawMessage, name string) string {
	var text string
	if err := json.Unmarshal(fields[name], &text); err != nil {
		return "" // absent, or not a text
	}
	return text
}

// final tells whether an error will not get better by waiting: S3 refuses, or a
// call could not even be made. A connection that fails, half an answer and
// content that cannot be read are not final.
func final(err error) bool {
	var answer *smithyhttp.ResponseError
	var operation *smithy.OperationError
	var sending *smithyhttp.RequestSendError
	switch {
	case errors.As(err, &sending):
		return false
	case errors.As(err, &answer):
		code := answer.HTTPStatusCode()
		return code < 500 && code != http.StatusTooManyRequests && code != http.StatusRequestTimeout
	default:
		return errors.As(err, &operation)
	}
}

// join is errors.Join on one line.
func join(errs ...error) error {
	var joined error
	for _, err := range errs {
		switch {
		case err == nil:
		case joined == nil:
			joined = err
		default:
			joined = fmt.Errorf("%w; %w", joined, err)
		}
	}
	return joined
}

// sleep ends early, with its cause, when the context ends.
func sleep(ctx context.Context, d time.Duration) error {
	if smithytime.SleepWithContext(ctx, d) != nil {
		return context.Cause(ctx)
	}
	return nil
}
