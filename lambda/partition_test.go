package lambda

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"enrich/enrichment"
)

// sorting makes a handler whose objects are sorted by the events' type.
func sorting(t testing.TB, bucket *fakeBucket, o Output) *Handler {
	t.Helper()
	o.PartitionBy = "type"
	h, err := New(Options{Lookups: []enrichment.Lookup{enrichment.DefaultLookup("users")}, Finder: &fakeTable{}, Sink: bucket, Output: o})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// typedRecord is the nth record, an event of that type.
func typedRecord(n int, kind string) given {
	r := good(n, "a", beforeHour)
	r.data = fmt.Sprintf(`{"n":%d,"type":%q}`, n, kind)
	return r
}

func TestKeys(t *testing.T) {
	const value = "type=a/" + shard + "-1"
	for _, test := range []struct {
		output               Output
		enriched, dead, kind string
	}{
		{Output{}, "enriched-data/2026/11/23/14/" + value + ".ndjson.gz", "dead-letter/2026/11/23/14/" + shard + "-2.ndjson.gz", "application/gzip"},
		{Output{Prefix: "x/y=z/", Partition: Hive}, "x/y=z/year=2026/month=11/day=23/hour=14/" + value + ".ndjson.gz", "dead-letter/2026/11/23/14/" + shard + "-2.ndjson.gz", "application/gzip"},
		{Output{Compression: Zstd}, "enriched-data/2026/11/23/14/" + value + ".ndjson.zst", "dead-letter/2026/11/23/14/" + shard + "-2.ndjson.zst", "application/zstd"},
		{Output{Compression: None}, "enriched-data/2026/11/23/14/" + value + ".ndjson", "dead-letter/2026/11/23/14/" + shard + "-2.ndjson", "application/x-ndjson"},
	} {
		_, bucket := newFakes()
		if c := invoke(t, sorting(t, bucket, test.output), typedRecord(1, "a"), bad(2, beforeHour), typedRecord(3, "a")); c != "" {
			t.Fatalf("to be done again from %s", c)
		}
		if got, want := bucket.contents(t), test.dead+": †bad2\n"+test.enriched+": 1 3"; got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
		if c, ok := codecOf(test.output.Compression); !ok || c.media != test.kind {
			t.Errorf("%s is %s", test.enriched, c.media)
		}
	}
	if _, err := New(Options{Lookups: []enrichment.Lookup{enrichment.DefaultLookup("users")}, Output: Output{Compression: "lz4"}}); err == nil {
		t.Error("there is a compression lz4")
	}
	if _, err := New(Options{Lookups: []enrichment.Lookup{enrichment.DefaultLookup("users")}, Output: Output{Partition: "day"}}); err == nil {
		t.Error("there is a partition day")
	}
}

// S3's keys have 1,024 bytes at most.
func TestLongestKey(t *testing.T) {
	o := Output{Prefix: strings.Repeat("p", maxPrefix-1) + "/", Compression: Zstd, Partition: Hive, PartitionBy: strings.Repeat(" ", 100)}
	if err := enrichment.ValidatePartition(o.PartitionBy, nil); err != nil {
		t.Fatal(err)
	}
	l, err := newLayout(o)
	if err != nil {
		t.Fatal(err)
	}
	key := l.enriched(place{shard, beforeHour / hourLong, strings.Repeat("v", enrichment.MaxFolderValue)}, []byte(strings.Repeat("9", 56)))
	if len(key) > 1024 {
		t.Errorf("%d bytes", len(key))
	}
}

// The batch is cut at the first Kinesis record that needs one partition too many.
func TestTooManyPartitions(t *testing.T) {
	packed := func(n int, kinds ...string) given {
		r := good(n, "a", beforeHour)
		var pairs []string
		for i, kind := range kinds {
			pairs = append(pairs, "k", fmt.Sprintf(`{"n":%d,"type":%q}`, n*10+i, kind))
		}
		r.data = aggregated(pairs...)
		return r
	}
	late := func(r given) given { r.arrival = afterHour; return r }
	for _, test := range []struct {
		name    string
		records []given
		want    string // checkpoint
		stored  string // numbers of the records
	}{
		{"just enough", []given{typedRecord(1, "a"), typedRecord(2, "b"), typedRecord(3, "a"), typedRecord(4, "b")}, "", "1 3,2 4"},
		{"a third value", []given{typedRecord(1, "a"), typedRecord(2, "b"), typedRecord(3, "c"), typedRecord(4, "a")}, "3", "1,2"},
		{"a value in another hour", []given{typedRecord(1, "a"), late(typedRecord(2, "a")), typedRecord(3, "b")}, "3", "1,2"},
		{"no value is one too", []given{typedRecord(1, "a"), typedRecord(2, ""), good(3, "a", beforeHour), typedRecord(4, "b")}, "4", "2 3,1"},
		{"dead letters are one too", []given{bad(1, beforeHour), typedRecord(2, "a"), bad(3, beforeHour), typedRecord(4, "b")}, "4", "†bad1 †bad3,2"},
		{"within a packed record", []given{typedRecord(1, "a"), packed(2, "a", "b", "c"), typedRecord(3, "a")}, "2", "1"},
		{"a packed record with one more", []given{typedRecord(1, "a"), packed(2, "a", "b", "a"), typedRecord(3, "b")}, "", "1 20 22,21 3"},
		{"the first alone is too much", []given{packed(1, "a", "b", "c", "d"), typedRecord(2, "b"), typedRecord(3, "d"), typedRecord(4, "e")}, "4", "10,11 2,12,13 3"},
		{"the last alone is too much", []given{packed(1, "a", "b", "c", "d")}, "", "10,11,12,13"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, bucket := newFakes()
			if c := invoke(t, sorting(t, bucket, Output{MaxPartitions: 2}), test.records...); c != test.want {
				t.Errorf("checkpoint %q, want %q", c, test.want)
			}
			var stored []string
			for _, key := range bucket.keys() {
				stored = append(stored, bucket.ids(t, key))
			}
			if got := strings.Join(stored, ","); got != test.stored {
				t.Errorf("stored %s, want %s", got, test.stored)
			}
		})
	}
}

