package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/urfave/cli/v2"

	"enrich/logs"
)

func (p *program) logsCommand() *cli.Command {
	return &cli.Command{
		Name:  "logs",
		Usage: "prints what the function has logged",
		Description: about(`
Reads the function's log group, all log streams of it in the order of time. What
Lambda writes about every invocation is left out unless it failed; -v shows it.
A --filter is a filter pattern of CloudWatch Logs.`,
			"enrich logs", "enrich logs -f --since 1m", "enrich logs --errors --since 24h", `enrich logs --filter '{ $.dead_letters > 0 }' -o json`),
		Flags: []cli.Flag{
			&cli.DurationFlag{Name: "since", Usage: "`TIME`: how far to look back (default: 10m)", Value: 10 * time.Minute},
			&cli.BoolFlag{Name: "follow", Aliases: []string{"f"}, Usage: "go on with what comes"},
			&cli.BoolFlag{Name: "errors", Usage: "only what tells of a failure"},
			&cli.StringFlag{Name: "filter", Usage: "`PATTERN`: only what matches it, such as shardId-000000000001"},
		},
		Action: p.logs,
	}
}

// logPoll is between two looks for new lines. AWS answers five FilterLogEvents a
// second in an account.
const logPoll = time.Second

func (p *program) logs(c *cli.Context) error {
	if _, err := takeArguments(c); err != nil {
		return err
	}
	since := c.Duration("since")
	if since <= 0 {
		return failf("--since %s: the time to look back is more than 0", since)
	}
	s, err := p.open(c.Context)
	if err != nil {
		return err
	}
	q := logs.Query{Group: s.pipeline.Names().LogGroup, Since: time.Now().Add(-since), Filter: c.String("filter")}
	client := cloudwatchlogs.NewFromConfig(s.sdk)
	if c.Bool("follow") {
		for event, err := range logs.Follow(c.Context, client, q, logPoll) {
			if c.Err() != nil {
				return exit(exitDone) // Ctrl-C is how following ends
			}
			if err != nil {
				return p.unreadable(err)
			}
			line, err := p.logEvent(event, c.Bool("errors"))
			if err != nil {
				return err
			}
			if line == nil {
				continue
			}
			if err := p.out.live(line); err != nil {
				return err
			}
		}
		return nil
	}
	list := p.out.list("lines")
	list.fit = true // logEvent sees to it
	for event, err := range logs.Read(c.Context, client, q) {
		if err != nil {
			return list.broken(p.unreadable(err))
		}
		line, err := p.logEvent(event, c.Bool("errors"))
		if err != nil {
			return list.broken(err)
		}
		if line == nil {
			continue
		}
		if err := list.add(line); err != nil {
			return err
		}
	}
	if list.count == 0 {
		p.out.note("nothing was logged since %s", q.Since.Local().Format(time.DateTime))
	}
	return list.end()
}

// unreadable adds what to do about a log group that cannot be read.
func (p *program) unreadable(err error) error {
	if code, _ := recognise(err); code == "InvalidParameterException" {
		return (&fault{message: err.Error(), cause: err}).
			hint("the syntax of --filter: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html")
	}
	return p.notDeployed(err, "ResourceNotFoundException")
}

// logEvent is an event as it is printed; nil for one that is left out.
func (p *program) logEvent(event logs.Event, onlyFailures bool) ([]byte, error) {
	line := logs.Parse(event.Message)
	if onlyFailures && !line.Failed() {
		return nil, nil
	}
	if !p.out.json {
		if line.Routine && !p.out.verbose {
			return nil, nil
		}
		return []byte(p.out.logText(event.At, line)), nil
	}
	d := logLineDocument{Time: event.At.UTC(), Stream: event.Stream, Level: line.Level, Text: line.Text, Message: event.Message, Fields: map[string]string{}}
	for _, field := range line.Fields {
		d.Fields[field.Name] = field.Value
	}
	encoded, err := json.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("encoding a line of the log: %w", err)
	}
	return []byte(shownOn(p.out.out, string(encoded))), nil
}

// logText is a line for people.
func (o *output) logText(at time.Time, line logs.Line) string {
	paint := o.c.strong
	switch line.Level {
	case "ERROR", "FATAL":
		paint = o.c.bad
	case "WARN":
		paint = o.c.warn
	case "DEBUG", "":
		paint = o.c.faint
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", o.c.faint(at.Local().Format("2006-01-02 15:04:05.000")), paint(fmt.Sprintf("%-5s", shownOn(o.out, line.Level))))
	b.WriteString(" " + shownOn(o.out, line.Text))
	for _, field := range line.Fields {
		value := field.Value
		if value == "" || strings.ContainsAny(value, ` "`) || strings.ContainsFunc(value, shapeless) {
			value = fmt.Sprintf("%q", value)
		}
		b.WriteString(" " + o.c.faint(shownOn(o.out, field.Name)+"=") + value)
	}
	return b.String()
}
