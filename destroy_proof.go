package main

import (
	"fmt"
	"slices"
	"strings"

	"enrich/engine"
	"enrich/state"
)

// ofDeploy tells whether a record was begun by a deploy. It names everything that
// was made since; a destroy whose record was lost only writes down what it finds.
func ofDeploy(document *state.Document) bool {
	return len(document.Outputs) > 0 ||
		slices.ContainsFunc(document.Resources, func(r state.Resource) bool { return r.Phase == state.Creating })
}

// proven says what is known to be gone.
func (d *destruction) proven(nothing string) string {
	if d.search.made && d.search.beside {
		return nothing + " but what other tools manage is left"
	}
	if d.search.made {
		return nothing + " is left"
	}
	return nothing + " that the record or the configuration names is left; by tag it was not looked for"
}

// unproven is the failure of a destroy that has deleted everything that it knows of
// when more carries the pipeline's tags, or may: tables of lookups that only a lost
// record would name.
func (d *destruction) unproven(report *engine.Report) error {
	details := map[string]any{"resources": results(report), "kept": d.kept(), "left": append([]string{}, d.search.strange...)}
	switch {
	case len(d.search.strange) > 0:
		return failf("everything with a name of %s is gone, but not everything with its tags: still there, as not ours to delete: %s",
			d.named(), strings.Join(d.search.strange, ", ")).with("Left", details).
			hint("delete what is not needed, or take the tags of this pipeline off it; then run enrich destroy again")
	case !d.search.made && !d.complete:
		return failf("everything that the configuration of %s names is gone, but whether more is left is not known: there was no record of a deploy, and %w",
			d.named(), d.search.failed).with("NotProven", details).
			hint("run enrich destroy again as somebody who may tag:GetResources (enrich policy has it)")
	}
	return nil
}

func (d *destruction) named() string {
	return fmt.Sprintf("%s (%s)", d.cfg.Name, d.cfg.Environment)
}
