package audit

import "time"

// late are records that are in no place although later ones of their shard are. They
// may still be on their way: the function stores the objects of a batch at the same time,
// and a shard's batches may be delivered side by side. They are missing when later
// records have come to their places that cannot have been on the way together with them.
type late struct {
	settle   time.Duration
	together int // records
	seen     int // records that the mapping had come to
	runs     []run
	names    int
}

// run are late records that arrived in the same second.
type run struct {
	second int64
	at     int // how many had been seen
	count  int
	named  []Record
}

func (l *late) add(one Record) {
	second := one.Arrival.Unix()
	if n := len(l.runs); n == 0 || l.runs[n-1].second != second {
		l.runs = append(l.runs, run{second: second})
	}
	last := &l.runs[len(l.runs)-1]
	last.count++
	last.at = l.seen
	if l.names < NamedAtMost {
		last.named = append(last.named, one)
		l.names++
	}
}

// passed notes that the mapping had come to a record, and gives those that are missing
// since then.
func (l *late) passed(arrival time.Time) (count int, named []Record) {
	l.seen++
	horizon := arrival.Add(-l.settle).Unix()
	for len(l.runs) > 0 && l.runs[0].second < horizon && l.seen-l.runs[0].at >= l.together {
		count += l.runs[0].count
		named = append(named, l.runs[0].named...)
		l.runs = l.runs[1:]
	}
	return count, named
}

// rest gives those that are left.
func (l *late) rest() (count int, named []Record) {
	for _, r := range l.runs {
		count += r.count
		named = append(named, r.named...)
	}
	l.runs = nil
	return count, named
}
