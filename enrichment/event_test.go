package enrichment

import (
	"strings"
	"testing"
)

func TestKey(t *testing.T) {
	long := strings.Repeat("x", MaxKey)
	for _, test := range []struct{ name, path, event, want string }{
		{"string", "id", `{"id":"user123"}`, "user123"},
		{"escapes", "id", `{"id":"\u00e9\n\"\\\/\ud83d\ude00\b\f\r\t"}`, "é\n\"\\/😀\b\f\r\t"},
		{"escaped name", "id", `{"\u0069d":"a"}`, "a"},
		{"unescaped UTF-8", "id", `{"id":"é😀"}`, "é😀"},
		{"integer", "id", `{"id":42}`, "42"},
		{"number's literal text", "id", `{"id":-1.50E+3}`, "-1.50E+3"},
		{"big integer", "id", `{"id":123456789012345678901234567890}`, "123456789012345678901234567890"},
		{"the last of duplicates", "id", `{"id":"a","id":"b"}`, "b"},
		{"the last of duplicates is null", "id", `{"id":"a","id":null}`, ""},
		{"absent", "id", `{"ID":"a"}`, ""},
		{"null", "id", `{"id":null}`, ""},
		{"true", "id", `{"id":true}`, ""},
		{"false", "id", `{"id":false}`, ""},
		{"object", "id", `{"id":{"id":1}}`, ""},
		{"array", "id", `{"id":["a"]}`, ""},
		{"empty", "id", `{"id":""}`, ""},
		{"a space", "id", `{"id":" "}`, " "},
		{"2,048 bytes", "id", `{"id":"` + long + `"}`, long},
		{"2,049 bytes", "id", `{"id":"` + long + `x"}`, ""},
		{"2,048 bytes after unescaping", "id", `{"id":"` + long[1:] + `\u0078"}`, long},
		{"lone high surrogate", "id", `{"id":"a\ud800"}`, ""},
		{"lone low surrogate", "id", `{"id":"\udc00a"}`, ""},
		{"two high surrogates", "id", `{"id":"\ud800\ud800"}`, ""},
		{"high surrogate and text", "id", `{"id":"\ud800abcdef"}`, ""},
		{"nested", "user.id", `{"user":{"name":1,"id":"a"}}`, "a"},
		{"nested with spaces", "user.id", "{ \"user\" : { \"x\" : [ { } ] , \"id\" : 7 } }", "7"},
		{"nested thrice", "a.b.c", `{"a":{"b":{"c":"d"}},"b":{"c":"e"}}`, "d"},
		{"nested in an empty object", "a.b", `{"a":{ }}`, ""},
		{"nested, escaped names", "a.b", `{"\u0061":{"\u0062":"\u0063"}}`, "c"},
		{"nested, the last of duplicates", "a.b", `{"a":{"b":1,"b":2},"c":1}`, "2"},
		{"nested, the last of duplicates above", "a.b", `{"a":{"b":1},"a":{}}`, ""},
		{"nested in a string", "a.b", `{"a":"{\"b\":1}"}`, ""},
		{"nested in an array", "a.b", `{"a":[{"b":1}]}`, ""},
		{"dots in the name", "user.id", `{"user.id":"a"}`, "a"},
		{"a path before dots in the name", "user.id", `{"user.id":"a","user":{"id":"b"}}`, "b"},
		{"a path to null before dots in the name", "user.id", `{"user.id":"a","user":{"id":null}}`, ""},
		{"dots in the name below do not count", "a.b.c", `{"a":{"b.c":1}}`, ""},
		{"a field that is added is the key too", "user_name", `{"user_name":"a"}`, "a"},
		{"a lone surrogate is no name", "\ufffd", `{"\ud800":"a"}`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			lookup := DefaultLookup("users")
			lookup.Key = test.path
			e := enricherOf(t, lookup)
			var ev Event
			if err := e.Parse(&ev, []byte(test.event)); err != nil {
				t.Fatal(err)
			}
			key := ev.Key(0)
			if string(key.Text) != test.want || key.OK != (test.want != "") {
				t.Errorf("got %q, %v; want %q", key.Text, key.OK, test.want)
			}
		})
	}
}