// A batch that is too much is no error, but that S3 fails is.
func TestTooManyPartitionsInTheLog(t *testing.T) {
	_, bucket := newFakes()
	var log bytes.Buffer
	h := sorting(t, bucket, Output{MaxPartitions: 1})
	h.logger = slog.New(slog.NewJSONHandler(&log, nil))
	invoke(t, h, typedRecord(1, "a"), typedRecord(2, "b"))
	bucket.fail = func(string) (bool, error) { return false, errDown }
	invoke(t, h, typedRecord(1, "a"), typedRecord(2, "b"))
	bucket.fail = nil
	invoke(t, h, typedRecord(2, "b"))
	var got []string
	for line := range strings.Lines(log.String()) {
		var fields struct {
			Level string
			From  string `json:"retry_from"`
			Left  string `json:"undone_because"`
		}
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%s %s %s", fields.Level, fields.From, fields.Left))
	}
	want := []string{"INFO 2 there are records for more than 1 partitions", "ERROR 1 ", "INFO  "}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// What is stored for a type does not depend on what else is in the batches, whichever
// way the same records are dealt out to them.
func TestPartitionsOfAnyBatches(t *testing.T) {
	var records []given
	for i := range 60 {
		records = append(records, typedRecord(100+i, fmt.Sprint("type", i*i%7)))
	}
	for size := 1; size <= len(records); size++ {
		_, bucket := newFakes()
		h := sorting(t, bucket, Output{MaxPartitions: 3, Compression: None})
		for left := records; len(left) > 0; {
			batch := left[:min(size, len(left))]
			c := invoke(t, h, batch...)
			if c == "" {
				left = left[len(batch):]
				continue
			}
			done := slices.IndexFunc(left, func(r given) bool { return r.sequence == c })
			if done <= 0 {
				t.Fatalf("batches of %d: no way past %s", size, left[0].sequence)
			}
			left = left[done:]
		}
		lines := map[string][]string{}
		for _, key := range bucket.keys() {
			folder := key[:strings.LastIndexByte(key, '/')]
			lines[folder] = append(lines[folder], strings.Fields(bucket.ids(t, key))...)
		}
		stored := 0
		for folder, ids := range lines {
			stored += len(ids)
			for i, id := range ids {
				var n int
				if _, err := fmt.Sscan(id, &n); err != nil {
					t.Fatal(err)
				}
				if want := fmt.Sprint("/type=type", (n-100)*(n-100)%7); !strings.HasSuffix(folder, want) || i > 0 && ids[i-1] >= id {
					t.Fatalf("batches of %d: %s is in %s after %v", size, id, folder, ids[:i])
				}
			}
		}
		if stored != len(records) {
			t.Fatalf("batches of %d: %d records are stored", size, stored)
		}
	}
}
