package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"enrich/config"
	"enrich/engine"
)

func TestHighlight(t *testing.T) {
	for name, test := range map[string]struct{ record, event, want string }{
		"added": {
			`{"b": 12345678901234567890,"a":{"x":[1, 2]},"new":"Jos\u00e9"}`, `{"b":1,"a":2}`,
			"  {\n    \"b\": 12345678901234567890,\n    \"a\": {\"x\":[1, 2]},\n  + \"new\": \"Jos\\u00e9\"\n  }\n",
		},
		"nothing added": {`{"a":1}`, `{"a":1}`, "  {\n    \"a\": 1\n  }\n"},
		"empty":         {`{}`, `{}`, "  {\n  }\n"},
		"no object":     {`[1]`, `{}`, "[1]\n"},
		"broken":        {`{"a":`, `{}`, "{\"a\":\n"},
	} {
		t.Run(name, func(t *testing.T) {
			p := &page{c: newPalette(false)}
			highlight(p, []byte(test.record), []byte(test.event))
			if got := p.String(); got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

// Taking an object apart neither panics nor loses a member.
func FuzzMembers(f *testing.F) {
	for _, seed := range []string{`{}`, `{"a":1,"a":2}`, `{"a":{"b":[{}]}}`, `[]`, `{"a"`, `{"a":1}x`, ``} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, object []byte) {
		fields, ok := members(object)
		var whole map[string]json.RawMessage
		if json.Unmarshal(object, &whole) != nil || whole == nil {
			return
		}
		if !ok || len(fields) < len(whole) {
			t.Fatalf("%q has %d members, found %d (%v)", object, len(whole), len(fields), ok)
		}
		for _, f := range fields {
			if !bytes.Contains(object, f.value) {
				t.Errorf("%q: value %q is not as it was written", object, f.value)
			}
		}
	})
}

func TestUnquote(t *testing.T) {
	for usage, want := range map[string][2]string{
		"plain":           {"", "plain"},
		"`FILE`: to read": {"FILE", "to read"},
		"a `FILE` to":     {"FILE", "a FILE to"},
		"`FILE":           {"FILE", "FILE"},
	} {
		if placeholder, text := unquote(usage); placeholder != want[0] || text != want[1] {
			t.Errorf("%q: %q and %q", usage, placeholder, text)
		}
	}
}

func TestQuoted(t *testing.T) {
	for given, want := range map[option]string{
		{Name: "local", Bare: true, Switch: true}:        "--local",
		{Name: "local", Value: "false", Switch: true}:    "--local=false",
		{Name: "environment", Value: "prod"}:             "--environment prod",
		{Name: "name", Value: ""}:                        "--name ''",
		{Name: "name", Value: "--x"}:                     "--name=--x",
		{Name: "config", Value: "my file.yaml"}:          "--config 'my file.yaml'",
		{Name: "config", Value: "it's; rm"}:              `--config 'it'\''s; rm'`,
		{Name: "config", Value: "größe.yaml"}:            "--config 'größe.yaml'",
		{Name: "endpoint-url", Value: "http://[::1]:80"}: "--endpoint-url 'http://[::1]:80'",
	} {
		if got := quoted(given); got != want {
			t.Errorf("%v: %s, want %s", given, got, want)
		}
	}
}

func TestCount(t *testing.T) {
	for _, test := range []struct {
		n      int
		word   string
		plural []string
		want   string
	}{
		{0, "event", nil, "0 events"}, {1, "event", nil, "1 event"}, {2, "event", nil, "2 events"},
		{1, "item was", []string{"items were"}, "1 item was"}, {3, "item was", []string{"items were"}, "3 items were"},
	} {
		if got := count(test.n, test.word, test.plural...); got != test.want {
			t.Errorf("%q, want %q", got, test.want)
		}
	}
}

func TestValueText(t *testing.T) {
	for _, test := range []struct {
		value any
		want  string
	}{
		{nil, "none"}, {256, "256"}, {"a b", `"a b"`}, {[]string{"x"}, `["x"]`}, {map[string]int{"a": 1}, `{"a":1}`},
		{func() {}, ""}, {strings.Repeat("é", 200), `"` + strings.Repeat("é", 118) + "…"},
	} {
		got := valueText(test.value)
		if test.want != "" && got != test.want {
			t.Errorf("%v: %s, want %s", test.want, got, test.want)
		}
	}
	if got := changeText(engine.Change{Field: "shards", Old: 2, New: 4, Replace: true}); got != "shards: 2 → 4 (needs a replacement)" {
		t.Error(got)
	}
}

func TestChooseLookup(t *testing.T) {
	users, products := config.Lookup{Name: "users"}, config.Lookup{Name: "products"}
	for name, test := range map[string]struct {
		lookups []config.Lookup
		wanted  string
		want    string
		message string
		hint    string
	}{
		"the only one":      {[]config.Lookup{users}, "", "users", "", ""},
		"named":             {[]config.Lookup{users, products}, "products", "products", "", ""},
		"several":           {[]config.Lookup{users, products}, "", "", "there are several lookups: users, products", "choose one with --table"},
		"unknown":           {[]config.Lookup{users, products}, "product", "", "there is no lookup product; there are: users, products", "did you mean --table products?"},
		"unknown, not near": {[]config.Lookup{users}, "xyzzy", "", "there is no lookup xyzzy; there are: users", ""},
		"none":              {nil, "", "", "the configuration has no lookups", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := chooseLookup(test.lookups, test.wanted)
			if got.Name != test.want || (err == nil) != (test.message == "") {
				t.Fatalf("%q, %v", got.Name, err)
			}
			if err != nil {
				if f := explain(err); f.Message != test.message || f.Hint != test.hint {
					t.Errorf("%q, %q", f.Message, f.Hint)
				}
			}
		})
	}
}
