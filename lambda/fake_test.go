package lambda

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/klauspost/compress/zstd"

	"enrich/enrichment"
)

var errDown = errors.New("down")

// fakeTable is a lookup table in memory.
type fakeTable struct {
	mutex sync.Mutex
	items map[string]enrichment.Item
	asked [][]string
	fail  func(key string) bool // may be nil
}

func (f *fakeTable) Find(ctx context.Context, _ *enrichment.Lookup, keys []string, _ enrichment.Effort) (enrichment.Found, error) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.asked = append(f.asked, slices.Clone(keys))
	found := enrichment.Found{Items: map[string]enrichment.Item{}, Calls: 1}
	if err := ctx.Err(); err != nil {
		return found, err
	}
	var err error
	for _, key := range keys {
		if f.fail != nil && f.fail(key) {
			found.Left, err = append(found.Left, key), errDown
			continue
		}
		if item, ok := f.items[key]; ok {
			found.Items[key] = item
		}
	}
	return found, err
}

// fakeBucket keeps objects in memory.
type fakeBucket struct {
	mutex   sync.Mutex
	objects map[string][]byte
	puts    int
	// fail answers whether the object is stored and which error is told; may be nil.
	fail func(key string) (stored bool, err error)
}

func (f *fakeBucket) Store(ctx context.Context, key string, body []byte) error {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.puts++
	stored, err := ctx.Err() == nil, ctx.Err()
	if err == nil && f.fail != nil {
		stored, err = f.fail(key)
	}
	if stored {
		f.objects[key] = bytes.Clone(body)
	}
	return err
}

func newFakes() (*fakeTable, *fakeBucket) {
	return &fakeTable{items: map[string]enrichment.Item{}}, &fakeBucket{objects: map[string][]byte{}}
}

// lines reads an object.
func (f *fakeBucket) lines(t testing.TB, key string) []string {
	t.Helper()
	var reader io.Reader = bytes.NewReader(f.objects[key])
	var err error
	switch {
	case strings.HasSuffix(key, ".gz"):
		reader, err = gzip.NewReader(reader)
	case strings.HasSuffix(key, ".zst"):
		if len(f.objects[key]) == 0 {
			t.Fatalf("%s: no bytes are no zstd file", key)
		}
		var unpacked *zstd.Decoder
		if unpacked, err = zstd.NewReader(reader, zstd.WithDecoderConcurrency(1)); err == nil {
			defer unpacked.Close()
			reader = unpacked
		}
	}
	if err != nil {
		t.Fatalf("%s: %v", key, err)
	}
	text, err := io.ReadAll(reader)
	if err != nil {
		t.Fatalf("%s: %v", key, err)
	}
	if len(text) == 0 {
		return nil
	}
	if text[len(text)-1] != '\n' {
		t.Fatalf("%s does not end with a line's end", key)
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}

// keys lists the objects in order.
func (f *fakeBucket) keys() []string { return slices.Sorted(maps.Keys(f.objects)) }

// ids lists what an object holds: the value of the field n of each line, or of a
// dead letter's data.
func (f *fakeBucket) ids(t testing.TB, key string) string {
	t.Helper()
	var ids []string
	for _, line := range f.lines(t, key) {
		ids = append(ids, idOf(t, line))
	}
	return strings.Join(ids, " ")
}

func idOf(t testing.TB, line string) string {
	t.Helper()
	var fields struct {
		N    json.RawMessage `json:"n"`
		Data []byte          `json:"data"`
	}
	if err := json.Unmarshal([]byte(line), &fields); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	if fields.N == nil {
		return "†" + string(fields.Data)
	}
	return string(fields.N)
}

// contents describes the whole bucket: a line an object.
func (f *fakeBucket) contents(t testing.TB) string {
	t.Helper()
	var out []string
	for _, key := range f.keys() {
		out = append(out, fmt.Sprintf("%s: %s", key, f.ids(t, key)))
	}
	return strings.Join(out, "\n")
}

// checkpointOf reads a partial batch response; "" means that all is done.
func checkpointOf(t testing.TB, response []byte) string {
	t.Helper()
	var r struct {
		Failures []struct {
			ID string `json:"itemIdentifier"`
		} `json:"batchItemFailures"`
	}
	if err := json.Unmarshal(response, &r); err != nil || r.Failures == nil || len(r.Failures) > 1 {
		t.Fatalf("response %s: %v", response, err)
	}
	if len(r.Failures) == 0 {
		return ""
	}
	return r.Failures[0].ID
}
