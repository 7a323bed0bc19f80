package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"enrich/engine"
	"enrich/pipeline"
)

// rank orders what is wrong by how much it keeps the pipeline from its work.
type rank int

const (
	isUnread    rank = iota // nothing is known
	isMissing               // or somebody else's
	doesNotWork             // as AWS says
	isAlarmed
	lagsBehind
	isOnItsWay
	differs
)

// ailment is one thing that is wrong, and what to do about it.
type ailment struct {
	rank    rank
	problem string
	command string // of ours that helps; "": none does
	does    string // what that does, or what helps instead
	missing bool   // nothing but that it does not exist
	alarm   string // that tells it, as iterator-age; "": none does
}

// remedy is what to do, in a few words.
func (a ailment) remedy(again func(string) string) string {
	if a.command == "" {
		return a.does
	}
	return again(a.command) + " " + a.does
}

const repairs = "brings it to what the configuration says"

// allGone is the one problem of a record without a single resource.
const allGone = "nothing of what is recorded exists any more"

// assess judges one resource. Without a problem it is well.
func assess(f engine.Inspection, wanted bool) (r statusResource, a ailment) {
	r = statusResource{
		Key: f.Resource.Key(), Kind: f.Resource.Kind(), Name: f.Resource.Name(), ARN: f.Resource.ARN(),
		Drift: []engine.Change{},
	}
	name := r.Kind + " " + r.Name
	if f.Err != nil {
		r.Status, r.Problem = "unknown", f.Err.Error()
		return r, ailment{rank: isUnread, problem: fmt.Sprintf("%s could not be read: %s", name, f.Err), command: "policy", does: "prints what reading takes"}
	}
	if f.Observed == nil {
		r.Status = "missing"
		return r, ailment{rank: isMissing, problem: name + " does not exist", command: "deploy", does: "makes it", missing: true}
	}
	r.ID, r.Status, r.Detail, r.Problem = f.Observed.ID, f.Observed.Status, f.Observed.Detail, f.Observed.Unhealthy
	if f.Observed.ARN != "" {
		r.ARN = f.Observed.ARN
	}
	switch {
	case f.Owner.Pipeline != "":
		r.Status = "foreign"
		return r, ailment{rank: isMissing, problem: name + " belongs to the pipeline " + f.Owner.Pipeline, does: "another --name, or another name of the lookup, leaves it alone"}
	case strange(f):
		r.Status = "foreign"
		return r, ailment{rank: isMissing, problem: name + " exists, but was not made by this pipeline", command: "deploy --adopt", does: "takes it over; another --name leaves it alone"}
	case !wanted && f.Foreign:
		r.Detail = "not in the configuration; managed by " + f.Owner.Manager
		return r, ailment{}
	case !wanted:
		r.Detail = "no longer in the configuration"
		return r, ailment{}
	case f.Observed.Unhealthy != "":
		r.Drift = append(r.Drift, f.Changes...)
		a = ailment{rank: doesNotWork, problem: fmt.Sprintf("%s: %s", name, f.Observed.Unhealthy), command: "deploy", does: repairs}
		return r, a.told(f)
	case f.Observed.Transient:
		return r, ailment{rank: isOnItsWay, problem: fmt.Sprintf("%s is still %s", name, f.Observed.Status), does: "wait until AWS has finished"}
	case len(f.Changes) > 0:
		r.Drift = append(r.Drift, f.Changes...)
		var fields []string
		for _, change := range f.Changes {
			fields = append(fields, change.Field)
		}
		return r, ailment{rank: differs, problem: fmt.Sprintf("%s differs from the configuration in %s", name, strings.Join(fields, ", ")), command: "deploy", does: repairs}
	}
	return r, ailment{}
}

// told says what helps a resource that is as configured and does not do its work.
func (a ailment) told(f engine.Inspection) ailment {
	name, isAlarm := strings.CutPrefix(f.Resource.Key(), alarmPrefix)
	if isAlarm {
		a.rank, a.alarm = isAlarmed, name
	}
	switch {
	case len(f.Changes) > 0:
	case isAlarm:
		a.command, a.does = alarmHelp(name)
	case f.Resource.Key() == mappingKey && f.Observed.Status == "Enabled": // its last result was bad
		a.command, a.does = "logs --errors", "tells why"
	}
	return a
}

