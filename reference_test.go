package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/urfave/cli/v2"

	"enrich/config"
)

// docs/reference.md and docs/enrich.1 are made of the command table and the
// declarations of the settings: run
// UPDATE_DOCS=1 go test . -run TestReferenceIsCurrent
// after a change.
func TestReferenceIsCurrent(t *testing.T) {
	app := testApp()
	isCurrent(t, "docs/reference.md", func(string) string { return reference(app) })
	isCurrent(t, "docs/enrich.1", func(before string) string {
		date, today := manualDate.FindString(before), time.Now().UTC().Format(time.DateOnly)
		if page := manual(app, date); date != "" && page == before {
			return page
		}
		return manual(app, today) // that of its last change
	})
}

// isCurrent holds a file to what is made of what it was.
func isCurrent(t *testing.T, path string, made func(before string) string) {
	t.Helper()
	before, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	want := made(string(before))
	if string(before) == want {
		return
	}
	if os.Getenv("UPDATE_DOCS") == "" {
		t.Errorf("%s is stale: run UPDATE_DOCS=1 go test . -run TestReferenceIsCurrent", path)
		return
	}
	if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

// exitMeaning is what an exit code tells.
type exitMeaning struct {
	code    int
	meaning string // in Markdown
}

func exitMeanings() []exitMeaning {
	return []exitMeaning{
		{exitDone, "done, also when there was nothing to do"},
		{exitFailed, "failed, or bad input"},
		{exitDifferent, "`plan --detailed-exitcode` found changes; `status` found drift or ill health; `audit` found records that are missing or in more than one place"},
		{exitInterrupted, "interrupted; what exists is recorded and a rerun continues"},
		{exitUnread, "nobody reads what the command prints any more, as in `enrich results | head`"},
	}
}

func exitTable() string {
	var b strings.Builder
	b.WriteString("| exit code | meaning |\n| --- | --- |\n")
	for _, e := range exitMeanings() {
		fmt.Fprintf(&b, "| %d | %s |\n", e.code, strings.ReplaceAll(e.meaning, "|", `\|`))
	}
	return b.String()
}

// Every exit code that there is has a meaning.
func TestExitCodesAreComplete(t *testing.T) {
	source, err := os.ReadFile("errors.go")
	if err != nil {
		t.Fatal(err)
	}
	declared := regexp.MustCompile(`(?m)^\texit[A-Z]\w+ += (\d+)`).FindAllSubmatch(source, -1)
	if len(declared) < 5 || len(declared) != len(exitMeanings()) {
		t.Errorf("%d exit codes are declared, %d have a meaning", len(declared), len(exitMeanings()))
	}
	for _, d := range declared {
		if !strings.Contains(exitTable(), fmt.Sprintf("\n| %s | ", d[1])) {
			t.Errorf("exit code %s has no meaning", d[1])
		}
	}
}

// reference is docs/reference.md.
func reference(app *cli.App) string {
	var b strings.Builder
	b.WriteString("# Reference\n\n")
	b.WriteString("Made of the program itself: every command with its flags, the flags that all commands take, every setting of\n" +
		"`enrich.yaml` with its default and what it allows, and the exit codes. [enrich.1](enrich.1) is the same as a manual page.\n\n")
	b.WriteString("* [Commands](#commands)\n")
	for _, c := range app.Commands {
		if !c.Hidden {
			fmt.Fprintf(&b, "  * [enrich %s](#enrich-%s) %s\n", c.Name, c.Name, prose(c.Usage))
		}
	}
	b.WriteString("* [Flags of every command](#flags-of-every-command)\n* [Settings](#settings)\n* [Exit codes](#exit-codes)\n")
	b.WriteString("\n## Commands\n\nFlags may stand before the command, after it and after its arguments.\n")
	for _, c := range everyCommand(app.Commands) {
		if !c.Hidden {
			referenceOf(&b, c)
		}
	}
	fmt.Fprintf(&b, "\n## Flags of every command\n\n%s", flagTable(app.Flags, true))
	fmt.Fprintf(&b, "\n## Settings\n\nWhat decides, in this order: flag, environment variable, `environments.<environment>` in the file, the file, the\n"+
		"default. `enrich init` writes a file with all of them, `enrich config` shows what holds and where it comes from.\n\n%s", config.Reference())
	fmt.Fprintf(&b, "\n## Exit codes\n\n%s", exitTable())
	return b.String()
}

// referenceOf is one command.
func referenceOf(b *strings.Builder, c *cli.Command) {
	about, examples, _ := strings.Cut(c.Description, examplesMark)
	fmt.Fprintf(b, "\n### %s\n\n%s\n\n```\n%s\n```\n", c.HelpName, prose(sentence(c.Usage)), usageLine(c))
	if about != "" {
		fmt.Fprintf(b, "\n%s\n", prose(about))
	}
	if len(c.Subcommands) > 0 {
		b.WriteString("\n| command | what it does |\n| --- | --- |\n")
		for _, s := range c.Subcommands {
			fmt.Fprintf(b, "| [%s](#%s) | %s |\n", s.HelpName, strings.ReplaceAll(s.HelpName, " ", "-"), prose(s.Usage))
		}
	}
	if len(c.Flags) > 0 {
		fmt.Fprintf(b, "\n%s", flagTable(c.Flags, false))
	}
	fmt.Fprintf(b, "\n```sh\n%s\n```\n", strings.TrimSpace(examples))
}

// sentence makes one of a usage.
func sentence(usage string) string { return strings.ToUpper(usage[:1]) + usage[1:] + "." }

// flagTable has flags with what they mean; global ones have variables.
func flagTable(flags []cli.Flag, global bool) string {
	var b strings.Builder
	if global {
		b.WriteString("| flag | variable | default | meaning |\n| --- | --- | --- | --- |\n")
	} else {
		b.WriteString("| flag | default | meaning |\n| --- | --- | --- |\n")
	}
	for _, f := range flags {
		d := flagDoc(f)
		variable := ""
		if global {
			variable = " |"
			if len(d.variables) > 0 {
				variable = " `" + strings.Join(d.variables, "`, `") + "` |"
			}
		}
		fmt.Fprintf(&b, "| `%s` |%s %s | %s |\n", strings.Join(d.written, "`, `"), variable, prose(d.usual), prose(d.meaning))
	}
	return b.String()
}

// flagWords are what there is to say of a flag.
type flagWords struct {
	written        []string // with the placeholder of a value
	meaning, usual string
	variables      []string
}

// usualValue is the end of a usage that tells a default.
var usualValue = regexp.MustCompile(`^([^(]*) \(default: ([^()]*)\)$`)

func flagDoc(f cli.Flag) flagWords {
	placeholder, usage := unquote(usageOf(f))
	d := flagWords{meaning: usage}
	if match := usualValue.FindStringSubmatch(usage); match != nil {
		d.meaning, d.usual = match[1], match[2]
	}
	for _, name := range f.Names() {
		d.written = append(d.written, strings.TrimSpace(dashed(name)+" "+placeholder))
	}
	if doc, ok := f.(cli.DocGenerationFlag); ok {
		d.variables = doc.GetEnvVars()
	}
	return d
}

// prose keeps Markdown from reading anything into a text.
func prose(text string) string {
	text = strings.NewReplacer(`\`, `\\`, "*", `\*`, "_", `\_`, "`", "\\`", "<", "&lt;", "[", `\[`, "|", `\|`).Replace(text)
	return regexp.MustCompile(`(?m)^(#|[-+] )`).ReplaceAllString(text, `\$1`)
}

// What a flag's usage says of its default is what the flag has.
func TestFlagsTellTheirDefaults(t *testing.T) {
	app := testApp()
	flags := app.Flags
	for _, c := range everyCommand(app.Commands) {
		flags = append(flags, c.Flags...)
	}
	checked := 0
	for _, f := range flags {
		var has, told any
		usual := flagDoc(f).usual
		switch f := f.(type) {
		case *cli.DurationFlag:
			if has = f.Value; f.Value != 0 {
				told, _ = time.ParseDuration(usual) // 0 where it tells none
			}
		case *cli.IntFlag:
			if has = f.Value; f.Value != 0 {
				told, _ = strconv.Atoi(usual)
			}
		case *cli.StringFlag:
			if has = f.Value; f.Value != "" {
				told = usual
			}
		}
		if told != nil {
			checked++
			if has != told {
				t.Errorf("--%s has the default %v and tells %q", f.Names()[0], has, usual)
			}
		}
	}
	if checked < 5 {
		t.Errorf("only %d flags have a default", checked)
	}
}
