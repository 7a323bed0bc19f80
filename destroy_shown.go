package main

import (
	"context"
	"sync"

	"enrich/engine"
)

// confirm shows what will go, with what is in it, and asks.
func (d *destruction) confirm(ctx context.Context, found []engine.Inspection) error {
	if !d.out.quiet || !d.globals.yes {
		page := &page{c: d.out.e}
		page.line("destroying %s deletes for good:", d.describe())
		page.table(d.rows(ctx, found))
		if staying := existing(d.staying); len(staying) > 0 {
			page.line("and keeps:")
			page.table(d.rows(ctx, staying))
		}
		d.out.say(page.String())
	}
	if err := d.program.confirm(ctx, "destroying "+d.cfg.Name+" ("+d.cfg.Environment+")", d.cfg.Name); err != nil || d.globals.yes {
		return err
	}
	_, stop := d.out.spinner("reading once more")
	defer stop()
	return refusal(d.engine(d.store, nil, nil).SameHands(ctx, d.going), "remove")
}

// rows tell of each resource what is in it. Everything is counted at once.
func (d *destruction) rows(ctx context.Context, found []engine.Inspection) [][]cell {
	_, stop := d.out.spinner("counting what is in it")
	defer stop()
	rows := make([][]cell, len(found))
	var group sync.WaitGroup
	for i, f := range found {
		group.Go(func() {
			rows[i] = []cell{{text: f.Resource.Kind()}, {text: f.Resource.Name()}, {text: d.contents(ctx, f), paint: d.out.e.warn}}
		})
	}
	group.Wait()
	return rows
}

// contents tells what a resource holds, or else how it is set up.
func (s *session) contents(ctx context.Context, f engine.Inspection) string {
	if f.Observed == nil {
		return ""
	}
	var contents string
	var err error
	if container, ok := f.Resource.(engine.Container); ok {
		contents, err = container.Contents(ctx)
	} else if f.Resource.Key() == "data-stream" {
		contents, err = s.unread(ctx, f.Resource.Name(), unreadLimit)
	} else {
		return f.Observed.Detail
	}
	if err != nil {
		// Deleting is not refused for it: some endpoints let nobody list.
		return "contents unknown: " + err.Error()
	}
	return contents
}
