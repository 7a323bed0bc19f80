package export

import "slices"

// resource is one entry of a project, as a dialect has it: in one environment, or
// merged in all of them.
type resource struct {
	ID         string // what the dialect calls it
	Type       string
	Group      string // heading that it stands under
	Comment    string
	DependsOn  []string // IDs
	Condition  string   // on which it is there; "" is always
	Properties *Map
}

// orderOf are the IDs of all environments in their order.
func orderOf(sets [3][]resource) []string {
	var maps [3]*Map
	for i, set := range sets {
		maps[i] = &Map{}
		for _, r := range set {
			maps[i].put(r.ID, true)
		}
	}
	return keysOf(maps)
}

// mergeResource merges a resource of all environments, and tells in which of them it is
// not there: such a one decides nothing.
func mergeResource(id string, sets [3][]resource) (merged resource, absent [3]bool) {
	var properties [3]value
	for i, set := range sets {
		for _, r := range set {
			if r.ID == id {
				for _, before := range merged.DependsOn {
					if !slices.Contains(r.DependsOn, before) {
						r.DependsOn = append(r.DependsOn, before)
					}
				}
				properties[i], merged = r.Properties, r
			}
		}
	}
	for i, v := range properties {
		if absent[i] = v == nil; v == nil {
			properties[i] = merged.Properties
		}
	}
	merged.Properties = merge(properties, []string{id}).(*Map)
	return merged, absent
}
