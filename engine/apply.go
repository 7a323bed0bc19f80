package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"enrich/state"
)

// How often and how long a resource is read again that was just created and
// does not show, or is still on its way: reads of AWS may lag behind its writes.
const (
	settlePause = 500 * time.Millisecond
	settleLimit = 20
)

// Apply carries out a plan. Whatever can run at the same time does. After a
// failure what depends on the failed resource is not started and the rest goes
// on; when the context ends nothing new starts. Either gives a FailedError. The
// report tells of every resource in any case.
func (e *Engine) Apply(ctx context.Context, plan *Plan) (*Report, error) {
	began := time.Now()
	run := &application{engine: e, steps: make(map[string]Step), results: make(map[string]Result)}
	keys := make([]string, 0, len(plan.Steps))
	for _, step := range plan.Steps {
		key := step.Resource.Key()
		if _, twice := run.steps[key]; twice {
			return nil, fmt.Errorf("two steps for %s", key)
		}
		run.steps[key] = step
		keys = append(keys, key)
		if step.Action == None {
			run.results[key] = e.unchanged(step) // known at once, whatever it depends on
		}
	}
	after := precedence(plan.Steps)
	walk(keys, after, func(key, blocker string) bool { return run.visit(ctx, key, blocker) })

	report := &Report{Began: began, Elapsed: time.Since(began), Critical: critical(run.results, after)}
	for _, key := range keys {
		report.Results = append(report.Results, run.results[key])
	}
	return report, failure(report.Results, context.Cause(ctx))
}

// precedence says which steps come after which: creations after what they
// depend on; what only loses something after what depends on it; deletions after everything that stays, and after what depends on
// the deleted.
func precedence(steps []Step) map[string][]string {
	var staying, leaving []Resource
	for _, step := range steps {
		if step.Action == Delete {
			leaving = append(leaving, step.Resource)
		} else {
			staying = append(staying, step.Resource)
		}
	}
	after := make(map[string][]string, len(steps))
	for _, r := range staying {
		after[r.Key()] = r.DependsOn()
	}
	for _, step := range steps {
		if yielding(step, steps) {
			yield(step.Resource, staying, after)
		}
	}
	users := dependents(leaving)
	for _, r := range leaving {
		after[r.Key()] = slices.Concat(keysOf(staying), users[r.Key()])
	}
	return after
}

// yielding tells whether a step may come after those that depend on it: it only
// takes something away, and they are there already.
func yielding(step Step, steps []Step) bool {
	y, ok := step.Resource.(Yielder)
	if !ok || step.Action != Update || !y.Yields(step.Changes) {
		return false
	}
	return !slices.ContainsFunc(steps, func(other Step) bool {
		return slices.Contains(other.Resource.DependsOn(), step.Resource.Key()) && !slices.Contains([]Action{None, Update, Delete}, other.Action)
	})
}

// yield turns the dependencies on a resource around. One with dependencies of its
// own stays where it is: they might come to wait for it in a circle.
func yield(r Resource, staying []Resource, after map[string][]string) {
	if len(r.DependsOn()) > 0 {
		return
	}
	var users []string
	for _, user := range staying {
		if slices.Contains(after[user.Key()], r.Key()) {
			users = append(users, user.Key())
			after[user.Key()] = slices.DeleteFunc(slices.Clone(after[user.Key()]), func(key string) bool { return key == r.Key() })
		}
	}
	after[r.Key()] = users
}

// application is one run of Apply.
type application struct {
	engine *Engine
	steps  map[string]Step

	mu      sync.Mutex
	results map[string]Result
}

func (a *application) visit(ctx context.Context, key, blocker string) bool {
	step := a.steps[key]
	a.mu.Lock()
	result, done := a.results[key]
	a.mu.Unlock()
	if done {
		return result.Err == nil && blocker == ""
	}
	began := time.Now()
	switch {
	case blocker != "":
		result = a.engine.finish(step.Resource, NotStarted, "waits for "+blocker, began, nil)
	case ctx.Err() != nil:
		result = a.engine.finish(step.Resource, NotStarted, "interrupted", began, nil)
	default:
		result = a.engine.perform(ctx, step)
	}
	a.mu.Lock()
	a.results[key] = result
	a.mu.Unlock()
	return result.Err == nil && result.Phase != NotStarted
}

// unchanged brings the record up to date with what is as it should be: a lost
// record, one of an older definition, or a deletion that never came to it.
func (e *Engine) unchanged(step Step) Result {
	began := time.Now()
	before, _ := e.recorded(step.Resource.Key())
	entry := e.entry(step.Resource, step.Observed)
	entry.Phase, entry.Hash = state.Created, hashOf(step.Resource)
	var err error
	if entry != before {
		err = e.put(entry)
	}
	return e.finish(step.Resource, Unchanged, "", began, err)
}

