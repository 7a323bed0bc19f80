package main

import (
	"os"
	"slices"
	"strings"
	"testing"

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
