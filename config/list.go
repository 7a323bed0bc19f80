package config

import (
	"fmt"
	"slices"
	"strings"
)

// list checks a list of texts, of fields or of sections.
func (c *checker) list(n *node, k Key) {
	if n.kind != listNode {
		n.bad = true
		c.complain(n.line, n.path, "is %s; use a list%s", n.describe(), allowed(" of ", k, ""))
		return
	}
	if len(n.items) < k.Min || k.Max > 0 && len(n.items) > k.Max {
		n.bad = true
		c.complain(n.line, n.path, "has %d entries; use %d to %d", len(n.items), k.Min, k.Max)
		return
	}
	for i, item := range n.items {
		item.path = fmt.Sprintf("%s[%d]", n.path, i)
		switch k.Type {
		case SectionList:
			c.element(item, k.Path+"[]")
		case FieldList:
			c.field(item, k)
		default:
			c.scalar(item, Key{Type: Text, Values: k.Values, Pattern: k.Pattern, Rule: k.Rule, reject: k.reject, meant: k.meant})
			c.once(n.items[:i], item)
		}
		n.bad = n.bad || item.bad
	}
}

// once complains about a text that the list has already.
func (c *checker) once(before []*node, item *node) {
	if slices.ContainsFunc(before, func(other *node) bool { return other.kind == textNode && other.text == item.text }) && !item.bad {
		item.bad = true
		c.complain(item.line, item.path, "%s is in the list twice", shown(item.text))
	}
}

// element checks one section of a list, which has keys that it must have.
func (c *checker) element(n *node, path string) {
	c.section(n, n.path, path)
	if n.bad {
		return
	}
	for _, name := range children(path) {
		if k, ok := find(join(path, name)); ok && k.Required && n.get(name) == nil {
			n.bad = true
			c.complain(n.line, join(n.path, name), "is missing%s", allowed("; give ", k, ""))
		}
	}
	for _, e := range n.entries {
		n.bad = n.bad || e.value.bad
	}
}

// field checks an added field: a text, or a section with from and to.
func (c *checker) field(n *node, k Key) {
	one := Key{Type: Text, Pattern: k.Pattern, Rule: k.Rule, reject: k.reject}
	if n.kind != mapNode {
		c.scalar(n, one)
		return
	}
	names := []string{"from", "to"}
	kept := make([]entry, 0, len(n.entries))
	for _, e := range n.entries {
		at := join(n.path, e.key)
		switch {
		case !slices.Contains(names, e.key):
			n.bad = true
			c.complain(e.line, at, "there is no such key; use %s%s", either(names), hint(e.key, names))
		case slices.ContainsFunc(kept, func(other entry) bool { return other.key == e.key }):
			n.bad = true
			c.complain(e.line, at, "is given twice")
		default:
			e.value.path = at
			c.scalar(e.value, one)
			n.bad = n.bad || e.value.bad
			kept = append(kept, e)
		}
	}
	n.entries = kept
	if n.get("from") == nil {
		n.bad = true
		c.complain(n.line, join(n.path, "from"), "is missing: the attribute of the item that is added")
	}
}

// tags checks a map of texts: keys are names of tags.
func (c *checker) tags(n *node, k Key) {
	if n.kind == nullNode {
		n.kind = mapNode
	}
	if n.kind != mapNode {
		n.bad = true
		c.complain(n.line, n.path, "is %s; use names with values such as team: web", n.describe())
		return
	}
	kept := make([]entry, 0, len(n.entries))
	for _, e := range n.entries {
		e.value.path = join(n.path, e.key)
		if e.value.kind == nullNode {
			e.value.line = e.line
		}
		reason := rejectTagKey(e.key)
		twice := slices.IndexFunc(kept, func(other entry) bool { return strings.EqualFold(other.key, e.key) })
		switch {
		case reason != "":
			c.complain(e.line, e.value.path, "%s %s", shown(e.key), reason)
		case twice >= 0:
			// IAM tells the names of tags apart only by their letters.
			c.complain(e.line, e.value.path, "is given twice; the first, %q, is in line %d", kept[twice].key, kept[twice].line)
		default:
			c.scalar(e.value, Key{Type: Text, reject: rejectTagValue})
			kept = append(kept, e)
		}
	}
	n.entries = kept
	if len(n.entries) > k.Max {
		n.bad = true
		c.complain(n.line, n.path, "has %d tags; use up to %d", len(n.entries), k.Max)
	}
}
