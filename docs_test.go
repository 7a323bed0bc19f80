package main

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"enrich/config"
	"enrich/lambda"
)

// The function's guide tells every key that the function or its mapping obeys, and
// every metric.
func TestFunctionGuideIsComplete(t *testing.T) {
	content, err := os.ReadFile("docs/function.md")
	if err != nil {
		t.Fatal(err)
	}
	guide := string(content)
	for _, k := range config.Keys() {
		section, _, _ := strings.Cut(k.Path, ".")
		if !slices.Contains([]string{"lookups[]", "output", "mapping", "function", "table", "stream"}, section) {
			continue
		}
		if !strings.Contains(guide, "`"+k.Path+"`") {
			t.Errorf("%s is not told", k.Path)
		}
	}
	for _, m := range lambda.Metrics() {
		if !strings.Contains(guide, "\n| `"+m.Name+"` | "+m.Unit+" | ") {
			t.Errorf("metric %s is not told", m.Name)
		}
	}
}

// The README shows what cost prints.
func TestReadmeShowsTheCost(t *testing.T) {
	content, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	var out, failed bytes.Buffer
	if code := run(t.Context(), []string{"cost", "--region", "us-east-1"}, streams{in: strings.NewReader(""), out: &out, err: &failed}, fstest.MapFS{}); code != exitDone {
		t.Fatalf("exit code %d: %s", code, failed.String())
	}
	shown, _, _ := strings.Cut(out.String(), "\nnote: ")
	if !strings.Contains(string(content), "\n$ enrich cost\n"+shown) {
		t.Errorf("the README does not have\n%s", shown)
	}
}
