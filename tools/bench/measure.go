//go:build linux

package main

import (
	"fmt"
	"time"
)

// figures are what a load took.
type figures struct {
	records, batches  int
	first             time.Duration // that the first batch took, which does not count otherwise
	wall              time.Duration // of all batches, one after the other
	billed            time.Duration // the same with each batch rounded up to 1 ms, as Lambda does
	cpu               time.Duration
	reads, keys, puts int64
}

// run gives a function one batch after the other. The first one does not count: after
// it the function is warm and has its connections.
func (c *cloud) run(p *process, size int, batches [][]byte, check func(answer []byte) error) (figures, error) {
	f := figures{batches: len(batches) - 1, records: size * (len(batches) - 1)}
	var before time.Duration
	var began time.Time
	for i, batch := range batches {
		if i == 1 {
			before, began = p.cpu(), time.Now()
			c.calls.reads.Store(0)
			c.calls.keys.Store(0)
			c.calls.puts.Store(0)
		}
		answer, took, err := p.invoke(batch)
		if err == nil {
			err = check(answer)
		}
		if err != nil {
			return f, fmt.Errorf("batch %d: %w", i, err)
		}
		if i == 0 {
			f.first = took
			continue
		}
		f.billed += rounded(took)
	}
	f.wall, f.cpu = time.Since(began), p.cpu()-before
	f.reads, f.keys, f.puts = c.calls.reads.Load(), c.calls.keys.Load(), c.calls.puts.Load()
	return f, nil
}

// perSecond is the rate of records.
func (f figures) perSecond() float64 { return float64(f.records) / f.wall.Seconds() }

// per1000 is how many of something there are for 1,000 records.
func (f figures) per1000(n int64) float64 { return 1000 * float64(n) / float64(f.records) }

// cpuPerRecord is in microseconds.
func (f figures) cpuPerRecord() float64 {
	return float64(f.cpu.Nanoseconds()) / 1000 / float64(f.records)
}
