package lambda

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"enrich/enrichment"
)

// aging is a handler of one lookup whose clock the test moves.
type aging struct {
	*Handler
	table  *fakeTable
	bucket *fakeBucket
	now    time.Time
	n      int
}

func agingOf(t *testing.T, cache enrichment.Cache) *aging {
	t.Helper()
	a := &aging{now: time.UnixMilli(afterHour)}
	a.table, a.bucket = newFakes()
	lookup := enrichment.DefaultLookup("users")
	lookup.Cache = cache
	a.Handler = handlerOf(t, a.table, a.bucket, lookup)
	a.Handler.now = func() time.Time { return a.now }
	return a
}

// names invokes the function with one record of each user, a second later than
// before, and answers what it did: the names that it added, or its checkpoint.
func (a *aging) names(t *testing.T, users ...string) string {
	t.Helper()
	a.now = a.now.Add(time.Second)
	var records []given
	for _, user := range users {
		a.n++
		records = append(records, good(a.n, user, beforeHour))
	}
	if c := invoke(t, a.Handler, records...); c != "" {
		return "undone"
	}
	var names []string
	for _, line := range a.bucket.lines(t, fmt.Sprintf("enriched-data/2026/11/23/14/%s-%s.ndjson.gz", shard, records[0].sequence)) {
		var fields struct {
			Name string `json:"user_name"`
		}
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatal(err)
		}
		names = append(names, fields.Name)
	}
	return strings.Join(names, " ")
}

// calls are the keys that the table was asked for since the last look.
func (a *aging) calls() string {
	var all []string
	for _, keys := range a.table.asked {
		all = append(all, strings.Join(keys, " "))
	}
	a.table.asked = nil
	return strings.Join(all, ", ")
}

func nameItem(name string) enrichment.Item {
	return enrichment.Item{"name": json.RawMessage(fmt.Sprintf("%q", name))}
}

func TestCache(t *testing.T) {
	a := agingOf(t, enrichment.Cache{TTL: 10, MissingTTL: 3})
	a.table.items["a"] = nameItem("Ann")
	for i, step := range []struct {
		after        time.Duration
		users        string
		names, asked string
	}{
		{0, "a b", "Ann Unknown", "a b"},
		{0, "a b", "Ann Unknown", ""},
		{time.Second, "a b c", "Ann Unknown Unknown", "b c"}, // 3 s since b was found missing
		{6 * time.Second, "a", "Ann", "a"},                   // 10 s since a was found
		{time.Second, "a", "Ann", ""},
	} {
		a.now = a.now.Add(step.after)
		names := a.names(t, strings.Fields(step.users)...)
		if asked := a.calls(); names != step.names || asked != step.asked {
			t.Errorf("step %d: %q, asked for %q; want %q, %q", i, names, asked, step.names, step.asked)
		}
	}
	// What was missing is found as soon as its time is over, what has changed too.
	a.table.items["b"], a.table.items["a"] = nameItem("Ben"), nameItem("Anna")
	a.now = a.now.Add(10 * time.Second)
	if names := a.names(t, "a", "b"); names != "Anna Ben" {
		t.Errorf("later: %q", names)
	}
}

func TestNoCache(t *testing.T) {
	for _, cache := range []enrichment.Cache{{}, {MissingTTL: 9, Size: 9}} {
		a := agingOf(t, cache)
		a.table.items["a"] = nameItem("Ann")
		for range 2 {
			if names := a.names(t, "a", "b"); names != "Ann Unknown" {
				t.Errorf("%+v: %q", cache, names)
			}
			if asked := a.calls(); asked != "a b" {
				t.Errorf("%+v: asked for %q", cache, asked)
			}
		}
	}
}

// A stale item is used only when the lookup allows it, the table does not answer
// and the item is not too old. A missing item is never taken for granted.
func TestStale(t *testing.T) {
	for _, test := range []struct {
		name  string
		stale int
		after time.Duration
		users string
		want  string
	}{
		{"not allowed", 0, 10 * time.Second, "a", "undone"},
		{"allowed", 30, 10 * time.Second, "a", "Ann"},
		{"nearly too old", 30, 38 * time.Second, "a", "Ann"},
		{"too old", 30, 39 * time.Second, "a", "undone"},
		{"one of two", 30, 10 * time.Second, "a c", "undone"},
		{"was missing", 30, 10 * time.Second, "b", "undone"},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := agingOf(t, enrichment.Cache{TTL: 10, MissingTTL: 10, Stale: test.stale})
			a.table.items["a"] = nameItem("Ann")
			a.names(t, "a", "b")
			a.table.items["a"] = nameItem("Anna")
			a.table.fail = func(string) bool { return true }
			a.now = a.now.Add(test.after)
			if got := a.names(t, strings.Fields(test.users)...); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			a.table.fail = nil
			if got := a.names(t, "a"); got != "Anna" {
				t.Errorf("the table answers again, and the name is %q", got)
			}
		})
	}
}

