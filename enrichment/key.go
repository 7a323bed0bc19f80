package enrichment

import (
	"bytes"
	"encoding/base64"
)

// key finds the event's key for a lookup.
func (e *Enricher) key(ev *Event, lookup int) Key {
	value, ok := ev.find(&e.paths[lookup])
	if !ok {
		return Key{}
	}
	return ev.keyOf(ev.data[value.from:value.to], e.lookups[lookup].KeyType)
}

// find looks for the value that a path leads to.
func (ev *Event) find(p *path) (span, bool) {
	value, ok := ev.follow(ev.roots[p.root], p.rest)
	if !ok && p.whole >= 0 {
		value = ev.roots[p.whole]
		ok = value.to > 0
	}
	return value, ok
}

// follow walks from a value through nested objects. The event is valid, so the
// scanner's errors cannot happen.
func (ev *Event) follow(value span, path []string) (span, bool) {
	for _, name := range path {
		if value.to == 0 || ev.data[value.from] != '{' {
			return span{}, false
		}
		value = ev.member(value, name)
	}
	return value, value.to > 0
}

// member finds the last member of that name in an object.
func (ev *Event) member(object span, name string) span {
	var found span
	s := &ev.scan
	for s.pos = object.from + 1; ; s.pos++ { // past the brace, then past each comma
		s.space()
		if s.peek() != '"' {
			return found // the closing brace of an empty object
		}
		start := s.pos
		escaped, err := s.text()
		if err != nil {
			return span{}
		}
		matches := ev.is(s.data[start+1:s.pos-1], escaped, name)
		if s.colon() != nil {
			return span{}
		}
		value := span{from: s.pos}
		if s.value() != nil {
			return span{}
		}
		if matches {
			found = span{from: value.from, to: s.pos}
		}
		s.space()
		if s.peek() != ',' {
			return found
		}
	}
}

// is compares the inside of a JSON string with a text.
func (ev *Event) is(inside []byte, escaped bool, text string) bool {
	if !escaped {
		return string(inside) == text
	}
	n := len(ev.scratch) // keys found before lie below
	got, ok := unescape(ev.scratch, inside)
	ev.scratch = got[:n]
	return ok && string(got[n:]) == text
}

// keyOf converts a value: a string stands for its characters, a number for its
// own literal text. Nothing else can be looked up, nor can the empty string, a
// text of more than MaxKey bytes, a string that has no UTF-8 form, or what cannot
// become a key of the table's type.
func (ev *Event) keyOf(value []byte, kind KeyType) Key {
	text := value
	switch c := value[0]; {
	case c == '"':
		text = value[1 : len(value)-1]
		if bytes.IndexByte(text, '\\') >= 0 {
			n := len(ev.scratch)
			all, ok := unescape(ev.scratch, text)
			if !ok {
				return Key{}
			}
			// A later append may move the array, but what is here stays here.
			ev.scratch = all
			text = all[n:]
		}
	case kind != KeyBinary && (c == '-' || isDigit(c)):
	default:
		return Key{}
	}
	switch n := len(ev.scratch); kind {
	case KeyNumber:
		all, reason := AppendNumber(ev.scratch, text)
		if reason != "" {
			return Key{}
		}
		ev.scratch, text = all, all[n:]
	case KeyBinary:
		all, err := base64.StdEncoding.Strict().AppendDecode(ev.scratch, text)
		if err != nil {
			return Key{}
		}
		ev.scratch, text = all, all[n:]
	default:
	}
	if len(text) == 0 || len(text) > MaxKey {
		return Key{}
	}
	return Key{Text: text, OK: true}
}
