package enrichment

import (
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestFolderOf(t *testing.T) {
	long := strings.Repeat("x", MaxFolderValue)
	for _, test := range []struct{ name, field, event, want string }{
		{"string", "type", `{"type":"page_view"}`, "type=page_view/"},
		{"what stands for itself", "type", `{"type":"aZ09_.-"}`, "type=aZ09_.-/"},
		{"what does not", "type", `{"type":"a/b c=d%e:f+g\\\"\u0000\u007f"}`, "type=a%2Fb%20c%3Dd%25e%3Af%2Bg%5C%22%00%7F/"},
		{"dots alone", "type", `{"type":".."}`, "type=../"},
		{"letters of any script", "type", `{"type":"Größe 東京 😀"}`, "type=Größe%20東京%20😀/"},
		{"beyond ASCII, but not printed", "type", `{"type":"a\u00a0\u2028\ufffe"}`, "type=a%C2%A0%E2%80%A8%EF%BF%BE/"},
		{"escapes", "type", `{"\u0074ype":"\u0061\/"}`, "type=a%2F/"},
		{"integer", "type", `{"type":42}`, "type=42/"},
		{"number's literal text", "type", `{"type":-1.50E+3}`, "type=-1.50E%2B3/"},
		{"true", "type", `{"type":true}`, "type=true/"},
		{"false", "type", `{"type":false}`, "type=false/"},
		{"absent", "type", `{}`, "type=__HIVE_DEFAULT_PARTITION__/"},
		{"null", "type", `{"type":null}`, "type=__HIVE_DEFAULT_PARTITION__/"},
		{"empty", "type", `{"type":""}`, "type=__HIVE_DEFAULT_PARTITION__/"},
		{"object", "type", `{"type":{"type":1}}`, "type=__HIVE_DEFAULT_PARTITION__/"},
		{"array", "type", `{"type":["a"]}`, "type=__HIVE_DEFAULT_PARTITION__/"},
		{"no value's own name", "type", `{"type":"__HIVE_DEFAULT_PARTITION__"}`, "type=__HIVE_DEFAULT_PARTITION__/"},
		{"lone surrogate", "type", `{"type":"\ud800"}`, "type=__HIVE_DEFAULT_PARTITION__/"},
		{"256 bytes", "type", `{"type":"` + long + `"}`, "type=" + long + "/"},
		{"257 bytes", "type", `{"type":"` + long + `x"}`, "type=__HIVE_DEFAULT_PARTITION__/"},
		{"256 bytes when escaped", "type", `{"type":"` + long[3:] + `:"}`, "type=" + long[3:] + "%3A/"},
		{"257 bytes when escaped", "type", `{"type":"` + long[2:] + `:"}`, "type=__HIVE_DEFAULT_PARTITION__/"},
		{"257 digits", "type", `{"type":1` + strings.Repeat("0", 256) + `}`, "type=__HIVE_DEFAULT_PARTITION__/"},
		{"the last of duplicates", "type", `{"type":"a","type":"b"}`, "type=b/"},
		{"nested", "meta.type", `{"meta":{"type":"a"}}`, "type=a/"},
		{"dots in the name", "meta.type", `{"meta.type":"a"}`, "type=a/"},
		{"a name that is escaped", "meta.event type", `{"meta":{"event type":"a"}}`, "event%20type=a/"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := FolderOf(test.field, []byte(test.event))
			if err != nil || got != test.want {
				t.Errorf("got %q, %v; want %q", got, err, test.want)
			}
		})
	}
	var rejected *RejectError
	if got, err := FolderOf("type", []byte(`["type"]`)); got != "" || !errors.As(err, &rejected) {
		t.Errorf("what is no event has the folder %q, %v", got, err)
	}
}

