package enrichment

import (
	"bytes"
	"fmt"
	"slices"
	"unicode/utf8"
)

const (
	// MaxEvent is the size in bytes above which an event is rejected. It is the
	// largest record that fits a Lambda invocation: 6 MiB of payload, of which
	// base64 leaves three quarters.
	MaxEvent = 6 << 20 / 4 * 3
	// MaxKey is the size in bytes above which a key is not looked up: DynamoDB's
	// limit for a partition key. A single longer one fails a whole request.
	MaxKey = 2048
)

// RejectError tells why an event can never be enriched.
type RejectError struct{ Reason string }

func (e *RejectError) Error() string { return e.Reason }

func reject(format string, args ...any) error {
	return &RejectError{Reason: fmt.Sprintf(format, args...)}
}

var byteOrderMark = []byte("\xef\xbb\xbf")

// Event is a valid event on its way to be enriched. Its zero value is ready for
// Enricher.Parse, and so is any used one.
type Event struct {
	data    []byte
	close   int          // where the closing brace is
	empty   bool         // has no fields
	members []occurrence // of fields that are to be added, in the event's order
	present []bool       // by Enricher.fields: occurs in members; empty: none does
	roots   []span       // by Enricher.roots: where keys and value are to be found
	keys    []Key        // by lookup
	value   []byte       // that sorts it into a folder; nil: it has none
	scratch []byte       // unescaped texts: names for a moment, keys and value for good
	scan    scanner
}

// span is data[from:to]; to 0: there is none.
type span struct{ from, to int }

// occurrence is a member of the event whose field is to be added.
type occurrence struct {
	field int  // index in Enricher.fields
	start int  // where the name begins
	value span //
	next  int  // where the next member's name begins; 0: this is the last one
	last  bool // no later member has the same name
}

// Key is what an event is looked up by: text, a number as AppendNumber spells it,
// or bytes, by the lookup's KeyType. It is valid as long as the event is: until it
// is parsed anew, and its data is not changed.
type Key struct {
	Text []byte
	OK   bool // false: the event has no key that could be looked up
}

// Key answers the event's key for the lookup with the index i.
func (ev *Event) Key(i int) Key { return ev.keys[i] }

// Parse validates data, which the event then refers to, and finds the keys in it.
// Every error is a *RejectError.
func (e *Enricher) Parse(ev *Event, data []byte) error {
	ev.data, ev.empty = data, false
	ev.members, ev.keys, ev.scratch = ev.members[:0], ev.keys[:0], ev.scratch[:0]
	ev.roots = ev.roots[:0]
	for range e.roots {
		ev.roots = append(ev.roots, span{})
	}
	switch {
	case len(data) > MaxEvent:
		return reject("too large: %d bytes, the limit is %d", len(data), MaxEvent)
	case bytes.HasPrefix(data, byteOrderMark):
		return reject("not JSON: it begins with a byte order mark")
	case !utf8.Valid(data):
		return reject("not UTF-8")
	}
	ev.scan.reset(data)
	if err := e.object(ev); err != nil {
		return err
	}
	ev.markLast(len(e.fields))
	for i := range e.lookups {
		ev.keys = append(ev.keys, e.key(ev, i))
	}
	if e.folder != nil {
		ev.value = ev.valueAt(e.folder)
	}
	return nil
}

// keptMost is how many bytes, or members, an event keeps memory for.
const keptMost = 4096

// Release gives back memory that only an unusual event needs. The keys and the value
// that the event gave are not valid any more.
func (ev *Event) Release() {
	ev.data, ev.value, ev.scan.data = nil, nil, nil
	if cap(ev.scratch) > keptMost {
		ev.scratch = nil
	}
	if cap(ev.scan.nested) > keptMost {
		ev.scan.nested = nil
	}
	if cap(ev.members) > keptMost/64 {
		ev.members = nil
	}
}

// object validates the event and notes its members.
func (e *Enricher) object(ev *Event) error {
	s := &ev.scan
	s.space()
	if s.peek() != '{' {
		if err := s.value(); err != nil {
			return err
		}
		if err := s.end(); err != nil {
			return err
		}
		return reject("not a JSON object")
	}
	s.pos++
	s.space()
	if s.peek() == '}' {
		ev.empty = true
	} else if err := e.fieldsOf(ev); err != nil {
		return err
	}
	ev.close = s.pos
	s.pos++
	return s.end()
}

// end takes white space and then nothing.
func (s *scanner) end() error {
	s.space()
	if s.pos < len(s.data) {
		return s.fail("the end")
	}
	return nil
}

// fieldsOf validates the members of the top level up to the closing brace.
func (e *Enricher) fieldsOf(ev *Event) error {
	s := &ev.scan
	for pending := -1; ; {
		start := s.pos
		if pending >= 0 {
			ev.members[pending].next, pending = start, -1
		}
		if s.peek() != '"' {
			return s.fail("a field's name")
		}
		escaped, err := s.text()
		if err != nil {
			return err
		}
		name := s.data[start+1 : s.pos-1]
		if err := s.colon(); err != nil {
			return err
		}
		value := span{from: s.pos}
		if err := s.value(); err != nil {
			return err
		}
		value.to = s.pos
		if role, ok := e.role(ev, name, escaped); ok {
			if role.field >= 0 {
				pending = len(ev.members)
				ev.members = append(ev.members, occurrence{field: role.field, start: start, value: value})
			}
			for _, root := range role.roots {
				ev.roots[root] = value // of duplicates the last one counts
			}
		}
		s.space()
		switch s.peek() {
		case '}':
			return nil
		case ',':
			s.pos++
			s.space()
		default:
			return s.fail("a comma or the object's end")
		}
	}
}

// role tells what a field of the top level is needed for.
func (e *Enricher) role(ev *Event, name []byte, escaped bool) (role, bool) {
	if escaped {
		text, ok := unescape(ev.scratch, name)
		if !ok {
			return role{}, false
		}
		ev.scratch = text[:0]
		name = text
	}
	r, ok := e.names[string(name)]
	return r, ok
}

// markLast finds the occurrences that no other of the same field follows, and
// which fields occur at all. There are rarely any.
func (ev *Event) markLast(fields int) {
	ev.present = ev.present[:0]
	if len(ev.members) == 0 {
		return
	}
	for range fields {
		ev.present = append(ev.present, false)
	}
	for i := range slices.Backward(ev.members) {
		m := &ev.members[i]
		m.last = !ev.present[m.field]
		ev.present[m.field] = true
	}
}
