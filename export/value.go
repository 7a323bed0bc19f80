package export

import "slices"

// A value is what a property of a resource has: a bool, an int, a float64, a Text, a
// Variable, a List, a *Map or, once the environments have been merged, a *Choice. nil
// is: not there.
type value = any

// Map is a value with named parts, in the order in which they are written.
type Map struct{ Entries []Entry }

// Entry is one part of a Map.
type Entry struct {
	Key     string
	Value   value
	Comment string // why it is so; "" where that needs no words
}

// object makes a Map of keys and values, one after the other.
func object(pairs ...any) *Map {
	m := &Map{}
	for i := 0; i < len(pairs); i += 2 {
		m.put(pairs[i].(string), pairs[i+1])
	}
	return m
}

func (m *Map) put(key string, v value) { m.explain(key, v, "") }

// explain puts an entry with a comment. What is not there is not put.
func (m *Map) explain(key string, v value, comment string) {
	if v != nil {
		m.Entries = append(m.Entries, Entry{key, v, comment})
	}
}

func (m *Map) get(key string) (Entry, bool) {
	for _, e := range m.Entries {
		if e.Key == key {
			return e, true
		}
	}
	return Entry{}, false
}

// List is a value with parts in an order.
type List []value

// Variable is a value that who deploys decides, or that the place of the deployment
// does.
type Variable string

// The variables.
const (
	Partition   Variable = "partition"
	Account     Variable = "account"
	Region      Variable = "region"
	Environment Variable = "environment"
	Shards      Variable = "shards"
	Memory      Variable = "memory"
	Timeout     Variable = "timeout"
)

// Attribute is what of a resource is referred to.
type Attribute string

// The attributes.
const (
	ByName Attribute = "name"
	ByARN  Attribute = "arn"
	ByID   Attribute = "id"
)

// Part of a Text: as it stands, a variable or a reference to a resource.
type Part struct {
	Literal   string
	Variable  Variable
	Key       string // of a resource
	Attribute Attribute
}

// Text is a string that may depend on other resources, on variables and on the
// environment.
type Text struct {
	// Parts that refer to as much as they can; plain only to account, region and
	// partition. The parts of a string that is the same everywhere, though it happens to
	// look like a name in one environment, are the plain ones.
	Parts, plain []Part
}

// literal is a Text as it stands.
func literal(s string) Text {
	parts := []Part{{Literal: s}}
	return Text{parts, parts}
}

// whole is the text without any reference; false: it has one.
func (t Text) whole() (string, bool) {
	switch len(t.Parts) {
	case 0:
		return "", true
	case 1:
		only := t.Parts[0]
		return only.Literal, only.Variable == "" && only.Key == ""
	}
	return "", false
}

// Choice is a value that is not the same in all environments.
type Choice struct {
	Values [3]value // in the order of Environments; nil: not there
	Path   []string // of the keys that lead to it
}

// Spliced is a Choice in the middle of a text that is otherwise the same.
type Spliced struct {
	Before, After Text
	Middle        *Choice
}

// whole is a choice between whole texts.
func (s *Spliced) whole() *Choice {
	c := &Choice{Path: s.Middle.Path}
	for i, middle := range s.Middle.Values {
		parts := join(slices.Concat(s.Before.Parts, middle.(Text).Parts, s.After.Parts))
		c.Values[i] = Text{parts, parts}
	}
	return c
}

// Environments are those that an export is for.
func Environments() []string { return []string{"dev", "staging", "prod"} }
