//go:build linux

package main

import "fmt"

// bills prints what a million events cost with each function, and how much more
// the recipe's does.
func (r *report) bills() {
	theirs, compared := r.find("recipe", workload{load: few, held: true})
	for _, w := range []workload{{load: same, held: true}, {load: some, held: true}, {load: unique, held: true}} {
		o, ok := r.find("enrich", w)
		if !ok {
			continue
		}
		ours := billOf(r.prices, o.figures, memory, w.load.size)
		ratio := "not measured"
		if compared {
			ratio = fmt.Sprintf("%.0f", billOf(r.prices, theirs.figures, memory, w.load.size).total()/ours.total())
		}
		r.bill("enrich, "+w.load.name, ours, ratio)
	}
	if compared {
		r.bill("recipe", billOf(r.prices, theirs.figures, memory, unique.size), "1")
	}
}

func (r *report) bill(name string, b bill, ratio string) {
	r.line("Dollars for a million events, without Kinesis and storage",
		"| function | Lambda GB-s | Lambda requests | S3 PUTs | DynamoDB reads | total | the recipe costs so many times as much |",
		"| %s | %.4f | %.4f | %.4f | %.4f | %.4f | %s |", name, b.compute, b.requests, b.puts, b.reads, b.total(), ratio)
}

// budgets prints which of the design's budgets are met.
func (r *report) budgets() {
	warm, _ := r.find("enrich", workload{load: same, near: true})
	large, _ := r.find("enrich", workload{load: largest, near: true})
	held, _ := r.find("enrich", workload{load: unique, held: true})
	r.budget("CPU a record of 400 B, the process's whole", warm.cpuPerRecord(), 10, "µs")
	r.budget("S3 PUTs for 1,000 records", held.per1000(held.puts), 1, "")
	r.budget("DynamoDB calls for 1,000 records of different users", held.per1000(held.reads), 10, "")
	r.budget("time for 1,000 records at the share of 256 MB", 1e6/held.perSecond(), 1000, "ms")
	r.budget("CPU from start to ready", ms(r.started["enrich"].cpu), 50, "ms")
	r.budget("archive", float64(r.zip)/1e6, 8, "MB")
	r.budget("peak memory with 10,000 records of 600 B", float64(large.peak)/(1<<20), 128, "MB")
}

func (r *report) budget(what string, measured, most float64, unit string) {
	met := "yes"
	if measured > most {
		met = "NO"
	}
	r.line("Budgets", "| what | measured | at most | met |", "| %s | %.3g %s | %g %s | %s |", what, measured, unit, most, unit, met)
}
