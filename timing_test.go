package main

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"enrich/engine"
)

func timed() *engine.Report {
	began := time.Now()
	result := func(key string, phase engine.Phase, from, took, waited time.Duration) engine.Result {
		return engine.Result{Key: key, Kind: "thing", Name: key, Phase: phase, Began: began.Add(from), Elapsed: took, Waited: waited}
	}
	return &engine.Report{
		Began: began, Elapsed: 10 * time.Second, Critical: []string{"b", "c"},
		Results: []engine.Result{
			result("a", engine.Unchanged, 0, 0, 0),
			result("b", engine.Created, 0, 7*time.Second, 6*time.Second),
			result("quick", engine.Created, 0, 20*time.Millisecond, 0),
			result("slow", engine.Updated, 0, 5*time.Second, 0),
			result("c", engine.Created, 7*time.Second, 3*time.Second, 2500*time.Millisecond),
		},
	}
}

func TestTiming(t *testing.T) {
	b := timeDocument{Key: "b", AWSMS: 6000, OwnMS: 1000}
	c := timeDocument{Key: "c", BeganMS: 7000, AWSMS: 2500, OwnMS: 500}
	same(t, "document", timingDocument{
		WallMS: 10_000, CriticalPath: []timeDocument{b, c},
		Resources: []timeDocument{b, {Key: "quick", OwnMS: 20}, {Key: "slow", OwnMS: 5000}, c},
	}, timing(timed()))
}

// Where the time went is told of a long run, with what matters, and with -v of
// every run.
func TestPrintTiming(t *testing.T) {
	const long = `
time: the longest chain (*) took 10.0s of 10.0s, AWS 8.5s of it
  *  thing  b     AWS 6.0s  enrich 1.0s
     thing  slow  AWS 0ms   enrich 5.0s
  *  thing  c     AWS 2.5s  enrich 500ms
`
	const all = `
time: the longest chain (*) took 10.0s of 10.0s, AWS 8.5s of it
  *  thing  b      AWS 6.0s  enrich 1.0s
     thing  quick  AWS 0ms   enrich 20ms
     thing  slow   AWS 0ms   enrich 5.0s
  *  thing  c      AWS 2.5s  enrich 500ms
`
	short := timed()
	short.Elapsed = time.Second
	nothing := &engine.Report{Elapsed: time.Minute}
	for name, test := range map[string]struct {
		report  *engine.Report
		verbose bool
		want    string
	}{
		"long": {timed(), false, long}, "verbose": {timed(), true, all}, "short": {short, false, ""}, "nothing done": {nothing, true, ""},
	} {
		p := &page{c: newPalette(false), Buffer: bytes.Buffer{}}
		printTiming(p, test.report, test.verbose)
		if diff := cmp.Diff(test.want, p.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
