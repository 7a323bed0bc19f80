package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/fatih/color"
	"github.com/mattn/go-isatty"
)

// The rules of what is printed:
//
//   - Results for people go to stdout, everything else (progress, notes,
//     questions, errors) to stderr.
//   - With -o json stdout carries exactly one document, on failure
//     {"error": {…}}.
//   - Messages begin with a lower-case letter and have no final period. What to
//     do about them stands in lines of its own that begin with "hint:".
//   - What others wrote is only shown by a terminal: it cannot move its cursor.
//   - Colour and motion are for terminals, and only tell what the words tell
//     too.
//   - -q leaves results that were asked for, and errors.

// streams are the files of the process.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// look says how output is to be printed.
type look struct {
	json, quiet, verbose, plain bool
}

// output prints. It is safe for concurrent use.
type output struct {
	look
	streams
	mu       sync.Mutex
	spinning *spin // the line that moves; nil when there is none

	c palette // of stdout
	e palette // of stderr
}

// palette gives words their colours by meaning.
type palette struct {
	good, warn, bad, faint, strong, added func(...any) string
}

func newPalette(on bool) palette {
	paint := func(attributes ...color.Attribute) func(...any) string {
		c := color.New(attributes...)
		if on {
			c.EnableColor()
		} else {
			c.DisableColor()
		}
		return c.Sprint
	}
	return palette{
		good: paint(color.FgGreen), warn: paint(color.FgYellow), bad: paint(color.FgRed),
		faint: paint(color.Faint), strong: paint(color.Bold), added: paint(color.FgGreen, color.Bold),
	}
}

func newOutput(s streams, l look, getenv func(string) string) *output {
	colours := func(w io.Writer) bool {
		return !l.plain && getenv("NO_COLOR") == "" && getenv("TERM") != "dumb" && isTerminal(w)
	}
	return &output{look: l, streams: s, c: newPalette(colours(s.out)), e: newPalette(colours(s.err))}
}

// isTerminal tells whether a stream is a terminal.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && (isatty.IsTerminal(f.Fd()) || isatty.IsCygwinTerminal(f.Fd()))
}

// result prints what a command was asked for: the document for programs, or the
// text for people.
func (o *output) result(document any, text func(*page)) error {
	if o.json {
		return o.document(document)
	}
	columns, _ := o.size()
	p := &page{c: o.c, columns: columns}
	text(p)
	return o.write(p.Bytes())
}

// screen prints a result in the place of the one before; where stdout is no terminal,
// below it. With -o json each is a document on a line of its own.
func (o *output) screen(document any, text func(*page)) error {
	if o.json {
		line, err := json.Marshal(document)
		if err != nil {
			return fmt.Errorf("encoding the result: %w", err)
		}
		return o.live([]byte(shownOn(o.out, string(line))))
	}
	columns, rows := o.size()
	p := &page{c: o.c, columns: columns}
	text(p)
	if isTerminal(o.out) {
		return o.write(repainted(p.Bytes(), rows))
	}
	return o.live(p.Bytes())
}

// summary is a result that nobody asked for: -q leaves it out. It tells of
// changes, so one that nobody reads is no success.
func (o *output) summary(document any, text func(*page)) error {
	if o.quiet && !o.json {
		return nil
	}
	err := o.result(document, text)
	if errors.Is(err, errNobodyReads) {
		return failf("the work is done, but its result could not be written: %s", err).with("NotWritten", nil)
	}
	return err
}

// errNobodyReads is why the rest of a result is not printed.
var errNobodyReads = errors.New("nobody reads it any more")

// unwritten says why a result did not reach stdout.
func unwritten(err error) error {
	if errors.Is(err, syscall.EPIPE) {
		err = errNobodyReads
	}
	return fmt.Errorf("writing the result: %w", err)
}

func (o *output) document(document any) error {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(document); err != nil {
		return fmt.Errorf("encoding the result: %w", err)
	}
	return o.write([]byte(shownOn(o.out, b.String())))
}

// note prints a line on stderr that tells what is going on.
func (o *output) note(format string, args ...any) {
	if !o.quiet {
		o.say(shownOn(o.err, fmt.Sprintf(format, args...)))
	}
}

