//go:build linux

package main

import (
	"testing"
	"time"
)

// Batches of twice the size that Lambda sends fit in half of the default function's
// memory. What it does send, 6 MB with everything around the records, fits in the
// smallest function's.
func TestPeakMemory(t *testing.T) {
	directory := t.TempDir()
	program, err := build(t.Context(), directory)
	if err != nil {
		t.Fatal(err)
	}
	const batches = 5
	c, err := newCloud(t.Context(), directory, batches*largest.size)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.close(t.Context()); err != nil {
			t.Error(err)
		}
	})
	for _, tt := range []struct {
		load      load
		megabytes int
	}{{largest, 256}, {limit, 128}} {
		t.Run(tt.load.name, func(t *testing.T) {
			p, err := start(t.Context(), []string{program}, c.variables(tt.megabytes))
			if err != nil {
				t.Fatal(err)
			}
			defer p.stop()
			tt.load.batches = batches
			if _, err := c.run(p, tt.load.size, tt.load.make(time.Now()), ours(program).check); err != nil {
				t.Fatal(err)
			}
			peak, err := p.peakMemory()
			if err != nil {
				t.Fatal(err)
			}
			if peak > 128<<20 {
				t.Errorf("%d MB of memory, want at most 128", peak>>20)
			}
		})
	}
}
