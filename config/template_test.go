package config

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func newFile(t *testing.T, flags Flags, variables ...string) string {
	t.Helper()
	text, err := Template(flags, environ(variables...), "enrich.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// commentedKey is a line of a new file that holds a key with its default.
var commentedKey = regexp.MustCompile(`(?m)^( *)#([^ \n].*)$`)

// A new file changes nothing: neither as it is, nor with everything in it decided.
func TestTemplateHasTheDefaults(t *testing.T) {
	schema := compiledSchema(t)
	for _, environment := range environments() {
		text := newFile(t, Flags{Environment: environment})
		decided := commentedKey.ReplaceAllString(text, "$1$2")
		for _, content := range []string{text, decided} {
			root, wrong := parse("f", []byte(content))
			if wrong != nil {
				t.Fatal(wrong)
			}
			if err := schema.Validate(value(t, root)); err != nil {
				t.Error(err)
			}
		}
		want := Default(environment)
		if diff := cmp.Diff(want, load(t, text)); diff != "" {
			t.Errorf("%s, as it is (-want +got):\n%s", environment, diff)
		}
		want.Region = "us-east-1" // the key's example
		want.Lookups[0].Table = &want.Table
		if diff := cmp.Diff(want, load(t, decided)); diff != "" {
			t.Errorf("%s, decided (-want +got):\n%s", environment, diff)
		}
	}
}

func TestTemplateHasEveryKey(t *testing.T) {
	text := commentedKey.ReplaceAllString(newFile(t, Flags{}), "$1$2")
	root, wrong := parse("f", []byte(text))
	if wrong != nil {
		t.Fatal(wrong)
	}
	prose := strings.Join(strings.Fields(strings.ReplaceAll(text, "# ", "")), " ")
	for _, k := range Keys() {
		n := root
		for name := range strings.SplitSeq(k.Path, ".") {
			name, list := strings.CutSuffix(name, "[]")
			if n = n.get(name); n != nil && list {
				n = n.items[0]
			}
		}
		if n == nil {
			t.Errorf("%s is not in the file", k.Path)
		}
		if !strings.Contains(prose, k.Doc) || !strings.Contains(prose, k.Allowed()) {
			t.Errorf("%s is not explained", k.Path)
		}
	}
	for line := range strings.Lines(text) {
		if len(line) > 120 {
			t.Errorf("a line of %d: %s", len(line), line)
		}
	}
}

func TestTemplateDecidesWhatIsGiven(t *testing.T) {
	text := newFile(t, Flags{Name: "orders", Region: "eu-west-1"}, "ENRICH_ENVIRONMENT", "prod")
	for _, line := range []string{"name: orders", "region: eu-west-1", "environment: prod", "  #batching_window_seconds: 5"} {
		if !strings.Contains(text, "\n"+line+"\n") {
			t.Errorf("no line %q in\n%s", line, text)
		}
	}
	if got := load(t, text); got.Name != "orders" || got.Region != "eu-west-1" || got.Environment != "prod" {
		t.Errorf("%+v", got)
	}
	if text := newFile(t, Flags{Name: "true"}); !strings.Contains(text, "\nname: \"true\"\n") || load(t, text).Name != "true" {
		t.Errorf("a name that YAML takes for something else:\n%.700s", text)
	}
}

func TestTemplateRefusesWhatLoadRefuses(t *testing.T) {
	_, err := Template(Flags{Name: "Orders", Region: "useast1"}, environ(), "s")
	if err == nil || !strings.Contains(err.Error(), "--name: ") || !strings.Contains(err.Error(), "--region: ") {
		t.Errorf("%v", err)
	}
	taken := Check{Field: "name", Problems: func(Config) []string { return []string{"is taken"} }}
	if _, err := Template(Flags{}, environ(), "s", taken); err == nil || err.Error() != "name: is taken" {
		t.Errorf("%v", err)
	}
}

func TestWritten(t *testing.T) {
	for _, text := range []string{
		"", "a", "null", "Yes", "~", "12", "1e3", "-1", "a b", "a: b", "#", "a #b", `"`, `\`, "größe", "{a", "[", "- x", "?", "*a", "&a", "!a", "%a", "@a", "`", "a\tb", ".inf", "<",
	} {
		root, wrong := parse("f", []byte("key: "+written(text)+"\nlist: "+written([]string{text})+"\n"))
		if wrong != nil {
			t.Errorf("%q: %v", text, wrong)
			continue
		}
		if n := root.get("key"); n.kind != textNode || n.text != text {
			t.Errorf("%q is read as %s %q", text, n.kind, n.text)
		}
		if n := root.get("list").items[0]; n.kind != textNode || n.text != text {
			t.Errorf("%q in a list is read as %s %q", text, n.kind, n.text)
		}
	}
	if got := written([]Field{field("a"), {From: "b", To: "c d"}}); got != `[a, {from: b, to: "c d"}]` {
		t.Error(got)
	}
	if got := written(map[string]string{"b": "1", "a": "x"}); got != `{a: x, b: "1"}` {
		t.Error(got)
	}
}
