package main

import (
	"context"
	"fmt"
	"time"

	smithytime "github.com/aws/smithy-go/time"
	"github.com/urfave/cli/v2"

	"enrich/state"
)

// watchStatus shows the status again and again. What cannot be read this time may be
// the next, so only the first look's failure ends it.
func (p *program) watchStatus(c *cli.Context) error {
	if _, err := takeArguments(c); err != nil {
		return err
	}
	interval := c.Duration("interval")
	if interval < time.Second {
		return failf("--interval %s: the time between two looks is a second or more", interval)
	}
	s, err := p.open(c.Context)
	if err != nil {
		return err
	}
	_, stop := p.out.spinner("reading what exists")
	defer stop()
	for first := true; ; first = false {
		d, err := p.look(c.Context, s)
		stop()
		switch {
		case c.Err() != nil:
			return exit(exitDone) // Ctrl-C is how watching ends
		case err != nil && first:
			return err
		case err != nil:
			p.out.warning("%s", err)
		default:
			err := p.out.screen(d, func(page *page) {
				p.printStatus(page, s, d)
				page.line("%s", page.c.faint(fmt.Sprintf("%s, every %s until Ctrl-C", time.Now().Format(time.TimeOnly), short(interval))))
			})
			if err != nil {
				return err
			}
		}
		if smithytime.SleepWithContext(c.Context, interval) != nil {
			return exit(exitDone)
		}
	}
}

func (p *program) look(ctx context.Context, s *session) (statusDocument, error) {
	ctx, cancel := context.WithTimeout(ctx, p.timeout(defaultTimeout))
	defer cancel()
	recorded, err := state.Load(s.statePath, s.binding)
	if err != nil {
		return statusDocument{}, err
	}
	return p.inspect(ctx, s, recorded)
}
