package config

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Type is what a key takes.
type Type string

// Types of keys.
const (
	Text        Type = "text"
	Number      Type = "number" // a whole one
	Switch      Type = "true or false"
	TextList    Type = "list of texts"
	TextMap     Type = "map of texts"
	FieldList   Type = "list of fields"   // texts, or maps with from and to
	SectionList Type = "list of sections" // whose keys follow with [] in their paths
	Section     Type = "section"
)

// Key declares one setting: what the checks, the suggestions and the reference
// say about it comes from here.
type Key struct {
	// Path is dotted. Keys of a list's elements have [] after the list's name.
	Path string
	Type Type
	// Default is a string, an int, a bool, a []string, a map[string]string or a
	// []Lookup; nil where there is none or where Derived tells it.
	Default any
	// DefaultIn has the environments with a default of their own.
	DefaultIn map[string]any
	// Derived tells in words how the default follows from other keys.
	Derived string
	// Required keys of a list's element have no default.
	Required bool
	// Values are the only texts, or entries of a list, that are allowed.
	Values []string
	// Numbers are allowed besides the range.
	Numbers []int
	// Min and Max, both included, bound a number, or the count of a list's or
	// map's entries. Max 0: no range.
	Min, Max int
	Unit     string
	// Pattern is what a text matches as a whole, Rule the same in words.
	Pattern func() *regexp.Regexp
	Rule    string
	// Doc is one sentence.
	Doc string

	// reject says why a text that matches Pattern is wrong all the same, or
	// what is special about one that does not; "" has nothing to say.
	reject func(text string) string
	// unlike is matched only by texts that reject refuses, longest is the length
	// in bytes beyond which it refuses them: what a schema can say of it.
	unlike  func() *regexp.Regexp
	longest int
	// meant has usual other spellings of Values.
	meant map[string]string
	// fixed keys cannot be in environments.
	fixed bool
	// example stands in a new file where the default is no value of the key's.
	example string
}

// Allowed says in words which values the key takes; "" where the type says it
// all.
func (k Key) Allowed() string {
	switch {
	case len(k.Values) > 0:
		return either(k.Values)
	case k.Type == Number:
		return k.numbers()
	case k.Rule != "":
		return k.Rule
	case k.Max > 0:
		return fmt.Sprintf("%d to %d entries", k.Min, k.Max)
	}
	return ""
}

// numbers words the numbers that are allowed: "-1, or 60 to 604800 seconds".
func (k Key) numbers() string {
	words := make([]string, len(k.Numbers))
	for i, n := range k.Numbers {
		words[i] = strconv.Itoa(n)
	}
	text := either(words)
	if k.Max > 0 {
		if text != "" {
			text += ", or "
		}
		text += fmt.Sprintf("%d to %d", k.Min, k.Max)
	}
	if k.Unit != "" {
		text += " " + k.Unit
	}
	return text
}

// DefaultText is the default as enrich.yaml would have it, or in words where
// it follows from other keys; "" where there is none.
func (k Key) DefaultText(environment string) string {
	if k.Derived != "" {
		return k.Derived
	}
	value := k.Default
	if other, ok := k.DefaultIn[environment]; ok {
		value = other
	}
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	case []string:
		return "[" + strings.Join(v, ", ") + "]"
	case map[string]string:
		return "{}"
	}
	return fmt.Sprint(value)
}

// last is the key's name within its section.
func (k Key) last() string {
	return k.Path[strings.LastIndexByte(k.Path, '.')+1:]
}

// find gives the declaration of a path whose list indexes are [].
func find(path string) (Key, bool) {
	all := Keys()
	if i := slices.IndexFunc(all, func(k Key) bool { return k.Path == path }); i >= 0 {
		return all[i], true
	}
	return Key{}, false
}

// children are the names that may stand in a section, in the order of
// declaration.
func children(section string) []string {
	var names []string
	for _, k := range Keys() {
		rest := k.Path
		if section != "" {
			var inside bool
			if rest, inside = strings.CutPrefix(k.Path, section+"."); !inside {
				continue
			}
		}
		name, _, _ := strings.Cut(rest, ".")
		if name = strings.TrimSuffix(name, "[]"); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// either joins words as "a, b or c".
func either(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}
