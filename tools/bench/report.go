//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"enrich/cost"
	"enrich/tools/pack/archive"
)

// report prints figures as Markdown, as soon as there are any.
type report struct {
	out     io.Writer
	prices  cost.Table
	zip     int // bytes of the function's archive
	started map[string]spent
	rows    []row
	table   string // the heading of the table that is being printed
}

type row struct {
	subject  string
	workload workload
	outcome  outcome
}

func (r *report) printf(format string, arguments ...any) {
	_, _ = fmt.Fprintf(r.out, format, arguments...) // there is nowhere else to print
}

// line prints a line of a table, and first the table's heading if it is a new one.
func (r *report) line(heading, columns, format string, arguments ...any) {
	if r.table != heading {
		r.table = heading
		r.printf("\n### %s\n\n%s\n|%s\n", heading, columns, strings.Repeat(" --- |", strings.Count(columns, "|")-1))
	}
	r.printf(format+"\n", arguments...)
}

// machine says where the figures come from, and how exactly a process is held.
func (r *report) machine(ctx context.Context) {
	model := "unknown CPU"
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(info)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				model = strings.TrimSpace(value)
				break
			}
		}
	}
	r.printf("%s, %d CPUs, %s, %s/%s, %s\n", model, runtime.NumCPU(), runtime.Version(), runtime.GOOS, runtime.GOARCH, time.Now().UTC().Format(time.DateOnly))
	busy := &process{command: exec.CommandContext(ctx, "/bin/sh", "-c", "while :; do :; done")}
	if err := busy.command.Start(); err != nil {
		return // the figures of what is held tell it, too
	}
	release := busy.hold(share(memory))
	began, had := time.Now(), busy.cpu()
	time.Sleep(3 * time.Second)
	got := (busy.cpu() - had).Seconds() / time.Since(began).Seconds()
	release()
	_ = busy.command.Process.Kill() // it runs until then
	_ = busy.command.Wait()
	r.printf("\nA busy process that is held to %.1f%% of a CPU gets %.1f%%.\n", 100*share(memory), 100*got)
}

// archive notes how large the function's archive is.
func (r *report) archive(program string) error {
	content, err := os.ReadFile(program)
	if err != nil {
		return err
	}
	packed, err := archive.Pack(content)
	r.zip = len(packed)
	return err
}

func (r *report) start(s subject, all []spent) {
	if r.started == nil {
		r.started = map[string]spent{}
	}
	median := all[len(all)/2]
	r.started[s.name] = median
	r.line("Start to the first question for an event", "| function | CPU, median | most | wall clock, of the median |",
		"| %s | %.1f ms | %.1f ms | %.1f ms |", s.name, ms(median.cpu), ms(all[len(all)-1].cpu), ms(median.wall))
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func (r *report) row(s subject, w workload, o outcome) {
	r.rows = append(r.rows, row{subject: s.name, workload: w, outcome: o})
	cpu, services := "whole", "4 ms, 25 ms"
	if w.held {
		cpu = fmt.Sprintf("%d MB share", memory)
	}
	if w.near {
		services = "at once"
	}
	r.line("One shard, batch after batch",
		"| function | batch | CPU | DynamoDB, S3 answer after | first batch | batches/s | records/s | CPU a record | CPU used | peak memory | DynamoDB calls | keys | S3 PUTs |",
		"| %s | %s | %s | %s | %.0f ms | %.2f | %.0f | %.1f µs | %.1f%% | %d MB | %.1f | %.0f | %.1f |",
		s.name, w.load.name, cpu, services, ms(o.first), float64(o.batches)/o.wall.Seconds(), o.perSecond(), o.cpuPerRecord(),
		100*o.cpu.Seconds()/o.wall.Seconds(), o.peak>>20, o.per1000(o.reads), o.per1000(o.keys), o.per1000(o.puts))
}

// find gives the outcome of a workload.
func (r *report) find(subject string, w workload) (outcome, bool) {
	for _, row := range r.rows {
		if row.subject == subject && row.workload == w {
			return row.outcome, true
		}
	}
	return outcome{}, false
}
