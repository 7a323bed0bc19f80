package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"enrich/emulator"
)

// emulatorFlag is a flag with which an emulator starts: `enrich local run` applies
// it, `enrich local start` hands it on to the one that it starts.
type emulatorFlag struct {
	cli.Flag
	apply func(p *program, c *cli.Context, o *emulator.Options) error
	file  bool // its value is a path
}

func (f emulatorFlag) name() string { return f.Names()[0] }

// emulatorFlags are all of them.
func emulatorFlags() []emulatorFlag {
	return []emulatorFlag{
		{
			Flag:  &cli.IntFlag{Name: "port", Usage: "`PORT`: where to listen (default: a free one)", DefaultText: ""},
			apply: applyPort,
		},
		{
			Flag:  &cli.StringSliceFlag{Name: "fault", Usage: "`RULE`: what goes wrong, as s3:error,rate=0.1 (may be repeated)"},
			apply: applyFaults,
		},
		{
			Flag: &cli.Uint64Flag{Name: "fault-seed", Usage: "`N`: of the chance that rates stand for (default: 0)", DefaultText: ""},
			apply: func(_ *program, c *cli.Context, o *emulator.Options) error {
				o.FaultSeed = c.Uint64("fault-seed")
				return nil
			},
		},
		{
			Flag:  &cli.StringFlag{Name: "readiness", Usage: "`TIMES`: what takes how long, as role=8s,stream=15s; aws is about as long as there"},
			apply: applyReadiness,
		},
		{
			Flag:  &cli.StringFlag{Name: "enforce-iam", Usage: "`FILE`: the policy that callers are held to, as enrich policy prints it"},
			apply: applyCallerPolicy, file: true,
		},
		{
			Flag: &cli.BoolFlag{Name: "enforce-throughput", Usage: "shards take and give no more a second than AWS's"},
			apply: func(_ *program, c *cli.Context, o *emulator.Options) error {
				o.EnforceThroughput = c.Bool("enforce-throughput")
				return nil
			},
		},
		{
			Flag:  &cli.IntFlag{Name: "stream-memory", Usage: "`MB`: what streams hold at most; more is refused (default: 1024)", DefaultText: ""},
			apply: applyStreamMemory,
		},
	}
}

func emulatorCommandFlags() []cli.Flag {
	var flags []cli.Flag
	for _, f := range emulatorFlags() {
		flags = append(flags, f.Flag)
	}
	return flags
}

// applyEmulatorFlags puts the flags into the options. The error names everything
// that is wrong with them.
func (p *program) applyEmulatorFlags(c *cli.Context, o *emulator.Options) error {
	var problems []error
	for _, f := range emulatorFlags() {
		if c.IsSet(f.name()) {
			problems = append(problems, f.apply(p, c, o))
		}
	}
	return together(problems...)
}

// together is several problems in one error, each on a line of its own; nil without
// any.
func together(problems ...error) error {
	problems = slices.DeleteFunc(problems, func(err error) bool { return err == nil })
	if len(problems) == 0 {
		return nil
	}
	if one, ok := errors.AsType[*fault](problems[0]); ok && len(problems) == 1 && one.Error() == problems[0].Error() {
		return one // as it is, with its hint
	}
	err := errors.Join(problems...)
	return &fault{message: strings.ReplaceAll(err.Error(), "\n", "\n       "), cause: err}
}

// handedOn are the flags as another process takes them that works in another
// directory.
func handedOn(options []option) ([]string, error) {
	var words []string
	for _, o := range options {
		isFile := slices.ContainsFunc(emulatorFlags(), func(f emulatorFlag) bool { return f.file && f.name() == o.Name })
		if isFile && o.Value == "-" {
			return nil, failf("--%s -: what runs in the background has no standard input", o.Name).
				hint("write it into a file, or use enrich local run")
		}
		if isFile {
			path, err := filepath.Abs(o.Value)
			if err != nil {
				return nil, failf("--%s %s: %w", o.Name, o.Value, err)
			}
			o.Value = path
		}
		words = append(words, o.String())
	}
	return words, nil
}

