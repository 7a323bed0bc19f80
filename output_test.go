package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"enrich/engine"
)

// recorded is an output that is kept.
func recorded(l look) (o *output, stdout, stderr *bytes.Buffer) {
	stdout, stderr = new(bytes.Buffer), new(bytes.Buffer)
	return newOutput(streams{out: stdout, err: stderr}, l, func(string) string { return "" }), stdout, stderr
}

func TestResult(t *testing.T) {
	document := map[string]string{"a": "<b>"}
	text := func(p *page) { p.line("text") }
	for name, test := range map[string]struct {
		look            look
		result, summary string
	}{
		"text":       {look{}, "text\n", "text\n"},
		"quiet":      {look{quiet: true}, "text\n", ""},
		"json":       {look{json: true}, "{\n  \"a\": \"<b>\"\n}\n", "{\n  \"a\": \"<b>\"\n}\n"},
		"json quiet": {look{json: true, quiet: true}, "{\n  \"a\": \"<b>\"\n}\n", "{\n  \"a\": \"<b>\"\n}\n"},
	} {
		t.Run(name, func(t *testing.T) {
			o, stdout, stderr := recorded(test.look)
			if err := o.result(document, text); err != nil || stdout.String() != test.result {
				t.Errorf("result: %q, %v", stdout, err)
			}
			stdout.Reset()
			if err := o.summary(document, text); err != nil || stdout.String() != test.summary {
				t.Errorf("summary: %q, %v", stdout, err)
			}
			if stderr.Len() > 0 {
				t.Errorf("stderr: %q", stderr)
			}
		})
	}
}

// full takes nothing.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestResultThatCannotBeWritten(t *testing.T) {
	for _, l := range []look{{}, {json: true}} {
		o := newOutput(streams{out: full{}, err: io.Discard}, l, func(string) string { return "" })
		if err := o.result(1, func(p *page) { p.line("x") }); err == nil || !strings.Contains(err.Error(), "no space left") {
			t.Errorf("%+v: %v", l, err)
		}
	}
}

func TestFailure(t *testing.T) {
	err := fmt.Errorf("outside: %w", failf("inside").hint("first").hint("second").with("Code", map[string]int{"n": 1}))
	o, stdout, stderr := recorded(look{})
	o.failure(err)
	if want := "error: outside: inside\nhint: first\nhint: second\n"; stderr.String() != want || stdout.Len() > 0 {
		t.Errorf("got %q and %q, want %q", stdout, stderr, want)
	}
	o, stdout, stderr = recorded(look{json: true})
	o.failure(err)
	var document struct {
		Error struct {
			Code, Message, Hint string
			Details             map[string]int
		}
	}
	if err := json.Unmarshal(stdout.Bytes(), &document); err != nil {
		t.Fatal(err)
	}
	if d := document.Error; d.Code != "Code" || d.Message != "outside: inside" || d.Hint != "first\nsecond" || d.Details["n"] != 1 || stderr.Len() > 0 {
		t.Errorf("%s and %q", stdout, stderr)
	}
}

func TestNotes(t *testing.T) {
	say := func(o *output) {
		o.note("note")
		o.warning("warning")
		o.trace("trace")
	}
	for _, test := range []struct {
		look look
		want string
	}{
		{look{}, "note\nwarning: warning\n"},
		{look{verbose: true}, "note\nwarning: warning\ntrace\n"},
		{look{quiet: true}, "warning: warning\n"},
		{look{json: true}, "note\nwarning: warning\n"},
	} {
		o, stdout, stderr := recorded(test.look)
		say(o)
		if stderr.String() != test.want || stdout.Len() > 0 {
			t.Errorf("%+v: %q and %q", test.look, stdout, stderr)
		}
	}
}

