package export

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"enrich/pipeline"
)

// script is the file with the definition while it is made.
type script struct {
	project   *Project
	names     map[string]string // variables with the resources' names, by key
	resources []scriptEntry
	name      value // of the pipeline
	tags      value
	choices   []scriptChoice
	arns      map[string]bool // keys of resources whose ARN is used
}

// scriptEntry is a resource with its settings in all environments.
type scriptEntry struct {
	scriptResource
	name, arn value
	present   [3]bool
}

// scriptChoice is a variable whose value depends on the environment.
type scriptChoice struct {
	name string
	set  [3]string // shell code
	late bool      // it refers to resources
}

func newScript(p *Project) (*script, error) {
	s := &script{project: p, names: map[string]string{}, arns: map[string]bool{}}
	var sets [3][]scriptResource
	for i, v := range p.variants {
		var err error
		if sets[i], err = scriptResources(p, v); err != nil {
			return nil, err
		}
	}
	var keyed [3]*Map
	for i, set := range sets {
		keyed[i] = &Map{}
		for _, r := range set {
			keyed[i].put(r.Key, r)
		}
	}
	taken := map[string]bool{}
	for _, key := range keysOf(keyed) {
		s.add(key, keyed)
		base := scriptName(key)
		name := base
		for n := 2; taken[name]; n++ {
			name = fmt.Sprintf("%s_%d", base, n)
		}
		taken[name], s.names[key] = true, name
	}
	var err error
	s.name, s.tags, err = p.scriptTags()
	return s, err
}

// add merges a resource. Where it is not there its settings are those of an environment
// in which it is: nothing reads them.
func (s *script) add(key string, keyed [3]*Map) {
	var entry scriptEntry
	var names, arns, settings [3]value
	for i, m := range keyed {
		e, ok := m.get(key)
		if !ok {
			continue
		}
		r := e.Value.(scriptResource)
		entry.scriptResource, entry.present[i] = r, true
		names[i], arns[i], settings[i] = r.Name, r.ARN, r.Settings
	}
	there := slices.Index(entry.present[:], true)
	for i, present := range entry.present {
		if !present {
			names[i], arns[i], settings[i] = names[there], arns[there], settings[there]
		}
	}
	entry.name, entry.arn = merge(names, []string{"name"}), merge(arns, []string{"arn"})
	entry.Settings = merge(settings, nil).(*Map)
	s.resources = append(s.resources, entry)
}

// scriptName is the variable that has a resource's name: stream, users_table.
func scriptName(key string) string {
	kind, name, several := strings.Cut(key, "/")
	usual := map[string]string{
		"execution-role": "role", "data-stream": "stream", "delivery-bucket": "bucket", "event-source-mapping": "mapping",
		"lookup-table": "table",
	}
	word, ok := usual[kind]
	if !ok {
		word = snake(kind)
	}
	if several {
		return snake(name) + "_" + word
	}
	return word
}

// scriptTags are the pipeline's name and the tags of all its resources, which are the
// same ones.
func (p *Project) scriptTags() (name, tags value, err error) {
	var names, lists [3]value
	for i, v := range p.variants {
		sc := &scope{variant: v, project: p}
		var first map[string]string
		for _, r := range v.resources {
			of := tagsOf(r.Settings)
			if of == nil {
				continue
			}
			if first == nil {
				first = of
			}
			if fmt.Sprint(of) != fmt.Sprint(first) {
				return nil, nil, fmt.Errorf("bash: %s (%s) has other tags than the rest", r.Kind, r.Name)
			}
		}
		names[i] = literal(p.configs[i].Name)
		tags := &Map{}
		for _, key := range slices.Sorted(maps.Keys(first)) {
			tags.put(key, sc.text(first[key]))
		}
		lists[i] = tags
	}
	return merge(names, []string{"pipeline"}), merge(lists, []string{"tag"}), nil
}

// tagsOf are the tags in a kind's settings; nil: it cannot have any.
func tagsOf(settings any) map[string]string {
	switch d := settings.(type) {
	case pipeline.ExecutionRole:
		return d.Tags
	case pipeline.DataStream:
		return d.Tags
	case pipeline.LookupTable:
		return d.Tags
	case pipeline.DeliveryBucket:
		return d.Tags
	case pipeline.LogGroup:
		return d.Tags
	case pipeline.Function:
		return d.Tags
	case pipeline.EventSourceMapping:
		return d.Tags
	case pipeline.AlarmTopic:
		return d.Tags
	case pipeline.MetricAlarm:
		return d.Tags
	case pipeline.CompositeAlarm:
		return d.Tags
	case pipeline.Dashboard:
		return d.Tags
	}
	return nil
}

// choose makes a variable of a value that depends on the environment, and gives its name:
// the first one that is free, or that has the same values already.
func (s *script) choose(set func(name string) [3]string, late bool, names ...string) string {
	for n := 2; ; n++ {
		for _, name := range names {
			c := scriptChoice{name, set(name), late}
			i := slices.IndexFunc(s.choices, func(other scriptChoice) bool { return other.name == name })
			if i < 0 {
				s.choices = append(s.choices, c)
				return name
			}
			if s.choices[i] == c {
				return name
			}
		}
		names = []string{fmt.Sprintf("%s_%d", names[len(names)-1], n)}
	}
}
