package main

import (
	"io"
	"strings"
	"testing"
	"time"
)

// What was sent is told, taken and added to without a line too many or too few.
func TestSkip(t *testing.T) {
	for text, lines := range map[string]string{"0": "", "2": "1 2", "2,4,6-8": "1 2 4 6 7 8"} {
		s, err := parseSkip(text)
		if err != nil || s.String() != text {
			t.Errorf("%s: got %s, %v", text, s, err)
		}
		for line := 1; line < 10; line++ {
			if wanted := strings.Contains(" "+lines+" ", " "+string(rune('0'+line))+" "); s.has(line) != wanted {
				t.Errorf("%s: line %d: got %v", text, line, !wanted)
			}
		}
	}
	for _, text := range []string{"", "a", "-1", "1-2", "5,5", "5,9,7", "5,9-7", "5,", "5,x-7", "5,6-"} {
		if s, err := parseSkip(text); err == nil {
			t.Errorf("%q: got %s", text, s)
		}
	}
	for _, test := range []struct {
		before  string
		through int
		ahead   []int
		want    string
	}{
		{"0", 5, []int{7, 8, 10}, "5,7-8,10"}, {"5,7-8,10", 0, nil, "5,7-8,10"}, {"5,7-8,10", 5, []int{6, 9}, "10"},
		{"5,7-8,10", 8, []int{12}, "8,10,12"}, {"5,20", 10, []int{11, 13}, "11,13,20"},
	} {
		before, err := parseSkip(test.before)
		if got := before.and(test.through, test.ahead).String(); err != nil || got != test.want {
			t.Errorf("%+v: got %s, %v", test, got, err)
		}
	}
}

// The lines of several files stay lines, and are found again where they were.
func TestJoined(t *testing.T) {
	files := map[string]string{"a": "1\n2", "b": "", "c": "3\n\n5\n", "d": ""}
	j := &joined{names: []string{"a", "b", "c", "d"}, last: '\n', size: &measure{}, marks: make([]mark, 1), open: func(name string) (io.ReadCloser, error) {
		return io.NopCloser(withoutMark(strings.NewReader("\xef\xbb\xbf" + files[name]))), nil
	}}
	text, err := io.ReadAll(j)
	if err != nil || string(text) != "1\n2\n3\n\n5\n" {
		t.Errorf("got %q, %v", text, err)
	}
	for line, want := range map[int]string{1: "a1", 2: "a2", 3: "c1", 5: "c3"} {
		file, number := j.place(line)
		if got := file + string(rune('0'+number)); got != want {
			t.Errorf("line %d: got %s", line, got)
		}
	}
}

// What is done with is told between two looks at the files, too, however they are read.
func TestJoinedSettled(t *testing.T) {
	text := strings.Repeat("123456789\n", 100)
	size := &measure{total: 1000}
	j := &joined{names: []string{"a"}, last: '\n', size: size, marks: make([]mark, 1), open: func(string) (io.ReadCloser, error) {
		return size.over(io.NopCloser(strings.NewReader(text))), nil
	}}
	for _, step := range []struct {
		read, through int
		want          int64
	}{{5, 0, 0}, {495, 0, 0}, {0, 20, 200}, {0, 49, 490}, {100, 50, 500}, {400, 59, 590}, {0, 61, 610}, {0, 100, 1000}, {0, 100, 1000}} {
		if _, err := io.ReadFull(j, make([]byte, step.read)); err != nil {
			t.Fatal(err)
		}
		if got := j.settled(step.through); got != step.want {
			t.Errorf("%+v: got %d", step, got)
		}
	}
}

func TestBar(t *testing.T) {
	due := time.Date(2020, 11, 28, 15, 4, 5, 0, time.Local)
	for _, test := range []struct {
		total int64
		now   transferred
		want  string
	}{
		{0, transferred{input: 5, thing: "event", count: 1, bytes: 40}, "sending  1 event, 40 B"},
		{1000, transferred{input: 499, thing: "event", count: 20, bytes: 4_000}, "sending █████████░░░░░░░░░░░  49%  20 events, 4.0 kB (10 a second)"},
		{1000, transferred{input: 1200, thing: "item", count: 300, bytes: 5e6, throttled: 7, rejected: 2, due: due},
			"sending ████████████████████ 100%  300 items, 5.0 MB (150 a second), 7 throttled, 2 rejected, the next one at 15:04:05"},
	} {
		if got := (&bar{verb: "sending", total: test.total}).text(test.now, 2*time.Second); got != test.want {
			t.Errorf("got %q", got)
		}
	}
}
