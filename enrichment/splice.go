package enrichment

import "bytes"

// Stamp is what an enriched event is marked with beside the items.
type Stamp struct {
	ID   []byte // enrichment_id
	Time string // processing_timestamp, made by Timestamp
}

// Append appends the enriched event to dst, without line break at its end.
// Answers are by lookup; nil means that there is no item. The answer for a key
// that the event does not have is not looked at. An error is a *RejectError, and
// then dst is answered as it came.
func (e *Enricher) Append(dst []byte, ev *Event, answers []*Answer, stamp Stamp) ([]byte, error) {
	for i := range e.lookups {
		if a := e.pick(ev, answers, i); a.reason != "" {
			return dst, &RejectError{Reason: a.reason}
		}
	}
	w := writer{e: e, ev: ev, answers: answers, stamp: stamp}
	if len(ev.members) > 0 {
		return w.replace(dst), nil
	}
	dst = ev.copy(dst, 0, ev.close)
	first := len(dst)
	for i := range e.lookups {
		dst = append(dst, e.pick(ev, answers, i).members...)
	}
	for i := e.status; i < len(e.fields); i++ {
		dst = append(dst, e.fields[i].member...)
		dst = w.value(dst, i)
	}
	if ev.empty { // nothing precedes the first field: it needs no comma
		dst = append(dst[:first], dst[first+1:]...)
	}
	return ev.copy(dst, ev.close, len(ev.data)), nil
}

// pick is the answer that holds for a lookup.
func (e *Enricher) pick(ev *Event, answers []*Answer, lookup int) *Answer {
	switch {
	case !ev.keys[lookup].OK:
		return e.keyless[lookup]
	case answers[lookup] == nil:
		return e.missed[lookup]
	default:
		return answers[lookup]
	}
}

// writer writes one enriched event.
type writer struct {
	e       *Enricher
	ev      *Event
	answers []*Answer
	stamp   Stamp
}

// replace writes an event that has some of the fields already.
func (w *writer) replace(dst []byte) []byte {
	ev := w.ev
	from := 0
	for _, m := range ev.members {
		switch {
		case !w.adds(m.field): // its policy adds nothing: what the event has stays
		case m.last:
			dst = ev.copy(dst, from, m.value.from)
			dst = w.value(dst, m.field)
			from = m.value.to
		default:
			dst = ev.copy(dst, from, m.start)
			from = m.next
		}
	}
	dst = ev.copy(dst, from, ev.close)
	for i, f := range w.e.fields {
		if !ev.present[i] && w.adds(i) {
			dst = append(dst, f.member...)
			dst = w.value(dst, i)
		}
	}
	return ev.copy(dst, ev.close, len(ev.data))
}

// adds tells whether the field with the index i is added to this event.
func (w *writer) adds(i int) bool { return i >= w.e.status || w.looked(i) != nil }

// looked is the value that a lookup gave for one of its fields.
func (w *writer) looked(i int) []byte {
	for l := range w.e.lookups {
		values := w.e.pick(w.ev, w.answers, l).values
		if i < len(values) {
			return values[i]
		}
		i -= len(values)
	}
	return nil
}

// value appends the value of the field with the index i.
func (w *writer) value(dst []byte, i int) []byte {
	if i < w.e.status {
		return append(dst, w.looked(i)...)
	}
	switch w.e.fields[i].name {
	case fieldStatus:
		return AppendString(dst, w.status())
	case fieldMisses:
		return w.misses(dst)
	case fieldEnriched:
		return append(dst, "true"...)
	case fieldTime:
		return AppendString(dst, w.stamp.Time)
	default:
		return AppendString(dst, w.stamp.ID)
	}
}

// status is the lookup's own when there is one, else how many of them hit.
func (w *writer) status() string {
	if len(w.e.lookups) == 1 {
		return w.e.pick(w.ev, w.answers, 0).status
	}
	hits := 0
	for i := range w.e.lookups {
		if w.e.pick(w.ev, w.answers, i).hit {
			hits++
		}
	}
	switch hits {
	case 0:
		return "none"
	case len(w.e.lookups):
		return "success"
	default:
		return "partial"
	}
}

// misses appends the array of the lookups that missed.
func (w *writer) misses(dst []byte) []byte {
	dst = append(dst, '[')
	for i, l := range w.e.lookups {
		if w.e.pick(w.ev, w.answers, i).hit {
			continue
		}
		if dst[len(dst)-1] != '[' {
			dst = append(dst, ',')
		}
		dst = AppendString(dst, l.Name)
	}
	return append(dst, ']')
}

// copy appends the event's bytes from:to, as one line.
func (ev *Event) copy(dst []byte, from, to int) []byte {
	if !ev.scan.breaks {
		return append(dst, ev.data[from:to]...)
	}
	return oneLine(dst, ev.data[from:to])
}

// oneLine appends text with spaces for its line breaks, which can only lie
// between tokens.
func oneLine(dst, text []byte) []byte {
	for {
		i := bytes.IndexAny(text, "\r\n")
		if i < 0 {
			return append(dst, text...)
		}
		dst = append(append(dst, text[:i]...), ' ')
		text = text[i+1:]
	}
}

// Miss tells whether the lookup with the index i found nothing for the event.
func (e *Enricher) Miss(ev *Event, answers []*Answer, i int) bool {
	return !e.pick(ev, answers, i).hit
}
