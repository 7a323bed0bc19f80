// Package audit compares the records of a stream with what came of them: each of them
// lies in one place, or it was lost, or is there twice.
package audit

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"golang.org/x/sync/errgroup"

	"enrich/delivery"
	"enrich/shard"
)

// Query says what to compare.
type Query struct {
	Stream string
	Place  delivery.Place
	Since  time.Time // from the beginning of its hour on: objects tell no more of when their records arrived
	// Settle is how long after its arrival, or after the last success of its shard, a
	// record may be on its way although later ones are stored.
	Settle time.Duration
	// Together is how many records of a shard may be on their way at the same time.
	Together int
	Observe  func(Progress) // told of each page; nil: nobody is
}

// Progress is how far an audit is.
type Progress struct {
	Read, Missing, Doubles int
	Done                   float64 // of 1
}

// Counts are the records of a shard by what came of them. Each is in one of those after
// Read.
type Counts struct {
	Read         int `json:"read"`          // from the stream
	Stored       int `json:"stored"`        // once, enriched
	StoredTwice  int `json:"stored_twice"`  // in more than one place; copies in failed batches do not count
	DeadLettered int `json:"dead_lettered"` // once, as dead letters
	Failed       int `json:"failed"`        // in a batch that was given up, and nowhere else
	Redriven     int `json:"redriven"`      // put into the stream again, where it is another record
	InFlight     int `json:"in_flight"`     // that the function has not come to, or tries again
	Missing      int `json:"missing"`       // that are nowhere; or redriven and not in the stream again
}

// Shard is what came of a shard's records.
type Shard struct {
	ID string `json:"shard_id"`
	Counts
	// Unexpected are records that are stored and not in the stream, or not where their
	// object's name and hour say. They are not among those read.
	Unexpected int `json:"unexpected"`
}

// Add adds the figures of another shard.
func (s *Shard) Add(other Shard) {
	s.Read += other.Read
	s.Stored += other.Stored
	s.StoredTwice += other.StoredTwice
	s.DeadLettered += other.DeadLettered
	s.Failed += other.Failed
	s.Redriven += other.Redriven
	s.InFlight += other.InFlight
	s.Missing += other.Missing
	s.Unexpected += other.Unexpected
}

// Record names a record.
type Record struct {
	ShardID        string     `json:"shard_id"`
	SequenceNumber string     `json:"sequence_number"`
	Part           *int       `json:"sub_sequence_number,omitempty"` // of an aggregated record
	PartitionKey   string     `json:"partition_key,omitempty"`       // "": only known of what was read
	Arrival        *time.Time `json:"arrival,omitempty"`             // likewise
	Places         []string   `json:"places,omitempty"`              // keys of the objects that hold it
}

// Report is what an audit found. Of each shard no more than the first NamedAtMost are
// named of each kind; the counts have all.
type Report struct {
	Since           time.Time  `json:"since"`
	Until           time.Time  `json:"until"`
	ForgottenBefore *time.Time `json:"forgotten_before"` // what arrived before is no longer in the stream; null: all is there
	Shards          []Shard    `json:"shards"`           // the counts of each
	Missing         []Record   `json:"missing"`          // those of the shards' missing that are named
	Doubles         []Record   `json:"doubles"`          // those that are in more than one place
	Unexpected      []Record   `json:"unexpected"`       // those that are stored where they do not belong
	Complete        bool       `json:"complete"`         // nothing is missing, double or unexpected
}

// NamedAtMost is how many records of a shard are named for one reason.
const NamedAtMost = 100

// parallelShards is how many shards are compared at the same time.
const parallelShards = 16

