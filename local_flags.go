package main

import (
	"errors"
	"net"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/urfave/cli/v2"

	"enrich/emulator"
)

// emulatorFlag is a flag with which an emulator starts: `enrich local run` applies
// it, `enrich local start` hands it on to the one that it starts.
type emulatorFlag struct {
	cli.Flag
	apply func(c *cli.Context, o *emulator.Options) error
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
func applyEmulatorFlags(c *cli.Context, o *emulator.Options) error {
	var problems []error
	for _, f := range emulatorFlags() {
		if c.IsSet(f.name()) {
			problems = append(problems, f.apply(c, o))
		}
	}
	return errors.Join(problems...)
}

// handedOn are the flags as another process takes them that works in another
// directory.
func handedOn(options []option) ([]string, error) {
	var words []string
	for _, o := range options {
		isFile := slices.ContainsFunc(emulatorFlags(), func(f emulatorFlag) bool { return f.file && f.name() == o.Name })
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

// refuseSettings refuses flags for an emulator that runs already: they have no
// effect on it.
func (p *program) refuseSettings(c *cli.Context, running localDocument) error {
	for _, f := range emulatorFlags() {
		switch name := f.name(); {
		case !c.IsSet(name):
		case name != "port":
			return failf("the emulator runs already, and --%s is for one that starts", name).hint("stop it first: %s", p.again("local stop"))
		case c.Int(name) != 0 && c.Int(name) != running.Port:
			return failf("the emulator runs already, on port %d", running.Port).hint("stop it first: %s", p.again("local stop"))
		}
	}
	return nil
}

// applyPort is where to listen.
func applyPort(c *cli.Context, o *emulator.Options) error {
	port := c.Int("port")
	if port < 0 || port > 65535 {
		return failf("--port %d: ports are 0 (any free one) to 65535", port)
	}
	o.Address = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	return nil
}