// The value is found beside the keys, and nothing of the event before shines through.
func TestValueBesideKeys(t *testing.T) {
	e, err := New([]Lookup{DefaultLookup("users")}, "user_id")
	if err != nil {
		t.Fatal(err)
	}
	var ev Event
	for _, test := range []struct{ event, key, value string }{
		{`{"user_id":"\u0061b"}`, "ab", "ab"}, {`{"x":1}`, "", ""}, {`{"user_id":true}`, "", "true"},
		{`{"user_id":"` + strings.Repeat("x", 300) + `"}`, strings.Repeat("x", 300), ""}, {`{"user_id":7}`, "7", "7"},
	} {
		if err := e.Parse(&ev, []byte(test.event)); err != nil {
			t.Fatal(err)
		}
		if key, value := string(ev.Key(0).Text), string(ev.Value()); key != test.key || value != test.value {
			t.Errorf("%.40s: key %q, value %q", test.event, key, value)
		}
	}
}

func TestValidatePartition(t *testing.T) {
	renamed := DefaultLookup("users")
	renamed.Fields = []Field{{From: "segment", To: "class"}}
	for _, test := range []struct{ field, want string }{
		{"", ""}, {"event_type", ""}, {"a.b", ""}, {"user_id", ""}, {"user_segment", ""}, {strings.Repeat("x", 100), ""},
		{".", "is no path of field names"},
		{"a..b", "is no path of field names"},
		{"a\xff", "is no path of field names"},
		{"a." + strings.Repeat("x", 101), "ends with a name of more than 100 bytes"},
		{"user_class", "is a field that is added"},
		{"user_class.x", "is a field that is added"},
		{"enriched", "is a field that is added"},
		{"enrichment_status", "is a field that is added"},
	} {
		err := ValidatePartition(test.field, []Lookup{renamed})
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%.40q: %v, want %q", test.field, err, test.want)
		}
		if _, other := New([]Lookup{renamed}, test.field); (err == nil) != (other == nil) {
			t.Errorf("%.40q: New says %v", test.field, other)
		}
	}
}

// FuzzFolder: a folder is one part of a key that S3 can list, and tells its value
// again, so no two values share one.
func FuzzFolder(f *testing.F) {
	for _, value := range []string{"", "page_view", "a/b", "..", "%2F", "a=b", "é😀\u2028\ufffe", "\x00", NoValue, strings.Repeat("/", 86), strings.Repeat("é", 128), "\xff"} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, text string) {
		quoted, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		var value string // what is not UTF-8 has been replaced
		if err := json.Unmarshal(quoted, &value); err != nil {
			t.Fatal(err)
		}
		folder, err := FolderOf("type", []byte(`{"type":`+string(quoted)+`}`))
		if err != nil {
			t.Fatal(err)
		}
		name, ok := strings.CutPrefix(strings.TrimSuffix(folder, "/"), "type=")
		if !ok || !strings.HasSuffix(folder, "/") || strings.Contains(name, "/") || len(name) > MaxFolderValue || !utf8.ValidString(name) {
			t.Fatalf("%q gives the folder %q", value, folder)
		}
		if bad := strings.IndexFunc(name, func(r rune) bool { return r == ' ' || !unicode.IsPrint(r) }); bad >= 0 {
			t.Fatalf("%q gives the folder %q", value, folder)
		}
		again, err := url.PathUnescape(name)
		if err != nil {
			t.Fatal(err)
		}
		escaped := 0
		for _, c := range []byte(value) {
			if escaped++; c < utf8.RuneSelf && !strings.ContainsRune("_.-", rune(c)) && !unicode.In(rune(c), unicode.L, unicode.Nd) {
				escaped += 2
			}
		}
		switch {
		case name == NoValue:
			if value != "" && value != NoValue && escaped <= MaxFolderValue && strings.IndexFunc(value, func(r rune) bool { return r >= utf8.RuneSelf && !unicode.IsPrint(r) }) < 0 {
				t.Fatalf("%q has no folder", value)
			}
		case again != value:
			t.Fatalf("%q gives the folder %q, which stands for %q", value, folder, again)
		}
	})
}
