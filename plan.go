package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"enrich/engine"
	"enrich/state"
)

func (p *program) planCommand() *cli.Command {
	return &cli.Command{
		Name:  "plan",
		Usage: "shows what deploy would do, and does nothing",
		Description: about(`
Compares what exists with the configuration, field by field.`,
			"enrich plan", "enrich plan -e prod --detailed-exitcode", "enrich --local plan -o json"),
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "detailed-exitcode", Usage: "exit with 2 when there is something to change"},
		},
		Action: p.bounded(p.plan),
	}
}

func (p *program) plan(c *cli.Context) error {
	if _, err := takeArguments(c); err != nil {
		return err
	}
	if err := p.needCode(); err != nil {
		return err
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
	plan, kept, err := p.compare(c.Context, s, s.engine(nil, recorded, nil), recorded)
	stop()
	if err != nil {
		return err
	}
	if err := p.out.result(planned(plan, kept), func(page *page) { printPlan(page, s, plan, kept) }); err != nil {
		return err
	}
	if !plan.Empty() && c.Bool("detailed-exitcode") {
		return exit(exitDifferent)
	}
	return nil
}

func planned(plan *engine.Plan, kept []engine.Resource) planDocument {
	d := planDocument{Changes: []changeDocument{}, Kept: []foundDocument{}}
	for _, step := range plan.Steps {
		if step.Action == engine.None {
			continue
		}
		change := changeDocument{
			Key: step.Resource.Key(), Kind: step.Resource.Kind(), Name: step.Resource.Name(),
			Action: step.Action, Fields: step.Changes,
		}
		if change.Action == engine.Resume {
			change.Action = engine.Create
		}
		if change.Fields == nil {
			change.Fields = []engine.Change{}
		}
		d.Changes = append(d.Changes, change)
	}
	for _, r := range kept {
		d.Kept = append(d.Kept, foundDocument{Key: r.Key(), Kind: r.Kind(), Name: r.Name(), ARN: r.ARN()})
	}
	return d
}

func printPlan(p *page, s *session, plan *engine.Plan, kept []engine.Resource) {
	p.line("plan for %s", s.describe())
	p.line("")
	for _, step := range plan.Steps {
		if step.Action != engine.None {
			p.line("%s", stepText(p.c, step))
		}
	}
	for _, r := range kept {
		p.line("%s %s %s (no longer in the configuration)", p.c.faint("  keep   "), r.Kind(), r.Name())
	}
	if plan.Empty() {
		p.line("nothing to change: %s as configured", countAre(len(plan.Steps)))
		return
	}
	counts := plan.Counts()
	p.line("")
	p.line("%s", fmt.Sprintf("%d to create, %d to update, %d to replace, %d unchanged",
		counts[engine.Create]+counts[engine.Resume], counts[engine.Update], counts[engine.Replace], counts[engine.None]))
}
