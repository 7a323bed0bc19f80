package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"enrich/engine"
	"enrich/state"
)

// nothing ends a run without anything to do.
func (d *destruction) nothing() error {
	kept := d.kept()
	if err := d.settle(); err != nil {
		return err
	}
	if err := d.unproven(&engine.Report{}); err != nil {
		return err
	}
	return d.out.summary(destroyDocument{Searched: d.search.made, Resources: []resultDocument{}, Kept: kept, Timing: timing(&engine.Report{})}, func(page *page) {
		if len(kept) > 0 {
			page.line("nothing to destroy: of %s only what is kept exists", d.describe())
			return
		}
		if !d.search.made {
			page.line("nothing to destroy in %s: %s", d.describe(), d.proven("nothing"))
			return
		}
		page.line("nothing to destroy: %s does not exist", d.describe())
	})
}

// settle gives the record up, unless something is kept.
func (d *destruction) settle() error {
	staying := existing(d.staying)
	if len(staying) == 0 {
		return d.store.Discard()
	}
	var resources []engine.Resource
	for _, f := range staying {
		resources = append(resources, f.Resource)
	}
	return remember(d.store, resources)
}

func (d *destruction) kept() []foundDocument {
	kept := []foundDocument{}
	for _, f := range existing(d.staying) {
		r := f.Resource
		kept = append(kept, foundDocument{Key: r.Key(), Kind: r.Kind(), Name: r.Name(), ARN: r.ARN()})
	}
	return kept
}

// carryOut deletes everything that goes and proves that nothing of it is left.
func (d *destruction) carryOut(ctx context.Context) error {
	began := time.Now()
	shown := d.out.progress("deleting")
	defer shown.end()
	report, err := d.deleteAll(ctx, d.engine(d.store, nil, shown.observe))
	shown.end()
	if err != nil {
		return d.failure(err, report)
	}
	kept := d.kept()
	if err := d.settle(); err != nil {
		return err
	}
	if err := d.unproven(report); err != nil {
		return err
	}
	result := destroyDocument{Destroyed: true, Searched: d.search.made, Resources: results(report), Kept: kept, ElapsedMS: time.Since(began).Milliseconds(), Timing: timing(report)}
	return d.out.summary(result, func(page *page) {
		left := d.proven("nothing")
		if len(kept) > 0 {
			left = fmt.Sprintf("%s kept, %s", count(len(kept), "is", "are"), d.proven("nothing else"))
		}
		page.line("%s %s in %s; %s", page.c.good("destroyed:"), phaseCounts(report, engine.Deleted), seconds(report.Elapsed), left)
		for _, r := range kept {
			page.line("  kept: %s %s", r.Kind, r.Name)
		}
		printTiming(page, report, d.out.verbose)
	})
}

// deleteAll deletes what was found, then what the index of tags shows besides: it
// may have lagged behind before.
func (d *destruction) deleteAll(ctx context.Context, e *engine.Engine) (*engine.Report, error) {
	report, err := e.DestroyFound(ctx, d.going)
	if err != nil {
		return report, err
	}
	var known []engine.Resource
	for _, f := range slices.Concat(d.going, d.staying) {
		known = append(known, f.Resource)
	}
	more, err := d.tagged(ctx, d.session, known)
	more = slices.DeleteFunc(d.withoutBeside(d.session, more), func(f engine.Inspection) bool { return d.keeps(f.Resource) })
	if err != nil || len(more) == 0 {
		return report, err
	}
	late, err := e.DestroyFound(ctx, more)
	if late != nil {
		report.Results = append(report.Results, late.Results...)
		report.Elapsed += late.Elapsed
	}
	return report, err
}

// failure says what is left, and that a rerun is safe.
func (d *destruction) failure(err error, report *engine.Report) error {
	document := d.store.Document()
	document.Resources = slices.DeleteFunc(document.Resources, func(r state.Resource) bool {
		return slices.ContainsFunc(d.staying, func(f engine.Inspection) bool { return f.Resource.Key() == r.Key })
	})
	return destroyFailure(err, report, document)
}

// destroyFailure says what is left, and that a rerun is safe.
func destroyFailure(err error, report *engine.Report, document state.Document) error {
	f := &fault{message: err.Error(), cause: err}
	failed, ok := errors.AsType[*engine.FailedError](err)
	if ok {
		f.message = failureText(failed)
	}
	if left, ok := errors.AsType[*engine.LeftError](err); ok {
		f.message = fmt.Sprintf("not everything is gone: %s", left)
		if failed != nil { // why it is left
			f.message += "\n       " + failureText(failed)
		}
	}
	if report != nil {
		f.details = map[string]any{"resources": results(report)}
	}
	if len(document.Resources) == 0 {
		return f.hint("everything was deleted, but that it is gone was not verified; run enrich destroy again to do so")
	}
	return f.hint("%s not deleted yet; run enrich destroy again to continue", count(len(document.Resources), "recorded resource is", "recorded resources are"))
}
