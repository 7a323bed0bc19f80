package main

import (
	"fmt"
	"time"

	"enrich/audit"
)

// auditing is the line that moves.
func auditing(now audit.Progress) string {
	text := fmt.Sprintf("comparing %s  %s", gauge(now.Done), count(now.Read, "record"))
	if now.Missing > 0 {
		text += fmt.Sprintf(", %d missing", now.Missing)
	}
	if now.Doubles > 0 {
		text += fmt.Sprintf(", %d double", now.Doubles)
	}
	return text
}

// auditColumn is a figure of each shard.
type auditColumn struct {
	title string
	of    func(audit.Shard) int
	bad   bool // anything but 0 is
}

func auditColumns() []auditColumn {
	return []auditColumn{
		{"read", func(s audit.Shard) int { return s.Read }, false},
		{"stored", func(s audit.Shard) int { return s.Stored }, false},
		{"twice", func(s audit.Shard) int { return s.StoredTwice }, true},
		{"dead letters", func(s audit.Shard) int { return s.DeadLettered }, false},
		{"failed", func(s audit.Shard) int { return s.Failed }, false},
		{"redriven", func(s audit.Shard) int { return s.Redriven }, false},
		{"in flight", func(s audit.Shard) int { return s.InFlight }, false},
		{"missing", func(s audit.Shard) int { return s.Missing }, true},
		{"unexpected", func(s audit.Shard) int { return s.Unexpected }, true},
	}
}

func printAudit(page *page, r *audit.Report) {
	page.line("records that arrived from %s to %s", clock(r.Since), clock(r.Until))
	if r.ForgottenBefore != nil {
		page.line("%s the stream has forgotten what arrived before %s", page.c.warn("warning:"), clock(*r.ForgottenBefore))
	}
	page.line("")
	all := audit.Shard{ID: "all"}
	for _, s := range r.Shards {
		all.Add(s)
	}
	rows := [][]cell{{{text: "shard"}}}
	for _, column := range auditColumns() {
		rows[0] = append(rows[0], cell{text: column.title, paint: page.c.faint})
	}
	for _, s := range append(r.Shards, all) {
		row := []cell{{text: s.ID}}
		for _, column := range auditColumns() {
			figure := cell{text: fmt.Sprint(column.of(s))}
			if column.bad && column.of(s) > 0 {
				figure.paint = page.c.bad
			}
			row = append(row, figure)
		}
		rows = append(rows, row)
	}
	page.table(rows)
	page.line("")
	printNamed(page, "missing:", r.Missing, all.Missing)
	printNamed(page, "in more than one place:", r.Doubles, all.StoredTwice)
	printNamed(page, "not in the stream, or not where they belong:", r.Unexpected, all.Unexpected)
	switch {
	case !r.Complete:
	case all.Read == 0:
		page.line("%s the stream has no record of that time", page.c.good("complete:"))
	case all.InFlight > 0:
		page.line("%s nothing is lost or double; %s on the way", page.c.good("complete:"), count(all.InFlight, "record is", "records are"))
	default:
		page.line("%s every record is in one place", page.c.good("complete:"))
	}
}

// shownAtMost is how many records of a kind people see; a document has more.
const shownAtMost = 20

func printNamed(page *page, title string, records []audit.Record, all int) {
	if all == 0 {
		return
	}
	page.line("%s", page.c.bad(title))
	for _, r := range records[:min(len(records), shownAtMost)] {
		id := r.ShardID + ":" + r.SequenceNumber
		if r.Part != nil {
			id += fmt.Sprintf(":%d", *r.Part)
		}
		if r.Arrival != nil {
			id += fmt.Sprintf("  %s  partition key %q", r.Arrival.Format("2006-01-02T15:04:05.000Z07:00"), r.PartitionKey)
		}
		page.line("  %s", id)
		for _, key := range r.Places {
			page.line("    %s", page.c.faint(page.shown(key)))
		}
	}
	if more := all - min(len(records), shownAtMost); more > 0 {
		page.line("  and %d more", more)
	}
}

// clock is a time for people, in their zone.
func clock(t time.Time) string { return t.Local().Format("2006-01-02 15:04:05") }
