package feed

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Events are as far apart as their own times, divided by the speed; one that is out of
// order, has no time or comes late waits for nothing.
func TestSendReplay(t *testing.T) {
	const lines = `{"timestamp":"2026-01-02T03:00:00Z"}
{"timestamp":"2026-01-02T04:00:10.5+01:00"}
{"timestamp":"2026-01-02T03:00:05Z"}
{"n":1}
{"timestamp":1767322830}
not an event
{"timestamp":"1767322840500"}
{"timestamp":1767322840.75}
`
	for _, test := range []struct {
		speed float64
		want  []float64 // seconds
	}{{1, []float64{0, 10.5, 10.5, 10.5, 30, 40.5, 40.75}}, {10, []float64{0, 1.05, 1.05, 1.05, 3, 4.05, 4.075}}, {.5, []float64{0, 21, 21, 21, 60, 81, 81.5}}} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			s := &stream{t: t}
			var at []time.Duration
			s.before = func(context.Context, int) { at = append(at, time.Since(began)) }
			var untimed []int
			waited := false
			report, err := send(t.Context(), s, strings.NewReader(lines), Options{
				Speed: test.speed, TimeField: "timestamp", Untimed: func(line int) { untimed = append(untimed, line) },
				Observe: func(p Progress) { waited = waited || p.Due.After(time.Now()) },
			})
			if err != nil || report.Sent != 7 || !slices.Equal(untimed, []int{4}) || !waited {
				t.Fatalf("got %+v, line %v without a time, waited %v, %v", report, untimed, waited, err)
			}
			var got []time.Duration
			for i, size := range s.sizes {
				got = append(got, slices.Repeat([]time.Duration{at[i]}, size)...)
			}
			for i, seconds := range test.want {
				due := time.Duration(seconds * float64(time.Second))
				if got[i] < due || got[i] > due+linger {
					t.Errorf("at %v times the speed event %d comes after %s, not %s", test.speed, i, got[i], due)
				}
			}
		})
	}
}

// An interruption does not wait for an event that is far away, and counts it as not sent.
func TestSendReplayCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		in := strings.NewReader("{\"at\":1000000000}\n\n{\"at\":2000000000}\n")
		report, err := send(ctx, &stream{t: t}, in, Options{Speed: 1e-6, TimeField: "at"})
		if !errors.Is(err, context.DeadlineExceeded) || report.Sent != 1 || report.Through != 1 {
			t.Errorf("got %+v, %v", report, err)
		}
	})
}

// Where the first event has no time, nothing is sent all at once; behind an interruption
// it may have none.
func TestSendReplayWithoutTimes(t *testing.T) {
	in := "x\n{\"at\":\"yesterday\"}\n{\"at\":5}\n"
	s := &stream{t: t}
	report, err := send(t.Context(), s, strings.NewReader(in), Options{Speed: 1, TimeField: "at"})
	if !errors.Is(err, ErrNoTime) || !strings.Contains(err.Error(), "line 2, the first event: there is no time in its field at") || report.Through != 1 || len(s.stored) != 0 {
		t.Errorf("got %+v, %v", report, err)
	}
	report, err = send(t.Context(), s, strings.NewReader(in), Options{Speed: 1, TimeField: "at", Skip: func(line int) bool { return line == 1 }})
	if err != nil || report.Sent != 2 {
		t.Errorf("got %+v, %v", report, err)
	}
}

func TestTimeOf(t *testing.T) {
	for value, want := range map[string]string{
		`"2026-11-28T10:00:00.25+02:00"`: "2026-11-28T08:00:00.25Z", `1767322830`: "2026-01-02T03:00:30Z",
		`1767322830.5`: "2026-01-02T03:00:30.5Z", `"1767322830250"`: "2026-01-02T03:00:30.25Z", `1.76732283e12`: "2026-01-02T03:00:30Z",
		`"2026-11-28"`: "", `"2026-11-28 10:00:00"`: "", `""`: "", `0`: "", `-5`: "", `1767322830000000`: "", `"NaN"`: "", `"Inf"`: "", `null`: "", `true`: "", `{}`: "",
	} {
		got := ""
		if at := timeOf([]byte(value)); !at.IsZero() {
			got = at.UTC().Format(time.RFC3339Nano)
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", value, got, want)
		}
	}
}
