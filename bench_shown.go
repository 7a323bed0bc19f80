package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"enrich/bench"
)

// benchDocument is the result of bench.
type benchDocument struct {
	Run             string           `json:"run"`                     // the events have it as bench.run
	Seed            uint64           `json:"seed"`                    // of the events
	Rate            float64          `json:"rate"`                    // that was asked for, in records a second
	Sent            int              `json:"sent"`                    // the number of events
	Bytes           int64            `json:"bytes"`                   // of the events
	SentPerSecond   float64          `json:"sent_per_second"`         // that were put
	Throttled       int              `json:"throttled"`               // entries that were refused, and sent again
	Stored          int              `json:"stored"`                  // each event once
	StoredPerSecond float64          `json:"stored_per_second"`       // that were stored
	Statuses        map[string]int   `json:"statuses"`                // of the stored, by enrichment_status
	DeadLetters     int              `json:"dead_letters"`            // events that were stored as such
	Missing         int              `json:"missing"`                 // sent, and neither stored nor dead letters
	Duplicates      int              `json:"duplicates"`              // stored more than once
	Latency         *latencyDocument `json:"latency"`                 // from when an event was due until it was stored; null without any
	LatencyUntil    string           `json:"latency_until,omitempty"` // last_modified of S3, or seen here
	Processed       *latencyDocument `json:"processed"`               // until the function had it, by its own clock
	ElapsedMS       int64            `json:"elapsed_ms"`              // of the putting
	Interrupted     bool             `json:"interrupted"`             // what is missing may still come
}

// latencyDocument is how long events took. Percentiles are up to 1% too high.
type latencyDocument struct {
	P50 float64 `json:"p50_ms"` // half of them
	P90 float64 `json:"p90_ms"` // nine of ten
	P99 float64 `json:"p99_ms"` // 99 of 100
	Max float64 `json:"max_ms"` // the longest
	// Ranges are how many took as long, and longer than the range before.
	Ranges []rangeDocument `json:"ranges"`
}

type rangeDocument struct {
	Through float64 `json:"through_ms"` // its upper end
	Count   int     `json:"count"`      // of events
}

func benchDocumentOf(o bench.Options, r bench.Report) benchDocument {
	d := benchDocument{
		Run: o.ID, Seed: o.Seed, Rate: o.Rate, Sent: r.Sent, Bytes: r.Bytes, SentPerSecond: perSecond(r.Sent, r.Putting), Throttled: r.Throttled,
		Stored: r.Stored, StoredPerSecond: perSecond(r.Stored, r.Storing), Statuses: r.Statuses, DeadLetters: r.DeadLetters,
		Missing: r.Missing(), Duplicates: r.Duplicates, Latency: latencyOf(r.Latency), Processed: latencyOf(r.Processed),
		ElapsedMS: r.Putting.Milliseconds(), Interrupted: r.Interrupted,
	}
	switch {
	case r.Precise:
		d.LatencyUntil = "last_modified"
	case d.Latency != nil:
		d.LatencyUntil = "seen"
	}
	return d
}

func perSecond(n int, took time.Duration) float64 {
	if took <= 0 {
		return 0
	}
	return float64(int(float64(n)/took.Seconds()*10+0.5)) / 10
}

func latencyOf(h *bench.Histogram) *latencyDocument {
	if h == nil || h.Count == 0 {
		return nil
	}
	d := &latencyDocument{P50: milliseconds(h.Quantile(.5)), P90: milliseconds(h.Quantile(.9)), P99: milliseconds(h.Quantile(.99)), Max: milliseconds(h.Max)}
	for _, r := range h.Ranges() {
		d.Ranges = append(d.Ranges, rangeDocument{milliseconds(r.Through), r.Count})
	}
	return d
}

func milliseconds(d time.Duration) float64 {
	return float64(d.Round(100*time.Microsecond)) / float64(time.Millisecond)
}

func benchProgress(b *bar, now bench.Progress) string {
	if now.PutAll {
		return fmt.Sprintf("waiting: %d of %s stored", now.Arrived, count(now.Put.Sent, "event is", "events are"))
	}
	text := b.text(transferred{input: int64(now.Put.Sent), thing: "event", count: now.Put.Sent, bytes: now.Put.Bytes, throttled: now.Put.Throttled}, time.Since(b.began))
	return fmt.Sprintf("%s, %d stored", text, now.Arrived)
}

