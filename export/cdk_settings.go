package export

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// cdkSettings are those that are not the same in all environments, a record of each.
type cdkSettings struct{ list []cdkSetting }

type cdkSetting struct {
	name   string // in TypeScript
	values [3]value
}

// take puts a choice into the settings and gives its name; false: a value is not plain.
func (s *cdkSettings) take(c *Choice) (string, bool) {
	var values [3]value
	for i, v := range c.Values {
		if v == nil {
			continue
		}
		var ok bool
		if values[i], ok = plainIn(Environments()[i], v); !ok {
			return "", false
		}
	}
	for _, name := range recordNames(c.Path) {
		if s.put(name, values) {
			return name, true
		}
	}
	for n := 2; ; n++ {
		names := recordNames(c.Path)
		if name := fmt.Sprintf("%s%d", names[len(names)-1], n); s.put(name, values) {
			return name, true
		}
	}
}

// put has resources that have a setting alike share the entry; false: the name is of
// another one.
func (s *cdkSettings) put(name string, values [3]value) bool {
	for _, known := range s.list {
		if known.name == name {
			return reflect.DeepEqual(known.values, values)
		}
	}
	s.list = append(s.list, cdkSetting{name, values})
	return true
}

// recordNames are those that a setting may have, the shortest first.
func recordNames(path []string) []string {
	var words []string
	for _, word := range path {
		if _, err := strconv.Atoi(word); err != nil && word != "json" {
			words = append(words, word)
		}
	}
	last := words[len(words)-1:]
	if words[0] == "tag" {
		last = words
	}
	var names []string
	for _, of := range [][]string{last, append(words[:1:1], last...), words} {
		name := joinTitles(of)
		if name == "" || '0' <= name[0] && name[0] <= '9' {
			continue
		}
		names = append(names, strings.ToLower(name[:1])+name[1:])
	}
	return names
}

// plainIn is a value that refers to nothing, with the environment in its place.
func plainIn(environment string, v value) (value, bool) {
	switch v := v.(type) {
	case bool, int, float64, cdkMember:
		return v, true
	case Text:
		var b strings.Builder
		for _, p := range v.Parts {
			if p.Key != "" || p.Variable != "" && p.Variable != Environment {
				return nil, false
			}
			b.WriteString(p.Literal)
			if p.Variable == Environment {
				b.WriteString(environment)
			}
		}
		return literal(b.String()), true
	case List:
		list := List{}
		for _, part := range v {
			one, ok := plainIn(environment, part)
			if !ok {
				return nil, false
			}
			list = append(list, one)
		}
		return list, len(list) > 0
	case *cdkCall:
		if v.On != nil || v.New || v.Props != nil {
			return nil, false
		}
		args, ok := plainIn(environment, v.Args)
		if !ok {
			return nil, false
		}
		other := *v
		other.Args = args.(List)
		return &other, true
	}
	return nil, false
}
