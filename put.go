package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
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
	set, stop := p.out.spinner("sending")
	defer stop()
	began := time.Now()
	o.Observe = func(now feed.Progress) { set(sending(now, time.Since(began))) }
	report, err := feed.Send(c.Context, kinesis.NewFromConfig(s.sdk), in, o)
	took := time.Since(began)
	stop()
	err = errors.Join(err, kept.close())
	d := putDocument{Sent: report.Sent, Rejected: []rejectionDocument{}, Untimed: untimed, ElapsedMS: took.Milliseconds()}
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
		return p.putFailure(err, d, c.Args().Slice())
	}
	return p.reportPut(d, o.Stream, took)
}

// putWords are the flags of a put, once they are read.
type putWords struct {
	before skip
	kept   *rejects
	speed  float64
}

// checkPut tells all that is wrong with the words of put, before anything is sent.
func (p *program) checkPut(c *cli.Context) (putWords, error) {
	files := c.Args().Slice()
	if len(files) == 0 {
		_, err := takeArguments(c, "FILE")
		return putWords{}, err
	}
	asked, wrong := putWords{kept: &rejects{}}, []error(nil)
	var err error
	if n := c.Float64("rate"); c.IsSet("rate") && !(n > 0 && n <= 1e9) {
		wrong = append(wrong, failf("--rate %v: a number of records a second above 0", n))
	}
	if c.IsSet("skip") {
		if asked.before, err = parseSkip(c.String("skip")); err != nil {
			wrong = append(wrong, err)
		}
	}
	if asked.speed, err = checkSpeed(c); err != nil {
		wrong = append(wrong, err)
	}
	stdin := 0
	for _, name := range files {
		if name == "-" {
			stdin++
			continue
		}
		in, err := p.input(c.Context, name)
		if err != nil {
			wrong = append(wrong, err)
			continue
		}
		_ = in.Close() // it is opened again when it has its turn
	}
	if stdin > 1 {
		wrong = append(wrong, failf("standard input (-) can be read once"))
	}
	if c.IsSet("rejects") {
		if asked.kept, err = openRejects(c.String("rejects"), c.IsSet("skip"), files); err != nil {
			wrong = append(wrong, err)
		}
	}
	if len(wrong) > 0 {
		return asked, errors.Join(together(wrong...), asked.kept.close())
	}
	return asked, nil
}

// input opens a file, or stdin for "-".
func (p *program) input(ctx context.Context, name string) (io.ReadCloser, error) {
	if name == "-" {
		return untilDone(ctx, p.in), nil
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("opening the input: %w", err)
	}
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("opening the input: %w", err)
	}
	if info.IsDir() {
		return nil, failf("opening the input: %s is a directory", name)
	}
	return file, nil
}

// untilDone reads until the context ends: a read from a terminal or a pipe
// cannot be called off.
func untilDone(ctx context.Context, in io.Reader) io.ReadCloser {
	r, w := io.Pipe()
	go func() {
		_, err := io.Copy(w, in)
		_ = w.CloseWithError(err) // never fails
	}()
	context.AfterFunc(ctx, func() {
		_ = w.CloseWithError(context.Cause(ctx)) // never fails
	})
	return r
}

func sending(now feed.Progress, took time.Duration) string {
	text := fmt.Sprintf("sending: %d events, %s%s", now.Sent, bytesText(now.Bytes), rate(now.Sent, took))
	if !now.Due.IsZero() {
		text += ", the next one at " + now.Due.Local().Format(time.TimeOnly)
	}
	if now.Throttled > 0 {
		text += fmt.Sprintf(", %d throttled", now.Throttled)
	}
	if now.Rejected > 0 {
		text += fmt.Sprintf(", %d rejected", now.Rejected)
	}
	return text
}

// bytesText is a size for people.
func bytesText(n int64) string {
	switch {
	case n < 1_000:
		return fmt.Sprintf("%d B", n)
	case n < 1_000_000:
		return fmt.Sprintf("%.1f kB", float64(n)/1_000)
	default:
		return fmt.Sprintf("%.1f MB", float64(n)/1_000_000)
	}
}

// tellRejected names every line that was left out, whether or not the others
// got through. A document has them already.
func (p *program) tellRejected(lines []rejectionDocument, missed string) {
	if p.out.json {
		return
	}
	for _, r := range lines {
		where := fmt.Sprintf("line %d", r.Line)
		if r.File != "" {
			where = r.File + ": " + where
		}
		p.out.warning("%s was not %s: %s", where, missed, r.Reason)
	}
}

// tellKept says where the lines are that were left out.
func (p *program) tellKept(n int, name string) {
	if !p.out.json {
		p.out.warning("%s not sent: see %s, and for the reasons %s", count(n, "line was", "lines were"), name, reasonsOf(name))
	}
}

// putFailure says how far the sending got, and how to go on.
func (p *program) putFailure(err error, d putDocument, files []string) error {
	if d.Sent == 0 {
		err = p.notDeployed(err, "ResourceNotFoundException")
	}
	f := &fault{message: err.Error(), cause: err, details: d}
	if errors.Is(err, feed.ErrNoTime) {
		_ = f.hint("--time-field names the field that has it; without --speed events are put as fast as the stream takes them")
	}
	if d.Sent == 0 && d.Rejects == "" {
		return f
	}
	words := []string{"put"}
	for _, file := range files {
		words = append(words, shellWord(file))
	}
	return f.hint("%s sent; this sends the rest, with the other flags as they were: %s",
		count(d.Sent, "event was", "events were"), p.again(strings.Join(append(words, "--skip", d.Skip), " ")))
}

func (p *program) reportPut(d putDocument, stream string, took time.Duration) error {
	err := p.out.summary(d, func(page *page) {
		page.line("%s %s to %s in %s%s", page.c.good("sent"), count(d.Sent, "event"), stream, seconds(took), rate(d.Sent, took))
		if len(d.Rejected) > 0 {
			page.line("%s %s", page.c.bad("rejected"), count(len(d.Rejected), "line"))
		}
		if d.Untimed > 0 {
			page.line("%s without a time, sent right behind the ones before", count(d.Untimed, "event"))
		}
	})
	if err == nil && len(d.Rejected) > 0 {
		return exit(exitFailed)
	}
	return err
}

func rate(n int, took time.Duration) string {
	if n < 2 || took <= 0 {
		return ""
	}
	return fmt.Sprintf(" (%.0f a second)", float64(n)/took.Seconds())
}
