package lambda

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"enrich/enrichment"
)

const (
	shard = "shardId-000000000003"
	// 2026-11-23T14:59:59.500Z
	beforeHour = int64(1795445999500)
	afterHour  = beforeHour + 1000
)

// good is a valid event, the nth record, of a user.
func good(n int, user string, arrival int64) given {
	return given{shard, fmt.Sprint(n), user, fmt.Sprintf(`{"n":%d,"user_id":%q}`, n, user), arrival}
}

// bad is one that can never be enriched.
func bad(n int, arrival int64) given {
	return given{shard, fmt.Sprint(n), "p", fmt.Sprintf("bad%d", n), arrival}
}

func handlerOf(t testing.TB, table *fakeTable, bucket *fakeBucket, lookups ...enrichment.Lookup) *Handler {
	t.Helper()
	if len(lookups) == 0 {
		lookups = []enrichment.Lookup{enrichment.DefaultLookup("users")}
	}
	h, err := New(Options{Lookups: lookups, Finder: table, Sink: bucket, Now: func() time.Time { return time.UnixMilli(afterHour) }})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func invoke(t testing.TB, h *Handler, records ...given) string {
	t.Helper()
	payload := eventOf(t, records...)
	before := bytes.Clone(payload)
	response, err := h.Invoke(t.Context(), payload)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(payload, before) {
		t.Error("the payload was changed")
	}
	return checkpointOf(t, response)
}

func TestInvoke(t *testing.T) {
	table, bucket := newFakes()
	table.items["ann"] = enrichment.Item{"name": json.RawMessage(`"Ann"`), "segment": json.RawMessage(`7`)}
	h := handlerOf(t, table, bucket)
	if c := invoke(t, h, good(11, "ann", beforeHour), good(12, "ben", beforeHour), bad(13, beforeHour), good(14, "ann", beforeHour)); c != "" {
		t.Errorf("to be done again from %s", c)
	}
	key := "enriched-data/2026/11/23/14/" + shard + "-11.ndjson.gz"
	tail := func(n int) string {
		return fmt.Sprintf(`,"enriched":true,"processing_timestamp":"2026-11-23T15:00:00.500Z","enrichment_id":"%s:%d"}`, shard, n)
	}
	want := []string{
		`{"n":11,"user_id":"ann","user_name":"Ann","user_email":"Unknown","user_segment":7,"user_location":"Unknown","enrichment_status":"success"` + tail(11),
		`{"n":12,"user_id":"ben","user_name":"Unknown","user_email":"Unknown","user_segment":"Unknown","user_location":"Unknown","enrichment_status":"user_not_found"` + tail(12),
		`{"n":14,"user_id":"ann","user_name":"Ann","user_email":"Unknown","user_segment":7,"user_location":"Unknown","enrichment_status":"success"` + tail(14),
	}
	if got := bucket.lines(t, key); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	dead := "dead-letter/2026/11/23/14/" + shard + "-13.ndjson.gz"
	want = []string{`{"reason":"not JSON: 'b' at byte 0 where a value is expected","shard_id":"` + shard + `","sequence_number":"13","partition_key":"p","arrival":"2026-11-23T14:59:59.500Z","data":"YmFkMTM="}`}
	if got := bucket.lines(t, dead); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if len(bucket.objects) != 2 {
		t.Errorf("objects: %v", bucket.keys())
	}
	if len(table.asked) != 1 || !slices.Equal(table.asked[0], []string{"ann", "ben"}) {
		t.Errorf("asked for %v", table.asked)
	}
	first := bytes.Clone(bucket.objects[key])
	invoke(t, h, good(11, "ann", beforeHour), good(12, "ben", beforeHour), bad(13, beforeHour), good(14, "ann", beforeHour))
	if !bytes.Equal(first, bucket.objects[key]) || len(bucket.objects) != 2 {
		t.Error("the same batch gives other bytes or objects")
	}
}

func TestObjectsByHour(t *testing.T) {
	table, bucket := newFakes()
	h := handlerOf(t, table, bucket)
	records := []given{good(1, "a", beforeHour), good(2, "a", afterHour), good(3, "a", beforeHour), bad(4, afterHour), good(5, "a", afterHour), bad(6, beforeHour)}
	records = append(records, given{"shardId-000000000004", "5", "p", `{"n":99}`, afterHour})
	if c := invoke(t, h, records...); c != "" {
		t.Errorf("to be done again from %s", c)
	}
	want := strings.Join([]string{
		"dead-letter/2026/11/23/14/" + shard + "-6.ndjson.gz: †bad6",
		"dead-letter/2026/11/23/15/" + shard + "-4.ndjson.gz: †bad4",
		"enriched-data/2026/11/23/14/" + shard + "-1.ndjson.gz: 1 3",
		"enriched-data/2026/11/23/15/" + shard + "-2.ndjson.gz: 2 5",
		"enriched-data/2026/11/23/15/shardId-000000000004-5.ndjson.gz: 99",
	}, "\n")
	if got := bucket.contents(t); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestNothingToDo(t *testing.T) {
	table, bucket := newFakes()
	h := handlerOf(t, table, bucket)
	if c := invoke(t, h); c != "" || bucket.puts+len(table.asked) > 0 {
		t.Errorf("response %q, %d objects", c, bucket.puts)
	}
	if _, err := h.Invoke(t.Context(), []byte(`{"hello":"world"}`)); err == nil || !strings.Contains(err.Error(), "it has no Records") {
		t.Errorf("another event: %v", err)
	}
}

func TestLookupsAreUniqueAndBounded(t *testing.T) {
	table, bucket := newFakes()
	h := handlerOf(t, table, bucket)
	var records []given
	for i := range 1000 {
		records = append(records, good(i, fmt.Sprint("user", i%250), beforeHour))
	}
	long := strings.Repeat("x", enrichment.MaxKey+1)
	records = append(records, good(1000, long, beforeHour), good(1001, "", beforeHour), bad(1002, beforeHour))
	if c := invoke(t, h, records...); c != "" {
		t.Errorf("to be done again from %s", c)
	}
	var all []string
	for _, keys := range table.asked {
		if len(keys) > 100 {
			t.Errorf("%d keys in one call", len(keys))
		}
		all = append(all, keys...)
	}
	slices.Sort(all)
	if len(table.asked) != 3 || len(all) != 250 || len(slices.Compact(all)) != 250 || slices.Contains(all, long) || slices.Contains(all, "") {
		t.Errorf("%d calls for %d keys", len(table.asked), len(all))
	}
}

func TestSeveralLookupsOfABatch(t *testing.T) {
	table, bucket := newFakes()
	table.items["s1"] = enrichment.Item{"city": json.RawMessage(`"Berlin"`)}
	shops := enrichment.Lookup{Name: "shops", Table: "shops", Key: "shop", TableKey: "shop", Prefix: "shop_", Fields: []enrichment.Field{{From: "city"}}, Missing: enrichment.MissingNull}
	h := handlerOf(t, table, bucket, enrichment.DefaultLookup("users"), shops)
	record := good(1, "ann", beforeHour)
	record.data = `{"n":1,"shop":"s1"}`
	if c := invoke(t, h, record, good(2, "s1", beforeHour)); c != "" {
		t.Errorf("to be done again from %s", c)
	}
	lines := bucket.lines(t, bucket.keys()[0])
	if !strings.Contains(lines[0], `"shop_city":"Berlin","enrichment_status":"partial","enrichment_misses":["users"],`) ||
		!strings.Contains(lines[1], `"shop_city":null,"enrichment_status":"partial","enrichment_misses":["shops"],`) {
		t.Errorf("%s", lines)
	}
}

func TestAggregatedRecords(t *testing.T) {
	table, bucket := newFakes()
	h := handlerOf(t, table, bucket)
	packed := good(2, "a", beforeHour)
	packed.data = aggregated("k1", `{"n":20}`, "k2", "bad21", "k1", `{"n":22}`)
	if c := invoke(t, h, good(1, "a", beforeHour), packed, good(3, "a", beforeHour)); c != "" {
		t.Errorf("to be done again from %s", c)
	}
	want := "dead-letter/2026/11/23/14/" + shard + "-2.ndjson.gz: †bad21\nenriched-data/2026/11/23/14/" + shard + "-1.ndjson.gz: 1 20 22 3"
	if got := bucket.contents(t); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for i, id := range []string{":1", ":2:0", ":2:2", ":3"} {
		if line := bucket.lines(t, bucket.keys()[1])[i]; !strings.HasSuffix(line, `"enrichment_id":"`+shard+id+`"}`) {
			t.Errorf("line %d: %s", i, line)
		}
	}
	letter := bucket.lines(t, bucket.keys()[0])[0]
	if !strings.Contains(letter, `"sequence_number":"2","sub_sequence_number":1,"partition_key":"k2"`) {
		t.Errorf("letter: %s", letter)
	}
}

// panicking is a core that panics at what its functions choose.
type panicking struct {
	core
	parse, append func(data []byte) bool
}

func (p panicking) Parse(ev *enrichment.Event, data []byte) error {
	if p.parse != nil && p.parse(data) {
		panic("parse")
	}
	return p.core.Parse(ev, data)
}

func (p panicking) Append(dst []byte, ev *enrichment.Event, answers []*enrichment.Answer, stamp enrichment.Stamp) ([]byte, error) {
	dst = append(dst, "half a li"...)
	if p.append != nil && p.append(stamp.ID) {
		panic("append")
	}
	return p.core.Append(dst[:len(dst)-9], ev, answers, stamp)
}

func TestPanicOfOneRecord(t *testing.T) {
	table, bucket := newFakes()
	h := handlerOf(t, table, bucket)
	h.core = panicking{
		core:   h.core,
		parse:  func(data []byte) bool { return strings.Contains(string(data), `"n":2`) },
		append: func(id []byte) bool { return strings.HasSuffix(string(id), ":3") },
	}
	if c := invoke(t, h, good(1, "a", beforeHour), good(2, "b", beforeHour), good(3, "c", beforeHour), good(4, "d", beforeHour)); c != "" {
		t.Errorf("to be done again from %s", c)
	}
	if got := bucket.ids(t, "enriched-data/2026/11/23/14/"+shard+"-1.ndjson.gz"); got != "1 4" {
		t.Errorf("enriched: %s", got)
	}
	letters := bucket.lines(t, "dead-letter/2026/11/23/14/"+shard+"-2.ndjson.gz")
	if len(letters) != 2 || !strings.Contains(letters[0], `"reason":"panic: parse"`) || !strings.Contains(letters[1], `"reason":"panic: append"`) {
		t.Errorf("dead letters: %s", letters)
	}
}

func TestSummary(t *testing.T) {
	table, bucket := newFakes()
	var log bytes.Buffer
	h := handlerOf(t, table, bucket)
	h.logger = slog.New(slog.NewJSONHandler(&log, nil))
	ctx := lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: "request-1"})
	payload := eventOf(t, good(1, "secret", beforeHour), good(2, "secret", beforeHour), bad(3, beforeHour))
	if _, err := h.Invoke(ctx, payload); err != nil {
		t.Fatal(err)
	}
	bucket.fail = func(string) (bool, error) { return false, errors.New("no room") }
	if _, err := h.Invoke(ctx, payload); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Invoke(ctx, nil); err == nil {
		t.Error("no event, no error")
	}
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	for i, want := range []map[string]any{
		{"level": "INFO", "msg": "batch", "request_id": "request-1", "shard_id": shard, "records": 3.0, "unique_keys": 1.0, "lookups": 1.0, "lookup_retries": 0.0, "misses": 2.0, "dead_letters": 1.0, "objects": 2.0, "cold_start": true, "undone": nil, "error": nil, "decode_ms": 0.0},
		{"level": "ERROR", "msg": "batch", "objects": 0.0, "bytes": 0.0, "cold_start": false, "undone": 3.0, "retry_from": "1", "failures": 2.0, "error": "storing enriched records of " + shard + " from 1 on: no room"},
		{"level": "ERROR", "msg": "batch failed", "request_id": "request-1", "error": "decoding the Kinesis event: the text ends early"},
	} {
		var got map[string]any
		if i >= len(lines) || json.Unmarshal([]byte(lines[i]), &got) != nil {
			t.Fatalf("line %d of %s", i, log.String())
		}
		for name, value := range want {
			if got[name] != value {
				t.Errorf("line %d: %s is %v, want %v", i, name, got[name], value)
			}
		}
	}
	if len(lines) != 3 || strings.Contains(log.String(), "secret") || strings.Contains(log.String(), "bad3") {
		t.Errorf("log: %s", log.String())
	}
}