// What the table said is gone does not come back when the table is down, and what is
// left for the next invocation is not taken for an answer that failed.
func TestNotStale(t *testing.T) {
	a := agingOf(t, enrichment.Cache{TTL: 10, Stale: 3600})
	a.table.items["a"] = nameItem("Ann")
	a.names(t, "a")
	delete(a.table.items, "a")
	a.now = a.now.Add(20 * time.Second)
	if got := a.names(t, "a"); got != "Unknown" {
		t.Fatal(got)
	}
	a.table.fail = func(string) bool { return true }
	if got := a.names(t, "a"); got != "undone" {
		t.Errorf("a deleted item is there: %q", got)
	}

	a = agingOf(t, enrichment.Cache{TTL: 10, MissingTTL: 5, Stale: 3600})
	var users []string
	for i := range 300 {
		users = append(users, fmt.Sprintf("u%03d", i))
		a.table.items[users[i]] = nameItem("old")
	}
	a.names(t, users...)
	for _, user := range users {
		a.table.items[user] = nameItem("new")
	}
	a.now = a.now.Add(20 * time.Second)
	a.share = 1
	a.batches = sync.Pool{New: func() any { return a.newBatch() }}
	if got := a.names(t, users...); got != "undone" {
		t.Errorf("%d old names of a table that answers", strings.Count(got, "old"))
	}
}

// A table that answers a part of the keys is asked once more for the rest.
func TestPartOfAnAnswerIsNotStale(t *testing.T) {
	cloud, server := newCloud(t)
	h := quick(t, environment(server.URL, "ENRICH_LOOKUPS",
		`[{"name":"users","table":"users","key":"user_id","prefix":"user_","fields":["name"],"cache":{"ttl":1,"stale":60}}]`))
	now := time.UnixMilli(afterHour)
	h.now = func() time.Time { return now }
	for i, name := range []string{"old", "new"} {
		for _, user := range []string{"a", "b"} {
			cloud.items[user] = json.RawMessage(fmt.Sprintf(`{"user_id":{"S":%q},"name":{"S":%q}}`, user, name))
		}
		cloud.reads = 0
		cloud.onRead = func(n int) (string, int) { return "", max(0, 2-n) * i }
		if c := invoke(t, h, good(2*i, "a", beforeHour), good(2*i+1, "b", beforeHour)); c != "" {
			t.Fatalf("to be done again from %s", c)
		}
		now = now.Add(2 * time.Second)
	}
	stored := fakeBucket{objects: cloud.objects}
	for _, line := range stored.lines(t, "/bucket/"+name("e14-2")) {
		if !strings.Contains(line, `"user_name":"new"`) {
			t.Error(line)
		}
	}
}

// With a stale answer for every key a table that is down costs one request, not
// the time that the invocation has.
func TestStaleIsQuick(t *testing.T) {
	cloud, server := newCloud(t)
	cloud.items["a"] = json.RawMessage(`{"user_id":{"S":"a"},"name":{"S":"Ann"}}`)
	h := quick(t, environment(server.URL, "ENRICH_LOOKUPS",
		`[{"name":"users","table":"users","key":"user_id","prefix":"user_","fields":["name"],"cache":{"ttl":1,"stale":60}}]`))
	now := time.UnixMilli(afterHour)
	h.now = func() time.Time { return now }
	for i, fault := range []string{"", "400 ThrottlingException", "500 InternalServerError", "reset"} {
		now = now.Add(2 * time.Second)
		cloud.onRead = func(int) (string, int) { return fault, 0 }
		cloud.reads = 0
		response, err := h.Invoke(inLambda(t, "123456789012"), eventOf(t, good(i, "a", beforeHour)))
		if c := checkpointOf(t, response); err != nil || c != "" || cloud.reads != 1 {
			t.Errorf("%s: checkpoint %q, %v, %d reads", fault, c, err, cloud.reads)
		}
		stored := fakeBucket{objects: cloud.objects}
		if line := stored.lines(t, fmt.Sprintf("/bucket/enriched-data/2026/11/23/14/%s-%d.ndjson.gz", shard, i))[0]; !strings.Contains(line, `"user_name":"Ann"`) {
			t.Errorf("%s: %s", fault, line)
		}
	}
	// A key without one is waited for, and the others with it.
	cloud.onRead = func(n int) (string, int) {
		return []string{"500 InternalServerError", "400 ThrottlingException", ""}[min(n-1, 2)], 0
	}
	now, cloud.reads = now.Add(2*time.Second), 0
	response, err := h.Invoke(inLambda(t, "123456789012"), eventOf(t, good(8, "a", beforeHour), good(9, "new", beforeHour)))
	if c := checkpointOf(t, response); err != nil || c != "" || cloud.reads != 3 {
		t.Errorf("checkpoint %q, %v, %d reads", c, err, cloud.reads)
	}
}