func TestKeyTypes(t *testing.T) {
	for _, test := range []struct {
		kind        KeyType
		event, want string
	}{
		{KeyNumber, `{"id":42}`, "4.2e1"},
		{KeyNumber, `{"id":"42"}`, "4.2e1"},
		{KeyNumber, `{"id":"\u0034\u0032.0"}`, "4.2e1"},
		{KeyNumber, `{"id":-0.0}`, "0"},
		{KeyNumber, `{"id":123456789012345678901234567890.12345678}`, "1.2345678901234567890123456789012345678e29"},
		{KeyNumber, `{"id":1234567890123456789012345678901234567800}`, "1.2345678901234567890123456789012345678e39"},
		{KeyNumber, `{"id":123456789012345678901234567890123456789}`, ""},
		{KeyNumber, `{"id":1e126}`, ""},
		{KeyNumber, `{"id":"a"}`, ""},
		{KeyNumber, `{"id":" 1"}`, ""},
		{KeyNumber, `{"id":""}`, ""},
		{KeyNumber, `{"id":true}`, ""},
		{KeyBinary, `{"id":"aGVsbG8="}`, "hello"},
		{KeyBinary, `{"id":"AP8\u003d"}`, "\x00\xff"},
		{KeyBinary, `{"id":"aGVsbG8"}`, ""},
		{KeyBinary, `{"id":"AP9="}`, ""}, // not how these bytes are written: the last bits are not zero
		{KeyBinary, `{"id":"ü"}`, ""},
		{KeyBinary, `{"id":""}`, ""},
		{KeyBinary, `{"id":1234}`, ""},
		{KeyBinary, `{"id":"` + strings.Repeat("AAAA", MaxKey/3) + `AAA="}`, strings.Repeat("\x00", MaxKey)},
		{KeyBinary, `{"id":"` + strings.Repeat("AAAA", MaxKey/3+1) + `"}`, ""},
	} {
		lookup := DefaultLookup("users")
		lookup.Key, lookup.KeyType = "id", test.kind
		e := enricherOf(t, lookup)
		var ev Event
		if err := e.Parse(&ev, []byte(test.event)); err != nil {
			t.Fatal(err)
		}
		if key := ev.Key(0); string(key.Text) != test.want || key.OK != (test.want != "") {
			t.Errorf("%s key of %s: got %q, %v; want %q", test.kind, test.event, key.Text, key.OK, test.want)
		}
	}
}

// An event is used again for the next record; nothing of the one before may shine
// through, and the keys of several lookups may not overwrite each other.
func TestEventIsReused(t *testing.T) {
	at := func(name, key string) Lookup {
		return Lookup{Name: name, Table: "table", Key: key, TableKey: "id", Prefix: name + "_", Fields: []Field{{From: "x"}}, Missing: MissingNull}
	}
	e := enricherOf(t, at("a", "p.a"), at("b", "p.b"), at("c", "p.q.c"))
	var ev Event
	for _, test := range []struct{ event, a, b, c string }{
		{`{"p":{"\u0061":"\u0031","b":"\u0032","q":{"c":"\u0033` + strings.Repeat(`\u0034`, 200) + `"}}}`, "1", "2", "3" + strings.Repeat("4", 200)},
		{`{"a_x":1,"p":{"b":"x\ty"}}`, "", "x\ty", ""},
		{`{}`, "", "", ""},
		{`{"p":{"a":1,"b":2,"q":{"c":3}}}`, "1", "2", "3"},
		{`{"p":1}`, "", "", ""},
	} {
		if err := e.Parse(&ev, []byte(`{"broken":`)); err == nil {
			t.Fatal("a broken event passes")
		}
		if err := e.Parse(&ev, []byte(test.event)); err != nil {
			t.Fatal(err)
		}
		for i, want := range []string{test.a, test.b, test.c} {
			if got := string(ev.Key(i).Text); got != want {
				t.Errorf("%s: key %d is %q, want %q", test.event, i, got, want)
			}
		}
		line, err := e.Append(nil, &ev, make([]*Answer, 3), stamp)
		if err != nil || strings.Count(string(line), `"a_x":null`) != 1 || strings.Count(string(line), "a_x") != 1 {
			t.Errorf("%s became %s, %v", test.event, line, err)
		}
	}
}
