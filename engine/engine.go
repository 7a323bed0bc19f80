package engine

import (
	"sync"
	"time"

	"enrich/state"
)

// Engine works on one list of resources. It is used through a pointer; one of
// its methods runs at a time.
type Engine struct {
	// Resources that there shall be. For Destroy also those that only the
	// record still knows.
	Resources []Resource
	// Record takes what is done, before and after; nil for Inspect and Plan
	// without a lock.
	Record *state.Store
	// Recorded is the record as it was loaded; nil if there is none. Where
	// Record is set that one is asked instead.
	Recorded *state.Document
	// Owns tells whether a resource with these tags belongs to this pipeline.
	// A nil Owns owns everything.
	Owns func(tags map[string]string) bool
	// Owner tells whose something is that Owns refuses; nil knows of nobody.
	Owner func(tags map[string]string) Owner
	// Under gives the resources as another manager sets them up; nil: no otherwise.
	Under func(manager string) []Resource
	// Adopt has Plan take over what is not ours, as it is set up, instead of
	// refusing it.
	Adopt bool
	// Regard has Plan compare what another tool manages, as that sets it up, instead
	// of refusing it. Such a plan is for looking at.
	Regard bool
	// Observe takes the events of a run; may be nil.
	Observe Observer

	observing sync.Mutex
}

// Action is what a plan wants to do with a resource.
type Action string

// Actions. Resume goes on with what an interruption left unfinished; to people
// it is a creation.
const (
	Create  Action = "create"
	Resume  Action = "resume"
	Update  Action = "update"
	Replace Action = "replace"
	Delete  Action = "delete"
	None    Action = "none"
)

// Step is what a plan wants to do with one resource.
type Step struct {
	Resource Resource
	Action   Action
	Changes  []Change
	Observed *Observed // nil: does not exist
	// Drift tells that the definition is the one that was deployed last: what
	// differs was changed, or deleted, by somebody else.
	Drift bool
	// Adopted tells that it is not ours yet.
	Adopted bool
	// Manager is the other tool that manages it; "" if none does.
	Manager string
}

// Plan has one step for each resource, in dependency order; steps that delete
// come last.
type Plan struct {
	Steps []Step
}

// Empty tells whether there is nothing to do. Applying an empty plan still
// brings the record up to date with what was found.
func (p *Plan) Empty() bool {
	for _, step := range p.Steps {
		if step.Action != None {
			return false
		}
	}
	return true
}

// Counts tells how many resources there are for each action.
func (p *Plan) Counts() map[Action]int {
	counts := make(map[Action]int)
	for _, step := range p.Steps {
		counts[step.Action]++
	}
	return counts
}

// Result is how one resource's part of a run ended.
type Result struct {
	Key     string
	Kind    string
	Name    string
	Phase   Phase
	Changes []Change // that an update or a replacement has made
	Drift   bool     // as in Step
	Adopted bool     // as in Step
	Began   time.Time
	Elapsed time.Duration
	Waited  time.Duration // of Elapsed, for the cloud to get ready
	Err     error
}

// Report is the outcome of a run, in dependency order (for Destroy in the
// reverse).
type Report struct {
	Results []Result
	Began   time.Time
	Elapsed time.Duration
	// Critical are the keys of the chain of work that decided how long the run
	// took, in the order in which it was done; a destroy's proof comes after it.
	Critical []string
}

// emit hands an event to the observer, one at a time.
func (e *Engine) emit(r Resource, event Event) {
	if e.Observe == nil {
		return
	}
	event.Key, event.Kind, event.Name = r.Key(), r.Kind(), r.Name()
	e.observing.Lock()
	defer e.observing.Unlock()
	e.Observe(event)
}

// finish makes the result of one resource's part and tells the observer.
func (e *Engine) finish(r Resource, phase Phase, detail string, began time.Time, err error) Result {
	if err != nil {
		phase = Failed
	}
	elapsed := time.Since(began)
	e.emit(r, Event{Phase: phase, Detail: detail, Elapsed: elapsed, Err: err})
	return Result{Key: r.Key(), Kind: r.Kind(), Name: r.Name(), Phase: phase, Began: began, Elapsed: elapsed, Err: err}
}
