package main

import (
	"fmt"

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
