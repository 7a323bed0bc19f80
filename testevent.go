package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/urfave/cli/v2"

	"enrich/enrichment"
	"enrich/feed"
	"enrich/listing"
)

func (p *program) testEventCommand() *cli.Command {
	return &cli.Command{
		Name:  "test-event",
		Usage: "sends one event and shows it enriched",
		Description: about(`
Puts a page view of the sample user user123, one of --user and --event-type, or
the event of --data or --file into the stream and follows it: put, picked up by
the function, stored in S3. It prints the enriched record with the time of each
of these hops. An event that does not arrive names the hop that failed and why.
It waits for a minute, or for as long as --timeout says. In prod it asks first.`,
			"enrich --local test-event",
			"enrich test-event --user user456 --event-type purchase --count 10",
			`enrich test-event --data '{"event_type":"purchase","user_id":"user456"}'`,
			"enrich test-event --timeout 2m -o json"),
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "data", Usage: "`JSON`: the event, an object"},
			&cli.StringFlag{Name: "file", Usage: "`FILE`: the event, an object (- is standard input)"},
			&cli.StringFlag{Name: "user", Usage: "`ID`: user of the page view (default: user123)"},
			&cli.StringFlag{Name: "event-type", Usage: "`TYPE`: type of the event instead of page_view"},
			&cli.IntFlag{Name: "count", Usage: "`N`: send the event so many times, up to 1000 (default: 1)", Value: 1},
			&cli.BoolFlag{Name: "no-wait", Usage: "send only"},
		},
		Action: p.testEvent,
	}
}

// maxTestEvents is the most that --count takes: each is looked for by itself.
const maxTestEvents = 1000

// sampleEvent is the page view that the sample items are made for.
func sampleEvent(now time.Time, user, kind string) ([]byte, error) {
	return json.Marshal(struct {
		EventType string `json:"event_type"`
		UserID    string `json:"user_id"`
		Page      string `json:"page"`
		Timestamp string `json:"timestamp"`
		SessionID string `json:"session_id"`
	}{kind, user, "/product/abc123", now.UTC().Format(time.RFC3339), "session_xyz"})
}

func (p *program) testEvent(c *cli.Context) error {
	if _, err := takeArguments(c); err != nil {
		return err
	}
	event, err := p.eventOf(c)
	if err != nil {
		return err
	}
	s, err := p.open(c.Context)
	if err != nil {
		return err
	}
	if s.production() {
		p.out.say("this puts " + count(c.Int("count"), "test event") + " into the production stream " + s.pipeline.Names().Stream)
		if err := p.confirm(c.Context, "a test event in prod", s.cfg.Name); err != nil {
			return err
		}
	}
	f := &following{program: p, session: s, event: event, storage: s.storage(), timeout: p.timeout(time.Minute)}
	return f.run(c.Context, c.Int("count"), !c.Bool("no-wait"))
}

// eventOf is the event that the flags ask for. Its error tells all that is wrong
// with them.
func (p *program) eventOf(c *cli.Context) ([]byte, error) {
	var wrong []error
	if n := c.Int("count"); n < 1 || n > maxTestEvents {
		wrong = append(wrong, failf("--count %d: a number from 1 to %d; enrich put sends more", n, maxTestEvents))
	}
	if c.IsSet("data") && c.IsSet("file") {
		wrong = append(wrong, failf("--data and --file are both the event: give one of them"))
	}
	for _, name := range []string{"user", "event-type"} {
		if c.IsSet(name) && (c.IsSet("data") || c.IsSet("file")) {
			wrong = append(wrong, failf("--%s is for the page view, not for the event of --data or --file", name))
		} else if c.IsSet(name) && c.String(name) == "" {
			wrong = append(wrong, failf("--%s is empty", name))
		}
	}
	if len(wrong) > 0 {
		return nil, together(errors.Join(wrong...))
	}
	switch {
	case c.IsSet("data"):
		event := []byte(c.String("data"))
		if err := feed.Check(event); err != nil {
			return nil, failf("--data: %w", err).hint(`an event is one JSON object: --data '{"user_id":"user123"}'`)
		}
		return event, nil
	case c.IsSet("file"):
		return p.eventFrom(c)
	}
	user, kind := "user123", "page_view"
	if c.IsSet("user") {
		user = c.String("user")
	}
	if c.IsSet("event-type") {
		kind = c.String("event-type")
	}
	return sampleEvent(time.Now(), user, kind)
}

// eventFrom reads the event of --file.
func (p *program) eventFrom(c *cli.Context) ([]byte, error) {
	name := c.String("file")
	in, err := p.input(c.Context, name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = in.Close() }() // only read from
	text, err := unpacked(name, in)
	if err != nil {
		return nil, fmt.Errorf("--file: %w", err)
	}
	event, err := io.ReadAll(io.LimitReader(text, maxEventFile))
	if err != nil {
		return nil, fmt.Errorf("--file %s: %w", name, err)
	}
	if err := feed.Check(event); err != nil {
		return nil, failf("--file %s: %w", name, err).hint("an event is one JSON object; enrich put %s sends one from each line", shellWord(name))
	}
	return event, nil
}

// maxEventFile is more than a record can have, in bytes.
const maxEventFile = 2 << 20

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
	return s3.NewFromConfig(s.sdk, func(o *s3.Options) {
		o.UsePathStyle = o.BaseEndpoint != nil
		o.APIOptions = append(o.APIOptions, listing.AnyKey)
	})
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
