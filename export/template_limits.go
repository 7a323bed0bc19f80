package export

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// What CloudFormation takes. Resources are fewer than its 500 where outputs are not too
// many.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
const (
	maxTemplate = 1_000_000 // bytes, from a bucket
	maxSettings = 200       // of a mapping
	maxOutputs  = 200
	maxName     = 255 // characters of a resource's, a setting's or an output's
)

// limits says why CloudFormation would not take the template.
func (t *stack) limits(content []byte) error {
	var problems []string
	add := func(format string, arguments ...any) { problems = append(problems, fmt.Sprintf(format, arguments...)) }
	if n := len(content); n > maxTemplate {
		add("the template has %d bytes, and it takes %d: have fewer lookups or tags", n, maxTemplate)
	}
	var empty []string
	for _, c := range t.project.configs {
		for _, key := range slices.Sorted(maps.Keys(c.Tags)) {
			if c.Tags[key] == "" {
				empty = append(empty, key)
			}
		}
	}
	for _, key := range unique(empty) { // which CloudWatch itself takes
		add("the tag %s has no value, and it takes none of an alarm or a dashboard: give it one", key)
	}
	if n := len(t.settings.Entries); n > maxSettings {
		add("%d settings are not the same in all environments, and it takes %d: have more of them alike", n, maxSettings)
	}
	for _, section := range append(t.sections(), section{name: environmentsMapping, entries: t.settings}) {
		if n := len(section.entries.Entries); section.name == "Outputs" && n > maxOutputs {
			add("there are %d outputs, and it takes %d: have fewer lookups, or the same in all environments", n, maxOutputs)
		}
		for _, e := range section.entries.Entries {
			if n := len(e.Key); n > maxName {
				add("a name in %s has %d characters, and it takes %d: %s", section.name, n, maxName, e.Key)
			}
		}
	}
	if len(problems) == 0 {
		return nil
	}
	return fmt.Errorf("CloudFormation cannot have this pipeline: %s", strings.Join(problems, "; "))
}
