package export

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

const nothing = atom("null")

// node makes an expression of a value.
func (m *module) node(v value) node {
	switch v := v.(type) {
	case nil:
		return nothing
	case bool:
		return atom(strconv.FormatBool(v))
	case int:
		return atom(strconv.Itoa(v))
	case float64:
		return atom(strconv.FormatFloat(v, 'f', -1, 64))
	case Text:
		return m.text(v)
	case Variable:
		return atom(m.variable(v))
	case List:
		return m.list(v)
	case *Map:
		return m.object(v)
	case *Choice:
		return m.choose(v)
	case *Spliced:
		middle := m.choose(v.Middle)
		return atom(`"` + m.template(v.Before.Parts) + "${" + flat(middle) + "}" + m.template(v.After.Parts) + `"`)
	}
	panic(fmt.Sprintf("export: Terraform has no %T", v))
}

// object is a call of a function or an object. What is not there in each environment
// and refers to no resource is merged from the settings of the environment.
func (m *module) object(v *Map) node {
	if len(v.Entries) == 1 {
		if function, ok := strings.CutSuffix(v.Entries[0].Key, callMark); ok {
			arguments, several := v.Entries[0].Value.(List)
			if !several || function == "jsonencode" {
				arguments = List{v.Entries[0].Value}
			}
			call := &apply{function: function}
			for _, argument := range arguments {
				call.arguments = append(call.arguments, m.node(argument))
			}
			return call
		}
	}
	d := &dict{}
	merged := &apply{"merge", []node{d}}
	for _, e := range v.Entries {
		c, ok := e.Value.(*Choice)
		if !ok || !slices.Contains(c.Values[:], nil) {
			d.items = append(d.items, item{key: attribute(e.Key), value: m.node(e.Value), comment: e.Comment})
			continue
		}
		var single [3]value
		for i, of := range c.Values {
			single[i] = &Map{}
			if of != nil {
				single[i] = object(e.Key, of)
			}
		}
		merged.arguments = append(merged.arguments, m.choose(&Choice{single, c.Path}))
	}
	if len(merged.arguments) == 1 {
		return d
	}
	return merged
}

// list leaves out what is not there in an environment.
func (m *module) list(v List) node {
	optional, texts := false, true
	for _, part := range v {
		c, choice := part.(*Choice)
		optional = optional || choice && slices.Contains(c.Values[:], nil)
		texts = texts && onlyTexts(part)
	}
	if !optional || texts {
		t := &tuple{}
		for _, part := range v {
			t.items = append(t.items, m.node(part))
		}
		if optional {
			return &apply{"compact", []node{t}}
		}
		return t
	}
	whole := &apply{function: "concat"}
	var last *tuple
	for _, part := range v {
		c, ok := part.(*Choice)
		if !ok || !slices.Contains(c.Values[:], nil) {
			if last == nil {
				last = &tuple{}
				whole.arguments = append(whole.arguments, last)
			}
			last.items = append(last.items, m.node(part))
			continue
		}
		var single [3]value
		for i, of := range c.Values {
			single[i] = List{}
			if of != nil {
				single[i] = List{of}
			}
		}
		whole.arguments = append(whole.arguments, m.choose(&Choice{single, c.Path}))
		last = nil
	}
	return whole
}

// onlyTexts tells of a part of a list whether it is a text that is not empty wherever it
// is there.
func onlyTexts(v value) bool {
	switch v := v.(type) {
	case Text:
		return len(v.Parts) > 0
	case *Choice:
		return !slices.ContainsFunc(v.Values[:], func(of value) bool { return of != nil && !onlyTexts(of) })
	}
	return false
}
