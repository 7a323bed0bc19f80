package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/urfave/cli/v2"

	"enrich/config"
	"enrich/engine"
	"enrich/enrichment"
	"enrich/redrive"
)

func (p *program) redriveCommand() *cli.Command {
	return &cli.Command{
		Name:  "redrive",
		Usage: "puts dead letters and failed batches back into the stream",
		Description: about(`
For when the cause is fixed. Records are put with their bytes and partition keys as
they were, marked with who they were, those of one key in their order. An object
whose records are all stored is moved to redriven/, and not before. A rerun after an
interruption first searches the stream for what was sent: nothing is lost, and
nothing is sent twice. What failed because an item was missing waits until the
function no longer takes its key for missing: 5s, or what the cache says, up to 1m.`,
			"enrich redrive --dry-run", "enrich redrive", "enrich redrive --dead-letter --since 6h", "enrich redrive --failed-batches -o json"),
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "dead-letter", Usage: "only what could not be enriched"},
			&cli.BoolFlag{Name: "failed-batches", Usage: "only the batches that were given up whole"},
			&cli.DurationFlag{Name: "since", Usage: "`TIME`: how far to look back; dead letters count by the hour in which they arrived (default: all)"},
			&cli.BoolFlag{Name: "dry-run", Usage: "print what would be sent, and change nothing"},
		},
		Action: p.redrive,
	}
}

func (p *program) redrive(c *cli.Context) error {
	_, err := takeArguments(c)
	since := c.Duration("since")
	if c.IsSet("since") && since <= 0 {
		err = together(err, failf("--since %s: the time to look back is more than 0", since))
	}
	if err != nil {
		return err
	}
	s, err := p.open(c.Context)
	if err != nil {
		return err
	}
	letters, batches := c.Bool("dead-letter"), c.Bool("failed-batches")
	o := redrive.Options{
		Stream: s.pipeline.Names().Stream, Place: s.place(),
		DeadLetters: letters || !batches, FailedBatches: batches || !letters, Remembered: map[string]time.Duration{},
	}
	remembered := rememberedMisses(s.cfg.Lookups)
	for reason, d := range remembered {
		if d <= longestForgetting {
			o.Remembered[reason] = d
		}
	}
	if since > 0 {
		o.Since = time.Now().Add(-since)
	}
	d := redriveDocument{DryRun: c.Bool("dry-run")}
	if err := p.checkReader(c, s, d.DryRun); err != nil {
		return err
	}
	set, stop := p.out.spinner("looking for what failed")
	defer stop()
	o.Observe = p.redriving(set)
	began := time.Now()
	do := redrive.Run
	if d.DryRun {
		do = redrive.Look
	}
	report, err := do(c.Context, s.storage(), kinesis.NewFromConfig(s.sdk), o)
	stop()
	d.fill(report, time.Since(began))
	p.tellSkipped(d.Skipped)
	for _, r := range d.Reasons {
		if known := remembered[r.Reason]; known > longestForgetting {
			p.out.warning("%s: the function remembers that for %s; records whose items were loaded since then may become dead letters again", shown(r.Reason), short(known))
		}
	}
	if err != nil {
		return p.redriveFailure(err, d)
	}
	return p.reportRedrive(d, s)
}

// longestForgetting is the longest that a redrive waits for the function to forget: who
// has it remember for longer is told.
const longestForgetting = time.Minute

// rememberedMisses is how long the function takes a key for missing that had no item, by
// the reason of such dead letters.
func rememberedMisses(lookups []config.Lookup) map[string]time.Duration {
	remembered := make(map[string]time.Duration)
	for _, l := range lookups {
		if l.Cache.TTLSeconds > 0 { // else it remembers nothing
			remembered[enrichment.NoItem(l.Name)] = time.Duration(l.Cache.MissingTTLSeconds) * time.Second
		}
	}
	return remembered
}

