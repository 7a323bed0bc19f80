package bench

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"enrich/clickstream"
	"enrich/delivery"
)

// What a histogram tells is at most 1% more than what it was told.
func TestHistogram(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	h, all := &Histogram{}, []time.Duration(nil)
	for range 10_000 {
		d := time.Duration(random.ExpFloat64() * float64(50*time.Millisecond))
		all = append(all, d)
		h.Add(d)
	}
	h.Add(-time.Second)
	all = append(all, 0)
	slices.Sort(all)
	for _, part := range []float64{.0001, .5, .9, .99, .9999, 1} {
		want := all[int(part*float64(len(all)-1))]
		if got := h.Quantile(part); got < want-time.Microsecond || float64(got) > float64(all[min(len(all)-1, int(part*float64(len(all)-1))+2)])*width+1000 {
			t.Errorf("%v: got %s, want %s", part, got, want)
		}
	}
	if h.Count != len(all) || h.Min != 0 || h.Max != all[len(all)-1] || h.Quantile(1) != h.Max {
		t.Errorf("got %d, %s to %s", h.Count, h.Min, h.Max)
	}
	sum, before := 0, time.Duration(0)
	for i, r := range h.Ranges() {
		sum += r.Count
		if lead := fmt.Sprint(int64(r.Through))[0]; lead != '1' && lead != '2' && lead != '5' || r.Through <= before && i > 0 {
			t.Errorf("range through %s", r.Through)
		}
		before = r.Through
	}
	if sum != len(all) {
		t.Errorf("%d of %d in ranges", sum, len(all))
	}
	if empty := (&Histogram{}); empty.Quantile(.5) != 0 || empty.Ranges() != nil {
		t.Error("an empty one tells something")
	}
	single := &Histogram{}
	single.Add(3 * time.Millisecond)
	if got := single.Ranges(); len(got) != 1 || got[0] != (Range{5 * time.Millisecond, 1}) || single.Quantile(.5) != 3*time.Millisecond {
		t.Errorf("got %v", got)
	}
}

// Events come when the rate has them due, and keep that as their time when nobody takes
// them then.
func TestSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		s := &source{ctx: t.Context(), events: clickstream.New(1, 10, 500), run: "r", rate: 4, total: 10, began: began}
		read := func() []string {
			buffer := make([]byte, 64<<10)
			n, err := s.Read(buffer)
			if err != nil {
				t.Fatal(err)
			}
			var all []string
			for line := range bytes.Lines(buffer[:n]) {
				var e record
				if err := json.Unmarshal(line, &e); err != nil {
					t.Fatal(err)
				}
				all = append(all, fmt.Sprint(e.Bench.Run, e.Bench.N, " ", e.Timestamp.Sub(began.Truncate(time.Microsecond))))
			}
			return all
		}
		if got := read(); time.Since(began) != 0 || !slices.Equal(got, []string{"r0 0s"}) {
			t.Errorf("got %q", got)
		}
		if got := read(); time.Since(began) != 250*time.Millisecond || !slices.Equal(got, []string{"r1 250ms"}) {
			t.Errorf("got %q", got)
		}
		time.Sleep(750 * time.Millisecond)
		if got := read(); !slices.Equal(got, []string{"r2 500ms", "r3 750ms", "r4 1s"}) {
			t.Errorf("got %q", got)
		}
		rest, err := io.ReadAll(s)
		if err != nil || bytes.Count(rest, []byte("\n")) != 5 || time.Since(began) != 2250*time.Millisecond {
			t.Errorf("got %d bytes after %s, %v", len(rest), time.Since(began), err)
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		why := errors.New("Ctrl-C")
		s = &source{ctx: ctx, events: clickstream.New(1, 10, 500), rate: .001, total: 10, began: began.Add(time.Hour)}
		cancel(why)
		if n, err := s.Read(make([]byte, 10)); n != 0 || !errors.Is(err, why) {
			t.Errorf("got %d, %v", n, err)
		}
	})
}

// Each event of the run counts once, be it enriched or a dead letter, and nothing else.
func TestTally(t *testing.T) {
	put := time.Date(2026, 11, 28, 1, 2, 3, 0, time.UTC)
	line := func(run string, n int) []byte {
		return fmt.Appendf(nil, `{"timestamp":%q,"bench":{"run":%q,"n":%d},"enrichment_status":"success","processing_timestamp":%q}`,
			put.Format(time.RFC3339Nano), run, n, put.Add(10*time.Millisecond).Format(time.RFC3339Nano))
	}
	exact := delivery.Object{StoredAt: put.Add(20 * time.Millisecond)}
	whole := delivery.Object{StoredAt: put.Add(time.Second)}
	letter := delivery.Object{StoredAt: exact.StoredAt, DeadLetter: true}
	seen := put.Add(1200 * time.Millisecond)
	tally := newTally("run", 70)
	for _, s := range []delivery.Stored{
		{Line: line("run", 0), Object: exact, Seen: seen},
		{Line: line("run", 69), Object: whole, Seen: seen},
		{Line: line("run", 69), Object: exact, Seen: seen}, // twice
		{Line: line("run", 70), Object: exact, Seen: seen}, // never put
		{Line: line("run", -1), Object: exact, Seen: seen},
		{Line: line("other", 1), Object: exact, Seen: seen},
		{Line: line("runner", 1), Object: exact, Seen: seen},
		{Line: []byte(`{"note":"run"}`), Object: exact, Seen: seen},
		{Line: []byte(`no JSON of the run`), Object: exact, Seen: seen},
		{Line: fmt.Appendf(nil, `{"reason":"x","data":%q}`, base64.StdEncoding.EncodeToString(line("run", 5))), Object: letter, Seen: seen},
		{Line: fmt.Appendf(nil, `{"reason":"x","data":%q}`, base64.StdEncoding.EncodeToString(line("other", 6))), Object: letter, Seen: seen},
		{Line: []byte(`{"reason":"run","data":"-"}`), Object: letter, Seen: seen},
	} {
		tally.take(s)
	}
	if tally.enriched != 2 || tally.deadLetters != 1 || tally.duplicates != 1 || tally.count() != 3 || tally.statuses["success"] != 2 {
		t.Errorf("got %+v", tally)
	}
	if tally.stored.Min != 20*time.Millisecond || tally.stored.Max != 1200*time.Millisecond || tally.processed.Max != 10*time.Millisecond || !tally.last.Equal(seen) || !tally.precise {
		t.Errorf("got %+v", tally)
	}
	if got := (Report{Sent: 5, Stored: tally.enriched, DeadLetters: tally.deadLetters}).Missing(); got != 2 {
		t.Errorf("%d missing", got)
	}
}
