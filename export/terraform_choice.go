package export

import (
	"reflect"
	"slices"
)

// choose takes what depends on the environment alone from its settings, and decides
// between what refers to resources.
func (m *module) choose(c *Choice) node {
	linked := m.linked
	defer func() { m.linked = m.linked || linked }()
	m.linked = false
	var nodes [3]node
	for i, v := range c.Values {
		nodes[i] = m.node(v)
	}
	if !m.linked {
		return m.setting(c.Path, nodes)
	}
	if one := m.only(c); one != nil {
		return one
	}
	if alike(c.Values) {
		if of := decided(nodes); of != nil {
			return of
		}
	}
	defer func(eager bool) { m.eager = eager }(m.eager)
	m.eager = true
	from := &dict{}
	for i, environment := range Environments() {
		from.items = append(from.items, item{key: environment, value: m.node(c.Values[i])})
	}
	return &pick{from}
}

// decided is a conditional between expressions of which two at least are the same; nil:
// there are three.
func decided(nodes [3]node) node {
	for alone := 2; alone >= 0; alone-- { // prod first
		next, last := nodes[(alone+1)%3], nodes[(alone+2)%3]
		if flat(next) != flat(last) {
			continue
		}
		if flat(nodes[alone]) == flat(next) {
			return next
		}
		in := [3]bool{}
		in[alone] = true
		if none(nodes[alone]) {
			return &decide{condition([3]bool{!in[0], !in[1], !in[2]}), next, nodes[alone]}
		}
		return &decide{condition(in), nodes[alone], next}
	}
	return nil
}

func none(n node) bool {
	switch flat(n) {
	case "null", "[]", "{}":
		return true
	}
	return false
}

// alike tells whether Terraform finds one type for a conditional of such values without
// making something else of one of them.
func alike(values [3]value) bool {
	var texts, lists, maps int
	for _, v := range values {
		switch v := v.(type) {
		case nil:
		case Text:
			texts = 1
		case List:
			lists = 1
			if len(v) > 1 && slices.ContainsFunc(v, func(part value) bool { _, ok := part.(Text); return !ok }) {
				return false
			}
		case *Map:
			maps = 1
			if len(v.Entries) > 1 {
				return false
			}
		default:
			return false
		}
	}
	return texts+lists+maps == 1
}

// only is an attribute of a resource that is there just where the resource is.
func (m *module) only(c *Choice) node {
	var found Text
	for i, v := range c.Values {
		t, ok := v.(Text)
		if v == nil || m.absent[m.current][i] {
			continue
		}
		if !ok || len(t.Parts) != 1 || t.Parts[0].Key == "" || found.Parts != nil && !reflect.DeepEqual(found.Parts, t.Parts) {
			return nil
		}
		found = t
	}
	if found.Parts == nil {
		return nil
	}
	address := m.addresses[found.Parts[0].Key]
	for i, v := range c.Values {
		if !m.absent[m.current][i] && (v == nil) != m.absent[address][i] {
			return nil
		}
	}
	m.use(address)
	return atom("one(" + address + "[*]." + moduleAttribute(m.kinds[found.Parts[0].Key], found.Parts[0].Attribute) + ")")
}
