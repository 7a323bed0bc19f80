package engine

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"enrich/state"
)

// Recurrer is a resource that may come back by itself shortly after it was
// deleted, as a log group does into which a late writer logs. Destroy looks for
// it once more after this time.
type Recurrer interface {
	Recurs() time.Duration
}

// What shows after its deletion may only be a read that lags behind, so it is
// deleted and looked for again some times.
const (
	verifyPause = time.Second
	verifyLimit = 6
)

// showLimit is how long after its beginning a creation that does not show is looked
// for: what is deleted before it shows would be left.
const showLimit = 3 * time.Second

// Destroy deletes every resource, each as soon as everything that depends on it
// is gone, then reads all of them again as proof. A resource that is not ours
// gives a ForeignError before anything is deleted. Failures do not stop what
// does not depend on them; they are collected in a FailedError, and whatever is
// left at the end is named by a LeftError; either stays recorded. There is no
// proof after an interruption.
func (e *Engine) Destroy(ctx context.Context) (*Report, error) {
	e.announce(e.Resources)
	found := e.read(ctx, e.Resources)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return e.DestroyFound(ctx, found)
}

// DestroyFound is Destroy of what Inspect has found a moment ago.
func (e *Engine) DestroyFound(ctx context.Context, found []Inspection) (*Report, error) {
	began := time.Now()
	run := &demolition{engine: e, found: make(map[string]Inspection), results: make(map[string]Result)}
	resources := make([]Resource, len(found))
	for i, f := range found {
		resources[i] = f.Resource
		run.found[f.Resource.Key()] = f
	}
	resources, err := sorted(resources)
	if err != nil {
		return nil, err
	}
	slices.Reverse(resources)
	if err := Refuse(found); err != nil {
		return nil, err
	}
	after := dependents(resources)
	walk(keysOf(resources), after, func(key, blocker string) bool { return run.visit(ctx, key, blocker) })
	chain := critical(run.results, after)
	left, unproven := run.verify(ctx, resources)

	report := &Report{Began: began, Critical: chain}
	for _, r := range resources {
		report.Results = append(report.Results, run.results[r.Key()])
	}
	report.Elapsed = time.Since(began)
	failed := failure(report.Results, context.Cause(ctx))
	switch {
	case failed != nil && ctx.Err() != nil: // says already that it was interrupted
	case len(left) > 0:
		failed = join(failed, unproven, &LeftError{Left: left})
	default:
		failed = join(failed, unproven)
	}
	return report, failed
}

// demolition is one run of Destroy.
type demolition struct {
	engine *Engine
	found  map[string]Inspection

	mu      sync.Mutex
	results map[string]Result
}

// visit deletes one resource. What does not exist but is recorded is deleted as
// well: its creation may have been interrupted so shortly before that it does
// not show yet.
func (d *demolition) visit(ctx context.Context, key, blocker string) bool {
	f := d.found[key]
	_, recorded := d.engine.recorded(key)
	began := time.Now()
	var result Result
	switch {
	case f.Err == nil && f.Observed == nil && !recorded:
		result = d.engine.finish(f.Resource, Unchanged, "does not exist", began, nil)
	case f.Err != nil:
		result = d.engine.finish(f.Resource, Failed, "", began, f.Err)
	case blocker != "":
		result = d.engine.finish(f.Resource, NotStarted, "waits for "+blocker, began, nil)
	case ctx.Err() != nil:
		result = d.engine.finish(f.Resource, NotStarted, "interrupted", began, nil)
	default:
		result = d.delete(ctx, f)
	}
	d.set(key, result)
	return result.Err == nil && result.Phase != NotStarted && blocker == ""
}

func (d *demolition) delete(ctx context.Context, f Inspection) Result {
	e := d.engine
	work := &progress{engine: e, resource: f.Resource, began: time.Now(), entry: e.entry(f.Resource, f.Observed)}
	e.emit(f.Resource, Event{Phase: Deleting})
	if err := d.look(ctx, f, work); err != nil {
		return e.finish(f.Resource, Failed, "", work.began, err)
	}
	err := work.remove(ctx)
	result := e.finish(f.Resource, Deleted, "", work.began, err)
	result.Waited = work.waited
	return result
}

// look reads what an interrupted run began to create a moment ago until it shows.
func (d *demolition) look(ctx context.Context, f Inspection, work *progress) error {
	begun, _ := d.engine.recorded(f.Resource.Key())
	if f.Observed != nil || begun.Phase != state.Creating {
		return nil
	}
	for time.Since(begun.UpdatedAt) < showLimit {
		work.Status("waiting for it to show")
		if err := sleep(ctx, settlePause); err != nil {
			return err
		}
		if _, err := f.Resource.Read(ctx); !missing(err) {
			return err
		}
	}
	return nil
}

func (d *demolition) set(key string, result Result) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.results[key] = result
}

// verify reads everything again and deletes what came back, until nothing shows
// or patience ends. It gives what is left, which is on record again. The error is
// that of an interruption, which leaves the proof undone.
func (d *demolition) verify(ctx context.Context, resources []Resource) ([]Inspection, error) {
	if err := sleep(ctx, time.Until(d.recurrence(resources))); err != nil {
		return nil, err
	}
	for round := 1; ; round++ {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		found := d.engine.read(ctx, resources)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		left := slices.DeleteFunc(found, func(f Inspection) bool { return f.Err == nil && f.Observed == nil })
		returned := slices.DeleteFunc(slices.Clone(left), func(f Inspection) bool { return !d.again(f) })
		unread := slices.ContainsFunc(left, func(f Inspection) bool { return f.Err != nil })
		if round == verifyLimit || len(returned) == 0 && !unread {
			return left, d.remember(returned)
		}
		d.repeat(ctx, returned)
		if err := sleep(ctx, verifyPause); err != nil {
			return nil, err
		}
	}
}

// recurrence is the moment until which something deleted may come back. It may
// have passed while others were deleted.
func (d *demolition) recurrence(resources []Resource) (last time.Time) {
	for _, r := range resources {
		result := d.results[r.Key()]
		if recurrer, ok := r.(Recurrer); ok && result.Phase == Deleted {
			if until := result.end().Add(recurrer.Recurs()); until.After(last) {
				last = until
			}
		}
	}
	return last
}

// again tells whether something that shows after the deletions is to be deleted
// once more: this run has deleted it, or it is ours and was not there before. What says
// to be another's by now was made by others, who were waiting for its name.
func (d *demolition) again(f Inspection) bool {
	switch d.results[f.Resource.Key()].Phase {
	case Deleted:
		return f.Err == nil && f.Owner == Owner{}
	case Unchanged:
		return f.Err == nil && !f.Foreign
	default:
		return false
	}
}

// repeat deletes these at the same time: everything that depended on them has
// had its turn.
func (d *demolition) repeat(ctx context.Context, returned []Inspection) {
	var group sync.WaitGroup
	before := maps.Clone(d.results)
	for _, f := range returned {
		group.Go(func() {
			again := d.delete(ctx, f)
			first := before[f.Resource.Key()]
			again.Began, again.Elapsed, again.Waited = first.Began, again.Elapsed+first.Elapsed, again.Waited+first.Waited
			d.set(f.Resource.Key(), again)
		})
	}
	group.Wait()
}

// remember puts what does not go away on record again, so that the next run
// knows of it.
func (d *demolition) remember(left []Inspection) error {
	var failed []error
	for _, f := range left {
		entry := d.engine.entry(f.Resource, f.Observed)
		entry.Phase = state.Deleting
		failed = append(failed, d.engine.put(entry))
	}
	return join(failed...)
}
