package export

import (
	"reflect"
	"slices"
)

// What is not the same in all environments.

// part of a list or a dictionary, if it is one in the environments that are written for.
func (u *cdkUnit) part(v value, comment string, write func(value) syntax, dictionary bool) []bracketItem {
	c, ok := v.(*Choice)
	if !ok {
		return []bracketItem{{comment, write(v)}}
	}
	var there [3]bool
	for i, one := range c.Values {
		there[i] = one != nil && u.environs[i]
	}
	if there == u.environs {
		return []bracketItem{{comment, write(v)}}
	}
	if there == [3]bool{} {
		return nil
	}
	empty := "[]"
	if dictionary {
		empty = "{}"
	}
	condition, known := u.condition(there, v)
	var inner bracketItem
	u.within(there, known, func() { inner = bracketItem{comment, write(v)} })
	some := &bracket{open: empty[:1], close: empty[1:], items: []bracketItem{inner}, spaced: dictionary && !u.layout.python}
	return []bracketItem{{code: u.language.spread(&decision{condition, some, empty, true}, dictionary)}}
}

// within writes for some environments only.
func (u *cdkUnit) within(environs [3]bool, known string, write func()) {
	before, was := u.environs, u.known[known]
	u.environs = environs
	if known != "" {
		u.known[known] = true
	}
	write()
	u.environs = before
	if known != "" {
		u.known[known] = was
	}
}

// condition holds in some of the environments that are written for: where a construct
// is there that the value needs, or by their names. It gives the key of that construct.
func (u *cdkUnit) condition(in [3]bool, v value) (condition, known string) {
	for _, key := range u.program.referred(v) {
		r := u.program.byKey[key]
		if r.present != everywhere && !u.known[key] && restricted(r.present, u.environs) == in {
			return u.language.name(r.name), u.touch(key)
		}
	}
	return u.inEnvironments(in), ""
}

func (u *cdkUnit) inEnvironments(in [3]bool) string {
	u.variables[Environment] = true
	var yes, no []int
	for i := range in {
		switch {
		case in[i]:
			yes = append(yes, i)
		case u.environs[i]:
			no = append(no, i)
		}
	}
	if len(yes) == 1 {
		return u.language.is(Environments()[yes[0]], false)
	}
	return u.language.is(Environments()[no[0]], true)
}

func restricted(present, to [3]bool) [3]bool {
	for i := range present {
		present[i] = present[i] && to[i]
	}
	return present
}

// choose takes a plain value from the settings of the environments, and decides between
// others.
func (u *cdkUnit) choose(c *Choice) syntax {
	active := restrictedTo(c, u.environs)
	some := firstOf(active.Values)
	if some == nil {
		return u.language.nothing()
	}
	everywhere := !slices.ContainsFunc([]int{0, 1, 2}, func(i int) bool { return u.environs[i] && c.Values[i] == nil })
	if everywhere {
		// An environment that nothing is written for decides nothing.
		for i, v := range active.Values {
			if v == nil {
				active.Values[i] = some
			}
		}
		merged := merge(active.Values, c.Path)
		if spliced, ok := merged.(*Spliced); ok {
			merged = spliced.whole()
		}
		left, ok := merged.(*Choice)
		if !ok {
			return u.code(merged)
		}
		active = left
	}
	if name, ok := u.settings.take(active); ok {
		u.setting = true
		return "settings." + u.language.name(name)
	}
	return u.decide(c)
}

// decide takes the last environment's value where it is that one's, and so on.
func (u *cdkUnit) decide(c *Choice) syntax {
	last := 2
	for !u.environs[last] {
		last--
	}
	in := u.environs
	for i, v := range c.Values {
		in[i] = in[i] && reflect.DeepEqual(bare(v), bare(c.Values[last]))
	}
	rest := without(u.environs, in)
	if c.Values[last] == nil { // rather by what is there
		in, rest = rest, in
	}
	condition, known := u.condition(in, restrictedTo(c, in))
	d := &decision{condition: condition}
	u.within(in, known, func() { d.yes = u.choose(c) })
	u.within(rest, "", func() { d.no = u.choose(c) })
	return d
}

// bare is a value whose texts only tell what they refer to.
func bare(v value) value {
	switch v := v.(type) {
	case Text:
		return Text{Parts: v.Parts}
	case List:
		list := make(List, 0, len(v))
		for _, part := range v {
			list = append(list, bare(part))
		}
		return list
	case *Map:
		m := &Map{}
		for _, e := range v.Entries {
			m.Entries = append(m.Entries, Entry{e.Key, bare(e.Value), e.Comment})
		}
		return m
	case compound:
		return v.of(bare(v.parts()).(*Map))
	}
	return v
}

func without(of, some [3]bool) [3]bool {
	for i := range of {
		of[i] = of[i] && !some[i]
	}
	return of
}

func restrictedTo(c *Choice, in [3]bool) *Choice {
	other := &Choice{Path: c.Path}
	for i, v := range c.Values {
		if in[i] {
			other.Values[i] = v
		}
	}
	return other
}