// What is kept stays within its share of the memory, and what was used last stays.
func TestCacheIsBounded(t *testing.T) {
	lookups := []enrichment.Lookup{enrichment.DefaultLookup("table-a"), enrichment.DefaultLookup("table-b"), enrichment.DefaultLookup("table-c")}
	lookups[1].Cache.Size, lookups[2].Cache.TTL = 2, 0
	caches, err := newCaches(lookups, 64<<20)
	if err != nil {
		t.Fatal(err)
	}
	if caches[0].room != 8<<20 || caches[1].room != 2<<20 || caches[2] != nil {
		t.Errorf("%d and %d bytes, %v", caches[0].room, caches[1].room, caches[2])
	}
	lookup := lookups[0]
	lookup.Fields = []enrichment.Field{{From: "name"}}
	e, err := enrichment.New([]enrichment.Lookup{lookup}, "")
	if err != nil {
		t.Fatal(err)
	}
	c, now := caches[1], time.UnixMilli(afterHour)
	for i := range 1000 {
		answer, err := e.Hit(0, nameItem(strings.Repeat("x", 10_000)))
		if err != nil {
			t.Fatal(err)
		}
		c.put(fmt.Sprint(i), answer, now)
		c.put("often", answer, now)
		c.put(fmt.Sprint("missing", i), nil, now)
		if _, good := c.get("often", now); good != fresh {
			t.Fatalf("what was used last is gone after %d", i)
		}
		if c.used > c.room {
			t.Fatalf("%d bytes of %d", c.used, c.room)
		}
	}
	sum := 0
	for _, key := range c.kept.Keys() {
		k, _ := c.kept.Peek(key)
		sum += k.size(key)
	}
	if sum != c.used || c.used < c.room*9/10 || slices.Contains(c.kept.Keys(), "0") {
		t.Errorf("%d bytes, counted as %d of %d", sum, c.used, c.room)
	}
	large, err := e.Hit(0, nameItem(strings.Repeat("x", 3<<20)))
	if err != nil {
		t.Fatal(err)
	}
	c.put("often", large, now)
	if _, good := c.get("often", now); good != unknown || c.used > c.room {
		t.Errorf("an item larger than the cache: %v, %d bytes", good, c.used)
	}
}

// Items that would take up too much of the memory together are divided among
// invocations, each of which gets on.
func TestAnswersAreBounded(t *testing.T) {
	table, bucket := newFakes()
	lookup := enrichment.DefaultLookup("users")
	lookup.Cache = enrichment.Cache{}
	h := handlerOf(t, table, bucket, lookup)
	h.share = 1 << 20
	var records []given
	for i := range 5000 {
		user := fmt.Sprint("user", i)
		table.items[user] = nameItem(strings.Repeat(user, 1000)) // of some 8 KB
		records = append(records, good(i, user, beforeHour))
	}
	calls := 0
	for left := records; len(left) > 0; calls++ {
		c := invoke(t, h, left...)
		if c == "" {
			break
		}
		from := slices.IndexFunc(left, func(r given) bool { return r.sequence == c })
		if from < keysPerCall {
			t.Fatalf("checkpoint %q after %d calls", c, calls)
		}
		left = left[from:]
	}
	lines := 0
	for _, key := range bucket.keys() {
		lines += len(bucket.lines(t, key))
	}
	if lines != len(records) || calls < 2 {
		t.Errorf("%d records stored by %d invocations", lines, calls+1)
	}
}
