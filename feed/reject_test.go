package feed

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
)

// What is rejected is handed over as it was read, up to a length that memory bears.
func TestSendHandsOverRejections(t *testing.T) {
	long := `{"a":"` + strings.Repeat("x", 1<<20) + `"}`
	in := strings.Join([]string{`{"k":1,"n":1}`, " [\xff] ", `{"k":1,"n":2}`, long, strings.Repeat("y", 16<<20+1), "{}"}, "\r\n")
	s := &stream{t: t}
	var got []string
	var none int
	o := Options{Key: "k", Reject: func(r Rejection, data []byte) error {
		if data == nil {
			none = r.Line
		}
		got = append(got, string(data))
		return nil
	}}
	report, err := send(t.Context(), s, strings.NewReader(in), o)
	if err != nil || report.Sent != 3 || len(report.Rejected) != 3 || none != 5 || !slices.Equal(got, []string{" [\xff] ", long, ""}) {
		t.Errorf("got %d rejected, %d handed over, none of line %d, %v", len(report.Rejected), len(got), none, err)
	}
}

// Whoever goes on behind an interruption is not told again of what was rejected.
func TestSendRejectsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("broken")
		s := &stream{t: t, fail: func(int) error { return broken }}
		report, err := send(t.Context(), s, strings.NewReader("{}\nx\n{}\ny"), Options{})
		if !errors.Is(err, broken) || report.Through != 0 || !slices.Equal(report.Ahead, []int{2, 4}) {
			t.Errorf("got %+v, %v", report, err)
		}
	})
}

// A rejection that nobody could keep ends the sending, and its line is not done with.
func TestSendCannotHandOver(t *testing.T) {
	full := errors.New("no space left")
	s := &stream{t: t}
	report, err := send(t.Context(), s, strings.NewReader("x\ny\n{}\n"), Options{Reject: func(r Rejection, _ []byte) error {
		if r.Line == 2 {
			return full
		}
		return nil
	}})
	if !errors.Is(err, full) || report.Through != 1 || len(report.Rejected) != 1 || len(s.stored) != 0 {
		t.Errorf("got %+v, %v", report, err)
	}
}
