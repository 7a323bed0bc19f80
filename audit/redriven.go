package audit

import (
	"fmt"
	"hash/maphash"
	"slices"
	"sync"
	"time"

	"enrich/delivery"
	"enrich/redrive"
)

// visible is how long before the audit an object was moved below redriven/ whose records
// must have been read: they were put before that, but clocks differ.
const visible = time.Minute

// marks are the old identities of the records in the stream that were put again. Only a
// sum is held of each, of which two are the same once in 2⁶⁴ pairs.
type marks struct {
	seed maphash.Seed
	mu   sync.Mutex
	sums map[uint64]struct{}
}

func newMarks() *marks { return &marks{seed: maphash.MakeSeed(), sums: map[uint64]struct{}{}} }

// note notes the mark of an aggregated record, if it has one.
func (m *marks) note(data []byte) {
	identity, marked := redrive.Mark(data)
	if !marked {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sums[maphash.String(m.seed, identity)] = struct{}{}
}

func (m *marks) has(identity string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, found := m.sums[maphash.String(m.seed, identity)]
	return found
}

// copied is a record that is in one place and in a batch that was redriven.
type copied struct {
	Record
	kind  kind // of the place
	batch *ref
}

// withoutCopies leaves out batches that hold a record which is stored all the same: when
// they are redriven, it is not put again. That of them which was redriven comes back.
func withoutCopies(places []entry) (kept []entry, batch *ref) {
	if !slices.ContainsFunc(places, func(e entry) bool { return e.in.batch }) {
		return places, nil
	}
	for _, e := range places {
		if !e.in.batch {
			kept = append(kept, e)
		} else if e.in.kind == redriven {
			batch = e.in
		}
	}
	if len(kept) == 0 {
		return places, nil
	}
	return kept, batch
}

// prove holds what was redriven to what the stream has: of each record that lies in no
// other place one with its mark, and of each other one none.
func (r *reading) prove(m *marks) {
	before := r.audit.until.Add(-visible)
	for _, e := range r.redriven {
		if e.in.storedAt.After(before) || m.has(r.identity(e.number, e.part, e.in)) {
			continue
		}
		one := Record{ShardID: r.result.ID, SequenceNumber: e.number, Places: []string{e.in.key}}
		if e.part != delivery.Whole {
			one.Part = &e.part
		}
		r.result.Redriven--
		r.lose(1, []Record{one})
	}
	for _, c := range r.copied {
		if m.has(r.identity(c.SequenceNumber, delivery.Whole, c.batch)) {
			*r.result.of(c.kind)--
			r.result.StoredTwice++
			c.Places = append(c.Places, c.batch.key)
			name(&r.doubles, c.Record)
		}
	}
}

// identity is the one by which a redrive marks a record: what is packed into one of a
// batch is put again as it is.
func (r *reading) identity(number string, part int, in *ref) string {
	id := r.result.ID + ":" + number
	if part != delivery.Whole && !in.batch {
		id += fmt.Sprintf(":%d", part)
	}
	return id
}
