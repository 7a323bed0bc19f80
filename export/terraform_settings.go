package export

import (
	"fmt"
	"slices"
	"strings"
)

// Groups of settings that are not of resources.
const (
	groupTags     = "tags"
	groupProvider = "provider"
)

// moduleFileOf has, by heading, the file that its resources are in; settings are grouped
// alike.
func moduleFileOf(heading string) string {
	return map[string]string{
		groupIn: "stream", groupLookup: "lookup", groupOut: "delivery", groupWork: "function", groupTell: "alarms", groupShow: "dashboard",
	}[heading]
}

// setting puts values into the settings of the environments and gives the expression for
// them. What is set alike shares the entry.
func (m *module) setting(path []string, values [3]node) node {
	group := path[0]
	if path[0] == notifyPath {
		group = moduleFileOf(groupTell)
	}
	if at := slices.IndexFunc(m.resources, func(r moduleResource) bool { return r.ID == path[0] }); at >= 0 {
		group = moduleFileOf(m.resources[at].Group)
	}
	settings := m.settings[group]
	if settings == nil {
		settings = &Map{}
		m.settings[group] = settings
	}
	names := settingNames(path)
	longest := names[len(names)-1]
	for n := 2; ; n++ {
		name := names[0]
		there, taken := settings.get(name)
		if !taken {
			settings.put(name, values)
		}
		if !taken || sameSetting(there.Value.([3]node), values) {
			return atom("local.settings." + group + "." + name)
		}
		if names = names[1:]; len(names) == 0 {
			names = []string{fmt.Sprintf("%s_%d", longest, n)}
		}
	}
}

func sameSetting(known, values [3]node) bool {
	for i := range values {
		if flat(known[i]) != flat(values[i]) {
			return false
		}
	}
	return true
}

// settingNames are what a setting may be called, the shortest first.
func settingNames(path []string) []string {
	_, name, _ := strings.Cut(path[0], ".")
	words := slices.DeleteFunc(slices.Clone(path[1:]), func(word string) bool { return strings.HasSuffix(word, callMark) || word == "tags" })
	if len(words) == 0 {
		words = path[len(path)-1:]
	}
	last := words[len(words)-1:]
	switch last[0] {
	case "enabled", "name", "status", "id", "value":
		last = words[max(0, len(words)-2):]
	}
	return []string{snakeAll(last), snake(name) + "_" + snakeAll(last), snake(name) + "_" + snakeAll(words)}
}

func snakeAll(words []string) string {
	parts := make([]string, 0, len(words))
	for _, word := range words {
		parts = append(parts, snake(strings.TrimSuffix(word, blockMark)))
	}
	return strings.Join(parts, "_")
}

// environments has the settings that are not the same in all environments.
func (m *module) environments() *dict {
	groups := []string{groupProvider, groupTags}
	for _, heading := range headings() {
		groups = append(groups, moduleFileOf(heading))
	}
	all := &dict{}
	for i, environment := range Environments() {
		of := &dict{}
		for _, group := range groups {
			if m.settings[group] == nil {
				continue
			}
			values := &dict{}
			for _, e := range m.settings[group].Entries {
				if v := e.Value.([3]node)[i]; v != nil {
					values.items = append(values.items, item{key: attribute(e.Key), value: v})
				}
			}
			of.items = append(of.items, item{key: group, value: values})
		}
		all.items = append(all.items, item{key: environment, value: of})
	}
	return all
}

// defaultTags are the tags of all resources; those that depend on the environment stand
// in its settings.
func (m *module) defaultTags() node {
	same := &dict{}
	differ := &Map{}
	for _, e := range m.tags.(*Map).Entries {
		c, ok := e.Value.(*Choice)
		if !ok {
			same.items = append(same.items, item{key: attribute(e.Key), value: m.node(e.Value)})
			continue
		}
		var values [3]node
		for i, v := range c.Values {
			if v != nil {
				values[i] = m.node(v)
			}
		}
		differ.put(e.Key, values)
	}
	if len(differ.Entries) == 0 {
		return same
	}
	m.settings[groupTags] = differ
	return &apply{"merge", []node{same, atom("local.settings." + groupTags)}}
}
