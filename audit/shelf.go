package audit

import (
	"context"
	"errors"
	"iter"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"enrich/delivery"
)

// kind is a kind of place.
type kind int

const (
	enriched kind = iota
	letters
	batches
	redriven
)

// everyPart is the part of a record of a failed batch: it has all that is packed into it.
const everyPart = -2

// ref is an object that is not opened yet.
type ref struct {
	key      string
	first    string // sequence number of its first record
	kind     kind
	batch    bool // it is a failed one, redriven or not
	letter   bool // likewise a dead letter
	storedAt time.Time
}

// entry is a record in an object.
type entry struct {
	number string
	part   int
	in     *ref
}

// object is one that was opened: its records from where the comparison is.
type object struct {
	ref
	entries []entry
}

// shelf gives what is stored of a shard in the order of the sequence numbers.
type shelf struct {
	audit  *comparison
	shard  string
	from   string // the first record that is compared
	refs   []ref
	loaded map[time.Time]bool // hours
	opened []*object
}

// parallelObjects is how many objects of a shard are read at the same time.
const parallelObjects = 8

// load lists the objects of an hour, if that has not been done. A shard's records need
// not be in the order of their arrival, so it may be one before.
func (s *shelf) load(ctx context.Context, arrival time.Time) error {
	hour := arrival.UTC().Truncate(time.Hour)
	if s.loaded[hour] {
		return nil
	}
	s.loaded[hour] = true
	folders, err := s.audit.foldersOf(ctx, hour)
	if err != nil {
		return err
	}
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallelObjects)
	list := func(place delivery.Place, prefix string, as ref) error {
		for o, err := range delivery.List(ctx, s.audit.storage, place, prefix, hour, s.shard) {
			if err != nil {
				return err
			}
			if o.ShardID != s.shard {
				continue
			}
			mu.Lock()
			s.refs = append(s.refs, ref{key: o.Key, first: o.SequenceNumber, kind: as.kind, letter: as.letter, storedAt: o.StoredAt})
			mu.Unlock()
		}
		return nil
	}
	for _, folder := range append([]string{""}, folders...) {
		place := s.audit.query.Place
		place.Folder = folder
		group.Go(func() error { return list(place, place.Prefix, ref{kind: enriched}) })
	}
	group.Go(func() error { // in this order: what is moved meanwhile is in one of the two
		if err := list(s.audit.query.Place, delivery.DeadLetters, ref{kind: letters, letter: true}); err != nil {
			return err
		}
		return list(s.audit.query.Place, delivery.Redriven+delivery.DeadLetters, ref{kind: redriven, letter: true})
	})
	if err := group.Wait(); err != nil {
		return err
	}
	slices.SortFunc(s.refs, func(a, b ref) int { return delivery.CompareSequence(a.first, b.first) })
	return nil
}

// open reads the objects that begin with a record up to this one.
func (s *shelf) open(ctx context.Context, through string) error {
	n := 0
	for n < len(s.refs) && delivery.CompareSequence(s.refs[n].first, through) <= 0 {
		n++
	}
	objects := make([]*object, n)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallelObjects)
	for i, r := range s.refs[:n] {
		group.Go(func() (err error) {
			objects[i], err = s.contents(ctx, r)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	s.opened = append(s.opened, objects...)
	s.refs = s.refs[n:]
	return nil
}

// take takes what is stored of a record, sorted by its parts, and what lies before it
// and was not taken.
func (s *shelf) take(number string) (found, passed []entry) {
	done := false
	for _, o := range s.opened {
		n := 0
		for n < len(o.entries) {
			order := delivery.CompareSequence(o.entries[n].number, number)
			if order > 0 {
				break
			}
			if order == 0 {
				found = append(found, o.entries[n])
			} else {
				passed = append(passed, o.entries[n])
			}
			n++
		}
		if o.entries = o.entries[n:]; len(o.entries) == 0 {
			o.entries, done = nil, true // as some hold on to the object
		}
	}
	if done {
		s.opened = slices.DeleteFunc(s.opened, func(o *object) bool { return len(o.entries) == 0 })
	}
	if len(found) > 1 {
		slices.SortStableFunc(found, func(a, b entry) int { return a.part - b.part })
	}
	return found, passed
}

// contents reads which records are in an object. Those before the first that is compared
// are of another time.
func (s *shelf) contents(ctx context.Context, r ref) (*object, error) {
	o := &object{ref: r}
	err := s.fill(ctx, o)
	if errors.Is(err, delivery.ErrGone) && (r.kind == letters || r.kind == batches) { // it has moved since
		o.key, o.kind, o.storedAt = delivery.Redriven+r.key, redriven, s.audit.until
		err = s.fill(ctx, o)
	}
	if err != nil && !errors.Is(err, delivery.ErrGone) {
		return nil, err
	}
	if !slices.IsSortedFunc(o.entries, compareEntries) {
		slices.SortStableFunc(o.entries, compareEntries)
	}
	return o, nil
}

func compareEntries(a, b entry) int { return delivery.CompareSequence(a.number, b.number) }

func (s *shelf) fill(ctx context.Context, o *object) error {
	if o.batch {
		numbers, err := delivery.FailedRecords(ctx, s.audit.storage, s.audit.query.Place, o.key)
		for _, number := range numbers {
			s.add(o, number, everyPart)
		}
		return err
	}
	is := delivery.Object{ShardID: s.shard, DeadLetter: o.letter}
	for text, err := range delivery.Lines(ctx, s.audit.storage, s.audit.query.Place, o.key) {
		if err != nil {
			return err
		}
		if number, part, ok := delivery.Identity(text, is); ok { // else it is no record of this shard
			s.add(o, number, part)
		}
	}
	return nil
}

func (s *shelf) add(o *object, number string, part int) {
	if delivery.CompareSequence(number, s.from) < 0 {
		return
	}
	if n := len(o.entries); n > 0 && o.entries[n-1].number == number {
		number = o.entries[n-1].number // one text for all that is packed into one record
	}
	o.entries = append(o.entries, entry{number: number, part: part, in: &o.ref})
}

// foldersOf gives the folders of an hour, which all shards have in common.
func (a *comparison) foldersOf(ctx context.Context, hour time.Time) ([]string, error) {
	a.mu.Lock()
	find := a.folders[hour]
	if find == nil {
		find = sync.OnceValues(func() ([]string, error) { return delivery.Folders(ctx, a.storage, a.query.Place, hour) })
		a.folders[hour] = find
	}
	a.mu.Unlock()
	return find()
}

// listBatches finds the batches that were given up since the period began, and those of
// them that were redriven.
func (a *comparison) listBatches(ctx context.Context) error {
	a.batches = map[string][]ref{}
	add := func(list iter.Seq2[delivery.FailedBatch, error], k kind) error {
		for b, err := range list {
			switch {
			case err == nil:
				a.addBatch(b, k)
			case !delivery.Malformed(err): // else no record is in it
				return err
			}
		}
		return nil
	}
	if err := add(delivery.FailedBatches(ctx, a.storage, a.query.Place, a.since), batches); err != nil {
		return err
	}
	return add(delivery.RedrivenBatches(ctx, a.storage, a.query.Place, a.since), redriven)
}

func (a *comparison) addBatch(b delivery.FailedBatch, k kind) {
	a.batches[b.ShardID] = append(a.batches[b.ShardID], ref{key: b.Key, first: b.First, kind: k, batch: true, storedAt: b.StoredAt})
	if delivery.CompareSequence(b.Last, a.positions[b.ShardID].number) > 0 {
		a.positions[b.ShardID] = position{number: b.Last}
	}
}
