package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"enrich/engine"
	"enrich/pipeline"
)

// strange tells whether something with our names is no part of the pipeline.
func strange(f engine.Inspection) bool { return f.Foreign && f.Owner.Manager == "" }

// besides tells whether another tool manages something that the configuration does not
// have: it may be there without any pipeline.
func besides(f engine.Inspection, wanted map[string]bool) bool {
	return f.Owner.Manager != "" && !wanted[f.Resource.Key()]
}

// managerOf is who manages a resource; "" of what does not exist, is strange or has no
// tags.
func managerOf(f engine.Inspection) string {
	switch {
	case f.Observed == nil || f.Observed.Tags == nil || strange(f):
		return ""
	case f.Foreign:
		return f.Owner.Manager
	}
	return pipeline.Manager
}

// managers counts the configuration's resources by who manages them.
type managers map[string]int

// others are the tools besides this program.
func (m managers) others() string {
	return strings.Join(slices.DeleteFunc(slices.Sorted(maps.Keys(m)), func(name string) bool { return name == pipeline.Manager }), ", ")
}

// manage says who manages the pipeline, and sends there who wants it changed.
func (d *statusDocument) manage(by managers) {
	d.ManagedBy = pipeline.Manager
	others := by.others()
	if others == "" {
		return
	}
	d.ManagedBy = others
	for i, a := range d.ailments {
		if a.command == "deploy --adopt" { // which is not for what the rest's manager has not marked
			d.ailments[i].command, d.ailments[i].does = "", "remove it, or tag it as the rest is"
		}
	}
	help, does := "", others+" manages it: deploy it there, from an export of this configuration"
	if ours := by[pipeline.Manager]; ours > 0 {
		all := 0
		for _, n := range by {
			all += n
		}
		help, does = "deploy --adopt", "takes over the rest"
		d.ailments = append(d.ailments, ailment{
			rank: isMissing, command: help, does: does,
			problem: fmt.Sprintf("%d of %d resources are managed by enrich, the rest by %s", ours, all, others),
		})
	}
	for i, a := range d.ailments {
		if a.command == "deploy" {
			d.ailments[i].command, d.ailments[i].does = help, does
		}
	}
}
