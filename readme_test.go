package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"testing/fstest"
)

func TestReadmeTellsEveryCommandAndExitCode(t *testing.T) {
	content, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	readme := string(content)
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
	if !strings.Contains(readme, exitTable()) {
		t.Errorf("the table of exit codes should be:\n%s", exitTable())
	}
	if !strings.Contains(readme, "(docs/reference.md)") {
		t.Error("the README does not lead to the reference")
	}
}

// What `enrich config` is shown to print, it prints of the file that is shown.
func TestReadmeShowsTheConfiguration(t *testing.T) {
	content, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(content), "## Configuration")
	_, rest, _ = strings.Cut(rest, "```yaml\n")
	file, rest, _ := strings.Cut(rest, "```")
	_, rest, _ = strings.Cut(rest, "$ enrich config stream -e prod\n")
	shown, _, _ := strings.Cut(rest, "```")
	t.Chdir(t.TempDir())
	if err := os.WriteFile("enrich.yaml", []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, failed bytes.Buffer
	s := streams{in: strings.NewReader(""), out: &out, err: &failed}
	if code := run(t.Context(), []string{"config", "stream", "-e", "prod"}, s, fstest.MapFS{}); code != exitDone || out.String() != shown {
		t.Errorf("exit code %d\n%s%s\nshown is\n%s", code, out.String(), failed.String(), shown)
	}
}
