package export

import (
	"reflect"
	"slices"
	"strings"
)

// merge makes one value of those of the environments: what is the same in all of
// them stays as it is, and only what differs becomes a choice.
func merge(values [3]value, path []string) value {
	if maps, ok := all[*Map](values); ok {
		return mergeMaps(maps, path)
	}
	if lists, ok := all[List](values); ok {
		return mergeLists(lists, values, path)
	}
	if texts, ok := all[Text](values); ok {
		return mergeTexts(texts, values, path)
	}
	if parted, ok := all[compound](values); ok && parted[0].like(parted[1]) && parted[0].like(parted[2]) {
		return parted[0].of(mergeMaps([3]*Map{parted[0].parts(), parted[1].parts(), parted[2].parts()}, path))
	}
	if same(values) {
		return values[0]
	}
	return &Choice{values, slices.Clone(path)}
}

// compound is a value of a dialect's own that has parts.
type compound interface {
	parts() *Map
	of(parts *Map) compound   // the same with other parts
	like(other compound) bool // but for their parts they are the same
}

// all gives the values if they are all there and of this type.
func all[T any](values [3]value) (typed [3]T, ok bool) {
	for i, v := range values {
		if typed[i], ok = v.(T); !ok {
			return typed, false
		}
	}
	return typed, true
}

func same(values [3]value) bool {
	return reflect.DeepEqual(values[0], values[1]) && reflect.DeepEqual(values[1], values[2])
}

func mergeMaps(maps [3]*Map, path []string) *Map {
	merged := &Map{}
	for _, key := range keysOf(maps) {
		var values [3]value
		comment := ""
		for i, m := range maps {
			if e, ok := m.get(key); ok {
				values[i], comment = e.Value, e.Comment
			}
		}
		merged.explain(key, merge(values, append(path, key)), comment)
	}
	return merged
}

// keysOf are the keys of all maps in their order; what only a later one has comes
// behind what it has before it.
func keysOf(maps [3]*Map) []string {
	var keys []string
	for _, m := range maps {
		at := 0
		for _, e := range m.Entries {
			if i := slices.Index(keys, e.Key); i >= 0 {
				at = i + 1
				continue
			}
			keys = slices.Insert(keys, at, e.Key)
			at++
		}
	}
	return keys
}

// mergeLists keeps a list whose parts are the same but for some that are not there in
// each environment.
func mergeLists(lists [3]List, values [3]value, path []string) value {
	aligned, ok := alignByName(lists)
	if !ok {
		aligned, ok = alignByPlace(lists)
	}
	if !ok {
		return &Choice{values, slices.Clone(path)}
	}
	merged := make(List, 0, len(aligned))
	for _, v := range aligned {
		merged = append(merged, merge(v, append(path, nameOf(v)...)))
	}
	return merged
}

// alignByName aligns parts that each have a name or refer to something, as long as they
// have the same order everywhere.
func alignByName(lists [3]List) (aligned [][3]value, ok bool) {
	var names []any
	place := func(v value) int {
		return slices.IndexFunc(names, func(name any) bool { return reflect.DeepEqual(name, aligns(v)) })
	}
	for _, list := range lists {
		at := 0
		for _, v := range list {
			if !named(v) {
				return nil, false
			}
			i := place(v)
			if i < 0 {
				names = slices.Insert(names, at, aligns(v))
				i = at
			}
			if i < at { // twice, or in another order
				return nil, false
			}
			at = i + 1
		}
	}
	aligned = make([][3]value, len(names))
	for i, list := range lists {
		for _, v := range list {
			aligned[place(v)][i] = v
		}
	}
	return aligned, true
}

func named(v value) bool {
	if t, ok := v.(Text); ok {
		return slices.ContainsFunc(t.Parts, func(p Part) bool { return p.Key != "" })
	}
	return nameOf([3]value{v}) != nil
}

// alignByPlace aligns parts with those of the longest list.
func alignByPlace(lists [3]List) (aligned [][3]value, ok bool) {
	longest := slices.MaxFunc(lists[:], func(a, b List) int { return len(a) - len(b) })
	aligned = make([][3]value, len(longest))
	for i, list := range lists {
		at := 0
		for _, v := range list {
			for at < len(longest) && len(list) != len(longest) && !reflect.DeepEqual(aligns(v), aligns(longest[at])) {
				at++
			}
			if at == len(longest) {
				return nil, false
			}
			aligned[at][i] = v
			at++
		}
	}
	return aligned, true
}

// nameOf is what a part of a list is known by there, such as the key of a tag.
func nameOf(values [3]value) []string {
	for _, v := range values {
		m, _ := v.(*Map)
		if parted, ok := v.(compound); ok {
			m = parted.parts()
		}
		if m != nil && len(m.Entries) > 0 {
			if t, ok := m.Entries[0].Value.(Text); ok {
				if name, ok := t.whole(); ok {
					return []string{name}
				}
			}
		}
	}
	return nil
}

// aligns is what tells whether a part of one list is that of another one: what a text
// refers to, and what a part is known by that has several values.
func aligns(v value) any {
	if t, ok := v.(Text); ok {
		return t.Parts
	}
	if name := nameOf([3]value{v}); name != nil {
		return name
	}
	return v
}

// spliced is from which length on a text is divided rather than written twice.
const spliced = 400

func mergeTexts(texts [3]Text, values [3]value, path []string) value {
	if same([3]value{texts[0].Parts, texts[1].Parts, texts[2].Parts}) {
		return texts[0]
	}
	if same([3]value{texts[0].plain, texts[1].plain, texts[2].plain}) {
		return Text{texts[0].plain, texts[0].plain}
	}
	var pieces [3][]Part
	length := 0
	for i, t := range texts {
		pieces[i] = divide(t.Parts)
		for _, p := range t.Parts {
			length += len(p.Literal)
		}
	}
	if length < 3*spliced {
		return &Choice{values, slices.Clone(path)}
	}
	shortest := min(len(pieces[0]), len(pieces[1]), len(pieces[2]))
	at := func(i, end int) [3]value { // the i-th of each, from the end if need be
		var v [3]value
		for j, p := range pieces {
			v[j] = p[i+end*(len(p)-1-2*i)]
		}
		return v
	}
	before := 0
	for before < shortest && same(at(before, 0)) {
		before++
	}
	after := 0
	for after < shortest-before && same(at(after, 1)) {
		after++
	}
	var middle [3]value
	for i, p := range pieces {
		middle[i] = Text{Parts: join(p[before : len(p)-after])}
	}
	whole := pieces[0]
	return &Spliced{
		Before: Text{Parts: join(whole[:before])},
		After:  Text{Parts: join(whole[len(whole)-after:])},
		Middle: &Choice{middle, slices.Clone(path)},
	}
}

// divide makes pieces of a text that are small enough to show what differs.
func divide(parts []Part) []Part {
	var pieces []Part
	for _, p := range parts {
		if p.Literal == "" {
			pieces = append(pieces, p)
			continue
		}
		for line := range strings.SplitAfterSeq(p.Literal, ",") {
			if line != "" {
				pieces = append(pieces, Part{Literal: line})
			}
		}
	}
	return pieces
}

// join is the opposite of divide.
func join(pieces []Part) []Part {
	var parts []Part
	for _, p := range pieces {
		if last := len(parts) - 1; p.Literal != "" && last >= 0 && parts[last].Literal != "" {
			parts[last].Literal += p.Literal
			continue
		}
		parts = append(parts, p)
	}
	return parts
}