// Compare reads the stream and what is stored, in the order of the sequence numbers, and
// holds a page of records, the objects that they are in, and the names of an hour's
// objects for each shard, and the sequence numbers of records that were redriven.
func Compare(ctx context.Context, stream *kinesis.Client, storage *s3.Client, q Query) (*Report, error) {
	r := &Report{
		Since: q.Since.UTC().Truncate(time.Hour), Until: time.Now().UTC(), Shards: []Shard{},
		Missing: []Record{}, Doubles: []Record{}, Unexpected: []Record{},
	}
	a := &comparison{query: q, since: r.Since, until: r.Until, stream: stream, storage: storage, marks: newMarks(), folders: map[time.Time]func() ([]string, error){}}
	if err := a.remembered(ctx, r); err != nil {
		return nil, err
	}
	shards, err := shard.List(ctx, stream, q.Stream)
	if err != nil {
		return nil, err
	}
	if err := a.prepare(ctx, shards); err != nil {
		return nil, err
	}
	readings := make([]*reading, len(shards))
	group, inGroup := errgroup.WithContext(ctx)
	group.SetLimit(parallelShards)
	a.shards = len(shards)
	for i, s := range shards {
		group.Go(func() (err error) {
			readings[i], err = a.read(inGroup, s.ID)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	for _, one := range readings {
		one.prove(a.marks)
		r.add(one)
	}
	slices.SortFunc(r.Shards, func(a, b Shard) int { return strings.Compare(a.ID, b.ID) })
	r.Complete = len(r.Missing)+len(r.Doubles)+len(r.Unexpected) == 0
	return r, nil
}

func (r *Report) add(one *reading) {
	r.Shards = append(r.Shards, one.result)
	r.Missing = append(r.Missing, one.missing...)
	r.Doubles = append(r.Doubles, one.doubles...)
	r.Unexpected = append(r.Unexpected, one.unexpected...)
}

// comparison is one Compare.
type comparison struct {
	query        Query
	since, until time.Time
	stream       *kinesis.Client
	storage      *s3.Client
	batches      map[string][]ref    // by shard
	positions    map[string]position // by shard
	marks        *marks

	mu       sync.Mutex
	folders  map[time.Time]func() ([]string, error) // by hour
	shards   int
	progress Progress
	done     map[string]float64 // by shard
}

// position is how far the event source mapping has come in a shard.
type position struct {
	number string // of the last record that was in a place when the audit began
	all    bool   // it reads the shards that continue this one, so it is done with it
}

func (p position) passed(number string) bool {
	return p.all || delivery.CompareSequence(number, p.number) <= 0
}

// remembered finds out what of the period the stream still has.
func (a *comparison) remembered(ctx context.Context, r *Report) error {
	out, err := a.stream.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamName: &a.query.Stream})
	if err != nil {
		return fmt.Errorf("reading %s: %w", a.query.Stream, err)
	}
	summary := out.StreamDescriptionSummary
	from := r.Until.Add(-time.Duration(aws.ToInt32(summary.RetentionPeriodHours)) * time.Hour)
	if from.After(r.Since) && from.After(aws.ToTime(summary.StreamCreationTimestamp)) {
		r.ForgottenBefore = &from
	}
	for _, earliest := range []time.Time{from, aws.ToTime(summary.StreamCreationTimestamp)} {
		if earliest = earliest.Add(-time.Hour).UTC().Truncate(time.Hour); earliest.After(a.since) { // as clocks differ
			a.since = earliest
		}
	}
	return nil
}

// prepare finds the failed batches, and how far the mapping has come.
func (a *comparison) prepare(ctx context.Context, shards []shard.Shard) (err error) {
	ids := make([]string, len(shards))
	for i, s := range shards {
		ids[i] = s.ID
	}
	stored, err := delivery.Positions(ctx, a.storage, a.query.Place, ids, a.since)
	if err != nil {
		return err
	}
	a.positions = make(map[string]position, len(shards))
	for id, number := range stored {
		a.positions[id] = position{number: number}
	}
	if err := a.listBatches(ctx); err != nil {
		return err
	}
	// A shard is done when one that continues it has been begun.
	for changed := true; changed; {
		changed = false
		for _, s := range shards {
			if a.positions[s.ID] == (position{}) {
				continue
			}
			for _, parent := range s.Parents {
				changed = changed || !a.positions[parent].all
				a.positions[parent] = position{number: a.positions[parent].number, all: true}
			}
		}
	}
	return nil
}

// observe tells how far a shard is.
func (a *comparison) observe(id string, before, now Counts, done float64) {
	if a.query.Observe == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.done == nil {
		a.done = map[string]float64{}
	}
	p := &a.progress
	p.Read += now.Read - before.Read
	p.Missing += now.Missing - before.Missing
	p.Doubles += now.StoredTwice - before.StoredTwice
	p.Done += (done - a.done[id]) / float64(a.shards)
	a.done[id] = done
	a.query.Observe(*p)
}
