package main

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// field is one member of a JSON object, as it was written.
type field struct {
	name  string
	value json.RawMessage
}

// members takes an object apart in the order of its bytes; ok is false when it
// is none.
func members(object []byte) (fields []field, ok bool) {
	decoder := json.NewDecoder(bytes.NewReader(object))
	if begin, err := decoder.Token(); err != nil || begin != json.Delim('{') {
		return nil, false
	}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return nil, false
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, false
		}
		text, isText := name.(string)
		if !isText {
			return nil, false
		}
		fields = append(fields, field{text, value})
	}
	return fields, true
}

// highlight prints a record with a member a line; those that the event did not
// have carry a plus sign and a colour.
func highlight(p *page, record, event []byte) {
	fields, ok := members(record)
	if !ok {
		p.line("%s", p.shown(string(record)))
		return
	}
	before := map[string]bool{}
	given, _ := members(event)
	for _, f := range given {
		before[f.name] = true
	}
	p.line("  {")
	for i, f := range fields {
		comma := ","
		if i == len(fields)-1 {
			comma = ""
		}
		name, err := json.Marshal(f.name)
		if err != nil {
			name = []byte(fmt.Sprintf("%q", f.name))
		}
		text := p.shown(fmt.Sprintf("%s: %s%s", name, f.value, comma))
		if before[f.name] {
			p.line("    %s", text)
		} else {
			p.line("%s", p.c.added("  + "+text))
		}
	}
	p.line("  }")
}
