package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"enrich/emulator"
	"enrich/tools/pack/archive"
)

// A deploy without anything to do only reads, and one of the code alone makes no
// more calls than it takes.
func TestCallsOfDeploy(t *testing.T) {
	withoutAccount(t)
	a := newAccount(t)
	clean, again := a.well(t, "deploy"), a.well(t, "deploy")
	t.Logf("%d calls of a clean deploy, %d of one without anything to do", len(clean), len(again))
	reads := []string{"Get", "GET ", "List", "Describe", "HEAD "}
	for _, call := range again {
		if !slices.ContainsFunc(reads, func(begin string) bool { return strings.HasPrefix(call, begin) }) {
			t.Errorf("with nothing to do it calls %s", call)
		}
	}
	for _, file := range a.archives {
		packed, err := archive.Pack([]byte("#!/bin/sh\n# other code\n"))
		if err != nil {
			t.Fatal(err)
		}
		file.Data = packed
	}
	const function = " /2015-03-31/functions/data-enrichment-dev-function"
	swap := []string{"GetCallerIdentity ", "GET" + function + " ", "PUT" + function + "/code ", "GET" + function + "/configuration "}
	for _, want := range [][]string{swap, swap[:2]} { // then it is there
		if called := a.well(t, "deploy", "--code-only"); !slices.EqualFunc(called, want, strings.HasPrefix) {
			t.Errorf("called %v, want %v", called, want)
		}
	}
}

// BenchmarkDeploy deploys to an AWS that takes its usual times, and destroys. It
// reports both, as multiples of the longest chain too, and their calls.
func BenchmarkDeploy(b *testing.B) {
	withoutAccount(b)
	takes := emulator.Readiness{
		Role: 8 * time.Second, Stream: 15 * time.Second, Table: 6 * time.Second, Function: 3 * time.Second, Mapping: 10 * time.Second,
	}
	a := newAccount(b)
	if err := a.next.(*emulator.Server).SetReadiness(takes); err != nil {
		b.Fatal(err)
	}
	measure := func(name string, chain time.Duration, words ...string) {
		began := time.Now()
		calls := a.well(b, words...)
		took := time.Since(began)
		b.ReportMetric(took.Seconds(), name+"-s")
		b.ReportMetric(float64(len(calls)), name+"-calls")
		if chain == 0 {
			return
		}
		b.ReportMetric(took.Seconds()/chain.Seconds(), name+"/chain")
		if took > chain*11/10 {
			b.Errorf("%s took %s, more than a tenth longer than %s", name, took, chain)
		}
	}
	for b.Loop() {
		measure("deploy", 2*takes.Stream+takes.Mapping, "deploy") // the stream is encrypted when it is ACTIVE
		measure("again", 0, "deploy")
		measure("destroy", takes.Mapping+takes.Stream, "destroy", "--yes")
	}
}
