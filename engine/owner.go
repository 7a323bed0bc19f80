package engine

import (
	"context"
	"slices"
)

// Owner is whose something is that is not ours.
type Owner struct {
	// Manager is the tool that manages it as a part of this pipeline; "" if none does.
	Manager string
	// Pipeline is another one, which it belongs to; "" if it belongs to none.
	Pipeline string
}

// owner tells whose something foreign is.
func (e *Engine) owner(f Inspection) Owner {
	if !f.Foreign || e.Owner == nil {
		return Owner{}
	}
	return e.Owner(f.Observed.Tags)
}

// managed tells whether another tool manages it as a part of this pipeline.
func (f Inspection) managed() bool { return f.Owner.Manager != "" }

// differs compares what was found with what there shall be; unless it is adopted, what
// another tool manages with how that sets it up: it says to be that tool's.
func (e *Engine) differs(found []Inspection) {
	others := make(map[string]map[string]Resource)
	for i := range found {
		switch f := &found[i]; {
		case f.Observed == nil:
		case e.Adopt || !f.Foreign:
			f.Changes = f.Resource.Diff(f.Observed)
		case f.managed():
			if theirs := e.under(others, f.Resource, f.Owner.Manager); theirs != nil {
				f.Changes = theirs.Diff(f.Observed)
			}
		}
	}
}

// under is the resource as a manager sets it up; nil where that is not known. others
// has what is known of each manager.
func (e *Engine) under(others map[string]map[string]Resource, r Resource, manager string) Resource {
	if e.Under == nil {
		return nil
	}
	if others[manager] == nil {
		others[manager] = make(map[string]Resource)
		for _, theirs := range e.Under(manager) {
			others[manager][theirs.Key()] = theirs
		}
	}
	return others[manager][r.Key()]
}

// refuseToPlan is Refuse, which Regard restricts to what no tool manages as a part
// of this pipeline, and Adopt to what is somebody else's or would have to be
// replaced.
func (e *Engine) refuseToPlan(found []Inspection) error {
	switch {
	case e.Regard:
		return Refuse(unmanaged(found))
	case !e.Adopt:
		return Refuse(found)
	}
	if others := strangers(found); len(others) > 0 {
		return &ForeignError{Found: others, Exported: slices.ContainsFunc(found, Inspection.managed)}
	}
	var fixed []Inspection
	for _, f := range found {
		if f.Foreign && !f.Observed.Deleting {
			f.Changes = replacements(f.Resource.Diff(f.Observed))
			if len(f.Changes) > 0 {
				fixed = append(fixed, f)
			}
		}
	}
	if len(fixed) > 0 {
		return &ForeignError{Found: fixed, fixed: true}
	}
	return nil
}

// Recheck reads once more what a plan would touch, and refuses what has come into other
// hands since: who was asked about it may have taken long to answer.
func (e *Engine) Recheck(ctx context.Context, plan *Plan) error {
	var found []Inspection
	for _, step := range plan.Steps {
		if step.Action != None {
			found = append(found, Inspection{Resource: step.Resource, Foreign: step.Adopted, Owner: Owner{Manager: step.Manager}})
		}
	}
	return e.SameHands(ctx, found)
}

// SameHands is Recheck for what was found a while ago.
func (e *Engine) SameHands(ctx context.Context, found []Inspection) error {
	resources := make([]Resource, len(found))
	for i, f := range found {
		resources[i] = f.Resource
	}
	now := e.read(ctx, resources)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var failed []error
	var moved []Inspection
	for i, f := range now {
		switch {
		case f.Err != nil:
			if found[i].Err == nil { // else the run says so of this one alone
				failed = append(failed, f.Err)
			}
		case f.Foreign && (!found[i].Foreign || f.Owner != found[i].Owner):
			moved = append(moved, f)
		}
	}
	if len(moved) > 0 {
		failed = append(failed, &ForeignError{Found: moved, Ours: ours(now)})
	}
	return join(failed...)
}

// refuseToRetire is Refuse, which Adopt restricts in the same way.
func (e *Engine) refuseToRetire(found []Inspection) error {
	if e.Adopt {
		found = unmanaged(found)
	}
	return Refuse(found)
}

// unmanaged leaves out what is a part of this pipeline.
func unmanaged(found []Inspection) []Inspection {
	return slices.DeleteFunc(slices.Clone(found), Inspection.managed)
}

// strangers are never adopted: what is another pipeline's, and, beside what another
// tool manages, whatever that has not marked as a part of this one. The tool marks all
// that it makes.
func strangers(found []Inspection) []Inspection {
	marked := slices.ContainsFunc(found, Inspection.managed)
	return slices.DeleteFunc(slices.Clone(found), func(f Inspection) bool {
		return !f.Foreign || f.Owner.Pipeline == "" && (f.managed() || !marked)
	})
}

func replacements(changes []Change) []Change {
	return slices.DeleteFunc(changes, func(c Change) bool { return !c.Replace })
}
