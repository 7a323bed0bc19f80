package delivery

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"enrich/emulator"
)

// inTurn reads as Records does, but one object after the other.
func inTurn(ctx context.Context, c *s3.Client, since time.Time) (records []string, err error) {
	for hour := range hours(since, time.Now()) {
		for o, err := range List(ctx, c, place, place.Prefix, hour, "") {
			if err != nil {
				return records, err
			}
			for text, err := range Lines(ctx, c, place, o.Key) {
				if err != nil {
					return records, err
				}
				records = append(records, string(text))
			}
		}
	}
	return records, nil
}

// readSome reads until it fails or has so many.
func readSome(ctx context.Context, c *s3.Client, since time.Time, limit int) (records []string, err error) {
	for text, err := range Records(ctx, c, place, place.Prefix, since) {
		if err != nil {
			return records, err
		}
		if records = append(records, string(text)); len(records) == limit {
			break
		}
	}
	return records, nil
}

// gets counts the GetObject calls that a server is asked for.
type gets struct {
	mu   sync.Mutex
	keys []string
}

func (g *gets) around(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && strings.Contains(r.URL.Path, ".ndjson") {
			g.mu.Lock()
			g.keys = append(g.keys, r.URL.Path)
			g.mu.Unlock()
		}
		next.ServeHTTP(w, r)
	})
}

func (g *gets) count() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.keys)
}

// Whatever is read at once, the order is that of the hours and of the keys, through
// objects of any size, compression and layout.
func TestRecordsAreInOrder(t *testing.T) {
	c := client(t, nil)
	now := time.Now().UTC()
	since := now.Add(-12 * time.Hour)
	large := make([]string, 20_000) // more than there is room for
	for i := range large {
		large[i] = fmt.Sprintf("%d %s", i, strings.Repeat("x", 100))
	}
	for h := range 12 {
		at := now.Add(-time.Duration(h) * time.Hour)
		for n := range 3 {
			first := fmt.Sprint(1000 + n)
			put(t, c, keyAt(place.Prefix, at, shard, first), zipped(fmt.Sprint(h, n), "more"))
			put(t, c, hiveKeyAt(at, "type=a/", shard, first, ".ndjson.zst"), squeezed(t, fmt.Sprint(h, n, " in a folder")))
		}
		if h%5 == 0 {
			put(t, c, keyAt(place.Prefix, at, shard, "900"), zipped(large...))
			put(t, c, keyAt(place.Prefix, at, shard, "901"), nil)
		}
	}
	want, err := inTurn(t.Context(), c, since)
	if err != nil || len(want) < 3*len(large) {
		t.Fatalf("%d, %v", len(want), err)
	}
	if got, err := readSome(t.Context(), c, since, -1); err != nil || !slices.Equal(got, want) {
		t.Errorf("%d of %d, %v", len(got), len(want), err)
	}
}

// Who has enough, or does not come to read on, leaves the rest unread.
func TestRecordsAreReadAsTheyAreTaken(t *testing.T) {
	g := new(gets)
	c := client(t, g.around)
	now := time.Now().UTC()
	for n := range 100 {
		put(t, c, keyAt(place.Prefix, now, shard, fmt.Sprint(1000+n)), zipped(fmt.Sprint(n)))
	}
	// That of the record, those that wait, and the one that waits to wait.
	const most = objectsAhead + 1
	for _, err := range Records(t.Context(), c, place, place.Prefix, now) {
		if err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(20 * time.Second); g.count() < most; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%d objects are read at once, want %d", g.count(), most)
			}
		}
		break
	}
	if got := g.count(); got != most {
		t.Errorf("%d objects were read for one record, want %d", got, most)
	}
}

// What goes wrong with an object is told in its place, after all records before it.
func TestRecordsFail(t *testing.T) {
	c := client(t, nil)
	now := time.Now().UTC()
	for n := range 40 {
		body := zipped(fmt.Sprint(n))
		if n == 30 {
			body = body[:12]
		}
		put(t, c, keyAt(place.Prefix, now, shard, fmt.Sprint(1000+n)), body)
	}
	got, err := readSome(t.Context(), c, now, -1)
	if len(got) != 30 || err == nil || !strings.Contains(err.Error(), "reading s3://records/"+keyAt(place.Prefix, now, shard, "1030")+": ") {
		t.Errorf("%d records, %v", len(got), err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	why := errors.New("enough of it")
	n := 0
	for _, err = range Records(ctx, c, place, place.Prefix, now) {
		if n++; n == 2 {
			cancel(why)
		}
	}
	if !errors.Is(err, why) && !errors.Is(err, context.Canceled) {
		t.Errorf("after %d an interrupted reading ends with %v", n, err)
	}
	if _, err := readSome(ctx, c, now, -1); !errors.Is(err, why) && !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted before it began: %v", err)
	}
	none := Place{Bucket: "none", Prefix: place.Prefix}
	for _, err := range Records(t.Context(), c, none, none.Prefix, now) {
		if err == nil || !strings.Contains(err.Error(), "listing s3://none/") {
			t.Errorf("got %v", err)
		}
	}
}

// However much is stored, little of it is in memory.
func TestRecordsTakeBoundedMemory(t *testing.T) {
	c := client(t, nil)
	now := time.Now().UTC()
	lines := make([]string, 8<<10) // 8 MiB, which gzip makes small
	for i := range lines {
		lines[i] = strings.Repeat("x", 1023)
	}
	body := zipped(lines...)
	for n := range 40 {
		put(t, c, keyAt(place.Prefix, now, shard, fmt.Sprint(1000+n)), body)
	}
	live := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before, most, n := live(), uint64(0), 0
	for _, err := range Records(t.Context(), c, place, place.Prefix, now) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n%(5*len(lines)) == 1 {
			most = max(most, live())
		}
	}
	if n != 40*len(lines) {
		t.Errorf("%d records", n)
	}
	if taken := int64(most) - int64(before); taken > 24<<20 {
		t.Errorf("%d MiB in memory of %d MiB", taken>>20, 40*len(lines)>>10)
	}
}

// A call to S3 takes its time: here 20 ms.
func BenchmarkRecords(b *testing.B) {
	server, c := fixture(b)
	now := time.Now().UTC()
	since := now.Add(-23 * time.Hour)
	for h := range 24 {
		for n := range 8 {
			lines := make([]string, 1000)
			for i := range lines {
				lines[i] = enriched(shard, fmt.Sprint(i))
			}
			put(b, c, keyAt(place.Prefix, now.Add(-time.Duration(h)*time.Hour), shard, fmt.Sprint(1000+n)), zipped(lines...))
		}
	}
	if err := server.SetFaults(1, emulator.Fault{Service: "s3", Kind: emulator.FaultDelay, Delay: 20 * time.Millisecond, Rate: 1}); err != nil {
		b.Fatal(err)
	}
	for name, read := range map[string]func() ([]string, error){
		"one after the other": func() ([]string, error) { return inTurn(b.Context(), c, since) },
		"at once":             func() ([]string, error) { return readSome(b.Context(), c, since, -1) },
		"limit 3":             func() ([]string, error) { return readSome(b.Context(), c, since, 3) },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if got, err := read(); err != nil || len(got) != 24*8*1000 && len(got) != 3 {
					b.Fatalf("%d, %v", len(got), err)
				}
			}
		})
	}
}
