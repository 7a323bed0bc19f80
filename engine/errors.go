package engine

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ForeignError says that resources with our names exist that are not ours.
// Nothing was changed. Of what was to be adopted, Changes lists what cannot be
// changed in place.
type ForeignError struct {
	Found []Inspection
	Ours  int // how many resources beside them say to be ours
	// Exported tells that another tool manages the rest as a part of this pipeline.
	Exported bool

	fixed bool
}

func (e *ForeignError) Error() string {
	if e.Fixed() {
		names := make([]string, len(e.Found))
		for i, f := range e.Found {
			names[i] = fmt.Sprintf("%s (%s) differs in %s", f.Resource.Kind(), f.Resource.Name(), strings.Join(replacing(f.Changes), ", "))
		}
		whose := "not made by this pipeline"
		if managers := e.Managers(); len(managers) > 0 {
			whose = "managed by " + strings.Join(managers, ", ")
		}
		return whose + ", and not to be changed in place, so nothing was touched: " + strings.Join(names, "; ")
	}
	var groups []string
	for _, manager := range e.Managers() {
		groups = append(groups, "managed by "+manager+": "+list(e.of(Owner{Manager: manager})))
	}
	if made := e.of(Owner{}); len(made) > 0 {
		groups = append(groups, "not made by this pipeline: "+list(made))
	}
	for _, other := range e.owners(func(o Owner) string { return o.Pipeline }) {
		groups = append(groups, "of the pipeline "+other+": "+list(e.of(Owner{Pipeline: other})))
	}
	if len(groups) == 1 {
		return strings.Replace(groups[0], ": ", ", so nothing was touched: ", 1)
	}
	return strings.Join(groups, "; ") + "; nothing was touched"
}

// Managers are the tools that manage some of it as a part of this pipeline.
func (e *ForeignError) Managers() []string {
	return e.owners(func(o Owner) string { return o.Manager })
}

func (e *ForeignError) owners(name func(Owner) string) (names []string) {
	for _, f := range e.Found {
		if n := name(f.Owner); n != "" {
			names = append(names, n)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (e *ForeignError) of(owner Owner) []Inspection {
	return slices.DeleteFunc(slices.Clone(e.Found), func(f Inspection) bool { return f.Owner != owner })
}

// Fixed tells whether they could not even be adopted.
func (e *ForeignError) Fixed() bool { return e.fixed }

// LeftError says that a destroy did not leave nothing: what still exists, and
// what could not be read again (its Err is set), so that nobody knows.
type LeftError struct {
	Left []Inspection
}

func (e *LeftError) Error() string {
	var there, unknown []Inspection
	for _, found := range e.Left {
		if found.Err != nil {
			unknown = append(unknown, found)
		} else {
			there = append(there, found)
		}
	}
	var parts []string
	if len(there) > 0 {
		parts = append(parts, "still there: "+list(there))
	}
	if len(unknown) > 0 {
		parts = append(parts, "not known to be gone: "+list(unknown))
	}
	return strings.Join(parts, "; ")
}

// Unwrap gives the errors of the reads that failed.
func (e *LeftError) Unwrap() []error {
	var errs []error
	for _, found := range e.Left {
		if found.Err != nil {
			errs = append(errs, found.Err)
		}
	}
	return errs
}

func list(found []Inspection) string {
	names := make([]string, len(found))
	for i, f := range found {
		names[i] = fmt.Sprintf("%s (%s)", f.Resource.Kind(), f.Resource.Name())
		if f.Err != nil {
			names[i] += ": " + f.Err.Error()
		}
	}
	return strings.Join(names, ", ")
}

// FailedError says that a run did not get to its end. Everything that did
// happen is recorded, and a rerun goes on from there.
type FailedError struct {
	Failed     []Result
	NotStarted []Result
	// Interrupted is the cause if the run's context ended; else nil.
	Interrupted error
}

func (e *FailedError) Error() string {
	var parts []string
	if e.Interrupted != nil {
		parts = append(parts, "interrupted")
	}
	for _, result := range e.Failed {
		parts = append(parts, result.Err.Error())
	}
	if n := len(e.NotStarted); n > 0 {
		names := make([]string, n)
		for i, result := range e.NotStarted {
			names[i] = fmt.Sprintf("%s (%s)", result.Kind, result.Name)
		}
		parts = append(parts, "not started: "+strings.Join(names, ", "))
	}
	return strings.Join(parts, "; ")
}

// Unwrap gives the error of each resource that failed, and the cause of an
// interruption.
func (e *FailedError) Unwrap() []error {
	var errs []error
	if e.Interrupted != nil {
		errs = append(errs, e.Interrupted)
	}
	for _, result := range e.Failed {
		errs = append(errs, result.Err)
	}
	return errs
}

// failure sums up what went wrong in a run; nil if nothing did.
func failure(results []Result, interrupted error) error {
	failed := &FailedError{Interrupted: interrupted}
	for _, result := range results {
		switch {
		case result.Err != nil:
			failed.Failed = append(failed.Failed, result)
		case result.Phase == NotStarted:
			failed.NotStarted = append(failed.NotStarted, result)
		}
	}
	if len(failed.Failed) == 0 && len(failed.NotStarted) == 0 {
		return nil // it ended before the interruption could matter
	}
	return failed
}

// missing tells whether an error of Read says that the resource does not exist.
func missing(err error) bool { return errors.Is(err, ErrNotFound) }

// join is errors.Join that leaves a single error as it is.
func join(errs ...error) error {
	errs = slices.DeleteFunc(errs, func(err error) bool { return err == nil })
	if len(errs) == 1 {
		return errs[0]
	}
	return errors.Join(errs...)
}