func (p *program) reportBench(d benchDocument, r bench.Report, o bench.Options) error {
	if err := p.out.result(d, func(page *page) { printBench(page, d, r, o) }); err != nil {
		return err
	}
	switch {
	case d.Interrupted:
		return exit(exitInterrupted)
	case d.Missing > 0 || d.DeadLetters > 0:
		return exit(exitFailed)
	}
	return nil
}

func printBench(page *page, d benchDocument, r bench.Report, o bench.Options) {
	c := page.c
	rows := [][]cell{
		{{text: "sent"}, {text: count(d.Sent, "event"), paint: c.strong}, {text: fmt.Sprintf("%.1f a second, %s", d.SentPerSecond, bytesText(d.Bytes)), paint: c.faint}},
		{{text: "throttled"}, {text: count(d.Throttled, "time")}},
		{{text: "stored"}, {text: count(d.Stored, "event"), paint: c.strong}, {text: fmt.Sprintf("%.1f a second%s", d.StoredPerSecond, statusText(d.Statuses)), paint: c.faint}},
		{{text: "stored twice"}, {text: count(d.Duplicates, "time")}},
	}
	if d.DeadLetters > 0 {
		rows = append(rows, []cell{{text: "dead letters"}, {text: count(d.DeadLetters, "event"), paint: c.bad}, {text: "enrich results --dead-letter tells the reasons", paint: c.faint}})
	}
	switch {
	case d.Missing == 0:
		rows = append(rows, []cell{{text: "lost"}, {text: "none", paint: c.good}})
	case d.Interrupted:
		rows = append(rows, []cell{{text: "not there yet"}, {text: count(d.Missing, "event"), paint: c.warn}, {text: "interrupted: they may still come", paint: c.faint}})
	default:
		rows = append(rows, []cell{{text: "lost"}, {text: count(d.Missing, "event"), paint: c.bad}, {text: "not there " + short(o.Patience) + " after the last put; see enrich status, and enrich logs --errors", paint: c.faint}})
	}
	page.line("run %s, seed %d", c.strong(d.Run), d.Seed)
	page.table(rows)
	if d.Latency == nil {
		return
	}
	page.line("")
	until := "seen in S3, by looks every " + short(o.Poll)
	if r.Precise {
		until = "stored, by S3's LastModified"
	}
	latencies := [][]cell{{{}, {text: "p50", paint: c.faint}, {text: "p90", paint: c.faint}, {text: "p99", paint: c.faint}, {text: "max", paint: c.faint}}}
	for _, one := range []struct {
		name string
		of   *latencyDocument
		how  string
	}{{"processed", d.Processed, "until the function had it, by its clock"}, {"stored", d.Latency, "until " + until}} {
		row := []cell{{text: one.name}}
		for _, ms := range []float64{one.of.P50, one.of.P90, one.of.P99, one.of.Max} {
			row = append(row, cell{text: took(ms), paint: c.strong})
		}
		latencies = append(latencies, append(row, cell{text: one.how, paint: c.faint}))
	}
	page.line("time from when an event was due")
	page.table(latencies)
	page.line("")
	page.table(plot(r.Latency.Ranges()))
	page.line("")
	page.line("enrich results --where bench.run=%s prints its records", d.Run)
}

// took is a time with as many digits as say something.
func took(ms float64) string {
	d := time.Duration(ms * float64(time.Millisecond))
	switch {
	case d < 10*time.Millisecond:
		return short(d.Round(100 * time.Microsecond))
	case d < time.Second:
		return short(d.Round(time.Millisecond))
	}
	return short(d.Round(10 * time.Millisecond))
}

// plot draws how many events took how long.
func plot(ranges []bench.Range) [][]cell {
	most := slices.MaxFunc(ranges, func(a, b bench.Range) int { return a.Count - b.Count }).Count
	var rows [][]cell
	for _, r := range ranges {
		rows = append(rows, []cell{{text: "≤ " + short(r.Through)}, {text: fmt.Sprint(r.Count)}, {text: drawn(float64(r.Count), float64(most))}})
	}
	return rows
}

// statusText tells what the enrichment of the stored came to.
func statusText(statuses map[string]int) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(statuses)) {
		parts = append(parts, fmt.Sprintf("%s %d", name, statuses[name]))
	}
	if len(parts) == 0 {
		return ""
	}
	return ", " + strings.Join(parts, ", ")
}
