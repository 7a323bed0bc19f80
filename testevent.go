package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/urfave/cli/v2"

	"enrich/delivery"
	"enrich/engine"
	"enrich/enrichment"
	"enrich/feed"
)

func (p *program) testEventCommand() *cli.Command {
	return &cli.Command{
		Name:  "test-event",
		Usage: "sends one event and shows it enriched",
		Description: about(`
Puts a page view of the sample user user123, or the event of --data, into the
stream, waits for its enriched record in S3 and prints it with the time that it
took. It waits for a minute, or for as long as --timeout says. In prod it asks
first.`,
			"enrich --local test-event",
			`enrich test-event --data '{"event_type":"purchase","user_id":"user456"}'`,
			"enrich test-event --timeout 2m -o json"),
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "data", Usage: "`JSON`: the event, an object"},
		},
		Action: p.testEvent,
	}
}

// sampleEvent is the page view that the sample items are made for.
func sampleEvent(now time.Time) []byte {
	return fmt.Appendf(nil, `{"event_type":"page_view","user_id":"user123","page":"/product/abc123","timestamp":%q,"session_id":"session_xyz"}`,
		now.UTC().Format(time.RFC3339))
}

func (p *program) testEvent(c *cli.Context) error {
	if _, err := takeArguments(c); err != nil {
		return err
	}
	event := sampleEvent(time.Now())
	if c.IsSet("data") {
		event = []byte(c.String("data"))
		if err := checkEvent(event); err != nil {
			return failf("--data: %w", err).hint(`an event is one JSON object: --data '{"user_id":"user123"}'`)
		}
	}
	s, err := p.open(c.Context)
	if err != nil {
		return err
	}
	if s.production() {
		p.out.say("this puts a test event into the production stream " + s.pipeline.Names().Stream)
		if err := p.confirm(c.Context, "a test event in prod", s.cfg.Name); err != nil {
			return err
		}
	}
	return p.followEvent(c.Context, s, event, p.timeout(time.Minute))
}

// checkEvent refuses what the pipeline could not enrich.
func checkEvent(event []byte) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(event, &fields); err != nil {
		return fmt.Errorf("not a JSON object: %w", err)
	}
	if fields == nil {
		return errors.New("not a JSON object: null")
	}
	return nil
}

// pollPause is between two looks for the enriched record.
const pollPause = 200 * time.Millisecond

func (p *program) followEvent(ctx context.Context, s *session, event []byte, timeout time.Duration) error {
	names := s.pipeline.Names()
	set, stop := p.out.spinner("putting the event into " + names.Stream)
	defer stop()
	began := time.Now()
	receipt, err := feed.Put(ctx, kinesis.NewFromConfig(s.sdk), names.Stream, s.partitionField(), event)
	if err != nil {
		return p.notDeployed(err, "ResourceNotFoundException")
	}
	p.out.trace("stored in %s as %s", receipt.ShardID, receipt.SequenceNumber)
	set("waiting for the enriched record in " + names.Bucket)
	waiting, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	place := s.place()
	place.Folder = s.folder(event)
	found, err := delivery.Await(waiting, s.storage(), place, receipt.ShardID, receipt.SequenceNumber, receipt.At, pollPause)
	took := time.Since(began)
	stop()
	if err != nil {
		if ctx.Err() == nil && waiting.Err() != nil {
			return p.explainSilence(ctx, s, receipt, timeout)
		}
		return err
	}
	if found.DeadLetter {
		return deadLettered(found, names.Bucket)
	}
	d := testEventDocument{
		Record: found.Record, SequenceNumber: receipt.SequenceNumber, ShardID: receipt.ShardID,
		Bucket: names.Bucket, Key: found.Key, LatencyMS: took.Milliseconds(),
	}
	return p.out.result(d, func(page *page) { printRecord(page, d, event, took) })
}

// folder is that of the event's value, where records are sorted by one.
func (s *session) folder(event []byte) string {
	field := s.cfg.Output.PartitionBy
	if field == "" {
		return ""
	}
	folder, err := enrichment.FolderOf(field, event)
	if err != nil {
		return "" // it becomes a dead letter, and those have no folders
	}
	return folder
}

