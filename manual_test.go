package main

import (
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"enrich/config"
)

// manualDate is in the first line of the page.
var manualDate = regexp.MustCompile(`\d{4}-\d\d-\d\d`)

// manual is docs/enrich.1, in the man macros.
func manual(app *cli.App, date string) string {
	m := &manualPage{}
	m.line(`.TH ENRICH 1 %s`, date)
	m.section("NAME")
	m.line(`enrich \- %s`, roff(app.Usage))
	m.section("SYNOPSIS")
	m.line(`.B enrich`)
	m.line(`[flags] COMMAND [flags] [arguments]`)
	m.section("DESCRIPTION")
	m.text(app.Description)
	m.line(".PP")
	m.text("Flags may stand before the command, after it and after its arguments.")
	m.section("COMMANDS")
	for _, c := range everyCommand(app.Commands) {
		if !c.Hidden {
			m.command(c)
		}
	}
	m.section("FLAGS OF EVERY COMMAND")
	m.flags(app.Flags)
	m.section("SETTINGS")
	m.text("What decides, in this order: flag, environment variable, environments.<environment> in enrich.yaml, the rest of the file, the default.")
	for _, k := range config.Keys() {
		m.setting(k)
	}
	m.section("EXIT STATUS")
	for _, e := range exitMeanings() {
		m.item(fmt.Sprint(e.code), strings.ReplaceAll(e.meaning, "`", ""))
	}
	m.section("FILES")
	m.item("enrich.yaml", "The settings of the pipeline; --config names another file.")
	m.item(".enrich/", "The record of what was deployed; --state-dir names another directory.")
	return m.String()
}

// manualPage collects the lines of a manual.
type manualPage struct{ strings.Builder }

func (m *manualPage) line(format string, args ...any) {
	_, _ = fmt.Fprintf(m, format+"\n", args...) // a builder takes everything
}

func (m *manualPage) section(name string) { m.line(".SH %s", name) }

// text adds lines that are filled.
func (m *manualPage) text(text string) {
	for line := range strings.Lines(strings.TrimSpace(text)) {
		m.line("%s", roff(strings.TrimSpace(line)))
	}
}

// item adds a paragraph behind its name.
func (m *manualPage) item(name, text string) {
	m.line(".TP\n.B %s", roff(name))
	m.text(text)
}

func (m *manualPage) command(c *cli.Command) {
	about, examples, _ := strings.Cut(c.Description, examplesMark)
	m.line(".SS %s", roff(c.HelpName))
	m.text(sentence(c.Usage))
	m.line(".PP")
	m.line(".B %s", roff(usageLine(c)))
	if about != "" {
		m.line(".PP")
		m.text(about)
	}
	m.flags(c.Flags)
	m.line(".PP\nExamples:\n.PP\n.EX")
	m.text(examples)
	m.line(".EE")
}

func (m *manualPage) flags(flags []cli.Flag) {
	for _, f := range flags {
		d := flagDoc(f)
		text := d.meaning
		if d.usual != "" {
			text += " (default: " + d.usual + ")"
		}
		if len(d.variables) > 0 {
			text += "\nVariable: " + strings.Join(d.variables, ", ")
		}
		m.item(strings.Join(d.written, ", "), text)
	}
}

func (m *manualPage) setting(k config.Key) {
	text := k.Doc
	if allowed := k.Allowed(); allowed != "" {
		text += "\nAllowed: " + allowed + "."
	}
	if usual := k.Defaults(); usual != "" && !k.Required {
		text += "\nDefault: " + usual + "."
	}
	m.item(k.Path, text)
}

// roff keeps a line of text from being read as anything else.
func roff(line string) string {
	line = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", `\(ga`, "^", `\(ha`, "~", `\(ti`, "…", "...").Replace(line)
	if strings.HasPrefix(line, ".") {
		line = `\&` + line
	}
	var b strings.Builder
	for _, r := range line {
		if r > '~' {
			fmt.Fprintf(&b, `\[u%04X]`, r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// needProgram skips a test where a program is not installed. make interop installs
// those that tests need.
func needProgram(t *testing.T, name string) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Skipf("NOT TESTED: %s is not installed here; make interop does that where it may, and tests it", name)
	}
}

// Those who read manual pages find nothing wrong with it.
func TestManualIsClean(t *testing.T) {
	for program, words := range map[string][]string{
		"mandoc": {"-Tlint", "-Wwarning"},
		"groff":  {"-man", "-ww", "-z", "-Tutf8", "-K", "utf8"},
	} {
		t.Run(program, func(t *testing.T) {
			needProgram(t, program)
			output, err := exec.Command(program, append(words, "docs/enrich.1")...).CombinedOutput()
			if err != nil || len(output) > 0 {
				t.Errorf("%v\n%s", err, output)
			}
		})
	}
}
