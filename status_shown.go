package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"enrich/pipeline"
)

// printStatus prints all, the verdict last. On a terminal it is one screen: outputs
// are names that stand there already, and what follows from them.
func (p *program) printStatus(page *page, s *session, d statusDocument) {
	page.line("%s", s.describe())
	if d.ManagedBy != "" && d.ManagedBy != pipeline.Manager {
		page.line("managed by %s", d.ManagedBy)
	}
	page.line("")
	if !d.Deployed && len(d.Problems) == 0 {
		page.line("not deployed")
		for _, r := range d.Resources {
			if r.Status != "missing" {
				page.line("  kept: %s %s", r.Kind, r.Name)
			}
		}
		page.line("%s %s creates it", page.c.faint("hint:"), p.again("deploy"))
		return
	}
	printResources(page, d)
	if d.Deployed {
		if p.out.verbose || !isTerminal(p.out.out) {
			printOutputs(page, d.Outputs)
		}
		page.line("")
		printHealth(page, d)
		printActivity(page, d)
	}
	page.line("")
	if p.globals.local && slices.Contains(d.Problems, allGone) {
		page.line("%s the emulator has ended since; what it held is gone with it", page.c.faint("hint:"))
	}
	p.printVerdict(page, d)
}

func printResources(page *page, d statusDocument) {
	var rows [][]cell
	for _, r := range d.Resources {
		status := cell{text: r.Status, paint: page.c.good}
		switch {
		case r.Status == "missing" || r.Status == "foreign" || r.Status == "unknown" || r.Problem != "":
			status.paint = page.c.bad
		case len(r.Drift) > 0:
			status.paint = page.c.warn
		}
		name := r.Name
		if r.Key == mappingKey && r.ID != "" {
			name = r.ID // AWS knows it by this alone; the other names two that stand above
		}
		rows = append(rows, []cell{{text: r.Kind}, {text: name}, status, {text: r.Detail, paint: page.c.faint}})
	}
	page.fitted(rows)
	for _, r := range d.Resources {
		for _, change := range r.Drift {
			page.line("  %s %s %s", page.c.warn("differs:"), r.Key, changeText(change))
		}
	}
}

// printHealth prints what is no figure of CloudWatch's.
func printHealth(page *page, d statusDocument) {
	h := d.Health
	alarms := cell{text: fmt.Sprintf("%d OK", h.Alarms.OK)}
	if h.Alarms.InsufficientData > 0 {
		alarms.text += fmt.Sprintf(", %d INSUFFICIENT_DATA", h.Alarms.InsufficientData)
	}
	if h.Alarms.Alarm > 0 {
		alarms.text = fmt.Sprintf("%d ALARM (%s), ", h.Alarms.Alarm, strings.Join(h.Alarms.InAlarm, ", ")) + alarms.text
		alarms.paint = page.c.warn
	}
	newest := cell{text: "none"}
	switch {
	case h.NewestUnknown != "":
		newest = cell{text: "unknown: " + h.NewestUnknown, paint: page.c.warn}
	case h.Newest != nil:
		age := short(time.Duration(h.Newest.AgeSeconds * float64(time.Second)).Truncate(time.Second))
		if h.Newest.Partly {
			age = "at most " + age
		}
		newest.text = age + " ago, " + h.Newest.Key
	}
	page.fitted([][]cell{{{text: "alarms"}, alarms}, {{text: "newest object"}, newest}})
}

// printActivity leaves out what has had no data for an hour.
func printActivity(page *page, d statusDocument) {
	if d.ActivityUnknown != "" {
		page.line("")
		page.line("%s what it did is not known: %s", page.c.warn("warning:"), page.shown(d.ActivityUnknown))
		return
	}
	rows := [][]cell{{{text: "in the last"}, {text: "5 min"}, {text: "60 min"}}}
	for _, a := range d.Activity {
		if a.LastHour == nil || a.Name == "lookup-keys" {
			continue
		}
		row := []cell{{text: a.Name}, {text: known(a.LastFiveMinutes, a.Unit)}, {text: known(a.LastHour, a.Unit)}, {text: a.bars}, {text: a.Title, paint: page.c.faint}}
		if rate := d.Health.CacheHitRate; a.Name == "cache-hits" && rate.LastHour != nil {
			row[0].text, row[1].text, row[2].text = "cache-hit-rate", percent(rate.LastFiveMinutes), percent(rate.LastHour)
		}
		rows = append(rows, row)
	}
	page.line("")
	if len(rows) == 1 {
		page.line("no record came in the last hour")
		return
	}
	page.fitted(rows)
}

func known(value *float64, unit string) string {
	if value == nil {
		return "-"
	}
	return figure(*value, unit)
}

func percent(rate *float64) string {
	if rate == nil {
		return "-"
	}
	return figure(*rate*100, "") + "%"
}

// printVerdict prints one line, after the problems that are not in it.
func (p *program) printVerdict(page *page, d statusDocument) {
	if len(d.ailments) == 0 {
		word, rest, _ := strings.Cut(d.Verdict, ":")
		page.line("%s%s", page.c.good(word+":"), rest)
		return
	}
	for _, problem := range d.Problems[1:] {
		page.line("%s %s", page.c.bad("problem:"), page.shown(problem))
	}
	first := d.ailments[0]
	remedy := first.remedy(p.again)
	room := max(page.columns-breadth("ill: ; "+remedy), 30) // what to do is not cut off
	page.line("%s %s; %s", page.c.bad("ill:"), shorten(page.shown(first.problem), room), remedy)
}
