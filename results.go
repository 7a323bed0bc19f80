package main

import (
	"context"
	"encoding/json"
	"iter"
	"time"

	"github.com/urfave/cli/v2"

	"enrich/delivery"
)

func (p *program) resultsCommand() *cli.Command {
	return &cli.Command{
		Name:  "results",
		Usage: "prints the enriched records, the dead letters, or the failed batches",
		Description: about(`
Reads back what was stored, oldest hour first: in a pipe one record a line, byte
for byte as it lies in S3, on a terminal a table of what fits. Objects are sorted
by the hour in which their records arrived, so --since counts in whole hours.`,
			"enrich results", "enrich --local results --limit 3", "enrich results --since 6h | jq .user_name", "enrich results --where user_id=ada --where page.title=Home", "enrich results --dead-letter", "enrich results --format ndjson --limit 1", "enrich results -f"),
		Flags: []cli.Flag{
			&cli.DurationFlag{Name: "since", Usage: "`TIME`: how far to look back (default: 1h)", Value: time.Hour},
			&cli.BoolFlag{Name: "follow", Aliases: []string{"f"}, Usage: "go on with what comes"},
			&cli.IntFlag{Name: "limit", Usage: "`N`: print no more records than this (default: all)"},
			&cli.StringSliceFlag{Name: "where", Usage: "`FIELD=VALUE`: only records that have it (repeatable; a path of fields is joined by dots)"},
			&cli.BoolFlag{Name: "dead-letter", Usage: "print what could not be enriched, with the reasons"},
			&cli.BoolFlag{Name: "failed-batches", Usage: "print the batches that were given up whole, with the reasons"},
			&cli.StringFlag{Name: "format", Usage: "`FORMAT`: table or ndjson (default: a table on a terminal, else ndjson)"},
		},
		Action: p.results,
	}
}

func (p *program) results(c *cli.Context) error {
	_, err := takeArguments(c)
	problems := []error{err}
	since, limit := c.Duration("since"), c.Int("limit")
	if since <= 0 {
		problems = append(problems, failf("--since %s: the time to look back is more than 0", since))
	}
	if limit < 0 || c.IsSet("limit") && limit == 0 {
		problems = append(problems, failf("--limit %d: a limit is 1 or more", limit))
	}
	if c.Bool("failed-batches") && (c.Bool("dead-letter") || c.Bool("follow")) {
		problems = append(problems, failf("--failed-batches goes with neither --dead-letter nor --follow"))
	}
	where, unclear := parseConditions(c.StringSlice("where"))
	asTable, unfit := p.tableWanted(c)
	if err := together(append(problems, unclear, unfit)...); err != nil {
		return err
	}
	s, err := p.open(c.Context)
	if err != nil {
		return err
	}
	return p.printRecords(c, s.stored(c), p.recordPrinter(c, s, asTable), where)
}

// tableWanted tells whether to print a table: on a terminal, if nothing else is asked
// for.
func (p *program) tableWanted(c *cli.Context) (bool, error) {
	format := c.String("format")
	switch {
	case format == "":
		return !p.out.json && isTerminal(p.out.out), nil
	case p.out.json:
		return false, failf("--format is for text, not for -o json")
	case format != "table" && format != "ndjson":
		return false, failf("--format %s: there are table and ndjson", format)
	}
	return format == "table", nil
}

// stored gives what the command prints, each as JSON.
func (s *session) stored(c *cli.Context) iter.Seq2[[]byte, error] {
	since, prefix := time.Now().Add(-c.Duration("since")), s.cfg.Output.Prefix
	if c.Bool("dead-letter") {
		prefix = delivery.DeadLetters
	}
	switch {
	case c.Bool("failed-batches"):
		return func(yield func([]byte, error) bool) {
			for batch, err := range delivery.FailedBatches(c.Context, s.storage(), s.place(), since) {
				var line []byte
				if err == nil {
					line, err = json.Marshal(batch)
				}
				if !yield(line, err) {
					return
				}
			}
		}
	case c.Bool("follow"):
		return delivery.Follow(c.Context, s.storage(), s.place(), prefix, since, resultPoll)
	}
	return delivery.Records(c.Context, s.storage(), s.place(), prefix, since)
}

// resultPoll is between two looks for new objects.
const resultPoll = time.Second

// tableSample is how many records decide on the widths of a table.
const tableSample = 100

// recordPrinter is the form in which the command prints.
func (p *program) recordPrinter(c *cli.Context, s *session, asTable bool) recordPrinter {
	follow := c.Bool("follow")
	if !asTable {
		switch {
		case c.Bool("failed-batches"):
			return p.out.list("failed_batches")
		case follow:
			return liveStream{p.out}
		}
		return p.out.records()
	}
	room, _ := p.out.size()
	t := &recordTable{out: p.out, room: room, sample: tableSample, columns: recordColumns(s.cfg, p.out.c)}
	switch {
	case c.Bool("failed-batches"):
		t.columns = batchColumns(p.out.c)
	case c.Bool("dead-letter"):
		t.columns = letterColumns(p.out.c)
	}
	if follow {
		t.sample = 1 // what comes is shown at once
	}
	return t
}

// printRecords prints those that meet the conditions, up to the limit.
func (p *program) printRecords(c *cli.Context, records iter.Seq2[[]byte, error], to recordPrinter, where []condition) error {
	limit, printed := c.Int("limit"), 0
	for record, err := range records {
		if c.Bool("follow") && c.Err() != nil {
			return exit(exitDone) // Ctrl-C is how following ends
		}
		if c.Err() != nil {
			return to.broken(context.Cause(c.Context)) // rather than the call that it ended
		}
		if err != nil {
			return to.broken(p.notDeployed(err, "NoSuchBucket"))
		}
		if !meets(record, where) {
			continue
		}
		if err := to.add(record); err != nil {
			return err
		}
		if printed++; printed == limit {
			break
		}
	}
	if _, table := to.(*recordTable); table && printed == 0 {
		p.out.note("nothing was found in the last %s", short(c.Duration("since")))
	}
	return to.end()
}

// place is where the pipeline's records are stored.
func (s *session) place() delivery.Place {
	return delivery.Place{Bucket: s.pipeline.Names().Bucket, Prefix: s.cfg.Output.Prefix, Owner: s.id.Account}
}
