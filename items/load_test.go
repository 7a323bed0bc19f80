package items

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/time/rate"
)

// A quote that is never closed must not draw the whole input into memory.
func TestLoadBoundsAnItem(t *testing.T) {
	for format, in := range map[string]string{CSV: "id,name\n1,a\n2,\"", JSON: `[{"id":"`} {
		var read atomic.Int64 // reading goes on for a moment in the background
		endless := readerFunc(func(into []byte) (int, error) {
			read.Add(int64(len(into)))
			return copy(into, strings.Repeat("x", len(into))), nil
		})
		_, err := load(t.Context(), newTable(t, types.ScalarAttributeTypeS), io.MultiReader(strings.NewReader(in), endless), Options{Table: "t", Format: format})
		if !errors.Is(err, errGuard) || read.Load() > 32<<20 {
			t.Errorf("%s: got %v after %d bytes", format, err, read.Load())
		}
		if format == CSV && !strings.Contains(err.Error(), "after that on line 2,") {
			t.Errorf("got %v", err)
		}
	}
}

// Whatever is throttled, unprocessed or refused, every row is loaded or
// rejected, and the last valid row of a key is what the table has.
func TestLoadThroughRefusals(t *testing.T) {
	for seed := range uint64(30) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			share, keys, count := random.Float64()*0.8, 1+random.IntN(300), random.IntN(1500)
			b := newTable(t, types.ScalarAttributeTypeS)
			refused, failed := 0, false
			b.refuse = func() bool {
				if random.Float64() < share {
					refused++
					return true
				}
				return false
			}
			b.fail = func() error {
				if random.Float64() < share/3 {
					failed = true
					return &smithy.GenericAPIError{Code: "ProvisionedThroughputExceededException"}
				}
				return nil
			}
			var in strings.Builder
			want := make(map[string]fields)
			valid := 0
			for n := range count {
				id := fmt.Sprint(random.IntN(keys))
				if random.IntN(50) == 0 {
					fmt.Fprintf(&in, "{\"id\":%q,\"n\":%d,\"bad\":1}\n", id, n)
					continue
				}
				fmt.Fprintf(&in, "{\"id\":%q,\"n\":%d}\n", id, n)
				want[id] = fields{"id": "S:" + id, "n": fmt.Sprint("N:", n)}
				valid++
			}
			last, again := 0, 0
			report, err := load(t.Context(), b, strings.NewReader(in.String()), Options{Table: "t", Format: NDJSON, Observe: func(p Progress) { last, again = p.Loaded, p.Unprocessed }})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, b.plain()); diff != "" {
				t.Errorf("seed %d: %s", seed, diff)
			}
			// A refused row that a later one took the place of before it was tried
			// counts as loaded.
			if report.Loaded+len(report.Rejected) != count || report.Loaded < valid || count > 0 && last != report.Loaded {
				t.Errorf("seed %d: %d loaded, %d rejected of %d, of which %d are valid", seed, report.Loaded, len(report.Rejected), count, valid)
			}
			if again < refused || !failed && again > refused {
				t.Errorf("seed %d: %d unprocessed, told of %d", seed, refused, again)
			}
			if b.wide > width {
				t.Errorf("%d calls at the same time", b.wide)
			}
		})
	}
}

// A table that takes less is written to at its own pace: little is refused, and it is
// kept busy.
func TestLoadAtCapacity(t *testing.T) {
	for _, test := range []struct {
		name            string
		second, count   int           // items that the table takes a second, and that come
		spare, refusals int           // items that it takes at once; refusals, most of them before the pace is found
		least           time.Duration // that the table needs
	}{
		{"large", 1000, 12_000, 1000, 1500, 11 * time.Second},
		{"small", 20, 600, 20, 1500, 29 * time.Second},
		{"saved up", 100, 3000, 1000, 1200, 20 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b, bucket := newTable(t, types.ScalarAttributeTypeS), rate.NewLimiter(rate.Limit(test.second), test.spare)
				b.before = func(context.Context) { time.Sleep(10 * time.Millisecond) }
				refused := 0
				b.refuse = func() bool {
					if bucket.Allow() {
						return false
					}
					refused++
					return true
				}
				var in strings.Builder
				for n := range test.count {
					fmt.Fprintf(&in, "{\"id\":\"%d\"}\n", n)
				}
				began := time.Now()
				report, err := load(t.Context(), b, strings.NewReader(in.String()), Options{Table: "t", Format: NDJSON})
				took := time.Since(began)
				t.Logf("%d refused for %d loaded, %d calls, %s of %s", refused, report.Loaded, b.calls, took, test.least)
				if err != nil || report.Loaded != test.count || len(b.items) != test.count {
					t.Fatalf("%d loaded, %v", report.Loaded, err)
				}
				if refused > test.refusals {
					t.Errorf("%d items were refused for %d loaded", refused, test.count)
				}
				if took > test.least*5/4+2*time.Second {
					t.Errorf("took %s, of which the table needs %s", took, test.least)
				}
			})
		})
	}
}

func TestLoadIsParallel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newTable(t, types.ScalarAttributeTypeS)
		b.before = func(context.Context) { time.Sleep(10 * time.Millisecond) }
		var in strings.Builder
		for n := range 10_000 {
			fmt.Fprintf(&in, "{\"id\":\"%d\"}\n", n)
		}
		began := time.Now()
		report, err := load(t.Context(), b, strings.NewReader(in.String()), Options{Table: "t", Format: NDJSON})
		if err != nil || report.Loaded != 10_000 || b.wide != width || b.calls > 404 {
			t.Errorf("got %d, %v; %d calls, %d at the same time", report.Loaded, err, b.calls, b.wide)
		}
		if took := time.Since(began); took > 1200*time.Millisecond { // 400 calls, 4 at a time, about evenly
			t.Errorf("took %s", took)
		}
	})
}

// An interruption ends even a read that blocks, and the report tells what is
// loaded.
func TestLoadCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newTable(t, types.ScalarAttributeTypeS)
		in, out := io.Pipe()
		defer func() { _ = out.Close() }()
		go func() {
			for n := range 200 {
				_, _ = fmt.Fprintf(out, "{\"id\":\"%d\"}\n", n)
			}
		}()
		why := errors.New("Ctrl-C")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Minute, func() { cancel(why) })
		report, err := load(ctx, b, in, Options{Table: "t", Format: NDJSON})
		if !errors.Is(err, why) {
			t.Errorf("got %v", err)
		}
		if report.Loaded != len(b.items) || report.Loaded < 100 {
			t.Errorf("reported %d, there are %d", report.Loaded, len(b.items))
		}
	})
}

func TestLoadFails(t *testing.T) {
	denied := &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "no"}
	b := newTable(t, types.ScalarAttributeTypeS)
	b.fail = func() error { return denied }
	endless := readerFunc(func(into []byte) (int, error) { return copy(into, "{\"id\":\"1\"}\n"), nil })
	if _, err := load(t.Context(), b, endless, Options{Table: "t", Format: NDJSON}); !errors.Is(err, denied) {
		t.Errorf("got %v", err)
	}
	broken := errors.New("broken")
	b = newTable(t, types.ScalarAttributeTypeS)
	report, err := load(t.Context(), b, io.MultiReader(strings.NewReader("{\"id\":\"1\"}\n{\"id\""), iotest.ErrReader(broken)), Options{Table: "t", Format: NDJSON})
	if !errors.Is(err, broken) || report.Loaded != 1 {
		t.Errorf("got %+v, %v", report, err)
	}
}
