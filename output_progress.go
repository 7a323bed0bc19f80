package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/briandowns/spinner"
	"golang.org/x/term"

	"enrich/engine"
)

// spin is a line on a terminal that moves while something is being waited for.
type spin struct {
	turner *spinner.Spinner
	file   *os.File
}

// spinner starts a moving line. Where there is no terminal, with -q and with a
// dumb terminal nothing moves. The function that comes back sets its text, the
// second one ends it; both may be called at any time.
func (o *output) spinner(text string) (set func(string), stop func()) {
	file, ok := o.err.(*os.File)
	if !ok || o.quiet || os.Getenv("TERM") == "dumb" || !isTerminal(file) {
		return func(string) {}, func() {}
	}
	turner := spinner.New(spinner.CharSets[14], 100*time.Millisecond,
		spinner.WithWriterFile(file),
		// A process that is killed cannot show a hidden cursor again.
		spinner.WithHiddenCursor(false))
	s := &spin{turner: turner, file: file}
	s.set(text)
	turner.Start()
	o.mu.Lock()
	o.spinning = s
	o.mu.Unlock()
	return s.set, func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		if o.spinning == s {
			o.spinning = nil
			turner.Stop()
		}
	}
}

// set changes the text. It is cut to the terminal's width: the spinner erases a
// text of several lines by going up, over lines that are not its own.
func (s *spin) set(text string) {
	width, _, err := term.GetSize(int(s.file.Fd()))
	if err != nil || width <= 0 {
		width = 80
	}
	text = shorten(shown(text), max(width-4, 1))
	s.turner.Lock()
	s.turner.Suffix = " " + text
	s.turner.Unlock()
}

// above prints text over the moving line.
func (s *spin) above(text string) {
	s.turner.Lock()
	defer s.turner.Unlock()
	_, _ = fmt.Fprint(s.file, "\r\033[K"+text) // as in output.say
}

// progress shows the events of a run: one line for each resource that changed,
// as soon as it is done, and what is going on meanwhile on a terminal.
type progress struct {
	out    *output
	set    func(string)
	stop   func()
	active []engine.Event
}

// progress begins to show a run.
func (o *output) progress(title string) *progress {
	p := &progress{out: o}
	p.set, p.stop = o.spinner(title)
	return p
}

// end stops the moving line for good.
func (p *progress) end() { p.stop() }

// pause stops the moving line while something else is printed or asked; with
// nil it moves again.
func (p *progress) pause(show func()) {
	if show == nil {
		p.set, p.stop = p.out.spinner("")
		return
	}
	p.stop()
	show()
}

// observe is an engine.Observer.
func (p *progress) observe(e engine.Event) {
	p.active = slices.DeleteFunc(p.active, func(a engine.Event) bool { return a.Key == e.Key })
	switch e.Phase {
	case engine.Created, engine.Updated, engine.Replaced, engine.Deleted:
		p.finished(e, p.out.e.good("✓"))
	case engine.Failed:
		mark := p.out.e.bad("✗")
		if errors.Is(e.Err, context.Canceled) { // nothing is wrong with it
			e.Phase, mark = "interrupted", p.out.e.warn("-")
		}
		p.finished(e, mark)
	case engine.NotStarted:
		p.finished(e, p.out.e.warn("-"))
	case engine.Reading, engine.Unchanged:
	case engine.Creating, engine.Updating, engine.Replacing, engine.Deleting, engine.Waiting:
		p.active = append(p.active, e)
		if p.out.verbose {
			p.out.trace("%s %s: %s", e.Kind, e.Name, doing(e))
		}
	}
	if text := p.moving(); text != "" {
		p.set(text)
	}
}

// moving is the text of the moving line: the oldest work first, so that it does
// not jump.
func (p *progress) moving() string {
	var parts []string
	for _, e := range p.active {
		parts = append(parts, e.Kind+" ("+doing(e)+")")
	}
	return strings.Join(parts, ", ")
}

func doing(e engine.Event) string {
	if e.Detail != "" {
		return e.Detail
	}
	return string(e.Phase)
}

// finished prints the line of a resource that is done with.
func (p *progress) finished(e engine.Event, mark string) {
	if p.out.quiet {
		return
	}
	took := ""
	if e.Elapsed > 0 {
		took = "  " + p.out.e.faint(seconds(e.Elapsed))
	}
	text := fmt.Sprintf("%-11s  %-20s  %s%s", e.Phase, e.Kind, e.Name, took)
	if e.Phase == engine.NotStarted && e.Detail != "" {
		text += "  " + p.out.e.faint(e.Detail)
	}
	if isTerminal(p.out.err) {
		text = mark + " " + text
	}
	p.out.say(text)
}

// seconds is a duration for people.
func seconds(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%dms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1fs", d.Seconds())
	default:
		return d.Round(time.Second).String()
	}
}
