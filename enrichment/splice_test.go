package enrichment

import (
	"encoding/json"
	"strings"
	"testing"
)

const tail = `"enriched":true,"processing_timestamp":"2026-11-23T15:04:05.678Z",` +
	`"enrichment_id":"shardId-000000000000:49590338271490256608559692538361571095921575989136588898"`

const (
	hit     = `"user_name":"John Doe","user_email":"john@example.com","user_segment":"premium","user_location":"New York","enrichment_status":"success",` + tail
	unknown = `"user_name":"Unknown","user_email":"Unknown","user_segment":"Unknown","user_location":"Unknown",`
	missed  = unknown + `"enrichment_status":"user_not_found",` + tail
	keyless = unknown + `"enrichment_status":"no_user_id",` + tail
)

func TestAppend(t *testing.T) {
	e := enricherOf(t, DefaultLookup("users"))
	for _, test := range []struct {
		name, event string
		item        Item
		want        string
	}{
		{"hit", `{"user_id":"user123","page":"/"}`, john, `{"user_id":"user123","page":"/",` + hit + `}`},
		{"not found", `{"user_id":"nobody"}`, nil, `{"user_id":"nobody",` + missed + `}`},
		{"no key", `{"page":"/"}`, john, `{"page":"/",` + keyless + `}`},
		{"empty object", `{}`, nil, `{` + keyless + `}`},
		{"empty object with a space", `{ }`, nil, `{ ` + keyless + `}`},
		{"spaces are kept", ` { "user_id" : "a" , "b" : [ 1 ] } `, john, ` { "user_id" : "a" , "b" : [ 1 ] ,` + hit + `} `},
		{
			"bytes are kept", `{"user_id":"a","n":123456789012345678901234567890.10e+5,"u":"\u00e9\/é","d":1,"d":2,"":{}}`, john,
			`{"user_id":"a","n":123456789012345678901234567890.10e+5,"u":"\u00e9\/é","d":1,"d":2,"":{},` + hit + `}`,
		},
		{"line breaks become spaces", "{\r\n \"user_id\":\"a\",\n\t\"b\":[1,\n2]\n}\n", john, "{   \"user_id\":\"a\", \t\"b\":[1, 2] ," + hit + "} "},
		{"an escaped line break stays", `{"user_id":"a","b":"\n"}`, john, `{"user_id":"a","b":"\n",` + hit + `}`},
		{"lone surrogates stay", `{"user_id":"a","\udfaa":"\ud800"}`, john, `{"user_id":"a","\udfaa":"\ud800",` + hit + `}`},
		{
			"replaced in place", `{"user_name": null ,"user_id":"a"}`, john,
			`{"user_name": "John Doe" ,"user_id":"a",` + strings.Replace(hit, `"user_name":"John Doe",`, "", 1) + `}`,
		},
		{
			"compared after unescaping", `{"user\u005fname":{"a":[1]},"user_id":"a"}`, john,
			`{"user\u005fname":"John Doe","user_id":"a",` + strings.Replace(hit, `"user_name":"John Doe",`, "", 1) + `}`,
		},
		{
			"of duplicates the last", "{ \"user_name\":1,\n \"x\":2, \"user_name\" : 3, \"user_id\":\"a\",\"user_name\":4}", john,
			`{ "x":2, "user_id":"a","user_name":"John Doe",` + strings.Replace(hit, `"user_name":"John Doe",`, "", 1) + `}`,
		},
		{
			"every field is there", `{"user_id":"a",` + missed + `}`, john, `{"user_id":"a",` + hit + `}`,
		},
		{
			"enriched again with line breaks", "{\"user_id\":\"a\"\n,\"enriched\"\n:\n1\n}", john,
			`{"user_id":"a" ,"enriched" : true ,` + strings.Replace(hit, `"enriched":true,`, "", 1) + `}`,
		},
		{"a nested field of the same name stays", `{"user_id":"a","b":{"user_name":1}}`, john, `{"user_id":"a","b":{"user_name":1},` + hit + `}`},
		{"a field named like a prefix stays", `{"user_id":"a","user_":1,"user_names":2}`, john, `{"user_id":"a","user_":1,"user_names":2,` + hit + `}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := enrich(t, e, test.event, test.item)
			if err != nil || got != test.want {
				t.Errorf("got  %s, %v\nwant %s", got, err, test.want)
			}
			if !json.Valid([]byte(got)) {
				t.Error("not JSON")
			}
		})
	}
}

func TestMissingPolicies(t *testing.T) {
	lookup := func(missing Missing) Lookup {
		return Lookup{Name: "users", Table: "users", Key: "id", TableKey: "id", Prefix: "u_", Fields: []Field{{From: "a"}, {From: "b", To: "c"}}, Missing: missing}
	}
	sparse := Item{"b": json.RawMessage(` {"n":12345678901234567890.0} `), "other": json.RawMessage(`1`)}
	value := `{"n":12345678901234567890.0}`
	for _, test := range []struct {
		missing     Missing
		event       string
		item        Item
		want        string
		wantRejects string
	}{
		{MissingUnknown, `{"id":1}`, nil, `{"id":1,"u_a":"Unknown","u_c":"Unknown","enrichment_status":"u_not_found",`, ""},
		{MissingUnknown, `{"id":1}`, sparse, `{"id":1,"u_a":"Unknown","u_c":` + value + `,"enrichment_status":"success",`, ""},
		{MissingUnknown, `{}`, sparse, `{"u_a":"Unknown","u_c":"Unknown","enrichment_status":"no_id",`, ""},
		{MissingNull, `{"id":1}`, nil, `{"id":1,"u_a":null,"u_c":null,"enrichment_status":"u_not_found",`, ""},
		{MissingNull, `{"id":1}`, sparse, `{"id":1,"u_a":null,"u_c":` + value + `,"enrichment_status":"success",`, ""},
		{MissingOmit, `{"id":1}`, nil, `{"id":1,"enrichment_status":"u_not_found",`, ""},
		{MissingOmit, `{"id":1}`, sparse, `{"id":1,"u_c":` + value + `,"enrichment_status":"success",`, ""},
		{MissingOmit, `{}`, nil, `{"enrichment_status":"no_id",`, ""},
		{MissingOmit, `{"u_a":1,"u_a":2,"u_c":3}`, nil, `{"u_a":1,"u_a":2,"u_c":3,"enrichment_status":"no_id",`, ""},
		{MissingDeadLetter, `{"id":1}`, nil, "", "lookup users: no item for the key"},
		{MissingDeadLetter, `{"id":{}}`, nil, "", "lookup users: no usable key in the event's field id"},
		{MissingDeadLetter, `{"id":1}`, sparse, `{"id":1,"u_c":` + value + `,"enrichment_status":"success",`, ""},
	} {
		t.Run(string(test.missing)+" "+test.event, func(t *testing.T) {
			got, err := enrich(t, enricherOf(t, lookup(test.missing)), test.event, test.item)
			if test.wantRejects != "" {
				if err == nil || err.Error() != test.wantRejects || got != "" {
					t.Errorf("got %q, %v; want the reason %s", got, err, test.wantRejects)
				}
				return
			}
			if want := test.want + tail + "}"; err != nil || got != want {
				t.Errorf("got  %s, %v\nwant %s", got, err, want)
			}
		})
	}
}

func TestSeveralLookups(t *testing.T) {
	field := func(name, key string) Lookup {
		return Lookup{Name: name, Table: "table", Key: key, TableKey: "id", Prefix: name + "_", Fields: []Field{{From: "x"}}, Missing: MissingNull}
	}
	e := enricherOf(t, field("a", "a"), field("b", "in.b"), field("c", "in.b"))
	item := Item{"x": json.RawMessage(`1`)}
	for _, test := range []struct {
		event string
		found []bool
		want  string
	}{
		{`{"a":1,"in":{"b":2}}`, []bool{true, true, true}, `"a_x":1,"b_x":1,"c_x":1,"enrichment_status":"success","enrichment_misses":[],`},
		{`{"a":1,"in":{"b":2}}`, []bool{false, true, false}, `"a_x":null,"b_x":1,"c_x":null,"enrichment_status":"partial","enrichment_misses":["a","c"],`},
		{`{"a":1}`, []bool{true, true, true}, `"a_x":1,"b_x":null,"c_x":null,"enrichment_status":"partial","enrichment_misses":["b","c"],`},
		{`{"b":1}`, []bool{true, true, true}, `"a_x":null,"b_x":null,"c_x":null,"enrichment_status":"none","enrichment_misses":["a","b","c"],`},
	} {
		var ev Event
		if err := e.Parse(&ev, []byte(test.event)); err != nil {
			t.Fatal(err)
		}
		answers := make([]*Answer, 3)
		for i, found := range test.found {
			if found {
				answers[i], _ = e.Hit(i, item)
			}
		}
		got, err := e.Append(nil, &ev, answers, stamp)
		if want := test.event[:len(test.event)-1] + "," + test.want + tail + "}"; err != nil || string(got) != want {
			t.Errorf("got  %s, %v\nwant %s", got, err, want)
		}
	}
}

func TestHitRefusesWhatIsNotJSON(t *testing.T) {
	e := enricherOf(t, DefaultLookup("users"))
	for _, value := range []string{"", " ", "x", "1 2", `"a`, "\"\xff\"", "{"} {
		if _, err := e.Hit(0, Item{"name": json.RawMessage(value)}); err == nil || !strings.Contains(err.Error(), "lookup users, attribute name: ") {
			t.Errorf("%q: %v", value, err)
		}
	}
	if _, err := e.Hit(0, Item{"age": json.RawMessage("x")}); err != nil {
		t.Errorf("an attribute that is not added: %v", err)
	}
	answer, err := e.Hit(0, Item{"name": json.RawMessage("[1,\n2]")})
	if err != nil || string(answer.values[0]) != "[1, 2]" {
		t.Errorf("a value on two lines: %q, %v", answer.values[0], err)
	}
}
