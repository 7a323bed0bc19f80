package export

import (
	"fmt"
	"strings"
	"testing"
)

// CloudFormation would refuse such a template only after everything has been uploaded.
func TestTemplatesThatCloudFormationDoesNotTake(t *testing.T) {
	lookups := func(n, more int, indent string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "%s- {name: l%d, key: k%d, fields: [a], table: {mode: provisioned, read: %d, write: %d}}\n", indent, i, i, 10*i+1+more, 10*i+5+more)
		}
		return b.String()
	}
	tags := "tags:\n"
	for i := range 46 {
		tags += fmt.Sprintf("  tag%d: %s\n", i, strings.Repeat("v", 250))
	}
	for want, file := range map[string]string{
		"the tag owner has no value, and it takes none of an alarm": "environments: {prod: {tags: {owner: ''}}}\n",
		"the template has ": "lookups:\n" + lookups(40, 0, "") + tags,
		"204 settings are not the same in all environments, and it takes 200": "alarms: {composite: false}\nlookups:\n" +
			lookups(100, 0, "") + "environments:\n  prod:\n    lookups:\n" + lookups(100, 1, "    "),
		"a name in Resources has 257 characters, and it takes 255: LookupTableThrottlingA": "lookups:\n- {name: users, key: a, fields: [a]}\n" +
			"- {name: " + strings.Repeat("a", 231) + ", key: b, fields: [a]}\n",
		"there are 205 outputs, and it takes 200": "lookups:\n" + lookups(80, 0, "") +
			"environments:\n  prod:\n    lookups:\n" + strings.ReplaceAll(lookups(80, 0, "    "), "name: l", "name: m") +
			"  staging:\n    lookups:\n" + strings.ReplaceAll(lookups(42, 0, "    "), "name: l", "name: n"),
	} {
		_, err := cloudFormation().Files(project(t, cloudFormation(), file), "")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want one with %q", err, want)
		}
	}
}
