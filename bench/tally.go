package bench

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"sync"
	"time"

	"enrich/delivery"
)

// tally counts what of a run has arrived. Of each event it keeps one bit.
type tally struct {
	run   []byte
	total int

	mu          sync.Mutex
	arrived     []uint64 // bits
	enriched    int
	deadLetters int
	duplicates  int
	statuses    map[string]int
	stored      Histogram
	processed   Histogram
	last        time.Time // when one was stored
	precise     bool      // S3 tells more than seconds
	changed     chan struct{}
}

func newTally(run string, total int) *tally {
	return &tally{
		run: []byte(run), total: total, arrived: make([]uint64, (total+63)/64),
		statuses: make(map[string]int), changed: make(chan struct{}, 1),
	}
}

// record is what the tally reads of an enriched record.
type record struct {
	Timestamp time.Time `json:"timestamp"`
	Bench     struct {
		Run string `json:"run"`
		N   int    `json:"n"`
	} `json:"bench"`
	Status    string    `json:"enrichment_status"`
	Processed time.Time `json:"processing_timestamp"`
}

// take counts a line, if it is of this run.
func (t *tally) take(s delivery.Stored) {
	line := s.Line
	if s.Object.DeadLetter {
		line = eventOf(line)
	}
	if !bytes.Contains(line, t.run) {
		return
	}
	var r record
	if err := json.Unmarshal(line, &r); err != nil || r.Bench.Run != string(t.run) || r.Bench.N < 0 || r.Bench.N >= t.total {
		return // somebody else's
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	word, bit := r.Bench.N/64, uint64(1)<<(r.Bench.N%64)
	if t.arrived[word]&bit != 0 {
		t.duplicates++
		return
	}
	t.arrived[word] |= bit
	if s.Object.DeadLetter {
		t.deadLetters++
	} else {
		at := t.storedAt(s)
		t.enriched++
		t.statuses[r.Status]++
		t.stored.Add(at.Sub(r.Timestamp))
		t.processed.Add(r.Processed.Sub(r.Timestamp))
		if at.After(t.last) {
			t.last = at
		}
	}
	select {
	case t.changed <- struct{}{}:
	default:
	}
}

// storedAt is when an object was stored. S3 at AWS tells whole seconds only; then it is
// when the object was seen.
func (t *tally) storedAt(s delivery.Stored) time.Time {
	if s.Object.StoredAt.Nanosecond() == 0 {
		return s.Seen
	}
	t.precise = true
	return s.Object.StoredAt
}

// eventOf is the event in a dead letter.
func eventOf(letter []byte) []byte {
	var l struct {
		Data string `json:"data"`
	}
	if err := json.Unmarshal(letter, &l); err != nil {
		return nil
	}
	event, err := base64.StdEncoding.DecodeString(l.Data)
	if err != nil {
		return nil
	}
	return event
}

// count is how many events have arrived, in whatever place.
func (t *tally) count() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.enriched + t.deadLetters
}
