package main

import (
	"strings"

	"github.com/urfave/cli/v2"
)

// printHelp prints what the program or one command does.
func (p *program) printHelp(app *cli.App, l line) error {
	page := &page{c: p.out.c}
	if l.Command == nil {
		programHelp(page, app)
	} else {
		commandHelp(page, l.Command)
	}
	if _, err := p.streams.out.Write(page.Bytes()); err != nil {
		return unwritten(err)
	}
	return nil
}

func programHelp(p *page, app *cli.App) {
	p.line("%s %s", app.Name, app.Usage)
	p.line("")
	p.line("%s", app.Description)
	p.line("")
	p.line("%s", p.c.strong("Usage:"))
	p.line("  enrich [flags] COMMAND [flags] [arguments]")
	p.line("")
	p.line("%s", p.c.strong("Commands:"))
	listCommands(p, app.Commands)
	p.line("")
	p.line("%s", p.c.strong("Flags, before or after the command (or as variables: ENRICH_REGION for --region):"))
	listFlags(p, app.Flags)
	p.line("")
	p.line("%s", p.c.strong("Examples:"))
	p.line("  enrich --local deploy          make the pipeline on this computer")
	p.line("  enrich --local test-event      send one event and see it enriched")
	p.line("  enrich deploy -e prod          make it on AWS")
	p.line("  enrich destroy -e prod         remove it again")
	p.line("")
	p.line("enrich COMMAND --help tells more about a command")
}

func commandHelp(p *page, c *cli.Command) {
	p.line("%s: %s", c.HelpName, c.Usage)
	p.line("")
	p.line("%s", p.c.strong("Usage:"))
	p.line("  %s", usageLine(c))
	text, examples, _ := strings.Cut(c.Description, examplesMark)
	if text != "" {
		p.line("")
		p.line("%s", strings.TrimSpace(text))
	}
	if len(c.Subcommands) > 0 {
		p.line("")
		p.line("%s", p.c.strong("Commands:"))
		listCommands(p, c.Subcommands)
	}
	if len(c.Flags) > 0 {
		p.line("")
		p.line("%s", p.c.strong("Flags:"))
		listFlags(p, c.Flags)
	}
	p.line("")
	p.line("%s", p.c.strong("Examples:"))
	for example := range strings.Lines(strings.TrimSpace(examples)) {
		p.line("  %s", strings.TrimSpace(example))
	}
	p.line("")
	p.line("enrich --help lists the flags that every command takes")
}

// usageLine is how a command is called.
func usageLine(c *cli.Command) string {
	if len(c.Subcommands) > 0 {
		return c.HelpName + " COMMAND [flags]"
	}
	return strings.TrimRight(c.HelpName+" [flags] "+c.ArgsUsage, " ")
}

// examplesMark divides a command's description from its examples.
const examplesMark = "\n--\n"

// about is a command's description with its examples.
func about(description string, examples ...string) string {
	return strings.TrimSpace(description) + examplesMark + strings.Join(examples, "\n")
}

func listCommands(p *page, commands []*cli.Command) {
	var rows [][]cell
	for _, c := range commands {
		if !c.Hidden {
			rows = append(rows, []cell{{text: c.Name}, {text: c.Usage}})
		}
	}
	p.table(rows)
}

func listFlags(p *page, flags []cli.Flag) {
	var rows [][]cell
	for _, f := range flags {
		doc, ok := f.(cli.DocGenerationFlag)
		if !ok {
			continue
		}
		placeholder, usage := unquote(doc.GetUsage())
		short := "    "
		for _, name := range f.Names() {
			if len(name) == 1 {
				short = "-" + name + ", "
			}
		}
		name := short + "--" + f.Names()[0]
		if placeholder != "" {
			name += " " + placeholder
		}
		rows = append(rows, []cell{{text: name}, {text: usage}})
	}
	p.table(rows)
}

// unquote takes the placeholder of a flag's value out of its usage.
// "`FILE`: the settings" is FILE and "the settings".
func unquote(usage string) (placeholder, plain string) {
	before, rest, found := strings.Cut(usage, "`")
	if !found {
		return "", usage
	}
	placeholder, after, _ := strings.Cut(rest, "`")
	if apart, ok := strings.CutPrefix(after, ": "); ok {
		return placeholder, before + apart
	}
	return placeholder, before + placeholder + after
}