// storage reads buckets by path wherever the endpoint is not AWS's own.
func (s *session) storage() *s3.Client {
	return s3.NewFromConfig(s.sdk, func(o *s3.Options) { o.UsePathStyle = o.BaseEndpoint != nil })
}

// partitionField is the event's field that becomes the partition key.
func (s *session) partitionField() string {
	if len(s.cfg.Lookups) == 0 {
		return ""
	}
	return s.cfg.Lookups[0].Key
}

// notDeployed adds what to do when the thing that a command needs is not there.
func (p *program) notDeployed(err error, codes ...string) error {
	code, _ := recognise(err)
	for _, missing := range codes {
		if code == missing {
			return (&fault{message: err.Error(), cause: err}).hint("is the pipeline deployed? %s", p.again("deploy"))
		}
	}
	return err
}

// deadLettered is the failure of an event that can never be enriched.
func deadLettered(found delivery.Found, bucket string) error {
	var letter struct {
		Reason string `json:"reason"`
	}
	if err := json.Unmarshal(found.Record, &letter); err != nil || letter.Reason == "" {
		letter.Reason = "no reason given"
	}
	return failf("the event could not be enriched: %s", letter.Reason).
		with("DeadLetter", map[string]any{"bucket": bucket, "key": found.Key, "letter": rawJSON(found.Record)}).
		hint("it is kept in s3://%s/%s", bucket, found.Key)
}

// explainLimit is how long the search for the reason may take: who waited in
// vain does not want to wait again.
const explainLimit = 10 * time.Second

// explainSilence says what is known when no record came in time.
func (p *program) explainSilence(ctx context.Context, s *session, receipt feed.Receipt, timeout time.Duration) error {
	hints := []string{fmt.Sprintf("the event was stored as %s in %s", receipt.SequenceNumber, receipt.ShardID)}
	details := map[string]any{"sequence_number": receipt.SequenceNumber, "shard_id": receipt.ShardID, "bucket": s.pipeline.Names().Bucket}
	reading, cancel := context.WithTimeout(ctx, explainLimit)
	defer cancel()
	mapping, err := s.mapping(reading)
	switch {
	case errors.Is(err, engine.ErrNotFound):
		hints = append(hints, "there is no event source mapping: "+p.again("deploy"))
	case err != nil:
		hints = append(hints, fmt.Sprintf("the event source mapping could not be read: %s", err))
	default:
		details["mapping"] = map[string]string{"status": mapping.Status, "detail": mapping.Detail, "problem": mapping.Unhealthy}
		hints = append(hints, mappingText(mapping),
			fmt.Sprintf("a longer wait may be enough (--timeout); %s shows everything", p.again("status")))
	}
	return &fault{message: fmt.Sprintf("no enriched record after %s", timeout), code: "Timeout", details: details, hints: hints}
}

func mappingText(mapping *engine.Observed) string {
	text := "the event source mapping is " + mapping.Status
	if mapping.Detail != "" {
		text += ", " + mapping.Detail
	}
	if mapping.Unhealthy != "" {
		text += ": " + mapping.Unhealthy
	}
	return text
}

// mapping reads what AWS says of the event source mapping.
func (s *session) mapping(ctx context.Context) (*engine.Observed, error) {
	for _, r := range s.pipeline.Resources() {
		if r.Key() == "event-source-mapping" {
			return r.Read(ctx)
		}
	}
	return nil, engine.ErrNotFound
}

func printRecord(p *page, d testEventDocument, event []byte, took time.Duration) {
	p.line("%s in %s", p.c.good("enriched"), seconds(took))
	p.line("")
	highlight(p, d.Record, event)
	p.line("")
	p.table([][]cell{
		{{text: "object", paint: p.c.faint}, {text: "s3://" + d.Bucket + "/" + d.Key}},
		{{text: "shard", paint: p.c.faint}, {text: d.ShardID}},
		{{text: "sequence", paint: p.c.faint}, {text: d.SequenceNumber}},
	})
}
