package lambda

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"enrich/enrichment"
)

// name is an object's key: e (enriched) or d (dead letters), hour, first record.
func name(short string) string {
	prefix := map[byte]string{'e': "enriched-data/", 'd': "dead-letter/"}[short[0]]
	return prefix + "2026/11/23/" + short[1:3] + "/" + shard + short[3:] + ".ndjson.gz"
}

// Every way in which a batch can be left undone: what is stored then, from where
// it is done again, and that nothing is there twice when it was.
func TestFailures(t *testing.T) {
	A, B := beforeHour, afterHour
	for _, test := range []struct {
		name    string
		records []given
		// What fails at the first attempt: objects that are not stored, objects
		// that are although an error is told, and users that cannot be looked up.
		unstored, lost, users string
		checkpoint            string
		first                 string // what is stored after the first attempt
		second                string // and after the second
	}{
		{
			"the only object", []given{good(1, "a", A), good(2, "a", A)}, "e14-1", "", "",
			"1", "", "e14-1: 1 2",
		},
		{
			"the answer of the only object is lost", []given{good(1, "a", A), good(2, "a", A)}, "", "e14-1", "",
			"1", "e14-1: 1 2", "e14-1: 1 2",
		},
		{
			"the second hour", []given{good(1, "a", A), good(2, "a", B), good(3, "a", B)}, "e15-2", "", "",
			"2", "e14-1: 1", "e14-1: 1,e15-2: 2 3",
		},
		{
			"the first hour", []given{good(1, "a", A), good(2, "a", B), good(3, "a", B)}, "e14-1", "", "",
			"1", "e15-2: 2 3", "e14-1: 1,e15-2: 2 3",
		},
		{
			"the second of hours that overlap", []given{good(1, "a", A), good(2, "a", B), good(3, "a", A), good(4, "a", B)}, "e15-2", "", "",
			"1", "e14-1: 1 3", "e14-1: 1 3,e15-2: 2 4",
		},
		{
			"the dead letters among others", []given{good(1, "a", A), bad(2, A), good(3, "a", A)}, "d14-2", "", "",
			"1", "e14-1: 1 3", "d14-2: †bad2,e14-1: 1 3",
		},
		{
			"the dead letters at the end", []given{good(1, "a", A), good(2, "a", A), bad(3, A)}, "d14-3", "", "",
			"3", "e14-1: 1 2", "d14-3: †bad3,e14-1: 1 2",
		},
		{
			"the object behind a dead letter", []given{bad(1, A), good(2, "a", A), good(3, "a", A)}, "e14-2", "", "",
			"2", "d14-1: †bad1", "d14-1: †bad1,e14-2: 2 3",
		},
		{
			"the object between dead letters", []given{bad(1, A), good(2, "a", A), bad(3, A)}, "e14-2", "", "",
			"1", "d14-1: †bad1 †bad3", "d14-1: †bad1 †bad3,e14-2: 2",
		},
		{
			"the answer of the object between dead letters is lost", []given{bad(1, A), good(2, "a", A), bad(3, A)}, "", "e14-2", "",
			"1", "d14-1: †bad1 †bad3,e14-2: 2", "d14-1: †bad1 †bad3,e14-2: 2",
		},
		{
			"everything", []given{good(1, "a", A), bad(2, A), good(3, "a", B)}, "e14-1 d14-2 e15-3", "", "",
			"1", "", "d14-2: †bad2,e14-1: 1,e15-3: 3",
		},
		{
			"a chain of overlaps", []given{bad(1, A), good(2, "a", A), bad(3, A), bad(4, B), good(5, "a", A), good(6, "a", B), bad(7, B)}, "e15-6", "", "",
			"1", "d14-1: †bad1 †bad3,d15-4: †bad4 †bad7,e14-2: 2 5", "d14-1: †bad1 †bad3,d15-4: †bad4 †bad7,e14-2: 2 5,e15-6: 6",
		},
		{
			"the lookup of the first record", []given{good(1, "x", A), good(2, "a", A)}, "", "", "x",
			"1", "", "e14-1: 1 2",
		},
		{
			"the lookup of a record in the middle", []given{good(1, "a", A), bad(2, A), good(3, "x", A), good(4, "a", A)}, "", "", "x",
			"3", "d14-2: †bad2,e14-1: 1", "d14-2: †bad2,e14-1: 1,e14-3: 3 4",
		},
		{
			"a lookup and an object before it", []given{good(1, "a", A), bad(2, A), good(3, "a", B), good(4, "x", A)}, "e15-3", "", "x",
			"3", "d14-2: †bad2,e14-1: 1", "d14-2: †bad2,e14-1: 1,e14-4: 4,e15-3: 3",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			table, bucket := newFakes()
			h := handlerOf(t, table, bucket)
			bucket.fail = func(key string) (bool, error) {
				is := func(short string) bool { return name(short) == key }
				if slices.ContainsFunc(strings.Fields(test.unstored), is) {
					return false, errDown
				}
				if slices.ContainsFunc(strings.Fields(test.lost), is) {
					return true, errDown
				}
				return true, nil
			}
			table.fail = func(key string) bool { return slices.Contains(strings.Fields(test.users), key) }
			check := func(attempt, want string) {
				t.Helper()
				var lines []string
				for _, short := range strings.Split(want, ",") {
					if short != "" {
						key, ids, _ := strings.Cut(short, ":")
						lines = append(lines, name(key)+":"+ids)
					}
				}
				if got := bucket.contents(t); got != strings.Join(lines, "\n") {
					t.Errorf("%s attempt stored\n%s\nwant\n%s", attempt, got, strings.Join(lines, "\n"))
				}
			}
			c := invoke(t, h, test.records...)
			if c != test.checkpoint {
				t.Fatalf("checkpoint %q, want %q", c, test.checkpoint)
			}
			check("the first", test.first)
			bucket.fail, table.fail = nil, nil
			from := slices.IndexFunc(test.records, func(r given) bool { return r.sequence == c })
			if c := invoke(t, h, test.records[from:]...); c != "" {
				t.Fatalf("the second attempt wants a third from %s", c)
			}
			check("the second", test.second)
		})
	}
}

