package engine

import (
	"context"
	"time"

	"enrich/state"
)

// Engine works on one list of resources.
type Engine struct {
	// Resources that there shall be. For Destroy also those that only the
	// record still knows.
	Resources []Resource
	// Record takes what is done; nil for Inspect and Plan without a lock.
	Record *state.Store
	// Recorded is the record as it was loaded; nil if there is none. Where
	// Record is set that one is asked instead.
	Recorded *state.Document
	// Owns tells whether a resource with these tags belongs to this pipeline.
	// A nil Owns owns everything.
	Owns func(tags map[string]string) bool
	// Observe takes the events of a run; may be nil.
	Observe Observer
}

// Action is what a plan wants to do with a resource.
type Action string

// Actions. Resume continues a creation that an interruption left unfinished; a
// person sees it as a creation.
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
}

// Plan has one step for each resource, in dependency order.
type Plan struct {
	Steps []Step
}

// Inspection is what one resource was found to be.
type Inspection struct {
	Resource Resource
	Observed *Observed // nil: does not exist, or Err is set
	Changes  []Change
	Err      error
}

// Result is how one resource's part of a run ended.
type Result struct {
	Key     string
	Kind    string
	Name    string
	Phase   Phase
	Elapsed time.Duration
	Err     error
}

// Report is the outcome of a run, in dependency order (reversed for Destroy).
type Report struct {
	Results []Result
	Elapsed time.Duration
}

// Inspect reads every resource at once. Trouble with one resource is in its
// Inspection; the error is for what concerns all of them.
func (e *Engine) Inspect(ctx context.Context) ([]Inspection, error) { return nil, nil }

// Plan reads every resource and says what Apply would do.
func (e *Engine) Plan(ctx context.Context) (*Plan, error) { return nil, nil }

// Apply carries out the plan.
func (e *Engine) Apply(ctx context.Context, plan *Plan) (*Report, error) { return nil, nil }

// Destroy deletes every resource.
func (e *Engine) Destroy(ctx context.Context) (*Report, error) { return nil, nil }

// Empty tells whether there is nothing to do.
func (p *Plan) Empty() bool { return false }

// Counts tells how many resources there are for each action.
func (p *Plan) Counts() map[Action]int { return nil }

// Order sorts resources so that each comes after what it depends on.
func Order(resources []Resource) ([]Resource, error) { return nil, nil }

// Compare lists the fields in which two values of one struct type differ.
func Compare(desired, observed any) []Change { return nil }

// Hash identifies desired data.
func Hash(desired any) string { return "" }
