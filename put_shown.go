package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"enrich/feed"
)

// tellRejected names every line that was left out, whether or not the others
// got through. A document has them already.
func (p *program) tellRejected(lines []rejectionDocument, missed string) {
	if p.out.json {
		return
	}
	for _, r := range lines {
		where := fmt.Sprintf("line %d", r.Line)
		if r.File != "" {
			where = r.File + ": " + where
		}
		p.out.warning("%s was not %s: %s", where, missed, r.Reason)
	}
}

// tellKept says where the lines are that were left out.
func (p *program) tellKept(n int, name string) {
	if !p.out.json {
		p.out.warning("%s not sent: see %s, and for the reasons %s", count(n, "line was", "lines were"), name, reasonsOf(name))
	}
}

// putFailure says how far the sending got, and how to go on if it, or what it went on
// with, got anywhere.
func (p *program) putFailure(err error, d putDocument, c *cli.Context) error {
	if d.Sent == 0 {
		err = p.notDeployed(err, "ResourceNotFoundException")
	}
	f := &fault{message: err.Error(), cause: err, details: d}
	if errors.Is(err, feed.ErrNoTime) {
		return f.hint("--time-field names the field that has it; without --speed events are put as fast as the stream takes them")
	}
	if d.Sent == 0 && d.Rejects == "" && !c.IsSet("skip") {
		return f
	}
	words := []string{"put"}
	for _, file := range c.Args().Slice() {
		words = append(words, shellWord(file))
	}
	return f.hint("%s sent; this sends the rest, with the other flags as they were: %s",
		count(d.Sent, "event was", "events were"), p.again(strings.Join(append(words, "--skip", d.Skip), " ")))
}

func (p *program) reportPut(d putDocument, stream string, took time.Duration) error {
	err := p.out.summary(d, func(page *page) {
		page.line("%s %s to %s in %s%s", page.c.good("sent"), count(d.Sent, "event"), stream, seconds(took), rate(d.Sent, took))
		if len(d.Rejected) > 0 {
			page.line("%s %s", page.c.bad("rejected"), count(len(d.Rejected), "line"))
		}
		if d.Throttled > 0 {
			page.line("%s throttled, and sent again", count(d.Throttled, "entry was", "entries were"))
		}
		if d.Untimed > 0 {
			page.line("%s without a time, sent right behind the ones before", count(d.Untimed, "event"))
		}
	})
	if err == nil && len(d.Rejected) > 0 {
		return exit(exitFailed)
	}
	return err
}