// alarmHelp is what helps when an alarm sounds.
func alarmHelp(alarm string) (command, does string) {
	if strings.HasPrefix(alarm, "lookup-table-throttling") { // of one lookup, where there are several
		return "", "table.mode on-demand or a larger table.read makes room"
	}
	switch alarm {
	case "iterator-age":
		return "", catchUp
	case "dead-letters":
		return "results --dead-letter", "shows them with the reasons"
	case "failed-batches":
		return "results --failed-batches", "shows them with the reasons"
	case "function-throttles":
		return "", "the account's quota of concurrent executions is too low, or somebody has reserved them"
	case "function-duration":
		return "", "a larger function.memory makes it faster, a larger function.timeout gives it time"
	case "failed-deliveries":
		return "", "something keeps Lambda from storing them in the bucket, such as a policy of it"
	}
	return "logs --errors", "tells why"
}

const (
	alarmPrefix = "alarm/"
	mappingKey  = "event-source-mapping"
	catchUp     = "more stream.shards, a larger mapping.parallelization_factor or more function.memory let it catch up"
)

// symptoms are what the last minutes' figures tell before their alarms do.
func symptoms(p *pipeline.Pipeline, series []pipeline.Series, now time.Time) []ailment {
	var all []ailment
	for _, s := range series {
		recent := since(s, now.Add(-5*time.Minute))
		switch s.Name {
		case "iterator-age":
			rule, on := p.Alarm("iterator-age")
			if n := len(recent); on && n > 0 && recent[n-1].Value >= rule.Threshold {
				all = append(all, ailment{
					rank: lagsBehind, does: catchUp, alarm: s.Name,
					problem: fmt.Sprintf("the function is %s behind, of %s at most", figure(recent[n-1].Value, s.Unit), figure(rule.Threshold, s.Unit)),
				})
			}
		case "errors":
			rule, on := p.Alarm("function-errors")
			bad := slices.DeleteFunc(recent, func(p pipeline.Point) bool { return p.Value < rule.Threshold })
			if on && len(bad) >= rule.DatapointsToAlarm {
				all = append(all, ailment{
					rank: lagsBehind, command: "logs --errors", does: "tells why", alarm: "function-errors",
					problem: fmt.Sprintf("batches failed in %d of the last 5 minutes", len(bad)),
				})
			}
		}
	}
	return all
}

// since are the points of a series from the minute of a time on.
func since(s pipeline.Series, from time.Time) []pipeline.Point {
	from = from.Truncate(time.Minute)
	return slices.DeleteFunc(slices.Clone(s.Points), func(p pipeline.Point) bool { return p.At.Before(from) })
}

// conclude orders what is wrong and makes the verdict of it.
func (d *statusDocument) conclude(again func(string) string) {
	slices.SortStableFunc(d.ailments, func(a, b ailment) int { return cmp.Compare(a.rank, b.rank) })
	d.Problems = []string{}
	for _, a := range d.ailments {
		d.Problems = append(d.Problems, a.problem)
	}
	d.Healthy = d.Deployed && len(d.Problems) == 0
	switch {
	case len(d.ailments) > 0:
		d.Verdict = "ill: " + d.ailments[0].problem + "; " + d.ailments[0].remedy(again)
	case d.Deployed:
		d.Verdict = "healthy: everything is there and as configured" + d.busy()
	default:
		d.Verdict = "not deployed"
	}
}

// busy tells what a pipeline that is well does.
func (d *statusDocument) busy() string {
	at := slices.IndexFunc(d.Activity, func(a activityDocument) bool { return a.Name == "records-in" })
	switch {
	case at < 0:
		return ""
	case d.Activity[at].LastHour == nil || *d.Activity[at].LastHour == 0:
		return ", and no record came in the last hour"
	}
	return ", and " + count(int(*d.Activity[at].LastHour), "record") + " came in the last hour"
}
