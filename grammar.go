package main

import (
	"fmt"
	"strconv"
	"time"

	"github.com/urfave/cli/v2"
)

func spelled(flags []cli.Flag, written string) cli.Flag {
	for _, f := range flags {
		for _, name := range f.Names() {
			if dashed(name) == written {
				return f
			}
		}
	}
	return nil
}

func spellings(flags []cli.Flag) []string {
	var all []string
	for _, f := range flags {
		for _, name := range f.Names() {
			if len(name) > 1 { // a short flag is no suggestion for anything
				all = append(all, dashed(name))
			}
		}
	}
	return all
}

func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

func takesValue(flag cli.Flag) bool {
	f, ok := flag.(cli.DocGenerationFlag)
	return ok && f.TakesValue()
}

// misfit tells why a value cannot be the flag's, and how one is written.
func misfit(flag cli.Flag, written, value string) error {
	var err error
	how := "true or false"
	switch flag.(type) {
	case *cli.BoolFlag:
		_, err = strconv.ParseBool(value)
	case *cli.IntFlag:
		how = "a whole number"
		_, err = strconv.Atoi(value)
	case *cli.Float64Flag:
		how = "a number"
		_, err = strconv.ParseFloat(value, 64)
	case *cli.Uint64Flag:
		how = "a whole number of 0 or more"
		_, err = strconv.ParseUint(value, 10, 64)
	case *cli.DurationFlag:
		how = "a time such as 90s or 2m"
		_, err = time.ParseDuration(value)
	}
	if err != nil {
		return failf("invalid value %q for %s; use %s", value, written, how)
	}
	return nil
}

// misfitVariable does the same for the variables of global flags.
func misfitVariable(getenv func(string) string) error {
	for _, f := range globalFlags() {
		name := variable(f.Names()[0])
		if value := getenv(name); value != "" {
			if err := misfit(f, "the variable "+name, value); err != nil {
				return err
			}
		}
	}
	return nil
}

func named(commands []*cli.Command, name string) *cli.Command {
	for _, c := range commands {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// names lists what people may type, without the hidden commands.
func names(commands []*cli.Command) []string {
	var all []string
	for _, c := range commands {
		if !c.Hidden {
			all = append(all, c.Name)
		}
	}
	return all
}

func everyCommand(commands []*cli.Command) []*cli.Command {
	var all []*cli.Command
	for _, c := range commands {
		all = append(append(all, c), everyCommand(c.Subcommands)...)
	}
	return all
}

func commandPath(app *cli.App, wanted *cli.Command) string {
	for _, c := range app.Commands {
		if c == wanted {
			return c.Name
		}
		for _, s := range c.Subcommands {
			if s == wanted {
				return fmt.Sprintf("%s %s", c.Name, s.Name)
			}
		}
	}
	return wanted.Name
}
