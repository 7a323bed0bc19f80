package export

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"enrich/config"
	"enrich/pipeline"
)

// settings are those of a file in each environment.
func settings(t *testing.T, file string) []config.Config {
	t.Helper()
	directory := t.TempDir()
	if file != "" {
		if err := os.WriteFile(filepath.Join(directory, config.FileName), []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var configs []config.Config
	for _, environment := range Environments() {
		c, err := config.Load(config.Flags{Environment: environment}, func(string) string { return "" }, directory, pipeline.Checks()...)
		if err != nil {
			t.Fatal(err)
		}
		configs = append(configs, c)
	}
	return configs
}

var code = pipeline.Code{Zip: []byte("the archive"), SHA256: "digest"}

// everything is a configuration that switches on what there is.
func everything(t *testing.T) string {
	t.Helper()
	content, err := os.ReadFile("testdata/everything.enrich.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// definitions are configurations that a dialect has to come to the same with as deploy.
func definitions(t *testing.T) map[string]string {
	t.Helper()
	return map[string]string{
		"default":    "",
		"everything": everything(t),
		"names":      "name: dev\ntags: {a: dev, b: dev-dev, c: dev-prod, d: dev-dev-stream, prod: staging dev}\nenvironments: {staging: {name: prod, tags: {b: dev}}, prod: {tags: {e: prod}}}\n",
		// Tags that would have the stream made after a table in one environment, and the
		// table after the stream in another one.
		"circle": "environments: {dev: {tags: {x: data-enrichment-dev-users}}, prod: {tags: {x: data-enrichment-prod-stream, y: z}}}\n",
		"lookups": "lookups:\n- {name: user, key: a, fields: ['${Stream}', '${!x}']}\n- {name: users, key: b, fields: [x]}\n" +
			"environments:\n  prod:\n    lookups:\n    - {name: users, key: b, fields: [x, y]}\n    alarms: {composite: false, notify: [a@example.com]}\n" +
			"  staging: {region: eu-west-1, alarms: {duration_percent: 0, notify: [b@example.com, a@example.com]}, stream: {mode: on-demand}}\n",
		// Texts that mean something in YAML, JSON or a programming language; in prod also
		// those that JSON spells out.
		"texts": "lookups:\n- {name: users, key: \"it's\", table_key: '`a`', fields: ['\"q\"', 'b\\s', \"'\\\"`${x}`{y}#{z}\", é→😀]}\n" +
			"environments: {prod: {lookups: [{name: users, key: \"it's\", table_key: '`a`', fields: ['a<b&c', '%s\\n']}]}}\n",
		// What tools take for templates, quotes and words of their languages.
		"escapes": `
tags: {for: a, 'null': b, ä: ö, 1x: c, a-b: d, 'a:b/c': e}
lookups:
- {name: first, key: 'a"b.%{c}', table_key: 'x%{y}', fields: ['q"uo\te', "it's", '%{if}', '$${x}', '%%{x}', '$', 'é ${', '{{x}}']}
- {name: two, key: '${b}', fields: [for]}
environments:
  dev: {tags: {for: x, 1x: y}}
  prod: {lookups: [{name: first, key: 'a"b', fields: ['${x}\n', '` + "`" + `x']}]}
`,
	}
}

func project(t *testing.T, d Dialect, file string) *Project {
	t.Helper()
	p, err := New(d, settings(t, file), "dev", code)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// The projects are those that somebody has looked at. UPDATE_GOLDEN=1 writes them.
func TestGolden(t *testing.T) {
	for name, file := range map[string]string{"default": "", "everything": everything(t)} {
		for _, d := range Dialects() {
			files := filesOf(t, d, file, "")
			again := filesOf(t, d, file, "")
			for i, f := range files {
				if !bytes.Equal(f.Content, again[i].Content) {
					t.Errorf("%s of %s is not the same the second time", f.Name, name)
				}
				// What is the same in every project lies in a directory of the dialect already.
				static, err := os.ReadFile(filepath.Join(d.Name, f.Name))
				if f.Name != archiveFile && (err != nil || !bytes.Equal(static, f.Content)) {
					golden(t, filepath.Join("testdata", d.Name, name, f.Name), f.Content)
				}
			}
			for _, format := range d.Formats[min(1, len(d.Formats)):] {
				only := filesOf(t, d, file, format)[0]
				golden(t, filepath.Join("testdata", d.Name, name, only.Name), only.Content)
			}
		}
	}
}

func filesOf(t *testing.T, d Dialect, file, format string) []File {
	t.Helper()
	files, err := d.Files(project(t, d, file), format)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func golden(t *testing.T, file string, content []byte) {
	t.Helper()
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, content) {
		t.Errorf("%s is not what is written; UPDATE_GOLDEN=1 writes it anew", file)
	}
}

// Whoever adds a kind of resource tells each dialect how to express it.
func TestEveryKindInEveryDialect(t *testing.T) {
	for _, d := range Dialects() {
		p := project(t, d, everything(t))
		var there []string
		for _, r := range p.variants[0].resources {
			there = append(there, r.Kind)
		}
		for _, kind := range pipeline.Kinds() {
			if !slices.Contains(there, kind) {
				t.Errorf("testdata/everything.enrich.yaml has no %s", kind)
			}
			if !slices.Contains(d.kinds, kind) {
				t.Errorf("%s does not express the %s", d.Name, kind)
			}
		}
	}
}

// What stands for an account or a region while the export is made is never in it.
func TestNothingIsPasted(t *testing.T) {
	for _, d := range Dialects() {
		p := project(t, d, everything(t))
		files, err := d.Files(p, "")
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			for _, token := range p.variants[0].plain {
				if strings.Contains(string(f.Content), token.text) {
					t.Errorf("%s of %s has %s", f.Name, d.Name, token.text)
				}
			}
		}
	}
}
