package feed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// However early or late the context ends: what is reported as sent is stored,
// everything else is not, and a rerun behind Through without Ahead completes it.
func TestSendCancelled(t *testing.T) {
	for stop := range 12 {
		synctest.Test(t, func(t *testing.T) {
			const count = 2000
			random := rand.New(rand.NewPCG(uint64(stop), 2))
			var lines []string
			for i := range count {
				lines = append(lines, fmt.Sprintf(`{"k":"%d","n":%d}`, random.IntN(200), i))
			}
			ctx, cancel := context.WithCancelCause(t.Context())
			why := errors.New("Ctrl-C")
			s := &stream{t: t}
			s.refuse = func(int, int) string {
				if random.IntN(3) == 0 {
					return "InternalFailure"
				}
				return ""
			}
			s.before = func(_ context.Context, request int) {
				if request == stop {
					cancel(why)
					time.Sleep(time.Second) // the service still answers
				}
			}
			report, err := send(ctx, s, strings.NewReader(strings.Join(lines, "\n")), Options{Key: "k"})
			if !errors.Is(err, why) {
				t.Fatalf("got %v", err)
			}
			if s.requests != stop+1 {
				t.Errorf("%d requests, cancelled in number %d", s.requests, stop+1)
			}
			var want []string
			for i, l := range lines {
				if i < report.Through || slices.Contains(report.Ahead, i+1) {
					want = append(want, l)
				}
			}
			got := s.data()
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) || report.Sent != len(got) {
				t.Errorf("stop %d: %d stored, %d reported, %d by line", stop, len(got), report.Sent, len(want))
			}
		})
	}
}

// A service that does not answer any more does not hold up an interruption.
func TestSendCancelledWithoutAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		s := &stream{t: t, before: func(ctx context.Context, _ int) { cancel(); <-ctx.Done() }}
		began, told := time.Now(), 0
		report, err := send(ctx, s, strings.NewReader("{}\n"), Options{Waiting: func() { told++ }})
		if !errors.Is(err, context.Canceled) || report.Sent != 0 || report.Through != 0 || told != 1 {
			t.Errorf("got %+v, %v, told %d times", report, err, told)
		}
		if !strings.Contains(err.Error(), "what became of a request for 1 of the events is not known") {
			t.Errorf("got %v", err)
		}
		if took := time.Since(began); took > 6*time.Second {
			t.Errorf("took %s", took)
		}
	})
}

func TestSendFails(t *testing.T) {
	broken := errors.New("broken")
	denied := &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "no"}
	tests := []struct {
		name    string
		in      io.Reader
		s       *stream
		want    error
		text    string
		sent    int
		through int
	}{
		{name: "reading", s: &stream{}, in: io.MultiReader(strings.NewReader("{}\n{}\n{\"ha"), iotest.ErrReader(broken)), want: broken, text: "reading line 3", sent: 2, through: 2},
		{name: "the call", in: strings.NewReader("{}\n"), s: &stream{fail: func(int) error { return denied }}, want: denied, text: "putting events into s: "},
		{name: "an unknown code", in: strings.NewReader("{\"a\":1}\n{\"a\":2}\n"),
			s:    &stream{refuse: func(_, record int) string { return []string{"", "AccessDenied"}[record] }},
			text: "putting line 2 into s: AccessDenied: told to", sent: 1, through: 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := test.s
			s.t = t
			report, err := send(t.Context(), s, test.in, Options{Stream: "s"})
			if err == nil || !strings.Contains(err.Error(), test.text) || test.want != nil && !errors.Is(err, test.want) {
				t.Errorf("got %v", err)
			}
			if report.Sent != test.sent || report.Through != test.through {
				t.Errorf("got %+v", report)
			}
		})
	}
}

