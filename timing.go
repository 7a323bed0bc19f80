package main

import (
	"slices"
	"time"

	"enrich/engine"
)

// timingDocument tells where the time of a run went. A critical path is the chain
// of resources, each of which waited for the one before, that decided how long
// the run took.
type timingDocument struct {
	WallMS       int64          `json:"wall_ms"`       // from begin to end
	CriticalPath []timeDocument `json:"critical_path"` // the chain that decided how long it took
	Resources    []timeDocument `json:"resources"`     // that were changed
}

// timeDocument is the time of one resource.
type timeDocument struct {
	Key     string `json:"key"`
	BeganMS int64  `json:"began_ms"` // since the run began
	AWSMS   int64  `json:"aws_ms"`   // waited until AWS was ready
	OwnMS   int64  `json:"own_ms"`   // the rest: calls and what is between them
}

func timing(report *engine.Report) timingDocument {
	d := timingDocument{WallMS: report.Elapsed.Milliseconds(), CriticalPath: []timeDocument{}, Resources: []timeDocument{}}
	byKey := map[string]timeDocument{}
	for _, r := range worked(report) {
		t := timeDocument{
			Key: r.Key, BeganMS: r.Began.Sub(report.Began).Milliseconds(),
			AWSMS: r.Waited.Milliseconds(), OwnMS: (r.Elapsed - r.Waited).Milliseconds(),
		}
		byKey[r.Key] = t
		d.Resources = append(d.Resources, t)
	}
	for _, key := range report.Critical {
		d.CriticalPath = append(d.CriticalPath, byKey[key])
	}
	return d
}

// worked are the results of resources on which something was done.
func worked(report *engine.Report) []engine.Result {
	return slices.DeleteFunc(slices.Clone(report.Results), func(r engine.Result) bool {
		return r.Phase == engine.Unchanged || r.Phase == engine.NotStarted
	})
}

// longRun is how long a run takes of which people want to know why.
const longRun = 2 * time.Second

// printTiming tells where the time of a long run went, without what is not worth
// mentioning; with -v of every run and of everything.
func printTiming(p *page, report *engine.Report, verbose bool) {
	results := worked(report)
	if len(results) == 0 || report.Elapsed < longRun && !verbose {
		return
	}
	var aws, chain time.Duration
	rows := [][]cell{}
	for _, r := range results {
		mark := ""
		if slices.Contains(report.Critical, r.Key) {
			mark = "*"
			chain += r.Elapsed
			aws += r.Waited
		} else if !verbose && r.Elapsed < report.Elapsed/20 {
			continue
		}
		rows = append(rows, []cell{
			{text: mark, paint: p.c.strong},
			{text: r.Kind},
			{text: r.Name},
			{text: "AWS " + seconds(r.Waited)},
			{text: "enrich " + seconds(r.Elapsed-r.Waited)},
		})
	}
	p.line("")
	p.line("time: the longest chain (*) took %s of %s, AWS %s of it", seconds(chain), seconds(report.Elapsed), seconds(aws))
	p.table(rows)
}
