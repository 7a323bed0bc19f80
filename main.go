// Command enrich deploys, feeds, checks and removes a pipeline that enriches a
// Kinesis data stream's events with the items of DynamoDB tables and delivers
// them to S3.
package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"

	"github.com/urfave/cli/v2"
)

func main() {
	os.Exit(start(embedded()))
}

// start runs the command line of this process.
func start(archives fs.FS) int {
	ctx, stop := untilInterrupted(context.Background())
	defer stop()
	surviveReaders()
	return run(ctx, os.Args[1:], streams{in: os.Stdin, out: os.Stdout, err: os.Stderr}, archives)
}

// run runs one command line and gives the process's exit code. archives holds
// the function for each architecture as function-linux-<arch>.zip.
func run(ctx context.Context, words []string, s streams, archives fs.FS) int {
	p := &program{streams: s, archives: archives, getenv: os.Getenv}
	err := p.run(ctx, words)
	p.toll.tell(p.out)
	if code, ok := errors.AsType[exit](err); ok {
		return int(code)
	}
	if err == nil {
		return exitDone
	}
	if errors.Is(err, errNobodyReads) {
		return exitUnread
	}
	p.out.failure(err)
	if ctx.Err() != nil || errors.Is(err, errInterrupted) {
		return exitInterrupted
	}
	return exitFailed
}

// program is one run of the command line.
type program struct {
	streams
	archives fs.FS
	getenv   func(string) string
	line     line
	globals  globals
	out      *output
	toll     toll
}

func (p *program) run(ctx context.Context, words []string) error {
	app := p.app() //nolint:contextcheck // its commands take the one that RunContext gives them
	line, err := arrange(app, words)
	// Until the flags are parsed, errors are printed as the words ask for.
	p.line, p.out = line, newOutput(p.streams, p.firstLook(line), p.getenv)
	switch {
	case err != nil:
		return err
	case line.Version:
		return p.printVersionLine()
	case line.Help || len(line.Path) == 0:
		return p.printHelp(app, line)
	}
	if err := misfitVariable(p.getenv); err != nil {
		return err
	}
	return app.RunContext(ctx, line.arguments(app.Name))
}

// firstLook is how to print before the flags are parsed.
func (p *program) firstLook(l line) look {
	format, given := l.global("output")
	if !given {
		format = p.getenv("ENRICH_OUTPUT")
	}
	_, plain := l.global("no-color")
	return look{json: format == "json", plain: plain}
}

// app is the command table: every command and flag that there is.
func (p *program) app() *cli.App {
	app := &cli.App{
		Name:  "enrich",
		Usage: "deploys, feeds, checks and removes a streaming enrichment pipeline",
		Description: "Events go into a Kinesis data stream, a Lambda function joins them with the\n" +
			"items of DynamoDB tables and stores them in S3. One command makes all of it,\n" +
			"on AWS or, with --local, on an emulator inside this program.",
		Flags:  globalFlags(),
		Before: p.readGlobals,
		Commands: []*cli.Command{
			p.initCommand(),
			p.configCommand(),
			p.deployCommand(),
			p.planCommand(),
			p.costCommand(),
			p.statusCommand(),
			p.testEventCommand(),
			p.putCommand(),
			p.benchCommand(),
			p.lookupCommand(),
			p.resultsCommand(),
			p.redriveCommand(),
			p.auditCommand(),
			p.logsCommand(),
			p.metricsCommand(),
			p.dashboardCommand(),
			p.destroyCommand(),
			p.policyCommand(),
			p.exportCommand(),
			p.schemaCommand(),
			p.completionCommand(),
			p.completeLineCommand(),
			p.localCommand(),
			p.versionCommand(),
			p.functionRuntimeCommand(),
		},
		// The value of a flag that may be repeated can hold commas.
		DisableSliceFlagSeparator: true,

		HideHelp:        true, // arrange finds --help anywhere
		HideHelpCommand: true,
		HideVersion:     true,
		Writer:          p.streams.out,
		ErrWriter:       p.err,
		OnUsageError:    usageError,
		ExitErrHandler:  func(*cli.Context, error) {}, // run decides
	}
	for _, c := range everyCommand(app.Commands) {
		c.HideHelp, c.HideHelpCommand = true, true
		c.OnUsageError = usageError
		if path := commandPath(app, c); path != c.Name {
			c.HelpName = app.Name + " " + path // of the others Setup knows it
		}
	}
	app.Setup()
	return app
}

// usageError puts the flag package's words into ours.
func usageError(_ *cli.Context, err error, _ bool) error {
	message := strings.NewReplacer(" for flag -", " for flag --", ": parse error", "").Replace(err.Error())
	return failf("%s", message)
}