// checkReader tells whether somebody will take what is put.
func (p *program) checkReader(c *cli.Context, s *session, dry bool) error {
	mapping, err := s.mapping(c.Context)
	switch {
	case errors.Is(err, engine.ErrNotFound):
		return failf("there is no event source mapping, which takes from the stream what is put; nothing was changed").
			hint("is the pipeline deployed? %s", p.again("deploy"))
	case err != nil:
		return err
	case strings.HasPrefix(mapping.Detail, "PROBLEM"):
		p.out.warning("%s: what is put may fail again", mappingText(mapping))
	case mapping.Status == "Disabled" || mapping.Status == "Disabling":
		if dry {
			p.out.warning("%s: nothing would be taken from the stream", mappingText(mapping))
			return nil
		}
		return failf("%s: nothing is taken from the stream, which forgets what it holds; nothing was changed", mappingText(mapping)).
			with("MappingDisabled", nil).hint("make it as configured: %s", p.again("deploy"))
	}
	return nil
}

// redriving shows how far it is. Who has no terminal is told why it takes long.
func (p *program) redriving(set func(string)) func(redrive.Progress) {
	noted := map[string]bool{}
	return func(now redrive.Progress) {
		if now.Doing != "" {
			set(now.Doing)
			if kind, _, _ := strings.Cut(now.Doing, " "); !noted[kind] && !isTerminal(p.out.err) {
				noted[kind] = true
				p.out.note("%s", now.Doing)
			}
			return
		}
		text := fmt.Sprintf("redriving: %d of %s, %s sent", now.Objects, count(now.Of, "object"), count(now.Sent, "record"))
		if now.Throttled > 0 {
			text += fmt.Sprintf(", %d throttled", now.Throttled)
		}
		set(text)
	}
}

// tellSkipped names every object that stays. A document has them already.
func (p *program) tellSkipped(list []redrive.Skipped) {
	if p.out.json {
		return
	}
	for _, one := range list {
		p.out.warning("%s stays where it is: %s", shown(one.Key), shown(one.Reason))
	}
}

// redriveFailure says how far it went, and how to go on.
func (p *program) redriveFailure(err error, d redriveDocument) error {
	if busy, ok := errors.AsType[*redrive.BusyError](err); ok {
		return failf("%w; nothing was changed", busy).with("Busy", d).
			hint("run it again when that one has ended; if it is no more, its lock is given up after some minutes")
	}
	if d.Sent == 0 {
		err = p.notDeployed(err, "ResourceNotFoundException", "NoSuchBucket")
	}
	f := &fault{message: err.Error(), cause: err, details: d}
	if d.DryRun {
		return f
	}
	return f.hint("%s sent; a rerun searches the stream for them first and sends the rest: %s", count(d.Sent, "record was", "records were"), p.again("redrive"))
}

func (p *program) reportRedrive(d redriveDocument, s *session) error {
	err := p.out.summary(d, func(page *page) {
		records := count(d.Sent, "record")
		switch {
		case d.Objects == 0:
			page.line("nothing to redrive")
			return
		case d.DryRun:
			page.line("%s %s of %s to %s; nothing was changed", page.c.good("would send"), records, count(d.Objects, "object"), s.pipeline.Names().Stream)
		default:
			page.line("%s %s to %s in %s", page.c.good("sent"), records, s.pipeline.Names().Stream, seconds(time.Duration(d.ElapsedMS)*time.Millisecond))
			page.line("%s %s to s3://%s/%s", page.c.good("moved"), count(d.Moved, "object"), s.pipeline.Names().Bucket, redrive.Folder)
		}
		if d.AlreadySent > 0 {
			page.line("an earlier run had sent %s", count(d.AlreadySent, "record"))
		}
		if d.AlreadyStored > 0 {
			page.line("left out %s of failed batches that are stored all the same", count(d.AlreadyStored, "record"))
		}
		page.line("they had failed for:")
		var rows [][]cell
		for _, r := range d.Reasons {
			rows = append(rows, []cell{{text: fmt.Sprint(r.Records)}, {text: shown(r.Reason)}})
		}
		page.table(rows)
	})
	if err == nil && len(d.Skipped) > 0 {
		return exit(exitFailed)
	}
	return err
}
