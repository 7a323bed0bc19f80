package enrichment

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Enricher joins events with items. It is safe for concurrent use.
type Enricher struct {
	lookups []Lookup
	fields  []added         // in the order in which they are appended
	status  int             // index in fields of the first that all events get
	names   map[string]role // fields of the top level that matter
	roots   []string        // fields of the top level that lead to what is looked for
	paths   []path          // by lookup
	missed  []*Answer       // by lookup: there is no item
	keyless []*Answer       // by lookup: there is no key
	folder  *path           // to the value that sorts events into folders; nil: nothing does
}

// added is a field that is added.
type added struct {
	name   string
	member []byte // comma, quoted name, colon
}

// role is what a field of the top level is needed for.
type role struct {
	field int   // index in Enricher.fields; -1: it is not added
	roots []int // indices in Enricher.roots
}

// path is where a key, or another value that is looked for, lies.
type path struct {
	root  int      // index in Enricher.roots
	rest  []string // through nested objects
	whole int      // index in Enricher.roots of the field named as the whole path; -1: it has but one part
}

// Item is what a table holds for a key: the attributes as JSON values.
type Item map[string]json.RawMessage

// Answer is what a lookup gave for a key, ready to be written into any number of
// events.
type Answer struct {
	hit     bool
	status  string   // of an event with this lookup alone
	reason  string   // why such an event is rejected; "": it is not
	values  [][]byte // by the lookup's fields; nil: it is not added
	members []byte   // all of them as members, each behind its comma
}

// New makes an Enricher of lookups that are valid together. Events are sorted into
// folders by the field that partitionBy is the path of; "": they are not.
func New(lookups []Lookup, partitionBy string) (*Enricher, error) {
	if err := Validate(lookups); err != nil {
		return nil, err
	}
	if err := ValidatePartition(partitionBy, lookups); err != nil {
		return nil, err
	}
	e := &Enricher{lookups: slices.Clone(lookups), names: map[string]role{}}
	for _, l := range lookups {
		for _, f := range l.Fields {
			e.add(l.added(f))
		}
	}
	e.status = len(e.fields)
	e.add(fieldStatus)
	if len(lookups) > 1 {
		e.add(fieldMisses)
	}
	e.add(fieldEnriched)
	e.add(fieldTime)
	e.add(fieldID)
	for i, l := range lookups {
		e.paths = append(e.paths, e.path(l.Key))
		e.missed = append(e.missed, e.miss(i, l.Prefix+"not_found", noItem))
		e.keyless = append(e.keyless, e.miss(i, "no_"+l.TableKey, "no usable key in the event's field "+l.Key))
	}
	if partitionBy != "" {
		p := e.path(partitionBy)
		e.folder = &p
	}
	return e, nil
}

// path makes the fields of the top level that a dotted path begins with known.
func (e *Enricher) path(dotted string) path {
	parts := strings.Split(dotted, ".")
	p := path{root: e.root(parts[0]), rest: parts[1:], whole: -1}
	if len(parts) > 1 {
		p.whole = e.root(dotted)
	}
	return p
}

func (e *Enricher) add(name string) {
	member := append(AppendString([]byte{','}, name), ':')
	e.names[name] = role{field: len(e.fields)}
	e.fields = append(e.fields, added{name: name, member: member})
}

// root makes the field one that leads to what is looked for.
func (e *Enricher) root(name string) int {
	if i := slices.Index(e.roots, name); i >= 0 {
		return i
	}
	r, ok := e.names[name]
	if !ok {
		r.field = -1
	}
	r.roots = append(r.roots, len(e.roots))
	e.names[name] = r
	e.roots = append(e.roots, name)
	return len(e.roots) - 1
}

// Lookups answers the lookups, in the order of the indices used elsewhere.
func (e *Enricher) Lookups() []Lookup { return e.lookups }

// noItem is why there is nothing for an event that has a usable key.
const noItem = "no item for the key"

// NoItem is the reason of dead letters whose key has no item in a lookup.
func NoItem(lookup string) string { return rejection(lookup, noItem) }

func rejection(lookup, reason string) string { return fmt.Sprintf("lookup %s: %s", lookup, reason) }

// miss makes the answer of a lookup without item.
func (e *Enricher) miss(lookup int, status, reason string) *Answer {
	l := e.lookups[lookup]
	a := e.answer(lookup, func(string) []byte { return l.Missing.value() })
	a.status = status
	if l.Missing == MissingDeadLetter {
		a.reason = rejection(l.Name, reason)
	}
	return a
}

// value is what the policy puts in the place of a missing value; nil: nothing.
func (m Missing) value() []byte {
	switch m {
	case MissingUnknown:
		return []byte(`"Unknown"`)
	case MissingNull:
		return []byte("null")
	default:
		return nil
	}
}

// Hit makes the answer of a lookup that found an item. It fails when an attribute
// that is to be added is not a JSON value.
func (e *Enricher) Hit(lookup int, item Item) (*Answer, error) {
	l := e.lookups[lookup]
	for _, f := range l.Fields {
		if value, ok := item[f.From]; ok {
			if err := checkValue(value); err != nil {
				return nil, fmt.Errorf("lookup %s, attribute %s: %w", l.Name, f.From, err)
			}
		}
	}
	a := e.answer(lookup, func(attribute string) []byte {
		if value, ok := item[attribute]; ok {
			return bytes.TrimSpace(value)
		}
		return l.Missing.value()
	})
	a.hit, a.status = true, "success"
	return a, nil
}

// answer writes the members of a lookup's fields; value answers nil for one that
// is not added.
func (e *Enricher) answer(lookup int, value func(attribute string) []byte) *Answer {
	fields, first := e.lookups[lookup].Fields, e.firstField(lookup)
	a := &Answer{values: make([][]byte, len(fields))}
	size := 0
	for i, f := range fields {
		if a.values[i] = value(f.From); a.values[i] != nil {
			size += len(e.fields[first+i].member) + len(a.values[i])
		}
	}
	a.members = make([]byte, 0, size)
	for i, v := range a.values {
		if v == nil {
			continue
		}
		a.members = append(a.members, e.fields[first+i].member...)
		from := len(a.members)
		a.members = oneLine(a.members, v)
		a.values[i] = a.members[from:len(a.members):len(a.members)]
	}
	return a
}

// Size is about how much memory the answer takes up, in bytes.
func (a *Answer) Size() int { return answerOverhead + len(a.members) + sliceSize*len(a.values) }

// What an Answer takes up on 64 bits beside its text, and each of its values.
const (
	answerOverhead = 128
	sliceSize      = 24
)

// firstField is the index in fields of a lookup's first field.
func (e *Enricher) firstField(lookup int) int {
	n := 0
	for _, l := range e.lookups[:lookup] {
		n += len(l.Fields)
	}
	return n
}

// checkValue tells whether text is one JSON value in UTF-8.
func checkValue(text []byte) error {
	if !utf8.Valid(text) {
		return reject("not UTF-8")
	}
	var s scanner
	s.reset(text)
	s.space()
	if err := s.value(); err != nil {
		return err
	}
	return s.end()
}

// Timestamp is how a time is written in enriched events: RFC 3339 in UTC with
// milliseconds.
func Timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
