package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"enrich/config"
)

func TestReadmeTellsEveryKeyFlagCommandAndExitCode(t *testing.T) {
	content, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	readme := string(content)
	for name, part := range map[string]string{
		"configuration keys": config.Reference(),
		"global flags":       flagReference(globalFlags()),
	} {
		if !strings.Contains(readme, strings.TrimSpace(part)) {
			t.Errorf("the table of %s should be:\n%s", name, part)
		}
	}
	app := (&program{getenv: os.Getenv}).app()
	for _, c := range everyCommand(app.Commands) {
		if !c.Hidden && !strings.Contains(readme, c.Name) {
			t.Errorf("command %s is not in the README", commandPath(app, c))
		}
	}
	for _, c := range app.Commands {
		if !c.Hidden && !strings.Contains(readme, "| `enrich "+c.Name) {
			t.Errorf("command %s has no row in the README's table", c.Name)
		}
	}
	for _, code := range []int{exitDone, exitFailed, exitDifferent, exitInterrupted} {
		if !strings.Contains(readme, fmt.Sprintf("\n| %d | ", code)) {
			t.Errorf("exit code %d has no row in the README", code)
		}
	}
}

// flagReference is the README's table of the flags that every command takes.
func flagReference(flags []cli.Flag) string {
	var b strings.Builder
	b.WriteString("| flag | variable | meaning |\n| --- | --- | --- |\n")
	for _, f := range flags {
		doc := f.(cli.DocGenerationFlag)
		value, usage := unquote(doc.GetUsage())
		var names []string
		for _, name := range f.Names() {
			names = append(names, "`"+strings.TrimSpace(dashed(name)+" "+value)+"`")
		}
		variables := ""
		if v := doc.GetEnvVars(); len(v) > 0 {
			variables = "`" + strings.Join(v, "`, `") + "`"
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", strings.Join(names, ", "), variables, usage)
	}
	return b.String()
}
