package enrichment

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// enricherOf makes an enricher or ends the test.
func enricherOf(t testing.TB, lookups ...Lookup) *Enricher {
	t.Helper()
	e, err := New(lookups, "")
	if err != nil {
		t.Fatal(err)
	}
	return e
}

var john = Item{
	"name":     json.RawMessage(`"John Doe"`),
	"email":    json.RawMessage(`"john@example.com"`),
	"segment":  json.RawMessage(`"premium"`),
	"location": json.RawMessage(`"New York"`),
}

var stamp = Stamp{ID: []byte("shardId-000000000000:49590338271490256608559692538361571095921575989136588898"), Time: "2026-11-23T15:04:05.678Z"}

// enrich runs one event through an enricher whose lookups all find item, or
// nothing when it is nil.
func enrich(t testing.TB, e *Enricher, event string, item Item) (string, error) {
	t.Helper()
	var ev Event
	if err := e.Parse(&ev, []byte(event)); err != nil {
		return "", err
	}
	answers := make([]*Answer, len(e.Lookups()))
	for i := range answers {
		if item == nil {
			continue
		}
		var err error
		if answers[i], err = e.Hit(i, item); err != nil {
			t.Fatal(err)
		}
	}
	line, err := e.Append([]byte("before\n"), &ev, answers, stamp)
	rest, ok := bytes.CutPrefix(line, []byte("before\n"))
	if !ok {
		t.Fatalf("what was in the buffer is gone: %q", line)
	}
	return string(rest), err
}

func TestJSONTestSuite(t *testing.T) {
	e := enricherOf(t, DefaultLookup("users"))
	files, err := filepath.Glob("testdata/json-test-suite/test_parsing/*.json")
	if err != nil || len(files) != 318 {
		t.Fatalf("%d cases, %v", len(files), err)
	}
	enriched := 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(file)
		line, err := enrich(t, e, string(data), john)
		object := bytes.HasPrefix(bytes.TrimSpace(data), []byte("{"))
		switch {
		case err == nil:
			enriched++
			if !json.Valid([]byte(line)) || strings.ContainsAny(line, "\r\n") {
				t.Errorf("%s: not one line of JSON: %q", name, line)
			}
			if name[0] == 'n' || !object {
				t.Errorf("%s is enriched", name)
			}
		case name[0] == 'y' && object:
			t.Errorf("%s is rejected: %v", name, err)
		default:
			var rejected *RejectError
			if !errors.As(err, &rejected) || rejected.Reason == "" {
				t.Errorf("%s is rejected without reason: %v", name, err)
			}
		}
	}
	if enriched != 13 { // twelve that must be, one that may be
		t.Errorf("%d cases are enriched", enriched)
	}
}

func TestRejected(t *testing.T) {
	e := enricherOf(t, DefaultLookup("users"))
	large := `{"a":"` + strings.Repeat("x", MaxEvent) + `"}`
	for _, test := range []struct{ name, event, reason string }{
		{"empty", "", "not JSON: it ends where a value is expected"},
		{"white space", " \n", "not JSON: it ends where a value is expected"},
		{"text", "hello", `not JSON: 'h' at byte 0 where a value is expected`},
		{"array", `[{"a":1}]`, "not a JSON object"},
		{"string", `"{}"`, "not a JSON object"},
		{"null", " null ", "not a JSON object"},
		{"truncated", `{"a":1`, "not JSON: it ends where a comma or the object's end is expected"},
		{"two", `{"a":1}{"b":2}`, `not JSON: '{' at byte 7 where the end is expected`},
		{"two lines", "{\"a\":1}\n{\"b\":2}", `not JSON: '{' at byte 8 where the end is expected`},
		{"trailing comma", `{"a":1,}`, `not JSON: '}' at byte 7 where a field's name is expected`},
		{"no name", `{1:1}`, `not JSON: '1' at byte 1 where a field's name is expected`},
		{"no colon", `{"a" 1}`, `not JSON: '1' at byte 5 where a colon is expected`},
		{"nested", `{"a":[1,{"b":}]}`, `not JSON: '}' at byte 13 where a value is expected`},
		{"mismatched", `{"a":[1}`, `not JSON: '}' at byte 7 where a comma or the array's end is expected`},
		{"leading zero", `{"a":01}`, `not JSON: '1' at byte 6 where a comma or the object's end is expected`},
		{"plus", `{"a":+1}`, `not JSON: '+' at byte 5 where a value is expected`},
		{"NaN", `{"a":NaN}`, `not JSON: 'N' at byte 5 where a value is expected`},
		{"bad word", `{"a":nul}`, `not JSON: '}' at byte 8 where the word null is expected`},
		{"control character", "{\"a\":\"\t\"}", `not JSON: '\t' at byte 6 where a string without raw control characters is expected`},
		{"bad escape", `{"a":"\x"}`, `not JSON: '\\' at byte 6 where a valid escape is expected`},
		{"short escape", `{"a":"\u12"}`, `not JSON: '\\' at byte 6 where a valid escape is expected`},
		{"unclosed", `{"a":"`, "not JSON: it ends where a string's end is expected"},
		{"NUL after", "{}\x00", `not JSON: '\x00' at byte 2 where the end is expected`},
		{"form feed", "{\f}", `not JSON: '\f' at byte 1 where a field's name is expected`},
		{"invalid UTF-8", "{\"a\":\"\xff\"}", "not UTF-8"},
		{"raw surrogate", "{\"a\":\"\xed\xa0\x80\"}", "not UTF-8"},
		{"byte order mark", "\xef\xbb\xbf{}", "not JSON: it begins with a byte order mark"},
		{"UTF-16", "{\x00}\x00", `not JSON: '\x00' at byte 1 where a field's name is expected`},
		{"too large", large, "too large: 4718600 bytes, the limit is 4718592"},
	} {
		t.Run(test.name, func(t *testing.T) {
			line, err := enrich(t, e, test.event, john)
			if err == nil || err.Error() != test.reason {
				t.Errorf("got %q, %v; want the reason %s", line, err, test.reason)
			}
		})
	}
}

func TestLargestEvent(t *testing.T) {
	e := enricherOf(t, DefaultLookup("users"))
	event := `{"a":"` + strings.Repeat("x", MaxEvent-8) + `"}`
	if _, err := enrich(t, e, event, john); err != nil || len(event) != MaxEvent {
		t.Errorf("%d bytes: %v", len(event), err)
	}
}

// Deep nesting must cost memory by the level, not stack: a million levels pass,
// and an unclosed million is a plain rejection.
func TestDepth(t *testing.T) {
	e := enricherOf(t, Lookup{Name: "deep", Table: "deep", Key: "a.b", TableKey: "b", Fields: []Field{{From: "x"}}, Missing: MissingOmit})
	const depth = 1_000_000
	deep := `{"a":` + strings.Repeat("[", depth) + strings.Repeat("]", depth) + `}`
	line, err := enrich(t, e, deep, nil)
	if err != nil || !strings.HasPrefix(line, deep[:len(deep)-1]) {
		t.Errorf("a million levels: %v", err)
	}
	if _, err := enrich(t, e, `{"a":`+strings.Repeat(`{"a":`, depth/2), nil); err == nil {
		t.Error("half a million open objects pass")
	}
}
