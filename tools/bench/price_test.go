//go:build linux

package main

import (
	"math"
	"testing"
	"time"

	"enrich/cost"
)

func TestBillOf(t *testing.T) {
	prices, err := cost.Prices(priced)
	if err != nil {
		t.Fatal(err)
	}
	// 2,000 events in two batches, each a second long, at 512 MB.
	got := billOf(prices, figures{records: 2000, billed: 2 * time.Second, puts: 4, keys: 400}, 512, 1000)
	want := bill{
		compute:  500 * 0.0000133334, // half a GB for 1,000 s
		requests: 1000 * 0.0000002,
		puts:     2000 * 0.000005,
		reads:    100_000 * 0.000000125,
	}
	for name, pair := range map[string][2]float64{
		"compute": {got.compute, want.compute}, "requests": {got.requests, want.requests},
		"puts": {got.puts, want.puts}, "reads": {got.reads, want.reads}, "total": {got.total(), want.total()},
	} {
		if math.Abs(pair[0]-pair[1]) > 1e-12 {
			t.Errorf("%s: %g, want %g", name, pair[0], pair[1])
		}
	}
}

func TestRounded(t *testing.T) {
	for d, want := range map[time.Duration]time.Duration{
		0: 0, time.Nanosecond: time.Millisecond, time.Millisecond: time.Millisecond, 1001 * time.Microsecond: 2 * time.Millisecond,
	} {
		if got := rounded(d); got != want {
			t.Errorf("%v is charged as %v, want %v", d, got, want)
		}
	}
}
