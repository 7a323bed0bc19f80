package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	smithytime "github.com/aws/smithy-go/time"
	"github.com/urfave/cli/v2"

	"enrich/emulator"
)

func (p *program) localCommand() *cli.Command {
	return &cli.Command{
		Name:  "local",
		Usage: "controls the emulator that --local works on",
		Description: about(`
The emulator is an AWS on 127.0.0.1, kept in memory. --local starts it by
itself; with AWS_ENDPOINT_URL set to its endpoint the aws CLI and any SDK can
use it too. It is one for each --state-dir.`,
			"enrich local start", "export AWS_ENDPOINT_URL=$(enrich local start -o json | jq -r .endpoint)", "enrich local stop"),
		Subcommands: []*cli.Command{
			{
				Name: "start", Usage: "starts the emulator in the background", Flags: emulatorCommandFlags(), Action: p.localStart,
				Description: about("Does nothing when it runs already.", "enrich local start", "enrich local start --port 4566", "enrich local start --readiness aws --fault s3:error,rate=0.1",
					"enrich local start --enforce-iam deployer.json"),
			},
			{
				Name: "stop", Usage: "stops the emulator; everything in it is lost", Action: p.localStop,
				Description: about("Does nothing when none runs.", "enrich local stop"),
			},
			{
				Name: "status", Usage: "tells whether the emulator runs, and where", Action: p.localStatus,
				Description: about("", "enrich local status", "enrich local status -o json"),
			},
			{
				Name: "logs", Usage: "prints the emulator's log", Action: p.localLogs,
				Flags: []cli.Flag{
					&cli.BoolFlag{Name: "follow", Aliases: []string{"f"}, Usage: "go on with what comes"},
				},
				Description: about("", "enrich local logs", "enrich local logs -f"),
			},
			p.localFaultsCommand(),
			{
				Name: "run", Usage: "runs the emulator in the foreground", Flags: emulatorCommandFlags(), Action: p.localRun,
				Description: about("Ctrl-C stops it.", "enrich local run --port 4566", "enrich local run --fault '*:delay=80ms' --fault dynamodb.BatchGetItem:throttle,rate=0.2"),
			},
		},
	}
}

func (p *program) localStart(c *cli.Context) error {
	if _, err := takeArguments(c); err != nil {
		return err
	}
	settings, err := handedOn(p.line.Options)
	if err != nil {
		return err
	}
	if len(settings) > 0 {
		var options emulator.Options
		if err := p.applyEmulatorFlags(c, &options); err != nil {
			return err
		}
		if err := rehearse(c.Context, options); err != nil {
			return err
		}
	}
	running, started, err := p.startEmulator(c.Context, settings)
	if err != nil {
		return err
	}
	if !started {
		if err := p.refuseSettings(c, running); err != nil {
			return err
		}
	}
	return p.out.result(running, func(page *page) {
		if started {
			page.line("%s at %s (pid %d)", page.c.good("started"), running.Endpoint, running.PID)
		} else {
			page.line("running already at %s (pid %d)", running.Endpoint, running.PID)
		}
	})
}

func (p *program) localStop(c *cli.Context) error {
	if _, err := takeArguments(c); err != nil {
		return err
	}
	stopped, err := p.place().stop(c.Context)
	if err != nil {
		return err
	}
	return p.out.summary(localStopDocument{Stopped: stopped}, func(page *page) {
		if stopped {
			page.line("stopped")
		} else {
			page.line("no emulator was running")
		}
	})
}

func (p *program) localStatus(c *cli.Context) error {
	if _, err := takeArguments(c); err != nil {
		return err
	}
	running, health, err := p.place().find(c.Context)
	if err != nil {
		return err
	}
	var d localStatusDocument
	if running != nil {
		d = localStatusDocument{Running: true, PID: running.PID, Port: running.Port, Endpoint: running.Endpoint, Started: running.Started,
			Account: health.Account, Region: health.Region}
		if d.Unsupported, err = askUnsupported(c.Context, running.Endpoint); err != nil {
			return err
		}
	}
	return p.out.result(d, func(page *page) {
		if running == nil {
			page.line("no emulator is running")
			return
		}
		page.line("%s at %s", page.c.good("running"), running.Endpoint)
		page.table([][]cell{
			{{text: "pid", paint: page.c.faint}, {text: fmt.Sprint(running.PID)}},
			{{text: "since", paint: page.c.faint}, {text: running.Started.Local().Format(time.DateTime)}},
			{{text: "account", paint: page.c.faint}, {text: health.Account + ", " + health.Region}},
			{{text: "log", paint: page.c.faint}, {text: p.place().log()}},
		})
		if health.Unsupported > 0 {
			page.line("  %s for what it does not have:", count(int(health.Unsupported), "request"))
			page.table(unsupportedRows(d.Unsupported))
		}
	})
}

// unsupportedRows are a line for each operation or member that was missed.
func unsupportedRows(missed []emulator.UnsupportedCount) [][]cell {
	rows := make([][]cell, 0, len(missed))
	for _, m := range missed {
		rows = append(rows, []cell{{text: strings.TrimSpace(m.Service + " " + m.Operation)}, {text: m.Member}, {text: fmt.Sprint(m.Count)}})
	}
	return rows
}

func (p *program) localLogs(c *cli.Context) error {
	if _, err := takeArguments(c); err != nil {
		return err
	}
	place := p.place()
	file, err := os.Open(place.log())
	if errors.Is(err, fs.ErrNotExist) {
		return failf("there is no log: no emulator was started in %s", place.directory)
	}
	if err != nil {
		return fmt.Errorf("opening the emulator's log: %w", err)
	}
	defer func() { _ = file.Close() }() // only read from
	if c.Bool("follow") {
		return p.followLog(c.Context, file)
	}
	content, err := io.ReadAll(file)
	if err != nil {
		return fmt.Errorf("reading the emulator's log: %w", err)
	}
	lines := slices.Collect(strings.Lines(string(content)))
	for i, line := range lines {
		lines[i] = strings.TrimSuffix(line, "\n")
	}
	return p.out.result(localLogsDocument{Lines: append([]string{}, lines...)}, func(page *page) {
		_, _ = page.Write(content) // a buffer takes everything
	})
}

// followLog prints the log until it is told to end. With -o json every line is
// a document.
func (p *program) followLog(ctx context.Context, log io.Reader) error {
	reader := bufio.NewReader(log)
	begun := "" // a line whose end is still to come
	for {
		part, err := reader.ReadString('\n')
		begun += part
		switch {
		case err == nil:
			if err := p.out.logLine(begun); err != nil {
				return err
			}
			begun = ""
		case !errors.Is(err, io.EOF):
			return fmt.Errorf("reading the emulator's log: %w", err)
		default:
			if smithytime.SleepWithContext(ctx, 200*time.Millisecond) != nil {
				return exit(exitDone) // Ctrl-C is how following ends
			}
		}
	}
}
