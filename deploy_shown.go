package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"enrich/engine"
	"enrich/pipeline"
)

// agree shows what a deploy would do, and asks before anything that exists is
// touched. Where nobody can be asked, what loses no data goes ahead.
func (p *program) agree(ctx context.Context, s *session, e *engine.Engine, shown *progress, plan *engine.Plan) error {
	if plan.Empty() {
		return nil
	}
	if err := refuseProtectedSteps(plan); err != nil {
		return err
	}
	if counts := plan.Counts(); counts[engine.Update]+counts[engine.Replace]+counts[engine.Delete] == 0 && !adopts(plan) {
		shown.pause(func() { p.out.note("plan: %s", planCounts(plan)) })
		shown.pause(nil)
		return nil
	}
	q := questionOf(plan)
	asks := !p.globals.yes && (q.must || p.onTerminal())
	steps := s.counted(ctx, plan.Steps)
	defer shown.pause(nil)
	shown.pause(func() {
		if p.out.quiet && !asks {
			return
		}
		for _, step := range steps {
			if step.Action != engine.None {
				p.out.say(stepText(p.out.e, step))
			}
		}
		for _, manager := range managersOf(plan) {
			p.out.say(p.out.e.warn("first:") + " " + letGo(manager))
		}
		p.out.say("plan: " + planCounts(plan))
	})
	p.warnOfStacks(plan)
	if !asks {
		return nil
	}
	if err := p.confirm(ctx, q.what, q.word); err != nil {
		return err
	}
	return refusal(e.Recheck(ctx, plan), "change")
}

// refuseProtectedSteps refuses before anything goes: a table that cannot be
// deleted would stop the run in its middle.
func refuseProtectedSteps(plan *engine.Plan) error {
	for _, step := range plan.Steps {
		if step.Action != engine.Replace && step.Action != engine.Delete || !protected(step.Observed) {
			continue
		}
		name := step.Resource.Name()
		would, hint := "be replaced", "give the lookup another name: it gets a table of its own, and the old one stays"
		if step.Action == engine.Delete {
			would, hint = "be deleted", "switch its deletion protection off first, or leave --delete-data away"
		}
		return failf("%s %s would have to %s, but is protected against deletion; nothing was changed", step.Resource.Kind(), name, would).
			with("Protected", map[string]any{"tables": []string{name}}).hint("%s", hint)
	}
	return nil
}

// question is what somebody has to agree to.
type question struct {
	what string // finishes the sentence "… needs a confirmation"
	word string // that the answer is
	must bool   // it is not done without an answer
}

// questionOf finds the gravest things in a plan that touches what exists. The
// alarms of a lookup that is gone hold nothing and come back with it, so their
// deletion is a change of the pipeline like any other.
func questionOf(plan *engine.Plan) question {
	var replaced, deleted, lowered, adopted []string
	for _, step := range plan.Steps {
		name := step.Resource.Kind() + " " + step.Resource.Name()
		switch {
		case step.Action == engine.Replace:
			replaced = append(replaced, name)
		case step.Action == engine.Delete && (step.Adopted || pipeline.HoldsData(step.Resource)):
			deleted = append(deleted, name)
		case step.Adopted:
			adopted = append(adopted, name)
		}
		if lower := pipeline.Lowers(step.Resource, step.Changes); step.Action == engine.Update && len(lower) > 0 {
			lowered = append(lowered, fmt.Sprintf("%s (%s)", name, changeTexts(lower)))
		}
	}
	q := question{must: true}
	var parts []string
	for _, grave := range []struct {
		names        []string
		doing, after string
		word         string
	}{
		{few(adopted), "adopting ", "", "adopt"},
		{lowered, "lowering how long or how safely data are kept in ", "", "lower"},
		{deleted, "deleting ", ", with what is in it,", "delete"},
		{replaced, "replacing ", ", with what is in it,", "replace"},
	} {
		if len(grave.names) > 0 {
			parts = append(parts, grave.doing+strings.Join(grave.names, ", ")+grave.after)
			q.word = grave.word
		}
	}
	if q.what = strings.Join(parts, " and "); q.what == "" {
		return question{what: "changing what exists", word: "yes"}
	}
	return q
}

// few are names that can be read in one go: of many, which stand above, their number.
func few(names []string) []string {
	if len(names) <= 3 {
		return names
	}
	return []string{count(len(names), "resource")}
}

func adopts(plan *engine.Plan) bool {
	return slices.ContainsFunc(plan.Steps, func(step engine.Step) bool { return step.Adopted })
}

// counted are the steps with what is in everything that goes. Everything is
// counted at once.
func (s *session) counted(ctx context.Context, steps []engine.Step) []engine.Step {
	steps = slices.Clone(steps)
	var group sync.WaitGroup
	for i, step := range steps {
		if step.Observed == nil || step.Action != engine.Replace && step.Action != engine.Delete {
			continue
		}
		group.Go(func() {
			observed := *step.Observed
			observed.Detail = s.contents(ctx, engine.Inspection{Resource: step.Resource, Observed: step.Observed})
			steps[i].Observed = &observed
		})
	}
	group.Wait()
	return steps
}

// planCounts sums a plan up.
func planCounts(plan *engine.Plan) string {
	counts := plan.Counts()
	text := fmt.Sprintf("%d to create, %d to update, %d to replace", counts[engine.Create]+counts[engine.Resume], counts[engine.Update], counts[engine.Replace])
	if counts[engine.Delete] > 0 {
		text += fmt.Sprintf(", %d to delete", counts[engine.Delete])
	}
	return fmt.Sprintf("%s, %d unchanged", text, counts[engine.None])
}

// printRepairs tells what somebody else had changed.
func printRepairs(p *page, report *engine.Report) {
	for _, r := range report.Results {
		if !r.Drift {
			continue
		}
		p.line("%s %s %s", p.c.warn("repaired:"), r.Kind, r.Name+repairText(r))
	}
}

func repairText(r engine.Result) string {
	if len(r.Changes) == 0 {
		return " (had been deleted)"
	}
	return ", " + changeTexts(r.Changes)
}

func changeTexts(changes []engine.Change) string {
	var fields []string
	for _, change := range changes {
		fields = append(fields, changeText(change))
	}
	return strings.Join(fields, ", ")
}
