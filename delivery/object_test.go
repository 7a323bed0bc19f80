package delivery

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
)

func TestList(t *testing.T) {
	c := client(t, nil)
	hour := time.Date(2026, 3, 1, 23, 59, 0, 0, time.FixedZone("", 3600))
	var want []string
	for n := range 1234 { // more than a page
		key := keyAt(place.Prefix, hour, shard, fmt.Sprint(1000+n))
		put(t, c, key, []byte("x"))
		want = append(want, key)
	}
	put(t, c, keyAt(place.Prefix, hour.Add(time.Hour), shard, "5"), nil)
	put(t, c, keyAt(place.Prefix, hour, "shardId-000000000002", "5"), nil)
	count := func(shard string) (keys []string) {
		for o, err := range List(t.Context(), c, place, place.Prefix, hour, shard) {
			if err != nil {
				t.Fatal(err)
			}
			if o.Hour.Hour() != 22 || o.ETag == "" || o.StoredAt.IsZero() {
				t.Errorf("got %+v", o)
			}
			keys = append(keys, o.Key)
		}
		return keys
	}
	if got := count(shard); !slices.Equal(got, want) {
		t.Errorf("%d of %d", len(got), len(want))
	}
	if got := count(""); len(got) != len(want)+1 {
		t.Errorf("%d of %d", len(got), len(want)+1)
	}
	for _, err := range List(t.Context(), c, Place{Bucket: "none"}, "", hour, "") {
		if err == nil || !strings.Contains(err.Error(), "listing s3://none/2026/03/01/22/") {
			t.Errorf("got %v", err)
		}
	}
}

// Objects of another layout and the folders of all values are listed as well.
func TestListOfEveryLayout(t *testing.T) {
	c := client(t, nil)
	hour := time.Date(2026, 3, 1, 22, 0, 0, 0, time.UTC)
	other := "shardId-000000000002"
	want := []string{
		keyAt(place.Prefix, hour, shard, "1"),
		hiveKeyAt(hour, "", shard, "2", ".ndjson"),
		hiveKeyAt(hour, "type=a/", shard, "4", ".ndjson.zst"),
		hiveKeyAt(hour, "type=a/", other, "3", ".ndjson.zst"),
		hiveKeyAt(hour, "type=ü%20/", shard, "5", ".ndjson.gz"),
	}
	for _, key := range want {
		put(t, c, key, []byte("x"))
	}
	put(t, c, hiveKeyAt(hour.Add(time.Hour), "type=a/", shard, "6", ".ndjson"), []byte("x"))
	put(t, c, hiveKeyAt(hour, "type=a/more=b/", shard, "7", ".ndjson"), []byte("x"))
	list := func(folder, shard string) (keys []string) {
		place := place
		place.Folder = folder
		for o, err := range List(t.Context(), c, place, place.Prefix, hour, shard) {
			if err != nil {
				t.Fatal(err)
			}
			keys = append(keys, o.Key)
		}
		return keys
	}
	if got := list("", ""); !slices.Equal(got, want) {
		t.Errorf("all: %q", got)
	}
	if got := list("", shard); !slices.Equal(got, want[:2]) {
		t.Errorf("one shard: %q", got)
	}
	if got := list("type=a/", shard); !slices.Equal(got, want[2:3]) {
		t.Errorf("one shard in a folder: %q", got)
	}
}

// emptyFrame is a zstd file without lines.
func emptyFrame(t *testing.T) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil, zstd.WithZeroFrames(true))
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll(nil, nil)
}

func TestLines(t *testing.T) {
	c := client(t, nil)
	put(t, c, "a", zipped("one", "", "three"))
	put(t, c, "members", append(zipped("one", ""), zipped("three")...))
	put(t, c, "frames", squeezed(t, "one", "", "three"))
	put(t, c, "plain", []byte("one\n\nthree\n"))
	put(t, c, "bad", []byte{0x1f, 0x8b, 1})
	put(t, c, "bad frame", squeezed(t, "one")[:10])
	put(t, c, "no lines", emptyFrame(t))
	put(t, c, "no bytes", nil)
	read := func(key string) (lines []string, last error) {
		for text, err := range Lines(t.Context(), c, place, key) {
			if last = err; err == nil {
				lines = append(lines, string(text))
			}
		}
		return lines, last
	}
	for _, key := range []string{"a", "members", "frames", "plain"} {
		if lines, err := read(key); err != nil || !slices.Equal(lines, []string{"one", "", "three"}) {
			t.Errorf("%s: got %q, %v", key, lines, err)
		}
	}
	for _, key := range []string{"no lines", "no bytes"} {
		if lines, err := read(key); err != nil || len(lines) > 0 {
			t.Errorf("%s: got %q, %v", key, lines, err)
		}
	}
	if _, err := read("none"); !errors.Is(err, ErrGone) || !strings.Contains(err.Error(), "s3://records/none") {
		t.Errorf("got %v", err)
	}
	for _, key := range []string{"bad", "bad frame"} {
		if _, err := read(key); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: got %v", key, err)
		}
	}
}

