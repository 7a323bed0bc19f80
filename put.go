package main

import (
	"context"
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
		Usage:     "sends events from a file or from stdin",
		ArgsUsage: "FILE|-",
		Description: about(`
Every line is one event, a JSON object. A line that is none is reported with its
number, and the others are sent. The field named by --key becomes the partition
key, so that events with the same value stay in order; an event without it goes
by a hash of its bytes.`,
			"enrich --local put events.ndjson", "gunzip -c events.gz | enrich put -", "enrich put events.ndjson --key session_id -o json"),
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "key", Usage: "`FIELD`: becomes the partition key (default: the first lookup's key)"},
			&cli.BoolFlag{Name: "unordered", Usage: "send faster where few keys have most events; one that is throttled may be overtaken"},
		},
		Action: p.put,
	}
}

func (p *program) put(c *cli.Context) error {
	given, err := takeArguments(c, "FILE")
	if err != nil {
		return err
	}
	in, size, err := p.input(c.Context, given[0])
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // only read from
	s, err := p.open(c.Context)
	if err != nil {
		return err
	}
	o := feed.Options{Stream: s.pipeline.Names().Stream, Key: s.partitionField(), Unordered: c.Bool("unordered")}
	if c.IsSet("key") {
		o.Key = c.String("key")
	}
	set, stop := p.out.spinner("sending")
	defer stop()
	o.Observe = func(now feed.Progress) { set(sending(now, size)) }
	began := time.Now()
	report, err := feed.Send(c.Context, kinesis.NewFromConfig(s.sdk), in, o)
	took := time.Since(began)
	stop()
	d := putDocument{Sent: report.Sent, Rejected: []rejectionDocument{}, ElapsedMS: took.Milliseconds()}
	for _, r := range report.Rejected {
		d.Rejected = append(d.Rejected, rejectionDocument(r))
	}
	p.tellRejected(d.Rejected, "sent")
	if err != nil {
		return p.putFailure(err, d, report)
	}
	return p.reportPut(d, o.Stream, took)
}

// input opens a file, or stdin for "-". size is 0 when nobody knows it.
func (p *program) input(ctx context.Context, name string) (in io.ReadCloser, size int64, err error) {
	if name == "-" {
		return untilDone(ctx, p.in), 0, nil
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, 0, fmt.Errorf("opening the input: %w", err)
	}
	info, err := file.Stat()
	if err != nil {
		return nil, 0, fmt.Errorf("opening the input: %w", err)
	}
	if info.IsDir() {
		return nil, 0, failf("opening the input: %s is a directory", name)
	}
	return file, info.Size(), nil
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

func sending(now feed.Progress, size int64) string {
	text := fmt.Sprintf("sending: %d events, %s", now.Sent, bytesText(now.Bytes))
	if size > 0 {
		text += " of " + bytesText(size)
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
		p.out.warning("line %d was not %s: %s", r.Line, missed, r.Reason)
	}
}

// putFailure says how far the sending got.
func (p *program) putFailure(err error, d putDocument, report feed.Report) error {
	if d.Sent == 0 {
		err = p.notDeployed(err, "ResourceNotFoundException")
	}
	f := &fault{message: err.Error(), cause: err, details: d}
	if d.Sent == 0 {
		return f
	}
	f = f.hint("%s sent; every line up to line %d is done", count(d.Sent, "event was", "events were"), report.Through)
	if len(report.Ahead) > 0 {
		lines := strings.Trim(strings.ReplaceAll(fmt.Sprint(report.Ahead), " ", ", "), "[]")
		f = f.hint("lines %s are done too: leave them out when you send the rest", lines)
	}
	return f
}

func (p *program) reportPut(d putDocument, stream string, took time.Duration) error {
	err := p.out.summary(d, func(page *page) {
		page.line("%s %s to %s in %s%s", page.c.good("sent"), count(d.Sent, "event"), stream, seconds(took), rate(d.Sent, took))
		if len(d.Rejected) > 0 {
			page.line("%s %s", page.c.bad("rejected"), count(len(d.Rejected), "line"))
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
