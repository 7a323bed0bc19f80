//go:build linux

package main

import (
	"time"

	"enrich/cost"
)

// priced is the region whose prices count, without any free tier.
const priced = "us-east-1"

// bill is what a million events cost, in dollars, beside Kinesis, which costs the
// same whatever the function does, and beside storage.
type bill struct{ compute, requests, puts, reads float64 }

// billOf extrapolates figures that were measured at a memory size. Whatever the
// batches were in the measurement, they are taken to be of so many records for the
// price of requests.
func billOf(prices cost.Table, f figures, megabytes, batch int) bill {
	perEvent := 1 / float64(f.records)
	return bill{
		compute:  1e6 * perEvent * f.billed.Seconds() * float64(megabytes) / 1024 * prices.Of(cost.GBSecondARM).USD,
		requests: 1e6 / float64(batch) * prices.Of(cost.Request).USD,
		puts:     1e6 * perEvent * float64(f.puts) * prices.Of(cost.Put).USD,
		// Half a unit for each item of up to 4 KB that is read eventually consistent,
		// in a batch or alone.
		reads: 1e6 * perEvent * float64(f.keys) / 2 * prices.Of(cost.ReadUnit).USD,
	}
}

func (b bill) total() float64 { return b.compute + b.requests + b.puts + b.reads }

// rounded is a duration as Lambda charges it: by begun milliseconds.
func rounded(d time.Duration) time.Duration {
	return (d + time.Millisecond - 1).Truncate(time.Millisecond)
}
