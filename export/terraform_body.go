package export

import (
	"reflect"
	"slices"
	"strings"
)

// body makes the lines of a block: its arguments, then the blocks in it.
func (m *module) body(of *Map) []item {
	var arguments, blocks []item
	for _, e := range of.Entries {
		name, nested := strings.CutSuffix(e.Key, blockMark)
		if !nested {
			arguments = append(arguments, item{key: name, comment: e.Comment, value: m.node(e.Value)})
			continue
		}
		made := m.blocks(name, e.Value)
		made[0].comment = e.Comment
		blocks = append(blocks, made...)
	}
	return append(arguments, blocks...)
}

// blocks are those of a name, of which some may not be there in each environment.
func (m *module) blocks(name string, v value) []item {
	switch v := v.(type) {
	case *Map:
		return []item{{key: name, body: m.body(v)}}
	case List:
		var list []item
		for _, part := range v {
			list = append(list, m.blocks(name, part)...)
		}
		return list
	case *Choice:
		var list []item
		for i, of := range v.Values {
			first := slices.IndexFunc(v.Values[:], func(other value) bool { return reflect.DeepEqual(of, other) })
			if of == nil || first < i {
				continue
			}
			var in [3]bool
			for j, other := range v.Values {
				in[j] = reflect.DeepEqual(of, other)
			}
			for _, b := range m.blocks(name, of) {
				list = append(list, dynamic(name, in, b))
			}
		}
		return list
	}
	panic("export: " + name + " is no block")
}

func dynamic(name string, in [3]bool, b item) item {
	return item{key: `dynamic "` + name + `"`, body: []item{
		{key: "for_each", value: atom(condition(in) + " ? [1] : []")},
		{key: "content", body: b.body},
	}}
}