// What was answered is no doubt: only a request without an answer may have been carried
// out all the same, whether it was an interruption that ended it or the network.
func TestSendTellsOfDoubt(t *testing.T) {
	answered := func(status int, code string) error {
		return &smithyhttp.ResponseError{
			Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status}}, Err: &smithy.GenericAPIError{Code: code},
		}
	}
	why := errors.New("Ctrl-C")
	for name, test := range map[string]struct {
		failure   error
		interrupt bool
		doubt     bool
		want      error
	}{
		"a broken connection":              {&smithyhttp.RequestSendError{Err: io.ErrUnexpectedEOF}, false, true, io.ErrUnexpectedEOF},
		"refused":                          {answered(http.StatusBadRequest, "AccessDeniedException"), false, false, nil},
		"never connected":                  {&smithyhttp.RequestSendError{Err: &net.OpError{Op: "dial", Err: errors.New("refused")}}, false, false, nil},
		"no credentials":                   {errors.New("no credentials"), false, false, nil},
		"an answer that breaks off":        {answered(http.StatusOK, ""), false, true, nil},
		"interrupted and not answered":     {context.Canceled, true, true, why},
		"interrupted and refused":          {answered(http.StatusBadRequest, "AccessDeniedException"), true, false, nil},
		"interrupted while it was failing": {answered(http.StatusInternalServerError, "InternalFailure"), true, true, why},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			s := &stream{t: t}
			s.fail = func(int) error {
				if test.interrupt {
					cancel(why)
				}
				return test.failure
			}
			report, err := send(ctx, s, strings.NewReader("{}\n{}\n"), Options{Stream: "s"})
			if err == nil || report.Sent != 0 || strings.Contains(err.Error(), "may store them twice") != test.doubt {
				t.Errorf("got %+v, %v", report, err)
			}
			if want := test.want; want != nil && !errors.Is(err, want) || want == nil && !errors.Is(err, test.failure) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// A service that is down for a while does not end a feed, one that stays down does.
func TestSendThroughOutage(t *testing.T) {
	down := &smithyhttp.ResponseError{
		Response: &smithyhttp.Response{Response: &http.Response{StatusCode: http.StatusServiceUnavailable}},
		Err:      &smithy.GenericAPIError{Code: "ServiceUnavailable"},
	}
	for _, test := range []struct{ failures, sent int }{{8, 2}, {1000, 1}} {
		synctest.Test(t, func(t *testing.T) {
			s := &stream{t: t}
			s.fail = func(request int) error {
				if 1 <= request && request <= test.failures {
					return down
				}
				return nil
			}
			report, err := send(t.Context(), s, strings.NewReader("{\"k\":1}\n{\"k\":1}\n"), Options{Stream: "s", Key: "k"})
			if report.Sent != test.sent || report.Through != test.sent || len(s.stored) != test.sent || (test.sent < 2) != errors.Is(err, down) {
				t.Errorf("%d failures: %+v, %v", test.failures, report, err)
			}
		})
	}
}

// Lines that come slowly are sent when they come.
func TestSendSlowInput(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in, out := io.Pipe()
		s := &stream{t: t}
		done := make(chan error)
		var seen []Progress
		go func() {
			_, err := send(t.Context(), s, in, Options{Observe: func(p Progress) { seen = append(seen, p) }})
			done <- err
		}()
		for i := range 3 {
			_, _ = fmt.Fprintf(out, "{\"n\":%d}\n", i)
			time.Sleep(time.Second)
			synctest.Wait()
			if len(s.stored) != i+1 {
				t.Fatalf("%d of %d stored after a second", len(s.stored), i+1)
			}
		}
		_, _ = fmt.Fprintln(out, "broken")
		time.Sleep(time.Second)
		synctest.Wait()
		if n := seen[len(seen)-1].Rejected; n != 1 {
			t.Errorf("%d rejections observed", n)
		}
		_ = out.Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// counted counts what is read.
type counted struct {
	io.Reader
	bytes int
}

func (c *counted) Read(into []byte) (int, error) {
	n, err := c.Reader.Read(into)
	c.bytes += n
	return n, err
}

// However long the events are, only so much is read ahead of a slow service.
func TestSendReadsAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		event := `{"x":"` + strings.Repeat("x", 1<<20-100) + `"}` + "\n"
		in := &counted{Reader: strings.NewReader(strings.Repeat(event, 80))}
		s := &stream{t: t}
		most := 0
		s.before = func(context.Context, int) {
			synctest.Wait() // for the reading, which goes on meanwhile
			most = max(most, in.bytes-len(s.stored)*len(event))
		}
		report, err := send(t.Context(), s, in, Options{Stream: "s"})
		if err != nil || report.Sent != 80 {
			t.Fatalf("%d sent, %v", report.Sent, err)
		}
		if most > 56<<20 {
			t.Errorf("%d MiB were read ahead", most>>20)
		}
	})
}
