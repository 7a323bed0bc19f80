package feed

// Limits of PutRecords: 500 records and 10 MiB, partition keys included. Half of
// that keeps a request's retry short.
const (
	maxBatch      = 500
	maxBatchBytes = 5 << 20
)

// Limits of what is read ahead in search of other partition keys. They also
// bound how far a line can be sent ahead of another.
const (
	maxWindow      = 10_000
	maxWindowBytes = 32 << 20
)

// window holds events in the order of their lines, from the first that is not
// stored. Stored ones stay until all before them are stored, too.
type window struct {
	entries []*entry
	open    int // not stored
	bytes   int // of those
}

func (w *window) full() bool {
	return len(w.entries) >= maxWindow || w.bytes >= maxWindowBytes
}

func (w *window) add(e *entry) {
	w.entries = append(w.entries, e)
	w.open++
	w.bytes += e.size()
}

// batch chooses what the next request holds: the earliest events, but of each
// key only the first one unless their order does not matter.
func (w *window) batch(unordered bool) []*entry {
	var chosen []*entry
	size := 0
	seen := make(map[string]bool)
	for _, e := range w.entries {
		if e.done || !unordered && !e.loose && seen[e.key] {
			continue
		}
		// An event that does not fit keeps later ones of its key waiting.
		seen[e.key] = true
		if size+e.size() > maxBatchBytes {
			continue
		}
		chosen = append(chosen, e)
		size += e.size()
		if len(chosen) == maxBatch {
			break
		}
	}
	return chosen
}

// stored marks an event as stored.
func (w *window) stored(e *entry) {
	e.done = true
	w.open--
	w.bytes -= e.size()
	e.data = nil
}

// trim lets go of what is stored up to the first event that is not.
func (w *window) trim() {
	first := 0
	for first < len(w.entries) && w.entries[first].done {
		first++
	}
	if first == len(w.entries) {
		w.entries = w.entries[:0]
	} else {
		w.entries = w.entries[first:]
	}
}

// through tells up to which line everything is settled, when last is the last line
// taken in.
func (w *window) through(last int) int {
	w.trim()
	if len(w.entries) == 0 {
		return last
	}
	return w.entries[0].line - 1
}

// position tells up to which line everything is settled and which lines behind
// it are stored as well, when last is the last line taken in.
func (w *window) position(last int) (through int, ahead []int) {
	through = w.through(last)
	for _, e := range w.entries {
		if e.done {
			ahead = append(ahead, e.line)
		}
	}
	return through, ahead
}
