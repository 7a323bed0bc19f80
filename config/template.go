package config

import (
	"fmt"
	"reflect"
	"strings"
)

// Template is a new enrich.yaml: every key with what it is about, its default
// commented out. The name, the lookups, and what flags and variables give are
// decided in it. schema is the file, seen from there, by which editors check it. The
// error is a *Problems.
func Template(flags Flags, getenv func(string) string, schema string, checks ...Check) (string, error) {
	problems := &Problems{}
	s := settle(&node{kind: mapNode}, flags, getenv, problems)
	together := agreement{config: s.config, given: s.given, checks: checks, problems: problems}
	together.check()
	if err := problems.err(); err != nil {
		return "", err
	}
	t := template{settled: s}
	t.line("# yaml-language-server: $schema=%s\n#", schema)
	t.comment("", "All settings of a pipeline. A line that begins with # and no space after it has the default: take the # away, "+
		"and change the value. What decides, in this order: flag, environment variable, environments.<environment> below, "+
		"the rest of this file, default. enrich config shows every value with its source.")
	t.section("", "", reflect.ValueOf(s.config))
	return t.String(), nil
}

// template collects the lines of a file.
type template struct {
	strings.Builder
	settled
}

func (t *template) line(format string, arguments ...any) {
	_, _ = fmt.Fprintf(t, format+"\n", arguments...) // a builder takes everything
}

// section writes the keys of a section, each line behind the indent.
func (t *template) section(path, indent string, values reflect.Value) {
	for i, name := range children(path) {
		at := join(path, name)
		k, declared := find(at)
		if indent == "" || !declared && i > 0 {
			t.WriteByte('\n')
		}
		if !declared {
			t.line("%s%s:", indent, name)
			t.section(at, indent+"  ", reflect.Indirect(member(values, name)))
			continue
		}
		t.comment(indent, k.Doc)
		t.comment(indent, k.choice())
		switch k.Type {
		case Section:
			t.line("%s:", name)
			for _, environment := range environments() {
				t.line("  #%s: {}", environment)
			}
		case SectionList:
			t.line("%s:", name)
			for _, l := range t.config.Lookups {
				t.element(l)
			}
		default:
			t.setting(k, indent, member(values, name).Interface())
		}
	}
}

// element writes one lookup, of which the first key has the dash.
func (t *template) element(l Lookup) {
	table := t.config.TableOf(l)
	l.Table = &table
	inner := template{settled: t.settled}
	inner.section("lookups[]", "    ", reflect.ValueOf(l))
	before, after, _ := strings.Cut(inner.String(), "\n    name: ")
	t.line("%s\n  - name: %s", before, strings.TrimSuffix(after, "\n"))
}

// setting writes a key with its value, commented out where it is not decided.
func (t *template) setting(k Key, indent string, value any) {
	if k.example != "" && value == "" {
		value = k.example
	}
	mark := "#"
	if k.Required || k.Path == "name" || t.given.at(k.Path) != nil {
		mark = ""
	}
	t.line("%s%s%s: %s", indent, mark, k.last(), written(value))
}

// choice is what a key allows and its default, in a line.
func (k Key) choice() string {
	text := ""
	if allowed := k.Allowed(); allowed != "" {
		text = "Allowed: " + allowed
	}
	if usual := k.Defaults(); usual != "" && !k.Required {
		text += " (default: " + usual + ")"
	}
	return text
}

// width is that of a comment's text.
const width = 100

// comment writes a text in as many lines as it takes.
func (t *template) comment(indent, text string) {
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && len(line)+1+len(word) > width {
			t.line("%s#%s", indent, line)
			line = ""
		}
		line += " " + word
	}
	if line != "" {
		t.line("%s#%s", indent, line)
	}
}
