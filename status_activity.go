package main

import (
	"context"
	"slices"
	"time"

	"enrich/pipeline"
)

// activity reads what the pipeline did in the last five and sixty minutes. Why it
// cannot be read is told, and no failure of the command: all the rest is known.
func (s *session) activity(ctx context.Context, now time.Time) (list []activityDocument, unknown string) {
	series, err := s.pipeline.Measure(ctx, s.pipeline.Watched(), now.Add(-time.Hour), now, time.Minute)
	if err != nil {
		return []activityDocument{}, err.Error()
	}
	for _, one := range series {
		list = append(list, activityOf(one, now))
	}
	return list, ""
}

func activityOf(s pipeline.Series, now time.Time) activityDocument {
	d := activityDocument{Name: s.Name, Title: s.Title, Unit: s.Unit, bars: bars(s, now.Add(-time.Hour).Truncate(time.Minute), now, time.Minute)}
	if total, ok := s.Total(); ok {
		d.LastHour = &total
	}
	begins := now.Add(-5 * time.Minute).Truncate(time.Minute)
	s.Points = slices.DeleteFunc(slices.Clone(s.Points), func(p pipeline.Point) bool { return p.At.Before(begins) })
	if total, ok := s.Total(); ok {
		d.LastFiveMinutes = &total
	}
	return d
}

// printActivity leaves out what has had no data for an hour.
func printActivity(page *page, d statusDocument) {
	if d.ActivityUnknown != "" {
		page.line("")
		page.line("%s what it did is not known: %s", page.c.warn("warning:"), d.ActivityUnknown)
		return
	}
	rows := [][]cell{{{text: "in the last"}, {text: "5 min"}, {text: "60 min"}}}
	for _, a := range d.Activity {
		if a.LastHour != nil {
			rows = append(rows, []cell{{text: a.Name}, {text: known(a.LastFiveMinutes, a.Unit)}, {text: known(a.LastHour, a.Unit)}, {text: a.bars}, {text: a.Title, paint: page.c.faint}})
		}
	}
	page.line("")
	if len(rows) == 1 {
		page.line("no record came in the last hour")
		return
	}
	page.table(rows)
}

func known(value *float64, unit string) string {
	if value == nil {
		return "-"
	}
	return figure(*value, unit)
}
