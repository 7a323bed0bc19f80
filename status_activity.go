package main

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"enrich/delivery"
	"enrich/engine"
	"enrich/pipeline"
)

// activity is what the pipeline did. Why something of it cannot be read is told, and no
// failure of the command: all the rest is known.
type activity struct {
	series  []pipeline.Series // of the last hour, in the order of Pipeline.Watched
	unknown error

	newest        delivery.Newest
	stored        bool // there is a newest object
	newestUnknown error
}

func (s *session) activity(ctx context.Context, now time.Time) (a activity) {
	var group sync.WaitGroup
	group.Go(func() {
		a.series, a.unknown = s.pipeline.Measure(ctx, s.pipeline.Watched(), now.Add(-time.Hour), now, time.Minute)
	})
	group.Go(func() {
		a.newest, a.stored, a.newestUnknown = delivery.FindNewest(ctx, s.storage(), s.place())
	})
	group.Wait()
	return a
}

// report adds what the pipeline did, and what that tells of its health.
func (d *statusDocument) report(p *pipeline.Pipeline, found []engine.Inspection, did activity, now time.Time) {
	d.Health = &healthDocument{Alarms: alarmStates(found)}
	for _, r := range d.Resources {
		if r.Key == mappingKey && r.Status != "missing" {
			d.Health.Mapping = &mappingDocument{State: r.Status, LastResult: r.Detail}
		}
	}
	switch {
	case did.newestUnknown != nil:
		d.Health.NewestUnknown = did.newestUnknown.Error()
	case did.stored:
		d.Health.Newest = &newestDocument{
			Key: did.newest.Key, StoredAt: did.newest.StoredAt.UTC(), Partly: did.newest.Partly,
			AgeSeconds: max(now.Sub(did.newest.StoredAt), 0).Seconds(),
		}
	}
	if did.unknown != nil {
		d.ActivityUnknown = did.unknown.Error()
		return
	}
	for _, s := range did.series {
		d.Activity = append(d.Activity, activityOf(s, now))
	}
	d.Health.CacheHitRate = hitRate(d.Activity)
	for _, a := range symptoms(p, did.series, now) {
		told := slices.ContainsFunc(d.ailments, func(b ailment) bool { return a.alarm == b.alarm })
		if !told {
			d.ailments = append(d.ailments, a)
		}
	}
}

// alarmStates counts the alarms by their states.
func alarmStates(found []engine.Inspection) alarmsDocument {
	d := alarmsDocument{InAlarm: []string{}}
	for _, f := range found {
		if !strings.HasPrefix(f.Resource.Key(), alarmPrefix) || f.Observed == nil {
			continue
		}
		switch f.Observed.Status {
		case "OK":
			d.OK++
		case "ALARM":
			d.Alarm++
			d.InAlarm = append(d.InAlarm, f.Resource.Name())
		default:
			d.InsufficientData++
		}
	}
	return d
}

func activityOf(s pipeline.Series, now time.Time) activityDocument {
	d := activityDocument{Name: s.Name, Title: s.Title, Unit: s.Unit, bars: bars(s, now.Add(-time.Hour).Truncate(time.Minute), now, time.Minute)}
	if total, ok := s.Total(); ok {
		d.LastHour = &total
	}
	s.Points = since(s, now.Add(-5*time.Minute))
	if total, ok := s.Total(); ok {
		d.LastFiveMinutes = &total
	}
	return d
}

// hitRate is how many of the keys needed no request.
func hitRate(list []activityDocument) rateDocument {
	one := func(name string) (found activityDocument) {
		for _, a := range list {
			if a.Name == name {
				found = a
			}
		}
		return found
	}
	share := func(hits, keys *float64) *float64 {
		if hits == nil || keys == nil || *keys == 0 {
			return nil
		}
		rate := *hits / *keys
		return &rate
	}
	keys, hits := one("lookup-keys"), one("cache-hits")
	return rateDocument{share(hits.LastFiveMinutes, keys.LastFiveMinutes), share(hits.LastHour, keys.LastHour)}
}