// warning prints what went wrong without stopping the command. -q leaves it.
func (o *output) warning(format string, args ...any) {
	o.say(o.e.warn("warning: ") + shownOn(o.err, fmt.Sprintf(format, args...)))
}

// trace prints a line for -v.
func (o *output) trace(format string, args ...any) {
	if o.verbose {
		o.say(o.e.faint(shownOn(o.err, fmt.Sprintf(format, args...))))
	}
}

// say prints lines on stderr, above the line that moves.
func (o *output) say(text string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	text = strings.TrimRight(text, "\n") + "\n"
	if o.spinning != nil {
		o.spinning.above(text)
		return
	}
	_, _ = io.WriteString(o.err, text) // stderr gone: there is nowhere left to tell it
}

// logLine passes on a line of the emulator's log.
func (o *output) logLine(line string) error {
	line = strings.TrimSuffix(line, "\n")
	if o.json {
		encoded, err := json.Marshal(localLogDocument{Line: line})
		if err != nil {
			return fmt.Errorf("encoding the log: %w", err)
		}
		line = string(encoded)
	}
	return o.live([]byte(shownOn(o.out, line)))
}

// ask prints a question without an end of line.
func (o *output) ask(question string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, _ = io.WriteString(o.err, question) // as in say
}

// failure prints why a command failed.
func (o *output) failure(err error) {
	f := explain(err)
	if o.json {
		if writing := o.document(map[string]failure{"error": f}); writing == nil {
			return
		}
	}
	var b strings.Builder
	b.WriteString(o.e.bad("error: ") + shownOn(o.err, f.Message) + "\n")
	for hint := range strings.Lines(shownOn(o.err, f.Hint)) {
		b.WriteString(o.e.warn("hint: ") + strings.TrimRight(hint, "\n") + "\n")
	}
	o.say(b.String())
}

// page collects a result for people.
type page struct {
	bytes.Buffer
	c       palette
	columns int // of the terminal
}

// line adds a line.
func (p *page) line(format string, args ...any) {
	_, _ = fmt.Fprintf(p, format+"\n", args...) // a buffer takes everything
}

// shown is what others wrote, as it may stand in a line.
func (p *page) shown(text string) string {
	if p.columns == math.MaxInt { // no terminal
		return text
	}
	return shown(text)
}

// fitted adds rows as table does, whose last cells are cut where the line ends: what
// they tell is worth no second line.
func (p *page) fitted(rows [][]cell) {
	rows = p.shownCells(rows)
	widths := columnWidths(rows)
	cut := make([][]cell, 0, len(rows))
	for _, row := range rows {
		at := breadth("  ")
		for _, wide := range widths[:len(row)-1] {
			at += wide + breadth("  ")
		}
		row[len(row)-1].text = shorten(row[len(row)-1].text, max(p.columns-at, 1))
		cut = append(cut, row)
	}
	p.table(cut)
}

func (p *page) shownCells(rows [][]cell) [][]cell {
	all := make([][]cell, len(rows))
	for i, row := range rows {
		all[i] = slices.Clone(row)
		for j := range row {
			all[i][j].text = p.shown(row[j].text)
		}
	}
	return all
}

func columnWidths(rows [][]cell) []int {
	var widths []int
	for _, row := range rows {
		for i, c := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], c.width())
		}
	}
	return widths
}

// table adds indented rows, in columns as wide as they need to be. A cell's colour must
// not count for its width, so it is given apart.
func (p *page) table(rows [][]cell) {
	rows = p.shownCells(rows)
	widths := columnWidths(rows)
	for _, row := range rows {
		var b strings.Builder
		b.WriteString("  ")
		for i, c := range row {
			b.WriteString(c.painted())
			if i < len(row)-1 {
				b.WriteString(strings.Repeat(" ", widths[i]-c.width()+2))
			}
		}
		p.line("%s", strings.TrimRight(b.String(), " "))
	}
}

// cell is one place of a table.
type cell struct {
	text  string
	paint func(...any) string // nil: as it is
}

func (c cell) width() int { return breadth(c.text) }

func (c cell) painted() string {
	if c.paint == nil || c.text == "" {
		return c.text
	}
	return c.paint(c.text)
}
