package emulator

import "slices"

// matches tells whether an object satisfies the pattern.
func (p *filterPattern) matches(members map[string]any) bool {
	return p.matchesIn(members, members)
}

// matchesIn looks at a part of the whole. Of an array one element has to match,
// with all its fields: those of several elements do not add up.
func (p *filterPattern) matchesIn(part any, whole map[string]any) bool {
	if list, ok := part.([]any); ok && len(list) > 0 {
		return slices.ContainsFunc(list, func(element any) bool { return p.matchesIn(element, whole) })
	}
	members, _ := part.(map[string]any) // what is no object has no fields: they may be asked to be absent
	for i := range p.fields {
		if !p.fields[i].matches(members, whole) {
			return false
		}
	}
	for _, branches := range p.either {
		if !slices.ContainsFunc(branches, func(branch *filterPattern) bool { return branch.matchesIn(part, whole) }) {
			return false
		}
	}
	return true
}

func (f *filterField) matches(members, whole map[string]any) bool {
	if f.nested != nil {
		return f.nested.matchesIn(members[f.name], whole)
	}
	if f.absent && !present(whole, f.path) {
		return true
	}
	value, ok := members[f.name]
	return ok && f.satisfied(value)
}

// satisfied tries the rules on a value, or on each element of an array. Objects
// satisfy none: rules are about the leaves.
func (f *filterField) satisfied(value any) bool {
	if list, ok := value.([]any); ok {
		return slices.ContainsFunc(list, f.satisfied)
	}
	return isLeaf(value) && slices.ContainsFunc(f.rules, func(rule filterRule) bool { return rule(value) })
}

// present tells whether there is a leaf at a path, in any element of the arrays
// on the way.
func present(part any, path []string) bool {
	if list, ok := part.([]any); ok {
		return slices.ContainsFunc(list, func(element any) bool { return present(element, path) })
	}
	if len(path) == 0 {
		return isLeaf(part)
	}
	members, _ := part.(map[string]any)
	next, ok := members[path[0]]
	return ok && present(next, path[1:])
}