// perform does one step.
func (e *Engine) perform(ctx context.Context, step Step) Result {
	work := &progress{engine: e, resource: step.Resource, began: time.Now(), entry: e.entry(step.Resource, step.Observed)}
	phases := map[Action][2]Phase{
		Create:  {Creating, Created},
		Resume:  {Creating, Created},
		Update:  {Updating, Updated},
		Replace: {Replacing, Replaced},
		Delete:  {Deleting, Deleted},
	}
	phase, known := phases[step.Action]
	if !known {
		return e.finish(step.Resource, Failed, "", work.began, fmt.Errorf("%s: unknown action %q", step.Resource.Key(), step.Action))
	}
	e.emit(step.Resource, Event{Phase: phase[0]})
	var err error
	switch step.Action {
	case Create:
		if step.Observed != nil { // it is on its way out
			err = step.Resource.Delete(ctx, work)
		}
		if err == nil {
			work.entry = e.fresh(step.Resource)
			err = work.create(ctx)
		}
	case Resume:
		err = work.resume(ctx)
	case Update:
		err = work.update(ctx, step.Observed, step.Changes)
	case Replace:
		if err = work.delete(ctx); err == nil {
			work.entry = e.fresh(step.Resource)
			err = work.create(ctx)
		}
	case Delete:
		err = work.remove(ctx)
	case None: // is not among the phases
	}
	result := e.finish(step.Resource, phase[1], "", work.began, err)
	result.Changes, result.Drift, result.Adopted, result.Waited = step.Changes, step.Drift, step.Adopted, work.waited
	if step.Action == Resume {
		result.Changes = work.changes
	}
	return result
}

// fresh is the entry of a resource that does not exist yet.
func (e *Engine) fresh(r Resource) state.Resource {
	return state.Resource{Key: r.Key(), Kind: r.Kind(), Name: r.Name(), ID: r.Name(), ARN: r.ARN()}
}

// create records the intent, creates, and records that it is done.
func (p *progress) create(ctx context.Context) error {
	if err := p.record(state.Creating, ""); err != nil {
		return err
	}
	if err := p.resource.Create(ctx, p); err != nil {
		return p.join(err)
	}
	return p.record(state.Created, hashOf(p.resource))
}

// resume goes on with a creation that was interrupted. The
// definition may have changed since, so what exists then is compared and
// brought in line.
func (p *progress) resume(ctx context.Context) error {
	if err := p.record(state.Creating, ""); err != nil {
		return err
	}
	if err := p.resource.Create(ctx, p); err != nil {
		return p.join(err)
	}
	observed, err := p.settled(ctx)
	if err != nil {
		return err
	}
	changes := p.resource.Diff(observed)
	if fields := replacing(changes); len(fields) > 0 {
		// Nobody has agreed to that yet; the next plan will say so.
		return fmt.Errorf("%s (%s) is there but has to be replaced to change %s: run again",
			p.resource.Kind(), p.resource.Name(), strings.Join(fields, ", "))
	}
	p.Identified(observed.ID, observed.ARN)
	p.changes = changes
	if len(changes) > 0 {
		if err := p.resource.Update(ctx, observed, changes, p); err != nil {
			return p.join(err)
		}
	}
	return p.record(state.Created, hashOf(p.resource))
}

// settled reads a resource that must exist until it shows and is at rest.
func (p *progress) settled(ctx context.Context) (*Observed, error) {
	for attempt := 0; ; attempt++ {
		observed, err := p.resource.Read(ctx)
		switch {
		case err != nil && !missing(err):
			return nil, err
		case err == nil && !observed.Transient:
			return observed, nil
		case attempt == settleLimit && err == nil:
			return observed, nil // Create said that it can be used
		case attempt == settleLimit:
			return nil, fmt.Errorf("%s (%s) does not show after its creation: %w", p.resource.Kind(), p.resource.Name(), err)
		}
		p.Status("waiting for it to show")
		if attempt == 0 {
			defer p.Waits()()
		}
		if err := sleep(ctx, settlePause); err != nil {
			return nil, err
		}
	}
}

func replacing(changes []Change) []string {
	var fields []string
	for _, change := range changes {
		if change.Replace {
			fields = append(fields, change.Field)
		}
	}
	return fields
}

// update records that the resource is ours, if that was lost, and changes it.
func (p *progress) update(ctx context.Context, observed *Observed, changes []Change) error {
	if err := p.record(state.Created, ""); err != nil {
		return err
	}
	if err := p.resource.Update(ctx, observed, changes, p); err != nil {
		return p.join(err)
	}
	return p.record(state.Created, hashOf(p.resource))
}

// delete records the intent and deletes; the entry stays.
func (p *progress) delete(ctx context.Context) error {
	if err := p.record(state.Deleting, ""); err != nil {
		return err
	}
	return p.resource.Delete(ctx, p)
}

// remove is delete, after which the entry is removed.
func (p *progress) remove(ctx context.Context) error {
	if err := p.delete(ctx); err != nil {
		return err
	}
	return p.engine.forget(p.resource)
}

// sleep ends early, with its cause, when the context ends.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
