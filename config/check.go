package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// checker looks at each value of a file by itself: is there such a key, is it
// of its type, is it allowed. It marks what is not, so that nothing uses it.
type checker struct {
	file     string
	problems *Problems
	override bool // within environments
}

func (c *checker) complain(line int, field, format string, arguments ...any) {
	c.problems.add(Problem{File: c.file, Line: line, Field: field, Message: fmt.Sprintf(format, arguments...)})
}

// file checks a whole file and its overrides.
func (c *checker) root(root *node) {
	c.section(root, "", "")
	all := root.get("environments")
	if all == nil || all.bad {
		return
	}
	kept := all.entries[:0]
	for _, e := range all.entries {
		field := "environments." + e.key
		switch {
		case !slices.Contains(environments(), e.key):
			c.complain(e.line, field, "there is no such environment; use %s%s", either(environments()), hint(e.key, environments()))
		case slices.ContainsFunc(kept, func(k entry) bool { return k.key == e.key }):
			c.complain(e.line, field, "is given twice")
		default:
			inner := checker{file: c.file, problems: c.problems, override: true}
			inner.section(e.value, field, "")
			kept = append(kept, e)
		}
	}
	all.entries = kept
}

// section checks the entries of a section: field is its place in this file,
// path the place in the declaration. Entries that cannot be used are dropped.
func (c *checker) section(n *node, field, path string) {
	n.path = field
	switch n.kind {
	case mapNode:
	case nullNode: // the keys of the section are all commented out
		n.kind = mapNode
		return
	default:
		n.bad = true
		c.complain(n.line, field, "is %s; use a section with the keys %s", n.describe(), strings.Join(children(path), ", "))
		return
	}
	kept := make([]entry, 0, len(n.entries))
	seen := map[string]int{}
	for _, e := range n.entries {
		at := join(field, e.key)
		if first, twice := seen[e.key]; twice {
			c.complain(e.line, at, "is given twice; the first is in line %d", first)
			continue
		}
		seen[e.key] = e.line
		if c.known(e, at, path) {
			c.entry(e, at, join(path, e.key))
			kept = append(kept, e)
		}
	}
	n.entries = kept
}

// known says whether a section has the key, and complains if not.
func (c *checker) known(e entry, at, path string) bool {
	if slices.Contains(children(path), e.key) {
		if k, ok := find(join(path, e.key)); c.override && ok && k.fixed {
			c.complain(e.line, at, "cannot depend on the environment")
			return false
		}
		return true
	}
	message := "there is no such key"
	if near := near(e.key, path); near != "" {
		message += "; did you mean " + near + "?"
	} else {
		message += "; there are " + strings.Join(children(path), ", ")
	}
	c.complain(e.line, at, "%s", message)
	return false
}

// near suggests a key of the same section, else the path of one elsewhere.
func near(key, path string) string {
	if near := Suggest(key, children(path)); near != "" {
		return near
	}
	elsewhere := map[string][]string{}
	var names []string
	for _, k := range Keys() {
		if strings.Contains(k.Path, "[]") {
			continue
		}
		names = append(names, k.last())
		elsewhere[k.last()] = append(elsewhere[k.last()], k.Path)
	}
	if paths := elsewhere[Suggest(key, names)]; len(paths) == 1 {
		return paths[0]
	}
	return ""
}

// entry checks the value of a known key.
func (c *checker) entry(e entry, at, path string) {
	k, declared := find(path)
	n := e.value
	n.path = at
	if n.line == 0 || n.kind == nullNode {
		n.line = e.line
	}
	switch {
	case !declared:
		c.section(n, at, path)
	case k.Type == Section:
		if n.kind == nullNode {
			n.kind = mapNode
		}
		if n.kind != mapNode {
			n.bad = true
			c.complain(n.line, at, "is %s; use a section with %s", n.describe(), strings.Join(environments(), ", "))
		}
	case n.kind == nullNode && k.Type != TextMap:
		n.bad = true
		c.complain(n.line, at, "is empty; give a value%s or remove the key", allowed(" (", k, ")"))
	case k.Type == Text || k.Type == Number || k.Type == Switch:
		c.scalar(n, k)
	case k.Type == TextMap:
		c.tags(n, k)
	default:
		c.list(n, k)
	}
}

// scalar checks a text, a number or a switch.
func (c *checker) scalar(n *node, k Key) {
	message := ""
	switch {
	case k.Type == Number:
		message = k.wrongNumber(n)
	case k.Type == Switch:
		if n.kind != boolNode {
			message = "is " + n.describe() + "; use true or false, without quotes"
		}
	case n.kind == numberNode || n.kind == boolNode:
		message = fmt.Sprintf("%s is %s; write a text, in quotes if need be: %q", n.text, n.kind, n.text)
	case n.kind != textNode:
		message = fmt.Sprintf("is %s; use a text%s", n.describe(), allowed(": ", k, ""))
	default:
		message = k.wrongText(n.text)
	}
	if message != "" {
		n.bad = true
		c.complain(n.line, n.path, "%s", message)
	}
}

// wrongNumber says what is wrong with a number; "" is fine.
func (k Key) wrongNumber(n *node) string {
	use := "; use " + k.Allowed()
	switch n.kind {
	case numberNode:
	case textNode:
		if decimalPattern().MatchString(n.text) {
			return fmt.Sprintf("%q is a text; write the number without quotes", n.text)
		}
		return fmt.Sprintf("%s is not a number%s", shown(n.text), use)
	default:
		return fmt.Sprintf("is %s, not a number%s", n.describe(), use)
	}
	if !decimalPattern().MatchString(n.text) {
		return fmt.Sprintf("%s is not a whole decimal number%s", n.text, use)
	}
	value, err := strconv.Atoi(n.text)
	inRange := k.Max > 0 && value >= k.Min && value <= k.Max
	if err != nil || !inRange && !slices.Contains(k.Numbers, value) {
		return fmt.Sprintf("%s is not allowed%s", n.text, use)
	}
	return ""
}

// wrongText says what is wrong with a text; "" is fine.
func (k Key) wrongText(text string) string {
	if len(k.Values) > 0 {
		if slices.Contains(k.Values, text) {
			return ""
		}
		near := k.meant[text]
		if near == "" {
			near = k.meant[strings.ToLower(text)]
		}
		if near != "" {
			near = "; did you mean " + near + "?"
		} else {
			near = hint(text, k.Values)
		}
		return fmt.Sprintf("%s is not allowed; use %s%s", shown(text), k.Allowed(), near)
	}
	if k.reject != nil {
		if reason := k.reject(text); reason != "" {
			return shown(text) + " " + reason
		}
	}
	if k.Pattern != nil && !k.Pattern().MatchString(text) {
		return fmt.Sprintf("%s is not allowed; use %s", shown(text), k.Rule)
	}
	return ""
}

// describe names what a value is, for a message that wanted something else.
func (n *node) describe() string {
	if n.kind == textNode {
		return "the text " + shown(n.text)
	}
	if n.kind == numberNode {
		return "the number " + n.text
	}
	return string(n.kind)
}

func hint(word string, known []string) string {
	if near := Suggest(word, known); near != "" {
		return "; did you mean " + near + "?"
	}
	return ""
}

// allowed puts what a key allows between two texts, if it says anything.
func allowed(before string, k Key, after string) string {
	if text := k.Allowed(); text != "" {
		return before + text + after
	}
	return ""
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
