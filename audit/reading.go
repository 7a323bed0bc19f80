package audit

import (
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"enrich/aggregate"
	"enrich/delivery"
	"enrich/shard"
)

// reading is the comparison of one shard.
type reading struct {
	audit    *comparison
	result   Shard
	position position
	shelf    shelf
	late     late
	latest   time.Time // when the last record that the mapping had come to was stored
	waiting  time.Time // when the first after it that is in no place arrived

	parts      []aggregate.Part
	redriven   []entry  // records that have no other place
	copied     []copied // records that have
	missing    []Record
	doubles    []Record
	unexpected []Record
}

func (a *comparison) read(ctx context.Context, id string) (*reading, error) {
	r := &reading{audit: a, result: Shard{ID: id}, position: a.positions[id]}
	r.shelf = shelf{audit: a, shard: id, refs: a.batches[id], loaded: map[time.Time]bool{}}
	r.late = late{settle: a.query.Settle, together: a.query.Together}
	for page, err := range shard.Read(ctx, a.stream, shard.Query{Stream: a.query.Stream, Shard: id, Since: a.since, Until: a.until}) {
		if err != nil {
			return nil, err
		}
		before := r.result.Counts
		if err := r.page(ctx, page.Records); err != nil {
			return nil, err
		}
		span := max(a.until.Sub(a.since), 1)
		a.observe(id, before, r.result.Counts, 1-min(1, max(0, float64(page.Behind)/float64(span))))
	}
	before := r.result.Counts
	r.end()
	a.observe(id, before, r.result.Counts, 1)
	return r, nil
}

// page compares some records with what is stored.
func (r *reading) page(ctx context.Context, records []types.Record) error {
	if len(records) == 0 {
		return nil
	}
	if r.shelf.from == "" {
		r.shelf.from = aws.ToString(records[0].SequenceNumber)
	}
	for _, record := range records {
		if err := r.shelf.load(ctx, aws.ToTime(record.ApproximateArrivalTimestamp)); err != nil {
			return err
		}
	}
	if err := r.shelf.open(ctx, aws.ToString(records[len(records)-1].SequenceNumber)); err != nil {
		return err
	}
	for _, record := range records {
		r.record(record)
	}
	return nil
}

// record finds out what came of a record, or of those that are packed into it.
func (r *reading) record(record types.Record) {
	number := aws.ToString(record.SequenceNumber)
	arrival := aws.ToTime(record.ApproximateArrivalTimestamp).UTC()
	found, passed := r.shelf.take(number)
	for _, e := range passed {
		r.surprise(e)
	}
	if r.position.passed(number) {
		r.lose(r.late.passed(arrival))
	}
	if number == r.position.number {
		for _, e := range found {
			if e.in.storedAt.After(r.latest) {
				r.latest = e.in.storedAt
			}
		}
	}
	one := Record{ShardID: r.result.ID, SequenceNumber: number, PartitionKey: aws.ToString(record.PartitionKey), Arrival: &arrival}
	var packed bool
	if r.parts, packed = aggregate.Unpack(r.parts[:0], record.Data); packed {
		r.audit.marks.note(record.Data)
	}
	if !packed || len(r.parts) > aggregate.PartsAtMost {
		r.judge(one, delivery.Whole, &found)
	} else {
		for i, part := range r.parts {
			one.PartitionKey = string(part.PartitionKey)
			r.judge(one, i, &found)
		}
	}
	for _, e := range found {
		if e.part != everyPart {
			r.surprise(e)
		}
	}
}

// judge counts one record by the places that it is in, which it takes from the front of
// what was found: that is sorted by parts, and so are the calls.
func (r *reading) judge(one Record, part int, found *[]entry) {
	if part != delivery.Whole {
		one.Part = &part
	}
	places, batch := withoutCopies(r.placesOf(part, found))
	c := &r.result.Counts
	c.Read++
	switch {
	case len(places) > 1:
		c.StoredTwice++
		for _, e := range places {
			one.Places = append(one.Places, e.in.key)
		}
		slices.Sort(one.Places)
		name(&r.doubles, one)
	case len(places) == 1:
		e := places[0]
		*c.of(e.in.kind)++
		if batch != nil {
			one.Places = []string{e.in.key}
			r.copied = append(r.copied, copied{one, e.in.kind, batch})
		} else if e.in.kind == redriven {
			r.redriven = append(r.redriven, entry{e.number, part, e.in})
		}
	case r.position.passed(one.SequenceNumber):
		r.late.add(one)
	default:
		c.InFlight++
		if r.waiting.IsZero() {
			r.waiting = *one.Arrival
		}
	}
}

// placesOf takes the places of a part out of what was found. What is of every part is
// at the front and stays.
func (r *reading) placesOf(part int, found *[]entry) []entry {
	list, every := *found, 0
	for every < len(list) && list[every].part == everyPart {
		every++
	}
	rest := list[every:]
	for len(rest) > 0 && rest[0].part < part {
		r.surprise(rest[0])
		rest = rest[1:]
	}
	end := 0
	for end < len(rest) && rest[end].part == part {
		end++
	}
	if every == 0 {
		*found = rest[end:]
		return withoutMoved(rest[:end])
	}
	places := slices.Concat(list[:every], rest[:end])
	*found = slices.Concat(list[:every], rest[end:])
	return withoutMoved(places)
}

func (c *Counts) of(k kind) *int {
	switch k {
	case letters:
		return &c.DeadLettered
	case batches:
		return &c.Failed
	case redriven:
		return &c.Redriven
	default:
		return &c.Stored
	}
}

// withoutMoved leaves out what was moved and not yet removed from where it was.
func withoutMoved(places []entry) []entry {
	if len(places) < 2 {
		return places
	}
	return slices.DeleteFunc(places, func(e entry) bool {
		return slices.ContainsFunc(places, func(other entry) bool { return other.in.key == delivery.Redriven+e.in.key })
	})
}

// lose counts what is missing for good.
func (r *reading) lose(count int, named []Record) {
	r.result.Missing += count
	for _, one := range named {
		name(&r.missing, one)
	}
}

// surprise counts a record that is stored and was not expected there.
func (r *reading) surprise(e entry) {
	r.result.Unexpected++
	one := Record{ShardID: r.result.ID, SequenceNumber: e.number, Places: []string{e.in.key}}
	if e.part >= 0 {
		one.Part = &e.part
	}
	name(&r.unexpected, one)
}

// end judges the records that were late at the end. They may be in a batch that is tried
// again: for as long as something was stored lately, or others wait for it.
func (r *reading) end() {
	count, named := r.late.rest()
	lately := r.audit.until.Add(-r.audit.query.Settle)
	stuck := !r.waiting.IsZero() && r.waiting.Before(lately)
	if !r.position.all && (stuck || r.latest.After(lately)) {
		r.result.InFlight += count
		return
	}
	r.lose(count, named)
}

// name adds a record to those that are named, as long as they are few.
func name(list *[]Record, one Record) {
	if len(*list) < NamedAtMost {
		*list = append(*list, one)
	}
}
