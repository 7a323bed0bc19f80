package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/urfave/cli/v2"

	"enrich/config"
)

// completing gives what can follow a line, of which the last word is a part.
func completing(t *testing.T, typed string) choices {
	t.Helper()
	p := &program{archives: fstest.MapFS{}, getenv: func(string) string { return "" }}
	words := strings.Split(typed, " ")
	return p.complete(words[:len(words)-1], words[len(words)-1])
}

func texts(c choices) string {
	var all []string
	for _, w := range c.words {
		all = append(all, w.text)
	}
	return strings.Join(all, " ")
}

func TestComplete(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, test := range []struct{ typed, kind, want string }{
		{"--output ", theseWords, "text json"},
		{"-e ", theseWords, "dev staging prod"},
		{"deploy --environment=", theseWords, "--environment=dev --environment=staging --environment=prod"},
		{"deploy --local=", theseWords, "--local=true --local=false"},
		{"deploy -qo ", theseWords, "text json"},
		{"--region us-gov-", theseWords, "us-gov-east-1 us-gov-west-1"},
		{"local ", theseWords, "start stop status logs faults run"},
		{"--port 1 local st", theseWords, "start stop status"},
		{"local faults ", theseWords, "set clear"},
		{"local faults s", theseWords, "set"},
		{"local faults set ", theseWords, ""},
		{"lookup load ", files, ""},
		{"lookup load x ", theseWords, ""},
		{"put a b ", files, ""},
		{"put -- --lo", files, ""},
		{"deploy ", theseWords, ""},
		{"deploy x ", theseWords, ""},
		{"deplyo ", theseWords, ""},
		{"--state-dir ", directories, ""},
		{"deploy --state-dir=", directories, ""},
		{"--config ", files, ""},
		{"--data ", theseWords, ""},
		{"put --key ", theseWords, ""},
		{"lookup get --table ", theseWords, "users"},
		{"help local f", theseWords, "faults"},
		{"deploy --help x", theseWords, ""},
		{"results --fai", theseWords, "--failed-batches"},
		{"results --where a=b --whe", theseWords, "--where"},
		{"results --limit 3 --lim", theseWords, ""},
		{"deploy --xyz=", theseWords, ""},
	} {
		got := completing(t, test.typed)
		if got.kind != test.kind || texts(got) != test.want {
			t.Errorf("%q: %s %q, want %s %q", test.typed, got.kind, texts(got), test.kind, test.want)
		}
	}
}

// Everything that people may type is offered, with what it is about.
func TestCompleteOffersTheWholeCommandTable(t *testing.T) {
	app := testApp()
	offered := func(typed, word string) {
		t.Helper()
		i := slices.IndexFunc(completing(t, typed).words, func(c completed) bool { return c.text == word })
		if i < 0 || completing(t, typed).words[i].about == "" {
			t.Errorf("%q: %s is not offered with what it is about", typed, word)
		}
	}
	for _, c := range everyCommand(app.Commands) {
		path := commandPath(app, c)
		if c.Hidden {
			if got := texts(completing(t, path)); slices.Contains(strings.Fields(got), path) {
				t.Errorf("%s is offered", path)
			}
			continue
		}
		offered(path, c.Name)
		if len(c.Subcommands) > 0 {
			continue
		}
		for _, f := range slices.Concat(c.Flags, app.Flags) {
			offered(path+" --", dashed(f.Names()[0]))
		}
	}
	for _, k := range config.Keys() {
		if k.Type != config.Section {
			offered("config ", strings.Replace(k.Path, "[]", "[0]", 1))
		}
	}
}

// Usages that list the values of a flag are understood: "csv, ndjson or json".
func TestCompleteKnowsListedValues(t *testing.T) {
	for usage, want := range map[string]string{
		"`FORMAT`: text or json (default: text)":                        "text json",
		"`FORMAT`: csv, ndjson or json (default: from the file's name)": "csv ndjson json",
		"`X`: a, b-c or d_1":                 "a b-c d_1",
		"`TIME`: how far to look back":       "",
		"`TIMES`: what takes how long or so": "",
	} {
		p := &program{getenv: func(string) string { return "" }}
		if got := texts(p.valueOf(&cli.StringFlag{Name: "x", Usage: usage})); got != want {
			t.Errorf("%s: %q, want %q", usage, got, want)
		}
	}
}

// The lookups are those of the file that the line names; what is wrong with it is
// not for a Tab to tell.
func TestCompleteLookups(t *testing.T) {
	directory := t.TempDir()
	t.Chdir(directory)
	for name, content := range map[string]string{
		"enrich.yaml": "lookups: [{name: products, key: sku, fields: [title]}]\n",
		"other.yaml":  "lookups: [{name: orders, key: id, fields: [total]}, {name: shops, key: shop, fields: [city]}]\n",
		"bad.yaml":    "lookups: 1\n",
	} {
		if err := os.WriteFile(filepath.Join(directory, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for typed, want := range map[string]string{
		"lookup get --table ":               "products",
		"-c other.yaml lookup get --table ": "orders shops",
		"lookup get --table= -c bad.yaml":   "",
		"-c bad.yaml lookup get --table ":   "",
	} {
		if got := texts(completing(t, typed)); got != want {
			t.Errorf("%q: %q, want %q", typed, got, want)
		}
	}
}
