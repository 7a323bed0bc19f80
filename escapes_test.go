//go:build !windows

package main

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"

	"enrich/logs"
)

// evil moves the cursor, by a control sequence of one character, too, and turns text round.
const evil = "\x1b[2Jx\u009b31m\u202e"

// Whatever others wrote, a terminal does nothing but show it; a file gets it as it is.
func TestTerminalShowsOnly(t *testing.T) {
	line := logs.Line{Level: "WARN\x1b[1m", Text: evil + "\n\tat main", Fields: []logs.Field{{Name: "na\x1bme", Value: evil}, {Name: "plain", Value: "value"}}}
	for name, print := range map[string]func(o *output) error{
		"logs": func(o *output) error { return o.live([]byte(o.logText(time.Now(), line))) },
		"list": func(o *output) error {
			list := o.list("items")
			return errors.Join(list.add([]byte(`{"a":"`+evil+`"}`)), list.end())
		},
		"what comes": func(o *output) error { return liveStream{o}.add([]byte(evil)) },
		"the emulator's log": func(o *output) error {
			text := o.logLine(evil)
			o.json = true
			return errors.Join(text, o.logLine(evil))
		},
		"a document": func(o *output) error {
			o.json = true
			return o.result(map[string]string{"a": evil}, nil)
		},
		"a table": func(o *output) error {
			return o.result(nil, func(p *page) { p.table([][]cell{{{text: evil, paint: p.c.bad}, {text: "x"}}}) })
		},
		"a record": func(o *output) error {
			return o.result(nil, func(p *page) { highlight(p, []byte(`{"a":"x","b":"\u0000`+evil[4:]+`"}`), []byte(`{"a":1}`)) })
		},
		"no record":  func(o *output) error { return o.result(nil, func(p *page) { highlight(p, []byte(evil), nil) }) },
		"a warning":  func(o *output) error { o.warning("%s", evil); return nil },
		"a note":     func(o *output) error { o.note("%s", evil); return nil },
		"a trace":    func(o *output) error { o.trace("%s", evil); return nil },
		"a failure":  func(o *output) error { o.failure(errors.New(evil)); return nil },
		"its hint":   func(o *output) error { o.failure(failf("x").hint("%s", evil)); return nil },
		"what waits": func(o *output) error { set, stop := o.spinner(evil); set(evil); stop(); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			side, tty, err := pty.Open()
			if err != nil {
				t.Fatal(err)
			}
			o := newOutput(streams{out: tty, err: tty}, look{verbose: true}, func(string) string { return "1" }) // NO_COLOR
			if err := errors.Join(print(o), tty.Close()); err != nil {
				t.Fatal(err)
			}
			screen := make([]byte, 4<<10)
			n, err := side.Read(screen)
			if err = errors.Join(err, side.Close()); err != nil {
				t.Fatal(err)
			}
			got := string(screen[:n])
			if strings.ContainsAny(got, "\u009b\u202e") || strings.Contains(strings.ReplaceAll(got, "\x1b[K", ""), "\x1b") {
				t.Errorf("the terminal gets %q", got)
			}
		})
	}
}

// The colours of log lines are the program's own.
func TestTerminalLogColours(t *testing.T) {
	side, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	p := &program{out: newOutput(streams{out: tty, err: tty}, look{}, func(string) string { return "" })}
	list := p.out.list("lines")
	list.fit = true
	line, err := p.logEvent(logs.Event{Message: "[ERROR] " + evil}, true)
	if err = errors.Join(err, list.add(line), list.end(), tty.Close()); err != nil {
		t.Fatal(err)
	}
	screen := make([]byte, 4<<10)
	n, err := side.Read(screen)
	if got := string(screen[:n]); err != nil || !strings.Contains(got, "\x1b[31mERROR\x1b[") || !strings.Contains(got, `\u001b[2Jx\u009b31m\u202e`) {
		t.Errorf("got %q, %v", got, err)
	}
	if err := side.Close(); err != nil {
		t.Error(err)
	}
}

// Only a terminal is protected: what goes into a file is what was written.
func TestFileGetsWhatWasWritten(t *testing.T) {
	name := t.TempDir() + "/out"
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	o := newOutput(streams{out: file, err: file}, look{}, func(string) string { return "" })
	if err := errors.Join(liveStream{o}.add([]byte(evil)), o.live([]byte(o.logText(time.Now(), logs.Line{Text: evil}))), file.Close()); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(name); err != nil || strings.Count(string(got), evil) != 2 {
		t.Errorf("got %q, %v", got, err)
	}
}