func TestTable(t *testing.T) {
	p := &page{c: newPalette(true)}
	p.table([][]cell{
		{{text: "a"}, {text: "grün", paint: p.c.good}, {text: "x"}},
		{{text: "bbb"}, {text: ""}, {text: "y"}},
		{{text: "c"}, {text: "d"}, {text: ""}},
	})
	want := "  a    \x1b[32mgrün\x1b[0m  x\n  bbb        y\n  c    d\n"
	if got := p.String(); got != want {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}

func TestSeconds(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0ms", 900 * time.Microsecond: "0ms", 12 * time.Millisecond: "12ms", 1250 * time.Millisecond: "1.2s",
		59 * time.Second: "59.0s", 61*time.Second + 400*time.Millisecond: "1m1s",
	} {
		if got := seconds(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}

// Plain progress has a line for each resource that was worked on, and none for
// the others.
func TestProgress(t *testing.T) {
	events := []engine.Event{
		{Key: "a", Kind: "data stream", Name: "s", Phase: engine.Reading},
		{Key: "a", Kind: "data stream", Name: "s", Phase: engine.Creating},
		{Key: "a", Kind: "data stream", Name: "s", Phase: engine.Waiting, Detail: "waiting for ACTIVE"},
		{Key: "b", Kind: "function", Name: "f", Phase: engine.Unchanged},
		{Key: "a", Kind: "data stream", Name: "s", Phase: engine.Created, Elapsed: 1500 * time.Millisecond},
		{Key: "c", Kind: "dashboard", Name: "d", Phase: engine.Failed, Elapsed: 20 * time.Millisecond, Err: errors.New("no")},
		{Key: "d", Kind: "log group", Name: "l", Phase: engine.NotStarted, Detail: "waits for c"},
	}
	done := "created      data stream           s  1.5s\n" +
		"failed       dashboard             d  20ms\n" +
		"not started  log group             l  waits for c\n"
	for _, test := range []struct {
		look look
		want string
	}{
		{look{}, done},
		{look{quiet: true}, ""},
		{look{verbose: true}, "data stream s: creating\ndata stream s: waiting for ACTIVE\n" + done},
	} {
		o, stdout, stderr := recorded(test.look)
		p := o.progress("deploying")
		for _, e := range events {
			p.observe(e)
		}
		p.end()
		if stderr.String() != test.want || stdout.Len() > 0 {
			t.Errorf("%+v:\n%s\nwant\n%s", test.look, stderr, test.want)
		}
	}
}

func TestMovingLine(t *testing.T) {
	o, _, _ := recorded(look{})
	p := o.progress("")
	p.observe(engine.Event{Key: "a", Kind: "data stream", Phase: engine.Creating})
	p.observe(engine.Event{Key: "b", Kind: "function", Phase: engine.Creating})
	p.observe(engine.Event{Key: "b", Kind: "function", Phase: engine.Waiting, Detail: "waiting for Active"})
	if got, want := p.moving(), "data stream (creating), function (waiting for Active)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	p.observe(engine.Event{Key: "a", Kind: "data stream", Phase: engine.Created})
	if got, want := p.moving(), "function (waiting for Active)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Ctrl-C after the first record ends with its own exit code, the document being whole.
func TestRecordsInterrupted(t *testing.T) {
	o, stdout, _ := recorded(look{json: true})
	r := o.records()
	if err := r.add([]byte(`{"a":1}`)); err != nil {
		t.Fatal(err)
	}
	err := r.broken(fmt.Errorf("reading: %w", context.Canceled))
	if code, ok := errors.AsType[exit](err); !ok || code != exitInterrupted || !strings.Contains(stdout.String(), `"code":"Interrupted"`) {
		t.Errorf("%v, %s", err, stdout)
	}
}

func TestRecords(t *testing.T) {
	for name, test := range map[string]struct {
		json    bool
		records []string
		broken  error
		want    string
		code    int
	}{
		"text":              {false, []string{`{"a": 1}`, `{"b":2}`}, nil, "{\"a\": 1}\n{\"b\":2}\n", 0},
		"text, none":        {false, nil, nil, "", 0},
		"text, broken":      {false, []string{`{"a":1}`}, errors.New("no more"), "{\"a\":1}\n", 1},
		"json":              {true, []string{`{"a": 1}`, `not JSON`}, nil, "{\n  \"records\": [\n    {\"a\": 1},\n    \"not JSON\"\n  ]\n}\n", 0},
		"json, none":        {true, nil, nil, "{\n  \"records\": []\n}\n", 0},
		"json, broken":      {true, []string{`{"a":1}`}, errors.New("no more"), "{\n  \"records\": [\n    {\"a\":1}\n  ],\n  \"error\": {\"message\":\"no more\"}\n}\n", 2},
		"json, none broken": {true, nil, errors.New("no more"), "", 1},
	} {
		t.Run(name, func(t *testing.T) {
			o, stdout, _ := recorded(look{json: test.json})
			r := o.records()
			for _, record := range test.records {
				if err := r.add([]byte(record)); err != nil {
					t.Fatal(err)
				}
			}
			var err error
			if test.broken != nil {
				err = r.broken(test.broken)
			} else {
				err = r.end()
			}
			if stdout.String() != test.want {
				t.Errorf("got\n%s\nwant\n%s", stdout, test.want)
			}
			code := 0
			if told, ok := errors.AsType[exit](err); ok && told == exitFailed {
				code = 2 // the document tells it already
			} else if err != nil {
				code = 1
			}
			if code != test.code {
				t.Errorf("error %v", err)
			}
		})
	}
}
