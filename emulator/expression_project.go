package emulator

import (
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// project gives what the paths lead to; the whole item for no paths.
func project(item attributes, paths []documentPath) attributes {
	if paths == nil {
		return item
	}
	out := attributes{}
	nested := &branch{}
	for _, path := range paths {
		if len(path) == 1 { // the usual case, which needs no tree
			if value, ok := item[path[0].name]; ok {
				out[path[0].name] = value
			}
			continue
		}
		nested.add(path)
	}
	for name, below := range nested.names {
		if value, ok := below.pick(item[name]); ok {
			out[name] = value
		}
	}
	return out
}

// branch is a tree of paths; one without anything below it is a path's end.
type branch struct {
	names   map[string]*branch
	indexes map[int]*branch
}

func (b *branch) add(path documentPath) {
	for _, step := range path {
		if b.names == nil {
			b.names, b.indexes = map[string]*branch{}, map[int]*branch{}
		}
		var below *branch
		if step.index < 0 {
			if below = b.names[step.name]; below == nil {
				below = &branch{}
				b.names[step.name] = below
			}
		} else if below = b.indexes[step.index]; below == nil {
			below = &branch{}
			b.indexes[step.index] = below
		}
		b = below
	}
}

// pick gives the parts of a value that the tree asks for; lists are closed up.
func (b *branch) pick(value types.AttributeValue) (types.AttributeValue, bool) {
	if b.names == nil {
		return value, value != nil
	}
	switch v := value.(type) {
	case *types.AttributeValueMemberM:
		out := map[string]types.AttributeValue{}
		for name, below := range b.names {
			if picked, ok := below.pick(v.Value[name]); ok {
				out[name] = picked
			}
		}
		return &types.AttributeValueMemberM{Value: out}, len(out) > 0
	case *types.AttributeValueMemberL:
		var out []types.AttributeValue
		for _, index := range slices.Sorted(maps.Keys(b.indexes)) {
			if index >= len(v.Value) {
				break
			}
			if picked, ok := b.indexes[index].pick(v.Value[index]); ok {
				out = append(out, picked)
			}
		}
		return &types.AttributeValueMemberL{Value: out}, len(out) > 0
	}
	return nil, false
}