// rehearse finds out whether an emulator starts with these options, so that what is
// wrong with them is told by who was given them and not by a log.
func rehearse(ctx context.Context, o emulator.Options) error {
	o.Address = ""
	server, err := emulator.Start(ctx, o)
	if err != nil {
		return together(fmt.Errorf("starting the emulator: %w", err))
	}
	return closeEmulator(ctx, server)
}

// refuseSettings refuses flags for an emulator that runs already: they have no
// effect on it.
func (p *program) refuseSettings(c *cli.Context, running localDocument) error {
	for _, f := range emulatorFlags() {
		switch name := f.name(); {
		case !c.IsSet(name):
		case name != "port":
			err := failf("the emulator runs already, and --%s is for one that starts", name).hint("stop it first: %s", p.again("local stop"))
			if strings.HasPrefix(name, "fault") {
				return err.hint("or change the faults of the one that runs: %s", p.again("local faults set RULE"))
			}
			return err
		case c.Int(name) != 0 && c.Int(name) != running.Port:
			return failf("the emulator runs already, on port %d", running.Port).hint("stop it first: %s", p.again("local stop"))
		}
	}
	return nil
}

func applyFaults(_ *program, c *cli.Context, o *emulator.Options) error {
	faults, err := parseFaults("--fault", c.StringSlice("fault"))
	o.Faults = faults
	return err
}

// parseFaults reads rules. The error names everything that is wrong with them, each
// with where it is from.
func parseFaults(from string, rules []string) ([]emulator.Fault, error) {
	var faults []emulator.Fault
	var problems []error
	for _, rule := range rules {
		f, err := emulator.ParseFault(rule)
		if err != nil {
			problems = append(problems, failf("%s %s: %s", from, rule, oneLine(err)))
		}
		faults = append(faults, f)
	}
	return faults, errors.Join(problems...)
}

func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

func applyReadiness(_ *program, c *cli.Context, o *emulator.Options) error {
	r, err := emulator.ParseReadiness(c.String("readiness"))
	if err != nil {
		return failf("--readiness %s: %s", c.String("readiness"), oneLine(err))
	}
	o.Readiness = r
	return nil
}

// applyCallerPolicy reads the policy; "-" is standard input.
func applyCallerPolicy(p *program, c *cli.Context, o *emulator.Options) error {
	name := c.String("enforce-iam")
	in, err := p.input(c.Context, name)
	if err != nil {
		return failf("--enforce-iam %s: %w", name, err)
	}
	defer func() { _ = in.Close() }() // only read from
	document, err := io.ReadAll(io.LimitReader(in, callerPolicyLimit+1))
	switch {
	case err != nil:
		return failf("--enforce-iam %s: reading the policy: %w", name, err)
	case len(document) > callerPolicyLimit:
		return failf("--enforce-iam %s: it has more than %d bytes, which no policy has", name, callerPolicyLimit)
	case len(bytes.TrimSpace(document)) == 0:
		return failf("--enforce-iam %s: there is no policy in it", name).hint("enrich policy prints one")
	}
	o.CallerPolicy = string(document)
	return nil
}

// callerPolicyLimit is far above what IAM takes, so that whatever enrich policy prints
// can be tried.
const callerPolicyLimit = 1 << 20

func applyStreamMemory(_ *program, c *cli.Context, o *emulator.Options) error {
	megabytes := c.Int("stream-memory")
	if megabytes < 1 || megabytes > 1<<20 {
		return failf("--stream-memory %d: streams may hold 1 to %d MB", megabytes, 1<<20)
	}
	o.StreamMemory = int64(megabytes) << 20
	return nil
}

// applyPort is where to listen.
func applyPort(_ *program, c *cli.Context, o *emulator.Options) error {
	port := c.Int("port")
	if port < 0 || port > 65535 {
		return failf("--port %d: ports are 0 (any free one) to 65535", port)
	}
	o.Address = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	return nil
}
