package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"enrich/engine"
)

// phaseCounts sums a run up: "14 created, 2 updated".
func phaseCounts(report *engine.Report, phases ...engine.Phase) string {
	counts := map[engine.Phase]int{}
	for _, r := range report.Results {
		counts[r.Phase]++
	}
	var parts []string
	for _, phase := range phases {
		if n := counts[phase]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, phase))
		}
	}
	return strings.Join(parts, ", ")
}

// printOutputs lists outputs by name, ARNs last.
func printOutputs(p *page, outputs map[string]string) {
	if len(outputs) == 0 {
		return
	}
	p.line("")
	p.line("outputs:")
	keys := slices.SortedFunc(maps.Keys(outputs), func(a, b string) int {
		arns := func(s string) int {
			if strings.HasSuffix(s, "_arn") {
				return 1
			}
			return 0
		}
		if d := arns(a) - arns(b); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	var rows [][]cell
	for _, key := range keys {
		if outputs[key] != "" {
			rows = append(rows, []cell{{text: key, paint: p.c.faint}, {text: outputs[key]}})
		}
	}
	p.table(rows)
}

// stepText is what a plan has to say of one resource.
func stepText(c palette, step engine.Step) string {
	marks := map[engine.Action]string{
		engine.Create: c.good("+ create "), engine.Resume: c.good("+ create "), engine.Update: c.warn("~ update "),
		engine.Replace: c.bad("± replace"), engine.Delete: c.bad("- delete "), engine.None: c.faint("  none   "),
	}
	var b strings.Builder
	mark := marks[step.Action]
	if step.Adopted && step.Action != engine.Delete {
		mark = c.warn("~ adopt  ")
	}
	fmt.Fprintf(&b, "%s %s %s", mark, step.Resource.Kind(), step.Resource.Name())
	goes := step.Action == engine.Replace || step.Action == engine.Delete
	if goes && step.Observed != nil && step.Observed.Detail != "" {
		fmt.Fprintf(&b, " (%s)", step.Observed.Detail)
	}
	if goes && step.Manager != "" {
		fmt.Fprintf(&b, ", which %s manages", step.Manager)
	}
	switch {
	case step.Drift && step.Action == engine.Create:
		b.WriteString(" (deleted outside enrich)")
	case step.Drift:
		b.WriteString(" (changed outside enrich)")
	}
	if step.Action == engine.Update || step.Action == engine.Replace {
		for _, change := range step.Changes {
			b.WriteString("\n      " + changeText(change))
		}
	}
	return b.String()
}

// changeText is one field's old and new value.
func changeText(change engine.Change) string {
	text := fmt.Sprintf("%s: %s → %s", change.Field, valueText(change.Old), valueText(change.New))
	if change.Replace {
		text += " (needs a replacement)"
	}
	return text
}

// valueText is a value as JSON, shortened: policies and dashboards fill pages.
func valueText(value any) string {
	if value == nil {
		return "none"
	}
	text := fmt.Sprint(value)
	if encoded, err := json.Marshal(value); err == nil {
		text = string(encoded)
	}
	return shorten(shown(text), 120)
}