func TestParseKey(t *testing.T) {
	hour := time.Date(2026, 3, 1, 4, 0, 0, 0, time.UTC)
	tests := []struct {
		prefix, key string
		want        Object
		ok          bool
	}{
		{"e/", "e/2026/03/01/04/shardId-000000000001-495.ndjson.gz", Object{Hour: hour, ShardID: shard, SequenceNumber: "495"}, true},
		{"", "2026/03/01/04/s-1.ndjson.gz", Object{Hour: hour, ShardID: "s", SequenceNumber: "1"}, true},
		{DeadLetters, "dead-letter/2026/03/01/04/s-1.ndjson.gz", Object{Hour: hour, ShardID: "s", SequenceNumber: "1", DeadLetter: true}, true},
		{Redriven + DeadLetters, "redriven/dead-letter/2026/03/01/04/s-1.ndjson", Object{Hour: hour, ShardID: "s", SequenceNumber: "1", DeadLetter: true}, true},
		{"e/", "e/2026/03/01/04/s-1.ndjson", Object{Hour: hour, ShardID: "s", SequenceNumber: "1"}, true},
		{"e/", "e/year=2026/month=03/day=01/hour=04/s-1.ndjson.zst", Object{Hour: hour, ShardID: "s", SequenceNumber: "1"}, true},
		{"e/", "e/2026/03/01/04/type=a-1/s-2.ndjson.gz", Object{Hour: hour, Folder: "type=a-1/", ShardID: "s", SequenceNumber: "2"}, true},
		{"e/", "e/year=2026/month=03/day=01/hour=04/a=%2F=ü/s-1.ndjson", Object{Hour: hour, Folder: "a=%2F=ü/", ShardID: "s", SequenceNumber: "1"}, true},
		{"e/", "x/2026/03/01/04/s-1.ndjson.gz", Object{}, false},
		{"e/", "e/2026/03/01/24/s-1.ndjson.gz", Object{}, false},
		{"e/", "e/2026/03/01/04/s-1.json", Object{}, false},
		{"e/", "e/2026/03/01/04/s-1.ndjson.xz", Object{}, false},
		{"e/", "e/2026/03/01/04/a=b/c=d/s-1.ndjson", Object{}, false},
		{"e/", "e/2026/03/01/04/a=b/.ndjson", Object{}, false},
		{"e/", "e/2026/03/01/hour=04/s-1.ndjson", Object{}, false},
		{"e/", "e/year=2026/month=03/day=01/hour=24/s-1.ndjson", Object{}, false},
		{"e/", "e/2026/03/01/04/s-.ndjson.gz", Object{}, false},
		{"e/", "e/2026/03/01/04/-1.ndjson.gz", Object{}, false},
		{"e/", "e/2026/03/01/04/s-1x.ndjson.gz", Object{}, false},
		{"e/", "e/2026/03/01/04/s/t-1.ndjson.gz", Object{}, false},
		{"e/", "e/2026/03/01/04/.ndjson.gz", Object{}, false},
	}
	for _, test := range tests {
		if test.ok {
			test.want.Key = test.key
		}
		if got, ok := ParseKey(test.prefix, test.key); ok != test.ok || got != test.want {
			t.Errorf("%s: %+v, %v", test.key, got, ok)
		}
	}
}

func FuzzParseKey(f *testing.F) {
	f.Add("e/", "e/2026/03/01/04/shardId-000000000001-495.ndjson.gz")
	f.Add("", "year=2026/month=03/day=01/hour=04/a=b/s-1.ndjson.zst")
	f.Fuzz(func(t *testing.T, prefix, key string) {
		o, ok := ParseKey(prefix, key)
		if !ok {
			return
		}
		for _, layout := range []string{"2006/01/02/15/", "year=2006/month=01/day=02/hour=15/"} {
			for _, ending := range []string{".ndjson", ".ndjson.gz", ".ndjson.zst"} {
				if prefix+o.Hour.Format(layout)+o.Folder+o.ShardID+"-"+o.SequenceNumber+ending == key {
					return
				}
			}
		}
		t.Errorf("%q is taken for %+v", key, o)
	})
}
