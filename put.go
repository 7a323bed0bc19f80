package main

import (
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/urfave/cli/v2"

	"enrich/feed"
)

func (p *program) putCommand() *cli.Command {
	return &cli.Command{
		Name:      "put",
		Usage:     "sends events from files or from stdin",
		ArgsUsage: "FILE...|-",
		Description: about(`
Every line is one event, a JSON object. A line that is none is reported with its
number, and the others are sent. With --rejects such lines are kept as they were,
to be corrected and put again; why each of them was left out tells the line of the
same number in FILE.reasons. The field named by --key becomes the partition
key, so that events with the same value stay in order; an event without it goes
by a hash of its bytes. gzip and zstd are unpacked. After an interruption --skip
takes what it printed and goes on behind it.

With --speed events come as they once did. Their times are RFC 3339, or seconds or
milliseconds since 1970. Whatever is late, out of order or without a time is sent
at once.`,
			"enrich --local put events.ndjson", "enrich put --rate 200 monday.ndjson.gz tuesday.ndjson.zst", "enrich put events.ndjson --skip 1200", "enrich put monday.ndjson.gz --speed 10x --time-field created_at", "cat events.ndjson | enrich put -", "enrich put events.ndjson --rejects bad.ndjson", "enrich put events.ndjson --key session_id -o json"),
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "key", Usage: "`FIELD`: becomes the partition key (default: the first lookup's key)"},
			&cli.BoolFlag{Name: "unordered", Usage: "send faster where few keys have most events; one that is throttled may be overtaken"},
			&cli.Float64Flag{Name: "rate", Usage: "`N`: put no more records a second than this (default: no limit)"},
			&cli.StringFlag{Name: "speed", Usage: "`N`: put events as far apart as their own times, N times as fast (1, 10x, 0.5x)"},
			&cli.StringFlag{Name: "time-field", Usage: "`FIELD`: has an event's own time for --speed (default: " + defaultTimeField + ")"},
			&cli.StringFlag{Name: "skip", Usage: "`LINES`: leave out lines that were sent before, as an interrupted put prints them"},
			&cli.StringFlag{Name: "rejects", Usage: "`FILE`: keep the lines that cannot be sent, and in FILE.reasons why"},
		},
		Action: p.put,
	}
}

func (p *program) put(c *cli.Context) error {
	asked, err := p.checkPut(c)
	if err != nil {
		return err
	}
	before, kept := asked.before, asked.kept
	defer func() { _ = kept.close() }() // after a failure; what was written is there
	in := p.joinedInput(c.Context, c.Args().Slice())
	s, err := p.open(c.Context)
	if err != nil {
		return err
	}
	o := feed.Options{Stream: s.pipeline.Names().Stream, Key: s.partitionField(), Unordered: c.Bool("unordered"), Rate: c.Float64("rate"), Waiting: p.tellWaiting}
	if c.IsSet("skip") {
		o.Skip = before.has
	}
	if c.IsSet("key") {
		o.Key = c.String("key")
	}
	untimed := 0
	p.replayed(&o, c, asked.speed, in, &untimed)
	if kept.name != "" {
		o.Reject = func(r feed.Rejection, data []byte) error {
			file, line := in.place(r.Line)
			return kept.keep(file, line, r.Reason, data)
		}
	}
	shown := p.out.bar("sending", in.size.total)
	defer shown.stop()
	var last feed.Progress
	o.Observe = func(now feed.Progress) {
		last = now
		shown.show(transferred{input: in.settled(now.Through), thing: "event", count: now.Sent, bytes: now.Bytes,
			throttled: now.Throttled, rejected: now.Rejected, due: now.Due})
	}
	report, err := feed.Send(c.Context, kinesis.NewFromConfig(s.sdk), in, o)
	took := time.Since(shown.began)
	shown.stop()
	err = errors.Join(err, kept.close())
	d := putDocument{Sent: report.Sent, Bytes: last.Bytes, Throttled: last.Throttled, Rejected: []rejectionDocument{}, Untimed: untimed, ElapsedMS: took.Milliseconds()}
	for _, r := range report.Rejected {
		file, line := in.place(r.Line)
		if c.NArg() == 1 {
			file = "" // it goes without saying
		}
		d.Rejected = append(d.Rejected, rejectionDocument{File: file, Line: line, Reason: r.Reason})
	}
	if kept.kept > 0 {
		d.Rejects = kept.name
		p.tellKept(len(d.Rejected), kept.name)
	} else {
		p.tellRejected(d.Rejected, "sent")
	}
	if err != nil {
		d.Skip = before.and(report.Through, report.Ahead).String()
		return p.putFailure(err, d, c)
	}
	return p.reportPut(d, o.Stream, took)
}
