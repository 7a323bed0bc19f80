package lambda

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"enrich/enrichment"
)

const hourLong = 3600 * 1000 // milliseconds

// used is how much of the heap the work of a handler takes up, in bytes.
func used(t *testing.T, records []given, sink enrichment.Sink, output Output) uint64 {
	t.Helper()
	h, err := New(Options{Lookups: []enrichment.Lookup{enrichment.DefaultLookup("users")}, Finder: memory{}, Sink: sink, Output: output})
	if err != nil {
		t.Fatal(err)
	}
	var b *batch
	h.batches.New = func() any { b = h.newBatch(); return b }
	payload := eventOf(t, records...)
	runtime.GC()
	runtime.GC() // what a pool held is gone after the second only
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	response, err := h.Invoke(t.Context(), payload)
	if err != nil {
		t.Fatal(err)
	}
	if c := checkpointOf(t, response); c != "" {
		t.Fatalf("to be done again from %s", c)
	}
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(b)
	runtime.KeepAlive(records)
	runtime.KeepAlive(payload)
	return max(after.HeapAlloc, before.HeapAlloc) - before.HeapAlloc
}

// A stream of little traffic may have lain for its longest retention, a year: a
// batch then holds records of very many hours, and each hour has objects of its own.
func TestMemoryOfManyHours(t *testing.T) {
	_, bucket := newFakes()
	var records []given
	for i := range 1000 {
		arrival := beforeHour + int64(i)*hourLong
		records = append(records, good(2*i, "a", arrival), bad(2*i+1, arrival))
	}
	if got, most := used(t, records, bucket, Output{MaxPartitions: 1000}), uint64(32<<20); got > most {
		t.Errorf("%d bytes of memory for a batch of 1,000 hours, want at most %d", got, most)
	}
	if len(bucket.objects) != 2000 {
		t.Errorf("%d objects", len(bucket.objects))
	}
}

// A batch of very many values, however they alternate, takes no more than a few
// compressors beside its own lines.
func TestMemoryOfManyValues(t *testing.T) {
	var records []given
	for i := range 10_000 {
		r := typedRecord(i, fmt.Sprint("type", i%1000))
		r.data = r.data[:len(r.data)-1] + fmt.Sprintf(`,"text":%q}`, strings.Repeat("some text ", 30))
		records = append(records, r)
	}
	for _, compression := range []string{Gzip, Zstd, None} {
		t.Run(compression, func(t *testing.T) {
			output := Output{Compression: compression, PartitionBy: "type", MaxPartitions: 1000}
			if got, most := used(t, records, &nowhere{}, output), uint64(32<<20); got > most {
				t.Errorf("%d bytes of memory, want at most %d", got, most)
			}
		})
	}
}

// One record may hold very many values by itself, and cannot be cut.
func TestMemoryOfOneRecordOfManyValues(t *testing.T) {
	var pairs []string
	for i := range 5000 {
		pairs = append(pairs, "k", fmt.Sprintf(`{"n":%d,"type":"type%d"}`, i, i))
	}
	_, bucket := newFakes()
	r := good(1, "a", beforeHour)
	r.data = aggregated(pairs...)
	if got, most := used(t, []given{r}, bucket, Output{PartitionBy: "type"}), uint64(32<<20); got > most {
		t.Errorf("%d bytes of memory, want at most %d", got, most)
	}
	if len(bucket.objects) != 5000 {
		t.Errorf("%d objects", len(bucket.objects))
	}
}

// In each batch another partition is large. What they grow to is not kept for all.
func TestMemoryIsNotKept(t *testing.T) {
	const values = 24
	h := sorting(t, &fakeBucket{objects: map[string][]byte{}}, Output{Compression: None})
	b := h.newBatch()
	for large := range values {
		var records []given
		for i := range values {
			r := typedRecord(i, fmt.Sprint("type", i))
			if i == large {
				r.data = r.data[:len(r.data)-1] + fmt.Sprintf(`,"text":%q}`, strings.Repeat("x", 1<<20))
			}
			records = append(records, r)
		}
		if _, err := b.run(t.Context(), eventOf(t, records...)); err != nil {
			t.Fatal(err)
		}
	}
	size := 0
	for _, p := range b.partitions.list {
		size += p.enriched.memory() + p.dead.memory()
	}
	if most := keptMemory + 8<<20; size > most {
		t.Errorf("%d bytes are kept, want at most %d", size, most)
	}
}

