package export

import (
	"fmt"
	"slices"
	"strings"

	"enrich/config"
)

// outputs are those that every dialect has, and one for each further lookup table.
func (m *module) outputs() string {
	var b strings.Builder
	put := func(name, what string, v node) {
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		writeBody(&b, fmt.Sprintf("output %q", name), []item{{key: "description", value: atom(quoted(what))}, {key: "value", value: v}}, "")
	}
	m.current = "output"
	by := func(key string) value {
		parts := []Part{{Key: key, Attribute: ByName}}
		return Text{parts, parts}
	}
	put("stream_name", "Data stream that takes the events", m.node(by("data-stream")))
	put("function_name", "Function that enriches them", m.node(by("function")))
	put("bucket_name", "Bucket that has the enriched events, dead-letter/ and aws/lambda/", m.node(by("delivery-bucket")))
	var first [3]value
	for i, c := range m.project.configs {
		first[i] = by(tableKey(c.Lookups[0].Name))
	}
	what := "First lookup table"
	if same(first) {
		what = "Lookup table " + m.project.configuration().Lookups[0].Name
	}
	put("table_name", what, m.node(merge(first, []string{"output", "table_name"})))
	for _, lookup := range m.furtherLookups() {
		var there [3]value
		for i, absent := range m.absent[m.addresses[tableKey(lookup)]] {
			if !absent {
				there[i] = by(tableKey(lookup))
			}
		}
		put(m.furtherOutput(lookup), "Lookup table "+lookup, m.node(merge(there, []string{"output", lookup})))
	}
	return b.String()
}

// furtherLookups are those that are not the first in each environment.
func (m *module) furtherLookups() []string {
	var list []string
	for _, c := range m.project.configs {
		for _, lookup := range c.Lookups {
			first := !slices.ContainsFunc(m.project.configs[:], func(c config.Config) bool { return c.Lookups[0].Name != lookup.Name })
			if !first && !slices.Contains(list, lookup.Name) {
				list = append(list, lookup.Name)
			}
		}
	}
	return list
}

func (m *module) furtherOutput(lookup string) string {
	_, name, _ := strings.Cut(m.addresses[tableKey(lookup)], ".")
	return strings.TrimPrefix(name, "_") + "_table_name"
}

// tableOutput is the name of the output that tells a table's name, in the environment
// that is meant.
func (m *module) tableOutput(lookup string) string {
	if lookup == m.project.configuration().Lookups[0].Name {
		return "table_name"
	}
	return m.furtherOutput(lookup)
}
