//go:build linux

// Command bench measures the function as Lambda runs it: the real program in a
// process of its own, over a Runtime API, against the emulator over TLS and as far
// away as AWS is, with a whole CPU and with the share of one that Lambda gives.
// With -python it measures the recipe's design beside it. It prints Markdown;
// docs/performance.md tells what the figures mean.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"enrich/cost"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	python := flag.String("python", "", "a python that has boto3, to measure the recipe's design too")
	flag.Parse()
	if err := bench(ctx, os.Stdout, *python); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "bench:", err) // there is nowhere else to tell it
		os.Exit(1)
	}
}

func bench(ctx context.Context, out io.Writer, python string) (err error) {
	directory, err := os.MkdirTemp("", "enrich-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(directory)) }()
	program, err := build(ctx, directory)
	if err != nil {
		return err
	}
	c, err := newCloud(ctx, directory, allUsers)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.close(ctx)) }()
	subjects := []subject{ours(program)}
	if python != "" {
		subjects = append(subjects, recipe(python))
	}
	prices, err := cost.Prices(priced)
	if err != nil {
		return err
	}
	r := &report{out: out, prices: prices}
	r.machine(ctx)
	if err := r.archive(program); err != nil {
		return err
	}
	for _, s := range subjects {
		started, err := c.starts(ctx, s)
		if err != nil {
			return err
		}
		r.start(s, started)
	}
	for _, s := range subjects {
		for _, w := range s.workloads {
			o, err := c.measure(ctx, s, w)
			if err != nil {
				return fmt.Errorf("%s with %s: %w", s.name, w.load.name, err)
			}
			r.row(s, w, o)
		}
	}
	r.bills()
	r.budgets()
	return nil
}