// However hours and kinds of records alternate, each object holds its own, in their order.
func TestManyObjectsAtATime(t *testing.T) {
	for _, compression := range []string{Gzip, Zstd, None} {
		t.Run(compression, func(t *testing.T) { manyObjectsAtATime(t, Output{Compression: compression}) })
	}
}

func manyObjectsAtATime(t *testing.T, output Output) {
	_, bucket := newFakes()
	var records []given
	const hours, rounds = 24, 40
	text := strings.Repeat("a long text ", 700)
	want := map[string]string{}
	for i := range hours * rounds {
		arrival := beforeHour + int64(i%hours)*hourLong
		r := good(i, text[:i%len(text)], arrival)
		if i%5 == 4 {
			r = bad(i, arrival)
			r.data += text
		}
		records = append(records, r)
	}
	h, err := New(Options{Lookups: []enrichment.Lookup{enrichment.DefaultLookup("users")}, Finder: &fakeTable{}, Sink: bucket, Output: output})
	if err != nil {
		t.Fatal(err)
	}
	if c := invoke(t, h, records...); c != "" {
		t.Fatalf("to be done again from %s", c)
	}
	lines := 0
	for _, key := range bucket.keys() {
		last := -1
		for _, line := range bucket.lines(t, key) {
			lines++
			var n int
			if _, err := fmt.Sscanf(strings.TrimPrefix(idOf(t, line), "†bad"), "%d", &n); err != nil {
				t.Fatal(err)
			}
			if n <= last || want[fmt.Sprint(n)] != "" {
				t.Errorf("%s: record %d is out of order or there twice", key, n)
			}
			last, want[fmt.Sprint(n)] = n, key
		}
	}
	if lines != len(records) || len(bucket.objects) != 2*hours {
		t.Errorf("%d lines in %d objects", lines, len(bucket.objects))
	}
}

// Records that were packed into others may be as many as there are bytes: what is
// too much for one invocation is left for the next.
func TestMemoryOfManyParts(t *testing.T) {
	_, bucket := newFakes()
	packed := aggregated(slices.Repeat([]string{"k", "{}"}, 60_000)...)
	var records []given
	for i := range 5 {
		records = append(records, given{shard, fmt.Sprint(i), "k", packed, beforeHour})
	}
	h := handlerOf(t, &fakeTable{}, bucket)
	for calls := 1; len(records) > 0; calls++ {
		var b *batch
		h.batches.New = func() any { b = h.newBatch(); return b }
		c := invoke(t, h, records...)
		if b != nil && len(b.records) > 160_000 {
			t.Errorf("%d records at a time", len(b.records))
		}
		if c == "" {
			break
		}
		from := slices.IndexFunc(records, func(r given) bool { return r.sequence == c })
		if from <= 0 {
			t.Fatalf("checkpoint %q after call %d", c, calls)
		}
		records = records[from:]
	}
	lines := 0
	for _, key := range bucket.keys() {
		lines += len(bucket.lines(t, key))
	}
	if lines != 300_000 {
		t.Errorf("%d lines", lines)
	}
}

// The largest event that Lambda sends.
func TestMemoryOfALargeBatch(t *testing.T) {
	var records []given
	for i := range 10_000 {
		r := good(i, fmt.Sprint("user", i), beforeHour)
		r.data = r.data[:len(r.data)-1] + fmt.Sprintf(`,"text":%q}`, strings.Repeat("some text ", 38))
		records = append(records, r)
	}
	for compression, most := range map[string]uint64{Gzip: 24 << 20, Zstd: 24 << 20, None: 32 << 20} {
		if got := used(t, records, &nowhere{}, Output{Compression: compression}); got > most {
			t.Errorf("%s: %d bytes of memory, want at most %d", compression, got, most)
		}
	}
}
