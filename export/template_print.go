package export

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

const formatVersion = "2010-09-09"

// yaml writes the template as people do: functions in their short form, and a blank
// line between the entries of a section.
func (t *stack) yaml() ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "AWSTemplateFormatVersion: %q\n", formatVersion)
	if err := writeBlock(&b, object("Description", t.description()), ""); err != nil {
		return nil, err
	}
	headings := map[string]string{}
	for _, r := range t.resources {
		headings[r.ID] = r.Group
	}
	for _, s := range t.sections() {
		b.WriteByte('\n')
		if s.comment != "" {
			fmt.Fprintf(&b, "# %s\n", s.comment)
		}
		fmt.Fprintf(&b, "%s:\n", s.name)
		heading := ""
		for i, e := range s.entries.Entries {
			if i > 0 && s.name != "Conditions" {
				b.WriteByte('\n')
			}
			if h := headings[e.Key]; s.name == "Resources" && h != heading {
				heading = h
				fmt.Fprintf(&b, "  # %s\n  # %s\n\n", h, strings.Repeat("-", len(h)))
			}
			if err := writeBlock(&b, &Map{Entries: []Entry{e}}, "  "); err != nil {
				return nil, fmt.Errorf("%s: %w", e.Key, err)
			}
		}
	}
	return b.Bytes(), nil
}

func writeBlock(b *bytes.Buffer, m *Map, indent string) error {
	var block bytes.Buffer
	encoder := yaml.NewEncoder(&block)
	encoder.SetIndent(2)
	if err := encoder.Encode(nodeOf(m)); err != nil {
		return fmt.Errorf("writing YAML: %w", err)
	}
	if err := encoder.Close(); err != nil {
		return fmt.Errorf("writing YAML: %w", err)
	}
	for line := range strings.Lines(block.String()) {
		if strings.TrimSpace(line) != "" {
			b.WriteString(indent)
		}
		b.WriteString(line)
	}
	return nil
}

func nodeOf(v value) *yaml.Node {
	switch v := v.(type) {
	case *Map:
		if node := functionOf(v); node != nil {
			return node
		}
		node := &yaml.Node{Kind: yaml.MappingNode}
		for _, e := range v.Entries {
			key := scalar(e.Key)
			if e.Comment != "" {
				key.HeadComment = "# " + strings.ReplaceAll(e.Comment, "\n", "\n# ")
			}
			node.Content = append(node.Content, key, nodeOf(e.Value))
		}
		return node
	case List:
		node := &yaml.Node{Kind: yaml.SequenceNode}
		for _, part := range v {
			node.Content = append(node.Content, nodeOf(part))
		}
		if small(node) {
			node.Style = yaml.FlowStyle
		}
		return node
	case string:
		return scalar(v)
	case bool:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: strconv.FormatBool(v)}
	case int:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: strconv.Itoa(v)}
	case float64:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!float", Value: strconv.FormatFloat(v, 'f', -1, 64)}
	}
	panic(fmt.Sprintf("export: a template has no %T", v))
}

// functionOf is the short form of an intrinsic function; nil for what is none.
func functionOf(m *Map) *yaml.Node {
	if len(m.Entries) != 1 {
		return nil
	}
	only := m.Entries[0]
	name, ok := strings.CutPrefix(only.Key, "Fn::")
	if !ok && only.Key != "Ref" {
		return nil
	}
	argument := only.Value
	if list, isList := argument.(List); isList && name == "GetAtt" {
		argument = list[0].(string) + "." + list[1].(string)
	}
	node := nodeOf(argument)
	node.Tag = "!" + name
	if !ok {
		node.Tag = "!Ref"
	}
	if node.Kind == yaml.SequenceNode && short(node) {
		node.Style |= yaml.FlowStyle
	}
	return node
}

// small tells whether a list is no more than some words.
func small(node *yaml.Node) bool {
	length := 0
	for _, part := range node.Content {
		if part.Kind != yaml.ScalarNode || strings.HasPrefix(part.Tag, "!") && !strings.HasPrefix(part.Tag, "!!") {
			return false
		}
		length += len(part.Value)
	}
	return length < 24
}

// short tells whether a function's arguments fit into a line.
func short(node *yaml.Node) bool {
	const line = 80
	length := 0
	for _, part := range node.Content {
		if part.Kind == yaml.MappingNode || part.Kind == yaml.SequenceNode && part.Style&yaml.FlowStyle == 0 || part.Style&yaml.LiteralStyle != 0 {
			return false
		}
		length += len(part.Value)
		for _, inner := range part.Content {
			length += len(inner.Value)
		}
	}
	return length < line
}

// scalar is a string, quoted where one of the older YAML's readers would take it for
// something else.
func scalar(s string) *yaml.Node {
	node := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s}
	switch lower := strings.ToLower(s); {
	case strings.Contains(s, "\n"):
		node.Style = yaml.LiteralStyle
	case s == "", '0' <= s[0] && s[0] <= '9', strings.ContainsRune("+-.=<", rune(s[0])), lower == "y", lower == "n", lower == "yes", lower == "no", lower == "on", lower == "off",
		lower == "true", lower == "false", lower == "null", lower == "~":
		node.Style = yaml.SingleQuotedStyle
	}
	return node
}

// json writes the template with functions in their long form, the only one there.
func (t *stack) json() ([]byte, error) {
	whole := object("AWSTemplateFormatVersion", formatVersion, "Description", t.description())
	for _, s := range t.sections() {
		whole.put(s.name, s.entries)
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(whole); err != nil {
		return nil, fmt.Errorf("writing JSON: %w", err)
	}
	return b.Bytes(), nil
}

// MarshalJSON writes the entries in their order.
func (m *Map) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	for i, e := range m.Entries {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := encoder.Encode(e.Key); err != nil {
			return nil, err
		}
		b.WriteByte(':')
		if err := encoder.Encode(e.Value); err != nil {
			return nil, err
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}
