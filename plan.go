package main

import (
	"strings"

	"github.com/urfave/cli/v2"

	"enrich/engine"
	"enrich/state"
)

func (p *program) planCommand() *cli.Command {
	return &cli.Command{
		Name:  "plan",
		Usage: "shows what deploy would do, and does nothing",
		Description: about(`
Compares what exists with the configuration, field by field, and checks what deploy
checks first: a quota that does not suffice is an error, a permission that the
caller lacks a warning, as somebody else may deploy. The flags of deploy show what
deploy would do with them. What another tool manages is compared as well, though
deploy would refuse it.`,
			"enrich plan", "enrich plan -e prod --detailed-exitcode", "enrich --local plan -o json"),
		Flags: append(wishFlags(),
			&cli.BoolFlag{Name: "detailed-exitcode", Usage: "exit with 2 when there is something to change"},
		),
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
	w := wishOf(c)
	w.look = true
	shown := p.out.progress("reading what exists")
	defer shown.end()
	compared, err := p.compare(c.Context, s, s.engine(nil, recorded, shown.observe), recorded, w)
	shown.end()
	if err != nil || !compared.elsewhere() {
		err = p.foresee(c.Context, s, compared.plan, err)
	}
	if err != nil {
		return err
	}
	p.warnOfStacks(compared.plan)
	compared.plan.Steps = s.counted(c.Context, compared.plan.Steps)
	costs, err := planCost(s.pipeline)
	if err != nil {
		return err
	}
	document := planned(compared)
	document.Cost = costs
	err = p.out.result(document, func(page *page) {
		printPlan(page, s, compared)
		page.line("%s", costText(costs))
	})
	if err != nil {
		return err
	}
	if !compared.plan.Empty() && c.Bool("detailed-exitcode") {
		return exit(exitDifferent)
	}
	return nil
}

func planned(compared *comparison) planDocument {
	d := planDocument{Changes: []changeDocument{}, Kept: founds(compared.kept), ManagedBy: strings.Join(managersOf(compared.plan), ", ")}
	for _, step := range compared.plan.Steps {
		if step.Action == engine.None {
			continue
		}
		change := changeDocument{
			Key: step.Resource.Key(), Kind: step.Resource.Kind(), Name: step.Resource.Name(),
			Action: step.Action, Fields: step.Changes, Drift: step.Drift, Adopted: step.Adopted,
		}
		if change.Action == engine.Resume {
			change.Action = engine.Create
		}
		if change.Fields == nil {
			change.Fields = []engine.Change{}
		}
		d.Changes = append(d.Changes, change)
	}
	return d
}

func printPlan(p *page, s *session, compared *comparison) {
	plan := compared.plan
	p.line("plan for %s", s.describe())
	p.line("")
	for _, step := range plan.Steps {
		if step.Action != engine.None {
			p.line("%s", stepText(p.c, step))
		}
	}
	for _, r := range compared.kept {
		p.line("%s %s %s (no longer in the configuration)", p.c.faint("  keep   "), r.Kind(), r.Name())
	}
	if plan.Empty() {
		p.line("nothing to change: %s as configured", countAre(len(plan.Steps)))
		printManaged(p, compared)
		return
	}
	p.line("")
	p.line("%s", planCounts(plan))
	printManaged(p, compared)
}