func TestTimeIsShort(t *testing.T) {
	for _, test := range []struct {
		name  string
		left  time.Duration // of the invocation, 20 s in all, at each look at the clock
		calls int           // the look at which that much is left
		want  string        // checkpoint
	}{
		{"enough", 19 * time.Second, 0, ""},
		{"over while enriching", 4 * time.Second, 6, "192"},
		{"over before enriching", 4 * time.Second, 4, "64"},
	} {
		t.Run(test.name, func(t *testing.T) {
			table, bucket := newFakes()
			h := handlerOf(t, table, bucket)
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			end, _ := ctx.Deadline()
			looks := 0
			h.now = func() time.Time {
				looks++
				if test.calls > 0 && looks > test.calls {
					return end.Add(-test.left)
				}
				return end.Add(-19 * time.Second)
			}
			var records []given
			for i := range 300 {
				records = append(records, good(i, "a", beforeHour))
			}
			response, err := h.Invoke(ctx, eventOf(t, records...))
			if c := checkpointOf(t, response); err != nil || c != test.want {
				t.Fatalf("checkpoint %q, %v; want %q", c, err, test.want)
			}
			n := 300
			if test.want != "" {
				_, err = fmt.Sscan(test.want, &n)
			}
			if got := len(bucket.lines(t, bucket.keys()[0])); err != nil || got != n {
				t.Errorf("%d records stored, want %d", got, n)
			}
		})
	}
}

// An invocation that has no time at all stores nothing and says so.
func TestNoTime(t *testing.T) {
	table, bucket := newFakes()
	h := handlerOf(t, table, bucket)
	ctx, cancel := context.WithDeadline(t.Context(), time.UnixMilli(afterHour))
	cancel()
	response, err := h.Invoke(ctx, eventOf(t, bad(1, beforeHour), good(2, "a", beforeHour)))
	if c := checkpointOf(t, response); err != nil || c != "1" || len(bucket.objects) > 0 {
		t.Errorf("checkpoint %q, %v, objects %v", c, err, bucket.keys())
	}
}
