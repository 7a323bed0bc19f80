package enrichment

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzAppend holds the core against encoding/json: the same texts are valid, and
// what is not added is the input's own bytes.
func FuzzAppend(f *testing.F) {
	files, err := filepath.Glob("testdata/json-test-suite/test_parsing/*.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		if len(data) < 10_000 { // encoding/json gives up at a depth of 10,000
			f.Add(data, true)
		}
	}
	for _, event := range []string{
		`{"user_id":"user123","user_name":"x"}`, "{ \"a\" : {\"b\":\n1} , \"enriched\" : [\r] }",
		`{"user_name":1,"user_name":2,"user\u005fname":3,"user_id":{"x":1}}`, `{"a.b":1,"a":{"b":2}}`,
	} {
		f.Add([]byte(event), true)
		f.Add([]byte(event), false)
	}
	nested := DefaultLookup("users")
	nested.Name, nested.Key, nested.Prefix, nested.Missing = "others", "a.b", "", MissingOmit
	enrichers := []*Enricher{enricherOf(f, DefaultLookup("users")), enricherOf(f, DefaultLookup("users"), nested)}
	f.Fuzz(func(t *testing.T, data []byte, found bool) {
		item := john
		if !found {
			item = nil
		}
		for _, e := range enrichers {
			checkAppend(t, e, data, item)
		}
	})
}

func checkAppend(t *testing.T, e *Enricher, data []byte, item Item) {
	before := bytes.Clone(data)
	line, err := enrich(t, e, string(data), item)
	valid := utf8.Valid(data) && json.Valid(data) && bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("{"))
	if valid != (err == nil) {
		t.Fatalf("encoding/json says %v, the core %v: %q", valid, err, data)
	}
	if !bytes.Equal(before, data) {
		t.Fatal("the input was changed")
	}
	if !valid {
		return
	}
	if !json.Valid([]byte(line)) || strings.ContainsAny(line, "\r\n") {
		t.Fatalf("not one line of JSON: %q", line)
	}
	names := map[string]bool{} // of the fields that this event gets
	for i, f := range e.fields {
		if f.name == "name" || f.name == "email" || f.name == "segment" || f.name == "location" {
			var ev Event
			if e.Parse(&ev, data) != nil || !ev.Key(1).OK || item == nil {
				continue // the policy omit
			}
		}
		names[e.fields[i].name] = true
	}
	want := strings.NewReplacer("\r", " ", "\n", " ").Replace(string(data))
	if got := blank(t, withoutAppended(t, line, want, names), names); got != blank(t, want, names) {
		t.Fatalf("altered beyond the added fields:\n%q\n%q", want, line)
	}
	for name := range names {
		if n := count(t, line, name); n != 1 {
			t.Fatalf("%s is there %d times: %q", name, n, line)
		}
	}
}

// withoutAppended takes the members that the input did not have off the end.
func withoutAppended(t *testing.T, output, input string, names map[string]bool) string {
	members := membersOf(t, output)
	n := len(members)
	for name := range names {
		if count(t, input, name) == 0 {
			n--
		}
	}
	if n < 0 || n == len(members) {
		return output
	}
	for _, m := range members[n:] {
		if !names[m.name] {
			t.Fatalf("%s follows what was appended: %q", m.name, output)
		}
	}
	from := members[n].from
	if n > 0 {
		from-- // the comma
	}
	return output[:from] + output[members[len(members)-1].to:]
}

// blank takes the named members' values out, and of duplicates all but the last.
func blank(t *testing.T, object string, names map[string]bool) string {
	members := membersOf(t, object)
	for i, m := range slices.Backward(members) {
		switch {
		case !names[m.name]:
		case slices.ContainsFunc(members[i+1:], func(later member) bool { return later.name == m.name }):
			object = object[:m.from] + object[members[i+1].from:]
		default:
			object = object[:m.valueFrom] + object[m.to:]
		}
	}
	return object
}

type member struct {
	name                string
	from, valueFrom, to int
}

// membersOf lists the members of an object by encoding/json's decoder.
func membersOf(t *testing.T, object string) []member {
	d := json.NewDecoder(strings.NewReader(object))
	if _, err := d.Token(); err != nil {
		t.Fatal(err)
	}
	var members []member
	for d.More() {
		before := int(d.InputOffset())
		name, err := d.Token()
		if err != nil {
			t.Fatal(err)
		}
		m := member{name: name.(string), from: before + strings.IndexByte(object[before:], '"')}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			t.Fatal(err)
		}
		m.to = int(d.InputOffset())
		m.valueFrom = m.to - len(value)
		members = append(members, m)
	}
	return members
}

func count(t *testing.T, object, name string) int {
	n := 0
	for _, m := range membersOf(t, object) {
		if m.name == name {
			n++
		}
	}
	return n
}

// FuzzString holds the reading and writing of strings against encoding/json.
func FuzzString(f *testing.F) {
	for _, text := range []string{"", "user123", "é😀\u2028<>&", "\x00\x1f\x7f\"\\/\b\f\n\r\t", "\xff\xc3", "\xed\xa0\x80", "a\ufffdb"} {
		f.Add(text)
	}
	lookup := DefaultLookup("users")
	lookup.Key = "id"
	e := enricherOf(f, lookup)
	f.Fuzz(func(t *testing.T, text string) {
		quoted, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		var want, got string
		if err := json.Unmarshal(quoted, &want); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(AppendString(nil, text), &got); err != nil || got != want {
			t.Fatalf("%q is written as %s, %v", text, AppendString(nil, text), err)
		}
		var ev Event
		if err := e.Parse(&ev, []byte(`{"id":`+string(quoted)+`}`)); err != nil {
			t.Fatal(err)
		}
		key := ev.Key(0)
		if usable := want != "" && len(want) <= MaxKey; key.OK != usable || usable && string(key.Text) != want {
			t.Fatalf("%s is read as %q, %v", quoted, key.Text, key.OK)
		}
	})
}
