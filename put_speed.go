package main

import (
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"enrich/feed"
)

// defaultTimeField is where events have their own time.
const defaultTimeField = "timestamp"

// checkSpeed tells how much faster than they happened events are put again; 0: as fast
// as the stream takes them.
func checkSpeed(c *cli.Context) (float64, error) {
	if !c.IsSet("speed") {
		if c.IsSet("time-field") {
			return 0, failf("--time-field %s: it goes with --speed", c.String("time-field"))
		}
		return 0, nil
	}
	if c.IsSet("rate") {
		return 0, failf("--speed goes without --rate: the events' own times make the rate")
	}
	text := c.String("speed")
	speed, err := strconv.ParseFloat(strings.TrimSuffix(text, "x"), 64)
	if err != nil || !(speed > 0 && speed <= 1e9) {
		return 0, failf("--speed %s: a number above 0, as 1, 10x or 0.5x", text)
	}
	return speed, nil
}

// replayed adds to the options what --speed asks for, and counts the events without a
// time. The first is told at once.
func (p *program) replayed(o *feed.Options, c *cli.Context, speed float64, in *joined, untimed *int) {
	if speed == 0 {
		return
	}
	o.Speed, o.TimeField = speed, defaultTimeField
	if c.IsSet("time-field") {
		o.TimeField = c.String("time-field")
	}
	o.Untimed = func(line int) {
		if *untimed++; *untimed == 1 {
			file, number := in.place(line)
			p.out.warning("%s: line %d has no time in its field %s; such events are sent right behind the ones before them", file, number, o.TimeField)
		}
	}
}
