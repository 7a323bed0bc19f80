package main

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"enrich/delivery"
)

func (p *program) resultsCommand() *cli.Command {
	return &cli.Command{
		Name:  "results",
		Usage: "prints the enriched records, the dead letters, or the failed batches",
		Description: about(`
Reads back what was stored, oldest hour first, one record a line, byte for byte
as it lies in S3. Objects are sorted by the hour in which their records arrived,
so --since counts in whole hours.`,
			"enrich results", "enrich --local results --limit 3", "enrich results --since 6h | jq .user_name", "enrich results --where user_id=ada --where page.title=Home", "enrich results --dead-letter", "enrich results -f"),
		Flags: []cli.Flag{
			&cli.DurationFlag{Name: "since", Usage: "`TIME`: how far to look back (default: 1h)", Value: time.Hour},
			&cli.BoolFlag{Name: "follow", Aliases: []string{"f"}, Usage: "go on with what comes"},
			&cli.IntFlag{Name: "limit", Usage: "`N`: print no more records than this (default: all)"},
			&cli.StringSliceFlag{Name: "where", Usage: "`FIELD=VALUE`: only records that have it (repeatable; a path of fields is joined by dots)"},
			&cli.BoolFlag{Name: "dead-letter", Usage: "print what could not be enriched, with the reasons"},
			&cli.BoolFlag{Name: "failed-batches", Usage: "print the batches that were given up whole, with the reasons"},
		},
		Action: p.results,
	}
}

func (p *program) results(c *cli.Context) error {
	if _, err := takeArguments(c); err != nil {
		return err
	}
	since, limit := c.Duration("since"), c.Int("limit")
	if since <= 0 {
		return failf("--since %s: the time to look back is more than 0", since)
	}
	if limit < 0 || c.IsSet("limit") && limit == 0 {
		return failf("--limit %d: a limit is 1 or more", limit)
	}
	if c.Bool("failed-batches") && (c.Bool("dead-letter") || c.Bool("follow")) {
		return failf("--failed-batches goes with neither --dead-letter nor --follow")
	}
	where, err := parseConditions(c.StringSlice("where"))
	if err != nil {
		return err
	}
	s, err := p.open(c.Context)
	if err != nil {
		return err
	}
	prefix := s.cfg.Output.Prefix
	if c.Bool("dead-letter") {
		prefix = delivery.DeadLetters
	}
	if c.Bool("failed-batches") {
		return p.failedBatches(c, s, where)
	}
	if c.Bool("follow") {
		return p.followResults(c, s, prefix, where)
	}
	records := p.out.records()
	for record, err := range delivery.Records(c.Context, s.storage(), s.place(), prefix, time.Now().Add(-since)) {
		if err != nil {
			return records.broken(p.notDeployed(err, "NoSuchBucket"))
		}
		if !meets(record, where) {
			continue
		}
		if err := records.add(record); err != nil {
			return err
		}
		if limit > 0 && records.count == limit {
			break
		}
	}
	return records.end()
}

// failedBatches prints what the event source mapping gave up.
func (p *program) failedBatches(c *cli.Context, s *session, where []condition) error {
	list, limit := p.out.list("failed_batches"), c.Int("limit")
	for batch, err := range delivery.FailedBatches(c.Context, s.storage(), s.place(), time.Now().Add(-c.Duration("since"))) {
		if err != nil {
			return list.broken(p.notDeployed(err, "NoSuchBucket"))
		}
		line, err := json.Marshal(batch)
		if err != nil {
			return list.broken(err)
		}
		if !meets(line, where) {
			continue
		}
		if err := list.add(line); err != nil {
			return err
		}
		if limit > 0 && list.count == limit {
			break
		}
	}
	return list.end()
}

// resultPoll is between two looks for new objects.
const resultPoll = time.Second

// followResults prints records as they are stored, a line each.
func (p *program) followResults(c *cli.Context, s *session, prefix string, where []condition) error {
	limit, printed := c.Int("limit"), 0
	since := time.Now().Add(-c.Duration("since"))
	for record, err := range delivery.Follow(c.Context, s.storage(), s.place(), prefix, since, resultPoll) {
		if c.Err() != nil {
			return exit(exitDone) // Ctrl-C is how following ends
		}
		if err != nil {
			return p.notDeployed(err, "NoSuchBucket")
		}
		if !meets(record, where) {
			continue
		}
		if err := p.out.live(slices.Clone(record)); err != nil {
			return err
		}
		if printed++; limit > 0 && printed == limit {
			return nil
		}
	}
	return nil
}

// place is where the pipeline's records are stored.
func (s *session) place() delivery.Place {
	return delivery.Place{Bucket: s.pipeline.Names().Bucket, Prefix: s.cfg.Output.Prefix, Owner: s.id.Account}
}
