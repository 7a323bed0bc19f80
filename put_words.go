package main

import (
	"errors"

	"github.com/urfave/cli/v2"
)

// putWords are the flags of a put, once they are read.
type putWords struct {
	before skip
	kept   *rejects
	speed  float64
}

// checkPut tells all that is wrong with the words of put, before anything is sent.
func (p *program) checkPut(c *cli.Context) (putWords, error) {
	files := c.Args().Slice()
	if len(files) == 0 {
		_, err := takeArguments(c, "FILE")
		return putWords{}, err
	}
	asked, wrong := putWords{kept: &rejects{}}, []error(nil)
	var err error
	if n := c.Float64("rate"); c.IsSet("rate") && !(n > 0 && n <= 1e9) {
		wrong = append(wrong, failf("--rate %v: a number of records a second above 0", n))
	}
	if c.IsSet("skip") {
		if asked.before, err = parseSkip(c.String("skip")); err != nil {
			wrong = append(wrong, err)
		}
	}
	if asked.speed, err = checkSpeed(c); err != nil {
		wrong = append(wrong, err)
	}
	stdin := 0
	for _, name := range files {
		if name == "-" {
			stdin++
			continue
		}
		in, err := p.input(c.Context, name)
		if err != nil {
			wrong = append(wrong, err)
			continue
		}
		_ = in.Close() // it is opened again when it has its turn
	}
	if stdin > 1 {
		wrong = append(wrong, failf("standard input (-) can be read once"))
	}
	if c.IsSet("rejects") {
		if asked.kept, err = openRejects(c.String("rejects"), c.IsSet("skip"), files); err != nil {
			wrong = append(wrong, err)
		}
	}
	if len(wrong) > 0 {
		return asked, errors.Join(together(wrong...), asked.kept.close())
	}
	return asked, nil
}
