package main

import (
	"context"
	"slices"
	"time"

	"github.com/urfave/cli/v2"
	"golang.org/x/sync/errgroup"

	"enrich/engine"
	"enrich/pipeline"
	"enrich/state"
)

func (p *program) statusCommand() *cli.Command {
	return &cli.Command{
		Name:  "status",
		Usage: "shows every resource, its state and how the pipeline does",
		Description: about(`
Reads what exists, compares it with the configuration, and tells what the
pipeline did in the last 5 and 60 minutes. The last line is the verdict, with
what to do. Exits with 2 when something is missing, differs or does not work:
what AWS says does not work, an alarm, a function that is behind or fails. No
traffic is fine, and so is what was never deployed, or was destroyed but for
what is kept. Whoever manages the pipeline is named, if it is another tool. On a
terminal -v lists the outputs, too.`,
			"enrich status", "enrich status --watch", "enrich status -e prod -o json", "enrich --local status -o json | jq -r .outputs.stream"),
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "watch", Aliases: []string{"w"}, Usage: "look again and again, until Ctrl-C"},
			&cli.DurationFlag{Name: "interval", Usage: "`TIME`: between two looks of --watch (default: 5s)", Value: 5 * time.Second},
		},
		Action: func(c *cli.Context) error {
			if c.Bool("watch") {
				return p.watchStatus(c)
			}
			return p.bounded(p.status)(c)
		},
	}
}

func (p *program) status(c *cli.Context) error {
	if _, err := takeArguments(c); err != nil {
		return err
	}
	if c.IsSet("interval") {
		return failf("--interval is for --watch")
	}
	s, err := p.open(c.Context)
	if err != nil {
		return err
	}
	recorded, err := state.Load(s.statePath, s.binding)
	if err != nil {
		return err
	}
	_, stop := p.out.spinner("reading what exists")
	defer stop()
	d, err := p.inspect(c.Context, s, recorded)
	stop()
	if err != nil {
		return err
	}
	if err := p.out.result(d, func(page *page) { p.printStatus(page, s, d) }); err != nil {
		return err
	}
	if len(d.Problems) > 0 {
		return exit(exitDifferent)
	}
	return nil
}

// inspect reads everything at once and judges it.
func (p *program) inspect(ctx context.Context, s *session, recorded *state.Document) (statusDocument, error) {
	kept, err := s.left(recorded)
	if err != nil {
		return statusDocument{}, err
	}
	var found []engine.Inspection
	var did activity
	now := time.Now()
	group, reading := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		found, err = p.survey(reading, s, s.engine(nil, recorded, nil, kept...))
		return err
	})
	group.Go(func() error { did = s.activity(reading, now); return nil })
	if err := group.Wait(); err != nil {
		return statusDocument{}, err
	}
	d := judge(s, recorded, found)
	d.Time = now.UTC()
	if d.Deployed {
		d.report(s.pipeline, found, did, now)
	}
	d.conclude(p.again)
	return d, nil
}

// judge tells what is wrong with what was found.
func judge(s *session, recorded *state.Document, found []engine.Inspection) statusDocument {
	d := statusDocument{
		Name: s.cfg.Name, Environment: s.cfg.Environment,
		Resources: []statusResource{}, Outputs: map[string]string{}, Activity: []activityDocument{},
	}
	wanted := map[string]bool{}
	for _, r := range s.pipeline.Resources() {
		wanted[r.Key()] = true
	}
	own := slices.DeleteFunc(slices.Clone(found), func(f engine.Inspection) bool { return besides(f, wanted) })
	unread, kept, by := 0, onlyKept(recorded, own), managers{}
	for _, f := range found {
		if !wanted[f.Resource.Key()] && f.Observed == nil && f.Err == nil {
			continue // gone, as it should be
		}
		r, a := assess(f, wanted[f.Resource.Key()])
		r.ManagedBy = managerOf(f)
		if r.ManagedBy != "" && wanted[r.Key] {
			by[r.ManagedBy]++
		}
		d.Resources = append(d.Resources, r)
		if a.problem != "" {
			d.ailments = append(d.ailments, a)
		}
		switch {
		case f.Err != nil:
			unread++
		case f.Observed != nil && !strange(f) && !besides(f, wanted) && !kept:
			d.Deployed = true
		}
	}
	if d.Deployed {
		d.Outputs = s.outputs()
		d.manage(by)
		return d
	}
	d.Outputs = map[string]string{"account": s.id.Account, "region": s.id.Region, "endpoint": s.endpoint}
	// Where it was never deployed, or only what is kept is left, missing is how
	// everything else should be; what has our names without being ours is still worth
	// knowing.
	if kept || unread == 0 {
		d.ailments = slices.DeleteFunc(d.ailments, func(a ailment) bool { return a.missing })
	}
	if !kept && unread == 0 && recorded != nil && len(recorded.Resources) > 0 {
		d.ailments = append(d.ailments, ailment{rank: isMissing, problem: allGone, command: "deploy", does: "makes it again"})
	}
	return d
}

// onlyKept tells whether this is what `destroy --keep-data` or --keep-logs leaves:
// all that is recorded is kept by them and there, and nothing else exists.
func onlyKept(recorded *state.Document, found []engine.Inspection) bool {
	if recorded == nil || len(recorded.Resources) == 0 {
		return false
	}
	there := 0
	for _, f := range found {
		if f.Observed == nil || strange(f) {
			continue
		}
		known := slices.ContainsFunc(recorded.Resources, func(r state.Resource) bool {
			return r.Key == f.Resource.Key() && r.Phase == state.Created
		})
		if !known || f.Foreign || !pipeline.HoldsData(f.Resource) && !pipeline.HoldsLogs(f.Resource) {
			return false
		}
		there++
	}
	return there == len(recorded.Resources)
}
