package export

import (
	"fmt"
	"maps"
	"slices"
)

// stackManager is who a stack's resources say that they are managed by.
const stackManager = "cloudformation"

func cloudFormation() Dialect {
	return Dialect{
		Name: "cloudformation", Formats: []string{"yaml", "json"}, single: "template",
		Manager: stackManager, kinds: slices.Sorted(maps.Keys(stackForms())), files: cloudFormationFiles,
	}
}

func cloudFormationFiles(p *Project, format string) ([]File, error) {
	t, err := newStack(p)
	if err != nil {
		return nil, err
	}
	d := cloudFormation()
	if format == "" {
		format = d.Formats[0]
	}
	name, write := d.Single(format), t.yaml
	if format == "json" {
		write = t.json
	}
	content, err := write()
	if err != nil {
		return nil, err
	}
	if err := t.limits(content); err != nil {
		return nil, err
	}
	readme, err := t.readme(name)
	if err != nil {
		return nil, err
	}
	return []File{{Name: name, Content: content}, {Name: readmeFile, Content: readme}, {Name: archiveFile, Content: p.Code.Zip}}, nil
}

// stackForms has, by kind, how a template expresses a resource.
func stackForms() map[string]func(*stackScope) ([]resource, error) {
	return map[string]func(*stackScope) ([]resource, error){
		"execution role":       stackRole,
		"data stream":          stackStream,
		"lookup table":         stackTable,
		"delivery bucket":      stackBucket,
		"log group":            stackLogGroup,
		"function":             stackFunction,
		"event source mapping": stackMapping,
		"alarm topic":          stackTopic,
		"alarm subscription":   stackSubscription,
		"metric alarm":         stackAlarm,
		"composite alarm":      stackComposite,
		"dashboard":            stackDashboard,
	}
}

// stackScope is a resource with what its form needs.
type stackScope struct {
	scope
	id  string
	ids map[string]string // logical IDs by key
}

// resource is the entry that every kind has.
func (s *stackScope) resource(kind, group, comment string, properties *Map) resource {
	return resource{ID: s.id, Type: kind, Group: group, Comment: comment, Properties: properties}
}

// stackResources gives the entries of one environment.
func stackResources(p *Project, v *variant, ids map[string]string) ([]resource, error) {
	forms := stackForms()
	var list []resource
	for _, r := range v.resources {
		form, ok := forms[r.Kind]
		if !ok {
			return nil, fmt.Errorf("CloudFormation: %s (%s) cannot be expressed", r.Kind, r.Name)
		}
		entries, err := form(&stackScope{scope: scope{Exported: r, variant: v, project: p}, id: ids[r.Key], ids: ids})
		if err != nil {
			return nil, fmt.Errorf("CloudFormation: %s (%s): %w", r.Kind, r.Name, err)
		}
		for _, key := range r.DependsOn {
			entries[0].DependsOn = append(entries[0].DependsOn, ids[key])
		}
		list = append(list, entries...)
	}
	return list, nil
}
