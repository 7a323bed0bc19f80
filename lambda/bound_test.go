package lambda

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"enrich/enrichment"
)

// small is a handler of a function of 128 MB, in which items and objects of a batch
// may have 16 MB each.
func small(t *testing.T, finder enrichment.Finder, sink enrichment.Sink, output Output, cache enrichment.Cache) *Handler {
	t.Helper()
	lookup := enrichment.DefaultLookup("users")
	lookup.Cache = cache
	h, err := New(Options{Lookups: []enrichment.Lookup{lookup}, Finder: finder, Sink: sink, Memory: 128 << 20, Output: output})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// invokeUntilDone invokes the function with what is left until nothing is, and answers how many
// invocations that took.
func invokeUntilDone(t *testing.T, h *Handler, records []given) (invocations int) {
	t.Helper()
	for left := records; ; {
		c := invoke(t, h, left...)
		invocations++
		if c == "" {
			return invocations
		}
		from := slices.IndexFunc(left, func(r given) bool { return r.sequence == c })
		if from <= 0 {
			t.Fatalf("invocation %d does not get on: checkpoint %q", invocations, c)
		}
		left = left[from:]
	}
}

// bulky is a table of large items that tells how much of them it gave at a time. It
// may refuse who is not patient.
type bulky struct {
	size int
	shy  bool

	mutex sync.Mutex
	given int
}

func (s *bulky) Find(_ context.Context, _ *enrichment.Lookup, keys []string, effort enrichment.Effort) (enrichment.Found, error) {
	if s.shy && effort != enrichment.Patient {
		return enrichment.Found{Left: keys, Again: true, Calls: 1, Throttles: 1}, errDown
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	found := enrichment.Found{Items: map[string]enrichment.Item{}, Calls: 1}
	for _, k := range keys {
		s.given += s.size
		found.Items[k] = enrichment.Item{"name": json.RawMessage(`"` + strings.Repeat("x", s.size) + `"`)}
	}
	return found, nil
}

// However large the items are and whether the table throttles, one batch takes up no
// more memory than it may, but for what the first call brings.
func TestItemsAreBounded(t *testing.T) {
	for _, shy := range []bool{false, true} {
		for _, size := range []int{10_000, 100_000} {
			t.Run(fmt.Sprintf("%d bytes, throttled %v", size, shy), func(t *testing.T) {
				table := &bulky{size: size, shy: shy}
				h := small(t, table, &nowhere{}, Output{}, enrichment.Cache{})
				var records []given
				for i := range 3000 {
					records = append(records, good(i, fmt.Sprint("u", i), beforeHour))
				}
				if c := invoke(t, h, records...); c == "" || c == "0" {
					t.Fatalf("checkpoint %q", c)
				}
				if most := int(h.share) + keysPerCall*size; table.given > most {
					t.Errorf("%d bytes of items, want at most %d", table.given, most)
				}
			})
		}
	}
}

// A record cannot be divided: whatever is packed into it is asked for at once, or it
// would hold up its shard for ever.
func TestPackedRecordGetsOn(t *testing.T) {
	table, bucket := newFakes()
	var pairs []string
	value := json.RawMessage(`"` + strings.Repeat("x", 8000) + `"`)
	for i := range 5000 {
		user := fmt.Sprint("u", i)
		table.items[user] = enrichment.Item{"name": value}
		pairs = append(pairs, "k", fmt.Sprintf(`{"n":%d,"user_id":%q}`, i, user))
	}
	h := small(t, table, bucket, Output{}, enrichment.Cache{})
	first, second := good(7, "a", beforeHour), good(8, "b", beforeHour)
	first.data = aggregated(pairs...)
	invokeUntilDone(t, h, []given{first, second})
	lines := 0
	for _, key := range bucket.keys() {
		lines += len(bucket.lines(t, key))
	}
	if lines != 5001 {
		t.Errorf("%d lines", lines)
	}
}

// One large item in every line makes objects larger than a function: they are divided
// among invocations.
func TestObjectsAreBounded(t *testing.T) {
	for _, compression := range []string{Gzip, Zstd, None} {
		t.Run(compression, func(t *testing.T) {
			table, bucket := newFakes()
			var text strings.Builder
			for i := range 40_000 {
				fmt.Fprintf(&text, "%x", uint32(i)*2654435761) // which does not compress well
			}
			table.items["a"] = nameItem(text.String()[:200_000])
			h := small(t, table, bucket, Output{Compression: compression}, enrichment.DefaultCache())
			var records []given
			for i := range 300 {
				records = append(records, good(i, "a", beforeHour))
			}
			if n := invokeUntilDone(t, h, records); n < 2 && compression == None {
				t.Errorf("%d invocations", n)
			}
			for key, body := range bucket.objects {
				if most := int(h.share) + 2*fullStep; len(body) > most {
					t.Errorf("%s has %d bytes, want at most %d", key, len(body), most)
				}
			}
		})
	}
}

// More records than a function can hold, packed into one, are a dead letter as they
// are; all others go on.
func TestTooManyParts(t *testing.T) {
	_, bucket := newFakes()
	r := good(1, "a", beforeHour)
	r.data = aggregated(slices.Repeat([]string{"k", "{}"}, maxParts+1)...)
	h := handlerOf(t, &fakeTable{}, bucket)
	if c := invoke(t, h, r, good(2, "a", beforeHour)); c != "" {
		t.Fatalf("to be done again from %s", c)
	}
	letters := bucket.lines(t, name("d14-1"))
	if len(letters) != 1 || !strings.Contains(letters[0], `"reason":"65537 records are packed into it, of which 65536 are possible"`) {
		t.Errorf("%d letters: %.200s", len(letters), letters)
	}
	if got := bucket.ids(t, name("e14-2")); got != "2" {
		t.Errorf("enriched: %s", got)
	}
}

// An unusual event leaves no memory taken up in the place that it had in its batch.
func TestMemoryOfUnusualEvents(t *testing.T) {
	for name, large := range map[string]string{
		"deep":       `{"a":` + strings.Repeat("[", 500_000) + strings.Repeat("]", 500_000) + `}`,
		"duplicates": `{"enriched":1` + strings.Repeat(`,"enriched":1`, 75_000) + `}`,
		"escaped":    `{"user_id":"` + strings.Repeat(`\n`, 500_000) + `"}`,
	} {
		t.Run(name, func(t *testing.T) {
			h := small(t, memory{}, &nowhere{}, Output{}, enrichment.Cache{})
			b := h.newBatch()
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			for at := range 50 {
				var records []given
				for i := range 50 {
					r := good(i, "a", beforeHour)
					if i == at {
						r.data = large
					}
					records = append(records, r)
				}
				if _, err := b.run(t.Context(), eventOf(t, records...)); err != nil {
					t.Fatal(err)
				}
			}
			runtime.GC()
			runtime.GC()
			runtime.ReadMemStats(&after)
			runtime.KeepAlive(b)
			if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 16<<20 {
				t.Errorf("%d bytes are kept after 50 batches with one event of 1 MB each", grown)
			}
		})
	}
}

// What went wrong is told without what events hold, which keys of objects may.
func TestFailuresTellNothingOfEvents(t *testing.T) {
	r := good(1, "a", beforeHour)
	r.data = `{"n":1,"user_id":"a","country":"secret of the event"}`
	cloud, server := newCloud(t)
	cloud.items["a"] = json.RawMessage(`{"user_id":{"S":"a"}}`)
	var log bytes.Buffer
	h := quick(t, environment(server.URL, "ENRICH_OUTPUT_PARTITION_BY", "country"))
	h.logger = slog.New(slog.NewJSONHandler(&log, nil))
	for _, fault := range []string{"403 AccessDenied", "reset"} {
		cloud.onWrite = func(int) string { return fault }
		ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		response, err := h.Invoke(ctx, eventOf(t, r))
		cancel()
		if c := checkpointOf(t, response); err != nil || c != "1" {
			t.Fatalf("checkpoint %q, %v", c, err)
		}
	}
	if text := log.String(); strings.Contains(text, "secret") || strings.Count(text, "storing enriched records of "+shard+" from 1 on: ") != 2 {
		t.Error(text)
	}
}
