package export

import (
	"strings"
	"testing"
)

// source is all code of a project.
func source(t *testing.T, d Dialect, file string) string {
	t.Helper()
	var b strings.Builder
	for _, f := range filesOf(t, d, file, "") {
		if strings.HasSuffix(f.Name, ".ts") || strings.HasSuffix(f.Name, ".py") {
			b.Write(f.Content)
		}
	}
	return b.String()
}

// A table may have the name that the function has, and stays a table.
func TestCDKTellsKindsApart(t *testing.T) {
	const file = "lookups: [{name: function, key: a, fields: [x]}, {name: stream, key: b, fields: [y]}]\n"
	for _, want := range []string{"fn.addEventSource(mapping)", "new eventSources.KinesisEventSource(stream, {"} {
		if text := source(t, cdkDialect(cdkTypeScript{}), file); !strings.Contains(text, want) {
			t.Errorf("there is no %s in\n%s", want, text)
		}
	}
}

// What cannot be seen is spelled out, and what means something is not what it means.
func TestCDKTexts(t *testing.T) {
	pieces := []cdkPiece{{literal: "a`${b}\\{c}\n"}, {expression: "x"}, {literal: `"'é` + "\u200b"}}
	for _, c := range []struct{ got, want string }{
		{cdkTypeScript{}.quoted("it's ${x}\n\x1b\u200b\\é"), `"it's ${x}\n\u{1b}\u{200b}\\é"`},
		{cdkTypeScript{}.quoted(`'"`), `'\'"'`},
		{cdkTypeScript{}.templated(pieces), "`a\\`\\${b}\\\\{c}\\n${x}\"'é\\u{200b}`"},
		{cdkPython{}.quoted("it's {x}\n\x1b\u200b\\\"\U000e0001"), `"it's {x}\n\x1b\u200b\\\"\U000e0001"`},
		{cdkPython{}.quoted(`say "x"`), `'say "x"'`},
		{cdkPython{}.templated(pieces), "f\"a`${{b}}\\\\{{c}}\\n{x}\\\"'é\\u200b\""},
	} {
		if c.got != c.want {
			t.Errorf("%s is written, not %s", c.got, c.want)
		}
	}
}

// The CDK's validation takes a name with ${…} for a mistake, and nothing else is let pass.
func TestCDKAcknowledgesNames(t *testing.T) {
	for _, d := range []Dialect{cdkDialect(cdkTypeScript{}), cdkDialect(cdkPython{})} {
		for name, want := range map[string]bool{"default": false, "everything": false, "lookups": false, "escapes": true} {
			if got := strings.Contains(source(t, d, definitions(t)[name]), "CloudFormation-Validate::E1029"); got != want {
				t.Errorf("%s acknowledges in %s: %t", d.Name, name, got)
			}
		}
	}
}
