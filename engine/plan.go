package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"enrich/state"
)

// Inspection is what one resource was found to be.
type Inspection struct {
	Resource Resource
	Observed *Observed // nil: does not exist, or Err is set
	Changes  []Change
	Foreign  bool  // it exists but is not ours
	Owner    Owner // whose it is then, as far as that is known
	Err      error
}

// Inspect reads every resource at once. Trouble with one resource is in its
// Inspection; the error is for what concerns all of them.
func (e *Engine) Inspect(ctx context.Context) ([]Inspection, error) {
	resources, err := Order(e.Resources)
	if err != nil {
		return nil, err
	}
	e.announce(resources)
	found := e.read(ctx, resources)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	e.differs(found)
	return found, nil
}

// announce tells that these are about to be read.
func (e *Engine) announce(resources []Resource) {
	for _, r := range resources {
		e.emit(r, Event{Phase: Reading})
	}
}

// read asks for all of these resources at the same time.
func (e *Engine) read(ctx context.Context, resources []Resource) []Inspection {
	found := make([]Inspection, len(resources))
	var group sync.WaitGroup
	for i, r := range resources {
		group.Go(func() { found[i] = e.look(ctx, r) })
	}
	group.Wait()
	return found
}

// look asks for one resource.
func (e *Engine) look(ctx context.Context, r Resource) Inspection {
	observed, err := r.Read(ctx)
	switch {
	case missing(err):
		return Inspection{Resource: r}
	case err != nil:
		return Inspection{Resource: r, Err: err}
	}
	found := Inspection{Resource: r, Observed: observed, Foreign: e.foreign(r, observed)}
	found.Owner = e.owner(found)
	return found
}

// How long a plan waits for what is being changed, and how often it looks. AWS
// takes minutes for some changes, and lets tags be read five times a second in
// the whole account.
const (
	restPause = 2 * time.Second
	restLimit = 10 * time.Minute
)

// rest waits for what is on its way, all at the same time, but for what a
// creation of ours has begun, with which Apply goes on: what is being changed may
// not show all of itself, so that no plan can be made for it yet.
func (e *Engine) rest(ctx context.Context, found []Inspection) {
	var group sync.WaitGroup
	for i := range found {
		group.Go(func() {
			began := time.Now()
			for e.restless(found[i]) {
				r, status := found[i].Resource, found[i].Observed.Status
				if time.Since(began) >= restLimit {
					found[i] = Inspection{Resource: r, Err: fmt.Errorf(
						"%s (%s) is still %s after %s, so that it cannot be compared: run again when it is at rest", r.Kind(), r.Name(), status, restLimit)}
					return
				}
				e.emit(r, Event{Phase: Waiting, Detail: "waiting for the end of another change, it is " + status, Elapsed: time.Since(began)})
				if sleep(ctx, restPause) != nil {
					return
				}
				e.emit(r, Event{Phase: Reading})
				found[i] = e.look(ctx, r)
			}
		})
	}
	group.Wait()
}

// restless tells whether something is on its way that is not being created by us.
func (e *Engine) restless(f Inspection) bool {
	if f.Observed == nil || f.Foreign && !e.Adopt && !e.Regard || !f.Observed.Transient || f.Observed.Deleting {
		return false
	}
	entry, _ := e.recorded(f.Resource.Key())
	return entry.Phase != state.Creating || entry.Name != f.Resource.Name()
}

// foreign tells whether something that exists is not ours. What the record says
// we began to create is ours before it has any tags, and what it says we began to
// delete is ours while they go; with the tags of others somebody else made it.
func (e *Engine) foreign(r Resource, observed *Observed) bool {
	if e.Owns == nil || observed.Tags == nil || e.Owns(observed.Tags) {
		return false
	}
	entry, known := e.recorded(r.Key())
	if !known || entry.Name != r.Name() {
		return true
	}
	switch entry.Phase {
	case state.Creating:
		return len(observed.Tags) > 0
	case state.Deleting:
		return len(observed.Tags) > 0 && !observed.Deleting
	default:
		return true
	}
}

