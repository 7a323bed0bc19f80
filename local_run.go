package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"time"

	"github.com/urfave/cli/v2"

	"enrich/emulator"
	"enrich/lambda"
)

// localRun is the emulator itself: `enrich local start` runs it in the
// background.
func (p *program) localRun(c *cli.Context) (err error) {
	if _, err := takeArguments(c); err != nil {
		return err
	}
	options, err := p.emulatorOptions()
	if err != nil {
		return err
	}
	if err := p.applyEmulatorFlags(c, &options); err != nil {
		return err
	}
	l := p.place()
	if err := os.MkdirAll(l.directory, 0o700); err != nil {
		return fmt.Errorf("making the emulator's directory: %w", err)
	}
	running, _, err := l.find(c.Context)
	if err != nil {
		return err
	}
	if running != nil {
		return failf("the emulator runs already at %s (pid %d)", running.Endpoint, running.PID).hint("stop it first: %s", p.again("local stop"))
	}
	server, err := emulator.Start(c.Context, options)
	if err != nil {
		return together(fmt.Errorf("starting the emulator: %w", err))
	}
	defer func() {
		err = errors.Join(err, closeEmulator(c.Context, server), l.withdraw(os.Getpid()))
	}()
	d, err := announcement(server.Endpoint())
	if err != nil {
		return err
	}
	if err := l.announce(d); err != nil {
		return err
	}
	if p.out.json {
		if err := p.out.document(d); err != nil {
			return err
		}
	}
	options.Logger.Info("the emulator is listening", "endpoint", d.Endpoint, "pid", d.PID, "version", version)
	select {
	case <-c.Done():
	case <-server.Closed():
	}
	options.Logger.Info("the emulator is stopping")
	return nil
}

// closeEmulator gives requests in flight and functions some time although the
// command itself was told to end.
func closeEmulator(ctx context.Context, server *emulator.Server) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	if err := server.Close(ctx); err != nil {
		return fmt.Errorf("stopping the emulator: %w", err)
	}
	return nil
}

func announcement(endpoint string) (localDocument, error) {
	u, err := url.Parse(endpoint)
	if err != nil {
		return localDocument{}, fmt.Errorf("reading the emulator's endpoint: %w", err)
	}
	port, err := portOf(u.Host)
	if err != nil {
		return localDocument{}, fmt.Errorf("reading the emulator's endpoint: %w", err)
	}
	return localDocument{PID: os.Getpid(), Port: port, Endpoint: endpoint, Started: time.Now().UTC().Truncate(time.Millisecond)}, nil
}

// emulatorOptions lets this program stand in for its own archives where the
// host cannot run them.
func (p *program) emulatorOptions() (emulator.Options, error) {
	program, err := os.Executable()
	if err != nil {
		return emulator.Options{}, fmt.Errorf("starting the emulator: %w", err)
	}
	codes, err := everyArchive(p.archives)
	if err != nil {
		return emulator.Options{}, err
	}
	substitutes := map[string][]string{}
	for _, code := range codes {
		substitutes[code.SHA256] = []string{program, functionRuntime}
	}
	level := slog.LevelInfo
	if p.out.verbose {
		level = slog.LevelDebug
	}
	return emulator.Options{
		Logger:      slog.New(slog.NewTextHandler(p.err, &slog.HandlerOptions{Level: level})),
		Substitutes: substitutes,
	}, nil
}

// functionRuntime is the hidden command that is the function.
const functionRuntime = "function-runtime"

func (p *program) functionRuntimeCommand() *cli.Command {
	return &cli.Command{
		Name:   functionRuntime,
		Usage:  "runs the function over the Lambda Runtime API",
		Hidden: true,
		Description: about("The emulator uses it where the host cannot run the function's archive.",
			"AWS_LAMBDA_RUNTIME_API=127.0.0.1:9001 enrich function-runtime"),
		Action: func(*cli.Context) error { return exit(lambda.Main()) },
	}
}