// With the policy dead-letter, what a lookup finds may change between attempts.
// The objects' names may not, or records would be there twice.
func TestItemAppearsBetweenAttempts(t *testing.T) {
	table, bucket := newFakes()
	lookup := enrichment.DefaultLookup("users")
	lookup.Missing, lookup.Cache = enrichment.MissingDeadLetter, enrichment.Cache{}
	h := handlerOf(t, table, bucket, lookup)
	table.items["b"] = enrichment.Item{"name": json.RawMessage(`"B"`)}
	bucket.fail = func(key string) (bool, error) { return key != name("d14-1"), errDown }
	records := []given{good(1, "a", beforeHour), good(2, "b", beforeHour), good(3, "b", beforeHour)}
	if c := invoke(t, h, records...); c != "1" {
		t.Fatalf("checkpoint %q", c)
	}
	if got, want := bucket.contents(t), name("e14-1")+": 2 3"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	bucket.fail = nil
	table.items["a"] = enrichment.Item{"name": json.RawMessage(`"A"`)}
	if c := invoke(t, h, records...); c != "" {
		t.Fatalf("checkpoint %q", c)
	}
	if got, want := bucket.contents(t), name("e14-1")+": 1 2 3"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// A lookup or a sink that panics leaves records undone; it ends nothing.
func TestPanicOfAnAdapter(t *testing.T) {
	table, bucket := newFakes()
	h := handlerOf(t, table, bucket)
	table.fail = func(string) bool { panic("find") }
	if c := invoke(t, h, bad(1, beforeHour), good(2, "a", beforeHour)); c != "2" {
		t.Errorf("lookup: checkpoint %q", c)
	}
	table.fail = nil
	bucket.fail = func(string) (bool, error) { panic("store") }
	if c := invoke(t, h, good(2, "a", beforeHour)); c != "2" {
		t.Errorf("sink: checkpoint %q", c)
	}
	bucket.fail = nil
	if c := invoke(t, h, good(2, "a", beforeHour)); c != "" {
		t.Errorf("checkpoint %q", c)
	}
}

// An item that the core cannot take is as good as none that could be read.
func TestBrokenItem(t *testing.T) {
	table, bucket := newFakes()
	h := handlerOf(t, table, bucket)
	table.items["a"] = enrichment.Item{"name": json.RawMessage(`oops`)}
	if c := invoke(t, h, bad(1, beforeHour), good(2, "a", beforeHour)); c != "2" {
		t.Errorf("checkpoint %q", c)
	}
}