// Refuse stops a run that would touch foreign resources, before it changes
// anything.
func Refuse(found []Inspection) error {
	foreign := slices.DeleteFunc(slices.Clone(found), func(f Inspection) bool { return !f.Foreign })
	if len(foreign) > 0 {
		return &ForeignError{Found: foreign, Ours: ours(found)}
	}
	return nil
}

// ours counts what says to be ours. What cannot carry tags says nothing.
func ours(found []Inspection) (n int) {
	for _, f := range found {
		if f.Observed != nil && f.Observed.Tags != nil && !f.Foreign {
			n++
		}
	}
	return n
}

// Plan reads every resource at once and says what Apply would do. What is being
// changed it waits for, up to ten minutes, and then reads again. When a resource
// exists that is not ours it refuses with a ForeignError; with Adopt only when that is
// somebody else's, or could not be changed in place: what is in it is not ours to
// lose.
func (e *Engine) Plan(ctx context.Context) (*Plan, error) {
	resources, err := Order(e.Resources)
	if err != nil {
		return nil, err
	}
	e.announce(resources)
	found := e.read(ctx, resources)
	e.rest(ctx, found)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	var failed []error
	for _, f := range found {
		if f.Err != nil {
			failed = append(failed, f.Err)
		}
	}
	if err := errors.Join(append(failed, e.refuseToPlan(found))...); err != nil {
		return nil, err
	}
	e.differs(found)
	plan := &Plan{Steps: make([]Step, 0, len(found))}
	for _, f := range found {
		plan.Steps = append(plan.Steps, e.step(f))
	}
	return plan, nil
}

// Retire adds to a plan the deletion of what there shall be no longer, after
// everything else has succeeded. What does not exist only leaves the record. It
// refuses with a ForeignError what is not ours, but with Adopt what another tool
// manages as a part of this pipeline.
func (e *Engine) Retire(plan *Plan, found []Inspection) error {
	if err := e.refuseToRetire(found); err != nil {
		return err
	}
	going := make(map[string]Inspection)
	var resources []Resource
	for _, f := range found {
		if _, known := e.recorded(f.Resource.Key()); f.Observed != nil || known {
			resources = append(resources, f.Resource)
			going[f.Resource.Key()] = f
		}
	}
	resources, err := sorted(resources)
	if err != nil {
		return err
	}
	for _, r := range slices.Backward(resources) {
		f := going[r.Key()]
		plan.Steps = append(plan.Steps, Step{Resource: r, Action: Delete, Observed: f.Observed, Adopted: f.Foreign, Manager: f.Owner.Manager})
	}
	return nil
}

// step decides what has to be done about one resource that there shall be.
func (e *Engine) step(f Inspection) Step {
	step := Step{Resource: f.Resource, Observed: f.Observed}
	entry, _ := e.recorded(f.Resource.Key())
	drift := entry.Phase == state.Created && entry.Name == f.Resource.Name() && entry.Hash != "" && entry.Hash == hashOf(f.Resource)
	if f.Observed == nil || f.Observed.Deleting {
		step.Action, step.Drift = Create, drift
		return step
	}
	step.Changes = f.Changes
	step.Adopted, step.Manager = f.Foreign && e.Adopt, f.Owner.Manager
	step.Drift = drift && len(step.Changes) > 0 && !f.Foreign
	replaced := slices.ContainsFunc(step.Changes, func(c Change) bool { return c.Replace })
	switch {
	case f.Observed.Transient && entry.Phase == state.Creating:
		// It may not show all of itself yet: go on with it, then look again.
		step.Action = Resume
	case replaced:
		step.Action = Replace
	case entry.Phase == state.Creating:
		step.Action = Resume
	case len(step.Changes) > 0:
		step.Action = Update
	default:
		step.Action = None
	}
	return step
}
