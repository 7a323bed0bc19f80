//go:build linux

package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// memory of the functions in MB: the pipeline's default.
const memory = 256

// allUsers is how many users there are: as many as the largest load has events.
const allUsers = 60_000

// asAWS is how far away the services are taken to be.
var asAWS = latency{dynamodb: 4 * time.Millisecond, s3: 25 * time.Millisecond}

// subject is a function that is measured.
type subject struct {
	name      string
	argv      []string
	check     func(answer []byte) error // that a batch was done
	workloads []workload
}

// workload is a load under conditions.
type workload struct {
	load load
	near bool // the services answer at once
	held bool // the function has the share of a CPU that its memory gives it
}

var (
	same    = load{name: "1,000 × 400 B, always the same 200 users", batches: 61, size: 1000, bytes: 400, users: 200}
	some    = load{name: "1,000 × 400 B, 200 users, other ones in each batch", batches: 61, size: 1000, bytes: 400, users: 200, others: true}
	unique  = load{name: "1,000 × 400 B, all users different", batches: 41, size: 1000, bytes: 400}
	largest = load{name: "10,000 × 600 B, all users different", batches: 6, size: 10_000, bytes: 600}
	limit   = load{name: "4,600 × 600 B, all users different", batches: 6, size: 4600, bytes: 600}
	few     = load{name: "250 × 400 B, all users different", batches: 4, size: 250, bytes: 400} // for the recipe, which takes its time
)

// ours is enrich's function.
func ours(program string) subject {
	return subject{
		name: "enrich", argv: []string{program},
		check: func(answer []byte) error {
			if string(answer) != `{"batchItemFailures":[]}` {
				return fmt.Errorf("the function answers %s", answer)
			}
			return nil
		},
		workloads: []workload{
			{load: same, near: true}, {load: unique, near: true}, {load: limit, near: true}, {load: largest, near: true},
			{load: unique}, {load: same, held: true}, {load: some, held: true}, {load: unique, held: true},
		},
	}
}

// recipe is the recipe's design, in Python as the recipe is.
func recipe(python string) subject {
	done := fmt.Sprintf("processed %d of %d records", few.size, few.size)
	return subject{
		name: "recipe", argv: []string{python, "tools/bench/recipe/bootstrap.py"},
		check: func(answer []byte) error {
			if !strings.Contains(string(answer), done) {
				return fmt.Errorf("the function answers %s", answer)
			}
			return nil
		},
		workloads: []workload{{load: few}, {load: few, held: true}},
	}
}

// starts starts a function some times and answers what that took, sorted by CPU.
func (c *cloud) starts(ctx context.Context, s subject) ([]spent, error) {
	c.late = asAWS
	var all []spent
	for range 11 {
		p, err := start(ctx, s.argv, c.variables(memory))
		if err != nil {
			return nil, err
		}
		p.stop()
		all = append(all, p.started)
	}
	slices.SortFunc(all, func(a, b spent) int { return cmp.Compare(a.cpu, b.cpu) })
	return all, nil
}

// outcome is what came of a workload.
type outcome struct {
	figures
	peak int64 // bytes of memory
}

// measure runs a workload in a process of its own.
func (c *cloud) measure(ctx context.Context, s subject, w workload) (o outcome, err error) {
	c.late = asAWS
	if w.near {
		c.late = latency{}
	}
	p, err := start(ctx, s.argv, c.variables(memory))
	if err != nil {
		return o, err
	}
	defer p.stop()
	if w.held {
		defer p.hold(share(memory))()
	}
	if o.figures, err = c.run(p, w.load.size, w.load.make(time.Now()), s.check); err != nil {
		p.stop()
		return o, fmt.Errorf("%w\n%s", err, &p.log)
	}
	o.peak, err = p.peakMemory()
	return o, err
}
