package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"enrich/engine"
	"enrich/pipeline"
	"enrich/state"
)

func (p *program) statusCommand() *cli.Command {
	return &cli.Command{
		Name:  "status",
		Usage: "shows every resource, its state and the outputs",
		Description: about(`
Reads what exists and compares it with the configuration. Exits with 2 when
something is missing, differs or does not work; what was never deployed, or was
destroyed but for what is kept, is fine.`,
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
	d, err := p.inspect(c.Context, s, recorded)
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

// inspect reads everything and judges it.
func (p *program) inspect(ctx context.Context, s *session, recorded *state.Document) (statusDocument, error) {
	kept, err := s.left(recorded)
	if err != nil {
		return statusDocument{}, err
	}
	_, stop := p.out.spinner("reading what exists")
	defer stop()
	found, err := p.survey(ctx, s, s.engine(nil, recorded, nil, kept...))
	stop()
	if err != nil {
		return statusDocument{}, err
	}
	d := judge(s, recorded, found)
	if d.Deployed {
		d.Activity, d.ActivityUnknown = s.activity(ctx, time.Now())
	}
	return d, nil
}

// judge makes the verdict of what was found.
func judge(s *session, recorded *state.Document, found []engine.Inspection) statusDocument {
	d := statusDocument{
		Name: s.cfg.Name, Environment: s.cfg.Environment,
		Resources: []statusResource{}, Problems: []string{}, Outputs: map[string]string{}, Activity: []activityDocument{},
	}
	wanted := map[string]bool{}
	for _, r := range s.pipeline.Resources() {
		wanted[r.Key()] = true
	}
	unread, kept := 0, onlyKept(recorded, found)
	for _, f := range found {
		if !wanted[f.Resource.Key()] && f.Observed == nil && f.Err == nil {
			continue // gone, as it should be
		}
		r, problem := assess(f, wanted[f.Resource.Key()])
		d.Resources = append(d.Resources, r)
		if problem != "" {
			d.Problems = append(d.Problems, problem)
		}
		switch {
		case f.Err != nil:
			unread++
		case f.Observed != nil && !f.Foreign && !kept:
			d.Deployed = true
		}
	}
	d.Healthy = d.Deployed && len(d.Problems) == 0
	switch {
	case d.Deployed:
		d.Outputs = s.outputs()
	case kept:
		d.Problems = slices.DeleteFunc(d.Problems, missing)
	case unread == 0 && (recorded == nil || len(recorded.Resources) == 0):
		// Never deployed. Missing is how everything should be, then; what has
		// our names without being ours is still worth knowing.
		d.Problems = slices.DeleteFunc(d.Problems, missing)
	case unread == 0:
		d.Problems = append(slices.DeleteFunc(d.Problems, missing), allGone)
	}
	if !d.Deployed {
		d.Outputs = map[string]string{"account": s.id.Account, "region": s.id.Region, "endpoint": s.endpoint}
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
		if f.Observed == nil || f.Foreign {
			continue
		}
		known := slices.ContainsFunc(recorded.Resources, func(r state.Resource) bool {
			return r.Key == f.Resource.Key() && r.Phase == state.Created
		})
		if !known || !pipeline.HoldsData(f.Resource) && !pipeline.HoldsLogs(f.Resource) {
			return false
		}
		there++
	}
	return there == len(recorded.Resources)
}

// allGone is the one problem of a record without a single resource.
const allGone = "nothing of what is recorded exists any more"

func missing(problem string) bool { return strings.HasSuffix(problem, missingText) }

const missingText = "does not exist"

// assess judges one resource.
func assess(f engine.Inspection, wanted bool) (r statusResource, problem string) {
	r = statusResource{
		Key: f.Resource.Key(), Kind: f.Resource.Kind(), Name: f.Resource.Name(), ARN: f.Resource.ARN(),
		Drift: []engine.Change{},
	}
	name := r.Kind + " " + r.Name
	if f.Err != nil {
		r.Status, r.Problem = "unknown", f.Err.Error()
		return r, fmt.Sprintf("%s could not be read: %s", name, f.Err)
	}
	if f.Observed == nil {
		r.Status = "missing"
		return r, name + " " + missingText
	}
	r.ID, r.Status, r.Detail, r.Problem = f.Observed.ID, f.Observed.Status, f.Observed.Detail, f.Observed.Unhealthy
	if f.Observed.ARN != "" {
		r.ARN = f.Observed.ARN
	}
	switch {
	case f.Foreign:
		r.Status = "foreign"
		return r, name + " exists, but was not made by this pipeline"
	case !wanted:
		r.Detail = "no longer in the configuration"
		return r, ""
	case f.Observed.Unhealthy != "":
		r.Drift = append(r.Drift, f.Changes...)
		return r, fmt.Sprintf("%s: %s", name, f.Observed.Unhealthy)
	case f.Observed.Transient:
		return r, fmt.Sprintf("%s is still %s", name, f.Observed.Status)
	case len(f.Changes) > 0:
		r.Drift = append(r.Drift, f.Changes...)
		var fields []string
		for _, change := range f.Changes {
			fields = append(fields, change.Field)
		}
		return r, fmt.Sprintf("%s differs from the configuration in %s", name, strings.Join(fields, ", "))
	}
	return r, ""
}

func (p *program) printStatus(page *page, s *session, d statusDocument) {
	page.line("%s", s.describe())
	page.line("")
	if !d.Deployed && len(d.Problems) == 0 {
		page.line("not deployed")
		for _, r := range d.Resources {
			if r.Status != "missing" {
				page.line("  kept: %s %s", r.Kind, r.Name)
			}
		}
		page.line("%s %s creates it", page.c.faint("hint:"), p.again("deploy"))
		return
	}
	var rows [][]cell
	for _, r := range d.Resources {
		status := cell{text: r.Status, paint: page.c.good}
		switch {
		case r.Status == "missing" || r.Status == "foreign" || r.Status == "unknown" || r.Problem != "":
			status.paint = page.c.bad
		case len(r.Drift) > 0:
			status.paint = page.c.warn
		}
		rows = append(rows, []cell{{text: r.Kind}, {text: r.Name}, status, {text: r.Detail, paint: page.c.faint}})
	}
	page.table(rows)
	for _, r := range d.Resources {
		for _, change := range r.Drift {
			page.line("  %s %s %s", page.c.warn("differs:"), r.Key, changeText(change))
		}
	}
	if d.Deployed {
		printOutputs(page, d.Outputs)
		printActivity(page, d)
	}
	page.line("")
	if d.Healthy {
		page.line("%s everything is there and as configured", page.c.good("healthy:"))
		return
	}
	for _, problem := range d.Problems {
		page.line("%s %s", page.c.bad("problem:"), problem)
	}
	if p.globals.local && slices.Contains(d.Problems, allGone) {
		page.line("%s the emulator has ended since; what it held is gone with it", page.c.faint("hint:"))
	}
	p.hintDeploy(page)
}

func (p *program) hintDeploy(page *page) {
	page.line("%s %s brings it to what the configuration says", page.c.faint("hint:"), p.again("deploy"))
}
