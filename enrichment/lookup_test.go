package enrichment

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseLookups(t *testing.T) {
	got, err := ParseLookups([]byte(`[
		{"name":"users","table":"p-users","key":"user_id","table_key":"id","prefix":"user_","fields":["name",{"from":"email","to":"mail"}],"missing":"null"},
		{"name":"shops","table":"arn:aws:dynamodb:eu-west-1:123456789012:table/shops","key":"order.shop","fields":["city"]}
	]`))
	want := []Lookup{
		{Name: "users", Table: "p-users", Key: "user_id", TableKey: "id", Prefix: "user_", Fields: []Field{{From: "name"}, {From: "email", To: "mail"}}, Missing: MissingNull},
		{Name: "shops", Table: "arn:aws:dynamodb:eu-west-1:123456789012:table/shops", Key: "order.shop", TableKey: "shop", Fields: []Field{{From: "city"}}, Missing: MissingUnknown},
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
