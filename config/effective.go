package config

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Value is one setting as it holds.
type Value struct {
	Key   string // with the indexes of lists: lookups[0].key
	Value any    // a string, an int, a []string or a []Field
	Source
}

// Text is the value as enrich.yaml has it.
func (v Value) Text() string { return written(v.Value) }

// Origin is a kind of place that values come from.
type Origin string

// Origins, the first of which that has a value decides.
const (
	FromFlag        Origin = "flag"
	FromVariable    Origin = "variable"
	FromEnvironment Origin = "environment" // the file's section for the environment
	FromFile        Origin = "file"
	FromDefault     Origin = "default"
	FromAWS         Origin = "aws" // what the AWS SDK finds where we have nothing
)

// Source is where a value comes from.
type Source struct {
	Origin Origin
	Name   string // of the flag, variable or section; for a default what it follows from, "" for nothing
	File   string // with the line, of a value that is in the file
	Line   int
}

func (s Source) String() string {
	place := fmt.Sprintf("%s:%d", s.File, s.Line)
	switch {
	case s.Origin == FromFile:
		return place
	case s.Origin == FromEnvironment:
		return s.Name + " in " + place
	case s.Origin == FromDefault && s.Name == "":
		return "default"
	case s.Origin == FromDefault:
		return "default: " + s.Name
	}
	return s.Name
}

// Effective gives every setting as Load settles it, in the order of Keys, and the
// file that was read; "" for none.
func Effective(flags Flags, getenv func(string) string, workdir string, checks ...Check) (values []Value, file string, err error) {
	s, err := settleFile(flags, getenv, workdir, checks)
	if err != nil {
		return nil, "", err
	}
	config := reflect.ValueOf(s.config)
	for _, k := range Keys() {
		switch {
		case k.Type == Section, strings.Contains(k.Path, "[]"):
		case k.Type == SectionList:
			for i := range s.config.Lookups {
				values = append(values, s.lookup(i)...)
			}
		case k.Type == TextMap && len(s.config.Tags) > 0:
			for _, name := range slices.Sorted(maps.Keys(s.config.Tags)) {
				values = append(values, Value{join(k.Path, name), s.config.Tags[name], s.source(s.given.get(k.Path).get(name), k)})
			}
		default:
			values = append(values, Value{k.Path, inside(config, k.Path).Interface(), s.source(s.given.at(k.Path), k)})
		}
	}
	return values, s.file, nil
}

// lookup gives the settings of one lookup.
func (s settled) lookup(i int) []Value {
	var given *node
	if all := s.given.get("lookups"); all != nil {
		given = all.items[i]
	}
	l := s.config.Lookups[i]
	table := s.config.TableOf(l)
	l.Table = &table
	var values []Value
	for _, k := range Keys() {
		if rest, ok := strings.CutPrefix(k.Path, "lookups[]."); ok {
			values = append(values, Value{fmt.Sprintf("lookups[%d].%s", i, rest), inside(reflect.ValueOf(l), rest).Interface(), s.source(given.at(rest), k)})
		}
	}
	return values
}

// source tells where the value of a key comes from that was given as n.
func (s settled) source(n *node, k Key) Source {
	if n == nil {
		return Source{Origin: FromDefault, Name: k.Derived}
	}
	if n.line == 0 {
		if strings.HasPrefix(n.path, "--") {
			return Source{Origin: FromFlag, Name: n.path}
		}
		return Source{Origin: FromVariable, Name: n.path}
	}
	if rest, ok := strings.CutPrefix(n.path, "environments."); ok {
		environment, _, _ := strings.Cut(rest, ".")
		return Source{Origin: FromEnvironment, Name: "environments." + environment, File: s.file, Line: n.line}
	}
	return Source{Origin: FromFile, File: s.file, Line: n.line}
}

// inside is the field of a struct with this dotted path.
func inside(of reflect.Value, path string) reflect.Value {
	for name := range strings.SplitSeq(path, ".") {
		of = member(reflect.Indirect(of), name)
	}
	return of
}

// SuggestKey gives the key that a mistyped one most likely meant; "" if none is
// near.
func SuggestKey(key string) string {
	var paths []string
	for _, k := range Keys() {
		paths = append(paths, k.Path)
	}
	if near := Suggest(key, paths); near != "" {
		return near
	}
	return near(key, "")
}
