package main

import (
	"time"

	"github.com/urfave/cli/v2"

	"enrich/config"
)

// globals are the flags that every command takes, without those that the
// configuration looks up itself.
type globals struct {
	profile, endpointURL, stateDir string
	local, yes                     bool
	timeout                        time.Duration // 0: the command's own
}

// globalFlags is the table of global flags. --help and --version are taken by
// arrange and stand here for the help and for suggestions.
func globalFlags() []cli.Flag {
	return []cli.Flag{
		text("config", "c", "`FILE`: the pipeline's settings (default: enrich.yaml, if there is one)"),
		text("name", "n", "`NAME`: name of the pipeline (default: data-enrichment)"),
		text("environment", "e", "`ENV`: dev, staging or prod (default: dev)"),
		text("region", "", "`REGION`: AWS region (default: enrich.yaml, then as the AWS CLI does)"),
		text("profile", "", "`PROFILE`: profile of the AWS configuration files"),
		text("endpoint-url", "", "`URL`: an AWS-compatible endpoint"),
		flag("local", "", "work on the emulator inside this program instead of AWS"),
		text("state-dir", "", "`DIR`: where the record is kept (default: .enrich)"),
		text("output", "o", "`FORMAT`: text or json (default: text)"),
		flag("quiet", "q", "print only errors and results that were asked for"),
		flag("verbose", "v", "print every AWS call with its time and request ID, and what repetitions cost"),
		flag("no-color", "", "print without colours (as NO_COLOR does)"),
		flag("yes", "y", "do not ask"),
		&cli.DurationFlag{
			Name: "timeout", EnvVars: []string{variable("timeout")},
			Usage: "`TIME`: how long deploy, plan, status and destroy may take (default: 10m), and test-event and bench wait (default: 1m)",
		},
		&cli.BoolFlag{Name: "help", Aliases: []string{"h"}, Usage: "print help", DisableDefaultText: true},
		&cli.BoolFlag{Name: "version", Usage: "print the version", DisableDefaultText: true},
	}
}

// text is a flag with a value, flag one without.
func text(name, short, usage string) *cli.StringFlag {
	return &cli.StringFlag{Name: name, Aliases: aliases(short), Usage: usage, EnvVars: []string{variable(name)}}
}

func flag(name, short, usage string) *cli.BoolFlag {
	return &cli.BoolFlag{Name: name, Aliases: aliases(short), Usage: usage, EnvVars: []string{variable(name)}}
}

func aliases(short string) []string {
	if short == "" {
		return nil
	}
	return []string{short}
}

// variable is the environment variable of a global flag.
func variable(flag string) string {
	name := []byte("ENRICH_" + flag)
	for i, c := range name {
		switch {
		case c == '-':
			name[i] = '_'
		case 'a' <= c && c <= 'z':
			name[i] = c - 'a' + 'A'
		}
	}
	return string(name)
}

// readGlobals takes the global flags once they are parsed.
func (p *program) readGlobals(c *cli.Context) error {
	format := c.String("output")
	p.out = newOutput(p.streams, look{
		json: format == "json", quiet: c.Bool("quiet"), verbose: c.Bool("verbose"), plain: c.Bool("no-color"),
	}, p.getenv)
	if format != "" && format != "text" && format != "json" {
		err := failf("%s %s: the formats are text and json", p.source("output"), format)
		if near := config.Suggest(format, []string{"text", "json"}); near != "" {
			return err.hint("did you mean %s?", near)
		}
		return err
	}
	if c.IsSet("timeout") && c.Duration("timeout") <= 0 {
		return failf("%s %s: a time is more than 0", p.source("timeout"), c.Duration("timeout"))
	}
	p.globals = globals{
		profile: c.String("profile"), endpointURL: c.String("endpoint-url"),
		stateDir: c.String("state-dir"),
		local:    c.Bool("local"), yes: c.Bool("yes"), timeout: c.Duration("timeout"),
	}
	if p.globals.stateDir == "" {
		p.globals.stateDir = ".enrich"
	}
	return nil
}
