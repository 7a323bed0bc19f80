package export

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"enrich/config"
	"enrich/pipeline"
)

// deployment evaluates a template as CloudFormation does.
type deployment struct {
	t          *testing.T
	template   map[string]any
	parameters map[string]any
	references map[string]string // by logical ID and attribute
}

// gone is what Ref AWS::NoValue leaves.
type gone struct{}

// resolve gives the properties of each resource that there is, by its logical ID.
func (d deployment) resolve() map[string]any {
	resources := map[string]any{}
	for id, entry := range d.template["Resources"].(map[string]any) {
		r := entry.(map[string]any)
		if condition, ok := r["Condition"].(string); ok && !d.holds(condition) {
			continue
		}
		resources[id] = d.eval(r["Properties"])
	}
	return resources
}

// refer has a logical ID stand for a resource.
func (d deployment) refer(id string, r pipeline.Exported) {
	d.references[id], d.references[id+".Arn"] = r.Name, r.ARN
	switch r.Kind {
	case "log group":
		d.references[id+".Arn"] = r.ARN + ":*"
	case "alarm topic":
		d.references[id], d.references[id+".TopicName"] = r.ARN, r.Name
		delete(d.references, id+".Arn")
	case "event source mapping":
		d.references[id] = r.StandIn
	}
}

func (d deployment) holds(condition string) bool {
	conditions, ok := d.template["Conditions"].(map[string]any)
	if !ok || conditions[condition] == nil {
		d.t.Fatalf("there is no condition %s", condition)
	}
	return d.eval(conditions[condition]).(bool)
}

func (d deployment) eval(v any) any {
	switch v := v.(type) {
	case []any:
		list := []any{}
		for _, part := range v {
			if e := d.eval(part); e != (gone{}) {
				list = append(list, e)
			}
		}
		return list
	case map[string]any:
		if len(v) == 1 {
			for name, argument := range v {
				if name == "Ref" || strings.HasPrefix(name, "Fn::") {
					return d.call(name, argument)
				}
			}
		}
		m := map[string]any{}
		for key, part := range v {
			if e := d.eval(part); e != (gone{}) {
				m[key] = e
			}
		}
		return m
	}
	return v
}

func (d deployment) call(function string, argument any) any {
	list, _ := argument.([]any)
	switch function {
	case "Ref":
		if argument == "AWS::NoValue" {
			return gone{}
		}
		return d.value(argument.(string))
	case "Fn::GetAtt":
		return d.value(fmt.Sprintf("%s.%s", list...))
	case "Fn::Sub":
		return d.substitute(argument)
	case "Fn::If":
		if d.holds(list[0].(string)) {
			return d.eval(list[1])
		}
		return d.eval(list[2])
	case "Fn::Equals":
		return d.eval(list[0]) == d.eval(list[1])
	case "Fn::Or":
		return slices.ContainsFunc(list, func(v any) bool { return d.eval(v).(bool) })
	case "Fn::FindInMap":
		mapping := d.template["Mappings"].(map[string]any)[list[0].(string)].(map[string]any)
		return mapping[d.eval(list[1]).(string)].(map[string]any)[list[2].(string)]
	case "Fn::Join":
		var words []string
		for _, word := range d.eval(list[1]).([]any) {
			words = append(words, word.(string))
		}
		return strings.Join(words, list[0].(string))
	}
	d.t.Fatalf("unknown function %s", function)
	return nil
}

// value is that of a parameter or of a resource.
func (d deployment) value(name string) any {
	if v, ok := d.parameters[name]; ok {
		return v
	}
	v, ok := d.references[name]
	if !ok {
		d.t.Fatalf("nothing is called %s", name)
	}
	return v
}

var reference = regexp.MustCompile(`\$\{[^}]*\}`)

func (d deployment) substitute(argument any) string {
	text, own := argument, map[string]any{}
	if list, ok := argument.([]any); ok {
		text, own = list[0], list[1].(map[string]any)
	}
	return reference.ReplaceAllStringFunc(text.(string), func(found string) string {
		name := found[2 : len(found)-1]
		if rest, ok := strings.CutPrefix(name, "!"); ok {
			return "${" + rest + "}"
		}
		if v, ok := own[name]; ok {
			return d.eval(v).(string)
		}
		return fmt.Sprint(d.value(name))
	})
}

// What a template comes to in each environment is what the definition is there, with
// every reference, variable, condition and mapping in its place.
func TestTemplateComesToTheDefinition(t *testing.T) {
	for name, file := range definitions(t) {
		configs := settings(t, file)
		p, err := New(cloudFormation(), configs, "staging", code)
		if err != nil {
			t.Fatal(err)
		}
		files, err := cloudFormation().Files(p, "json")
		if err != nil {
			t.Fatal(err)
		}
		var template map[string]any
		if err := json.Unmarshal(files[0].Content, &template); err != nil {
			t.Fatal(err)
		}
		stack, err := newStack(p)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range configs {
			t.Run(name+" in "+c.Environment, func(t *testing.T) { compareDeployed(t, p, stack.ids, template, c) })
		}
	}
}

// compareDeployed deploys with other parameters than the defaults.
func compareDeployed(t *testing.T, p *Project, ids map[string]string, template map[string]any, c config.Config) {
	c.Stream.Shards, c.Function.Memory, c.Function.Timeout = 11, 1234, 56
	id := pipeline.Identity{Name: c.Name, Environment: c.Environment, Partition: "aws-cn", Account: "123456789012", Region: "cn-north-1"}
	resources, err := pipeline.Export(c, id, code, stackManager)
	if err != nil {
		t.Fatal(err)
	}
	d := deployment{t, template, map[string]any{
		"Environment": c.Environment, "AWS::Partition": id.Partition, "AWS::AccountId": id.Account, "AWS::Region": id.Region,
		"StreamShardCount": 11.0, "LambdaMemorySize": 1234.0, "LambdaTimeout": 56.0, "CodeS3Bucket": "code", "CodeS3Key": "key",
	}, map[string]string{}}
	for _, r := range resources {
		d.refer(ids[r.Key], r)
	}
	// Without anything that stands for something else every text is a literal.
	direct := &variant{environment: c.Environment, resources: resources, reaches: reach{}}
	entries, err := stackResources(p, direct, ids)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{}
	printer := &stack{project: p, kinds: map[string]string{}, referred: map[string]bool{}, uses: reach{}}
	for _, entry := range entries {
		data, err := json.Marshal(printer.render(entry.Properties))
		if err != nil {
			t.Fatal(err)
		}
		var properties any
		if err := json.Unmarshal(data, &properties); err != nil {
			t.Fatal(err)
		}
		want[entry.ID] = deployment{t: t, parameters: d.parameters}.eval(properties)
	}
	if diff := cmp.Diff(want, d.resolve()); diff != "" {
		t.Errorf("the template comes to something else (-definition +template):\n%s", diff)
	}
}
