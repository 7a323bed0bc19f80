package main

import (
	"context"

	"enrich/engine"
	"enrich/state"
)

// deployCode swaps the function's code and waits until it is in use. Whatever else
// differs stays as it is, and nobody is asked: the flag says what is changed.
func (p *program) deployCode(ctx context.Context, s *session, store *state.Store) error {
	p.out.note("deploying the code of %s", s.describe())
	shown := p.out.progress("reading the function")
	defer shown.end()
	e := s.engineOf(s.pipeline.CodeOnly())
	e.Record, e.Observe = store, shown.observe
	plan, err := e.Plan(ctx)
	if err != nil {
		return refusal(err, "change")
	}
	step := plan.Steps[0]
	if step.Action == engine.Create {
		return failf("function %s does not exist, so there is no code to change", step.Resource.Name()).
			with("NotDeployed", nil).
			hint("enrich deploy creates it, with all that it needs")
	}
	report := &engine.Report{}
	if step.Action != engine.None {
		report, err = e.Apply(ctx, plan)
	}
	shown.end()
	if err != nil {
		return deployFailure(err, report, store.Document(), wish{})
	}
	more := len(s.pipeline.BesidesCode(step.Observed))
	d := deployDocument{
		Changed: !plan.Empty(), Resources: results(report), Outputs: s.outputs(),
		ElapsedMS: report.Elapsed.Milliseconds(), Timing: timing(report), Kept: []foundDocument{},
	}
	return p.out.summary(d, func(page *page) {
		if d.Changed {
			page.line("%s the code of %s in %s", page.c.good("deployed:"), step.Resource.Name(), seconds(report.Elapsed))
		} else {
			page.line("%s %s has this code", page.c.good("nothing to change:"), step.Resource.Name())
		}
		printTiming(page, report, p.out.verbose)
		if more > 0 {
			page.line("the function still differs from the configuration in %s: enrich deploy", count(more, "other field"))
		}
	})
}
