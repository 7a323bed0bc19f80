package enrichment

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseLookups(t *testing.T) {
	got, err := ParseLookups([]byte(`[
		{"name":"users","table":"p-users","key":"user_id","table_key":"id","prefix":"user_","fields":["name",{"from":"email","to":"mail"}],"missing":"null"},
		{"name":"shops","table":"arn:aws:dynamodb:eu-west-1:123456789012:table/shops","key":"order.shop","key_type":"number","fields":["city"],"cache":{"ttl":1,"missing_ttl":2,"size":3,"stale":4}},
		{"name":"part","table":"part","key":"a","fields":["b"],"cache":{"stale":9}}
	]`))
	want := []Lookup{
		{Name: "users", Table: "p-users", Key: "user_id", TableKey: "id", Prefix: "user_", Fields: []Field{{From: "name"}, {From: "email", To: "mail"}}, Missing: MissingNull, Cache: DefaultCache()},
		{Name: "shops", Table: "arn:aws:dynamodb:eu-west-1:123456789012:table/shops", Key: "order.shop", TableKey: "shop", KeyType: KeyNumber, Fields: []Field{{From: "city"}}, Missing: MissingUnknown, Cache: Cache{TTL: 1, MissingTTL: 2, Size: 3, Stale: 4}},
		{Name: "part", Table: "part", Key: "a", TableKey: "a", Fields: []Field{{From: "b"}}, Missing: MissingUnknown, Cache: Cache{TTL: 60, MissingTTL: 5, Stale: 9}},
	}
	if err != nil || !cmp.Equal(got, want) {
		t.Errorf("%v\n%s", err, cmp.Diff(want, got))
	}
}

func TestLookupsSurviveJSON(t *testing.T) {
	want := []Lookup{DefaultLookup("p-users")}
	want = append(want, Lookup{Name: "x", Table: "tab", Key: "a.b", TableKey: "c", Fields: []Field{{From: "d", To: "e"}}, Missing: MissingDeadLetter})
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseLookups(text)
	if err != nil || !cmp.Equal(got, want) {
		t.Errorf("%s: %v\n%s", text, err, cmp.Diff(want, got))
	}
	if !strings.Contains(string(text), `"fields":["name","email","segment","location"]`) || !strings.Contains(string(text), `"fields":[{"from":"d","to":"e"}]`) {
		t.Errorf("fields are written as %s", text)
	}
}

// Lookups that are too many to be written as they are are packed, to a fraction.
func TestManyLookups(t *testing.T) {
	var want []Lookup
	for i := range 100 {
		l := DefaultLookup(fmt.Sprintf("data-enrichment-prod-table-%d", i))
		l.Name, l.Key, l.Prefix = fmt.Sprint("table-", i), fmt.Sprintf("order.item_%d.id", i), fmt.Sprintf("table_%d_", i)
		want = append(want, l)
	}
	text, err := FormatLookups(want)
	if err != nil || len(text) > 3000 {
		t.Fatalf("%d bytes, %v", len(text), err)
	}
	if got, err := ParseLookups([]byte(text)); err != nil || !cmp.Equal(got, want) {
		t.Errorf("%v\n%s", err, cmp.Diff(want, got))
	}
	plain, err := FormatLookups(want[:2])
	if err != nil || !strings.HasPrefix(plain, `[{"name":"table-0",`) {
		t.Errorf("two lookups are written as %s, %v", plain, err)
	}
	if _, err := ParseLookups([]byte(text[:len(text)/2])); err == nil {
		t.Error("half of them pass")
	}
	var bomb bytes.Buffer
	w := gzip.NewWriter(&bomb)
	if _, err := w.Write(bytes.Repeat([]byte(" "), 2<<20)); err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	if _, err := ParseLookups([]byte(base64.StdEncoding.EncodeToString(bomb.Bytes()))); err == nil || !strings.Contains(err.Error(), "more than 1048576 bytes") {
		t.Errorf("two megabytes of space: %v", err)
	}
}

func TestBadLookups(t *testing.T) {
	one := func(from, to string) string {
		good := `[{"name":"users","table":"p-users","key":"user_id","table_key":"id","prefix":"user_","fields":["name"],"missing":"null"}]`
		bad := strings.Replace(good, from, to, 1)
		if bad == good {
			t.Fatalf("%s is not in %s", from, good)
		}
		return bad
	}
	two := func(second string) string {
		return `[{"name":"users","table":"p-users","key":"user_id","prefix":"user_","fields":["name"]},` + second + `]`
	}
	for _, test := range []struct{ name, text, want string }{
		{"empty text", ``, "not an array of lookups: "},
		{"not JSON", `users`, "not an array of lookups: "},
		{"an object", `{"name":"users"}`, "not an array of lookups: "},
		{"more", `[] []`, "not an array of lookups: more text"},
		{"empty array", `[]`, "at least one lookup"},
		{"null", `null`, "at least one lookup"},
		{"unknown member", one(`"key"`, `"kee"`), `unknown field "kee"`},
		{"no name", one(`"users"`, `""`), "[0].name is missing"},
		{"no table", one(`"p-users"`, `""`), `[0] (users).table: "" is no table name`},
		{"bad table", one(`"p-users"`, `"p users"`), `[0] (users).table: "p users" is no table name`},
		{"no key", one(`"user_id"`, `""`), `[0] (users).key: "" is no path`},
		{"bad path", one(`"user_id"`, `"a..b"`), `[0] (users).key: "a..b" is no path`},
		{"long table key", one(`"id"`, `"`+strings.Repeat("i", 256)+`"`), "[0] (users).table_key is longer"},
		{"no fields", one(`["name"]`, `[]`), "[0] (users).fields is missing"},
		{"empty field", one(`["name"]`, `["name",""]`), "[0] (users).fields[1]: an attribute's name is missing"},
		{"null field", one(`["name"]`, `[null]`), "[0] (users).fields[0]: an attribute's name is missing"},
		{"number as field", one(`["name"]`, `[1]`), "a field is a name or"},
		{"unknown member of a field", one(`["name"]`, `[{"from":"a","two":"b"}]`), `unknown field "two"`},
		{"double field", one(`["name"]`, `["name","name"]`), "[0] (users).fields[1]: lookup users adds the field user_name too"},
		{"reserved field", one(`"prefix":"user_","fields":["name"]`, `"fields":["enriched"]`), "[0] (users).fields[0]: every enriched event has a field enriched"},
		{"bad policy", one(`"null"`, `"nil"`), `[0] (users).missing: "nil" is none of unknown, null, omit, dead-letter`},
		{"bad key type", one(`"missing"`, `"key_type":"S","missing"`), `[0] (users).key_type: "S" is none of string, number, binary`},
		{"bad TTL", one(`"missing"`, `"cache":{"ttl":-1},"missing"`), "[0] (users).cache.ttl: -1 is not between 0 and 604800"},
		{"large cache", one(`"missing"`, `"cache":{"size":10241},"missing"`), "[0] (users).cache.size: 10241 is not between 0 and 10240"},
		{"unknown member of a cache", one(`"missing"`, `"cache":{"tll":1},"missing"`), `unknown field "tll"`},
		{"same name", two(`{"name":"users","table":"tab","key":"a","fields":["b"]}`), "[1] (users).name: another lookup"},
		{"same field", two(`{"name":"others","table":"tab","key":"a","fields":[{"from":"b","to":"user_name"}]}`), "[1] (others).fields[0]: lookup users adds the field user_name too"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := ParseLookups([]byte(test.text)); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
	if _, err := New(nil, ""); err == nil {
		t.Error("an enricher without lookups")
	}
}
