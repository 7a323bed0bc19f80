package main

import (
	"crypto/rand"
	"encoding/hex"
	"math"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/urfave/cli/v2"

	"enrich/bench"
	"enrich/clickstream"
)

const (
	// benchPoll is between two looks for what was stored.
	benchPoll = 200 * time.Millisecond
	// maxBench bounds the events of one run, of each of which a bit is kept.
	maxBench = 100_000_000
)

func (p *program) benchCommand() *cli.Command {
	return &cli.Command{
		Name:  "bench",
		Usage: "measures the pipeline with generated events: latency, throughput and loss",
		Description: about(`
Puts events of a shop's visitors at a rate, finds them again in S3, and tells how
long they took, how many a second were stored, and whether any was lost or stored
twice. The same --seed makes the same events but for their times. Users are user1,
user2, …: load items for them, or every lookup is a miss.

An event's time counts from when the rate has it due, so that a stream which takes
events too slowly shows. It counts up to S3's LastModified on the emulator, and on AWS,
where that has whole seconds, until the object was seen, by looks every 200ms.

The events stay in the bucket, marked in their field bench: results --where
bench.run=… finds those of a run. When all are put it waits for the rest for a
minute, or as long as --timeout says. In prod it asks first.`,
			"enrich --local bench", "enrich bench --rate 1000 --duration 5m --timeout 2m", "enrich bench --users 50 --event-bytes 4000 --seed 7 -o json"),
		Flags: []cli.Flag{
			&cli.Float64Flag{Name: "rate", Usage: "`N`: put so many events a second (default: 100)", Value: 100},
			&cli.DurationFlag{Name: "duration", Usage: "`TIME`: how long to put events (default: 10s)", Value: 10 * time.Second},
			&cli.IntFlag{Name: "users", Usage: "`N`: of so many users, who click equally often (default: 1000)", Value: 1000},
			&cli.IntFlag{Name: "event-bytes", Usage: "`N`: size of an event, from 500 on (default: 600)", Value: 600},
			&cli.Uint64Flag{Name: "seed", Usage: "`N`: makes other events (default: 1)", Value: 1},
			&cli.StringFlag{Name: "key", Usage: "`FIELD`: becomes the partition key (default: the first lookup's key)"},
		},
		Action: p.bench,
	}
}

func (p *program) bench(c *cli.Context) error {
	if _, err := takeArguments(c); err != nil {
		return err
	}
	events, err := checkBench(c)
	if err != nil {
		return err
	}
	s, err := p.open(c.Context)
	if err != nil {
		return err
	}
	if s.production() {
		p.out.say("this puts " + count(events, "generated event") + " into the production stream " + s.pipeline.Names().Stream + "; they stay in its bucket")
		if err := p.confirm(c.Context, "a benchmark in prod", s.cfg.Name); err != nil {
			return err
		}
	}
	id := make([]byte, 6)
	_, _ = rand.Read(id) // never fails
	o := bench.Options{
		Stream: s.pipeline.Names().Stream, Key: s.partitionField(), Place: s.place(), ID: hex.EncodeToString(id),
		Events: events, Rate: c.Float64("rate"), Users: c.Int("users"), Bytes: c.Int("event-bytes"), Seed: c.Uint64("seed"),
		Patience: p.timeout(time.Minute), Poll: benchPoll, Waiting: p.tellWaiting,
	}
	if c.IsSet("key") {
		o.Key = c.String("key")
	}
	shown := p.out.bar("putting", int64(events))
	defer shown.stop()
	o.Observe = func(now bench.Progress) { shown.set(benchProgress(shown, now)) }
	report, err := bench.Run(c.Context, kinesis.NewFromConfig(s.sdk), s.storage(), o)
	shown.stop()
	d := benchDocumentOf(o, report)
	if err != nil && report.Sent == 0 {
		return p.notDeployed(err, "NoSuchBucket", "ResourceNotFoundException")
	}
	if err != nil {
		f := &fault{message: err.Error(), cause: err, details: d}
		return f.hint("%s sent before; enrich results --where bench.run=%s prints the records", count(d.Sent, "event was", "events were"), d.Run)
	}
	return p.reportBench(d, report, o)
}

// checkBench tells all that is wrong with the flags, and how many events they ask for.
func checkBench(c *cli.Context) (int, error) {
	var wrong []error
	rate, duration := c.Float64("rate"), c.Duration("duration")
	events := math.Round(rate * duration.Seconds())
	rated := rate > 0 && rate <= 1e6
	if !rated {
		wrong = append(wrong, failf("--rate %v: a number of events a second above 0, up to 1000000", rate))
	}
	if duration <= 0 {
		wrong = append(wrong, failf("--duration %s: a time is more than 0", duration))
	} else if rated && !(events >= 1 && events <= maxBench) {
		wrong = append(wrong, failf("--rate %v for %s: that is %.0f events; a run has from 1 to %d", rate, duration, events, maxBench))
	}
	if n := c.Int("users"); n < 1 {
		wrong = append(wrong, failf("--users %d: a number of 1 or more", n))
	}
	if n := c.Int("event-bytes"); n < clickstream.MinBytes || n > 1_000_000 {
		wrong = append(wrong, failf("--event-bytes %d: a number from %d to 1000000", n, clickstream.MinBytes))
	}
	return int(events), together(wrong...)
}
