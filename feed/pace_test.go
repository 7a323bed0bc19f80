package feed

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// However fast the stream is, no more records a second are put than the rate allows.
func TestSendRate(t *testing.T) {
	for _, test := range []struct {
		rate  float64
		count int
		least time.Duration
	}{{2, 11, 5 * time.Second}, {100, 1010, 10 * time.Second}, {10_000, 20_500, 2 * time.Second}, {0, 2000, 0}} {
		synctest.Test(t, func(t *testing.T) {
			s := &stream{t: t}
			began := time.Now()
			report, err := send(t.Context(), s, strings.NewReader(strings.Repeat("{}\n", test.count)), Options{Rate: test.rate})
			if err != nil || report.Sent != test.count {
				t.Fatalf("%d sent, %v", report.Sent, err)
			}
			// With what a request may wait for further lines, it is hardly slower either.
			if took := time.Since(began); took < test.least-time.Millisecond || took > test.least+3*time.Second {
				t.Errorf("%d at %v a second took %s", test.count, test.rate, took)
			}
		})
	}
}

// Lines that were stored before are passed over, and nothing else is.
func TestSendSkip(t *testing.T) {
	s := &stream{t: t}
	in := "{\"n\":1}\nbroken\n{\"n\":3}\n{\"n\":4}\n"
	report, err := send(t.Context(), s, strings.NewReader(in), Options{Skip: func(line int) bool { return line <= 2 || line == 4 }})
	if got := s.data(); err != nil || report.Sent != 1 || report.Through != 4 || len(report.Rejected) != 0 || len(got) != 1 || got[0] != `{"n":3}` {
		t.Errorf("got %+v, %q, %v", report, got, err)
	}
}
