package export

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"enrich/pipeline"
)

// What a template's parameters are called.
const (
	parameterEnvironment = "Environment"
	parameterShards      = "StreamShardCount"
	parameterMemory      = "LambdaMemorySize"
	parameterTimeout     = "LambdaTimeout"
	parameterBucket      = "CodeS3Bucket"
	parameterKey         = "CodeS3Key"
)

// The function's code is uploaded before the template is deployed.
const (
	codeBucket Variable = "code bucket"
	codeKey    Variable = "code key"
)

// reference is what a variable is called in a template.
func (v Variable) reference() string {
	return map[Variable]string{
		Partition: "AWS::Partition", Account: "AWS::AccountId", Region: "AWS::Region",
		Environment: parameterEnvironment, Shards: parameterShards, Memory: parameterMemory, Timeout: parameterTimeout,
		codeBucket: parameterBucket, codeKey: parameterKey,
	}[v]
}

// stack is a CloudFormation template while it is made.
type stack struct {
	project    *Project
	ids        map[string]string // logical IDs by key
	kinds      map[string]string // by key
	resources  []resource        // rendered
	conditions map[string][]string
	settings   *Map            // of the mapping Environments: by key a value of each environment
	referred   map[string]bool // parameters
	uses       reach
	current    string  // logical ID that is being rendered
	absent     [3]bool // environments in which it is not there
}

func newStack(p *Project) (*stack, error) {
	t := &stack{project: p, kinds: map[string]string{}, conditions: map[string][]string{}, settings: &Map{}, referred: map[string]bool{}, uses: reach{}}
	t.identify()
	var sets [3][]resource
	for i, v := range p.variants {
		var err error
		if sets[i], err = stackResources(p, v, t.ids); err != nil {
			return nil, err
		}
	}
	for _, id := range orderOf(sets) {
		t.add(id, sets)
	}
	for i := range t.resources {
		t.order(&t.resources[i])
	}
	// Under their headings, otherwise in the order in which they can be created.
	groups := headings()
	slices.SortStableFunc(t.resources, func(a, b resource) int {
		return cmp.Compare(slices.Index(groups, a.Group), slices.Index(groups, b.Group))
	})
	return t, nil
}

// identify gives every resource a logical ID.
func (t *stack) identify() {
	t.ids = map[string]string{}
	taken := map[string]bool{}
	for _, v := range t.project.variants {
		for _, r := range v.resources {
			if _, known := t.ids[r.Key]; known {
				continue
			}
			base := logicalID(r)
			id := base
			for n := 2; taken[id]; n++ {
				id = fmt.Sprintf("%s%d", base, n)
			}
			taken[id], t.ids[r.Key], t.kinds[r.Key] = true, id, r.Kind
		}
	}
}

// logicalID is what a template calls a resource: UsersTable, IteratorAgeAlarm.
func logicalID(r pipeline.Exported) string {
	kind, name, several := strings.Cut(r.Key, "/")
	usual := map[string]string{
		"execution-role": "FunctionRole", "data-stream": "Stream", "delivery-bucket": "Bucket",
		"lookup-table": "Table", "alarm-subscription": "Subscription",
	}
	word, ok := usual[kind]
	if !ok {
		word = title(kind)
	}
	if !several {
		return word
	}
	return title(name) + word
}

// add merges a resource of all environments and renders it.
func (t *stack) add(id string, sets [3][]resource) {
	merged, absent := mergeResource(id, sets)
	var present []string
	for i, environment := range Environments() {
		if !absent[i] {
			present = append(present, environment)
		}
	}
	if len(present) < len(absent) {
		merged.Condition = t.condition(present)
	}
	t.current, t.absent = id, absent
	merged.Properties = t.render(merged.Properties).(*Map)
	t.resources = append(t.resources, merged)
}

// order leaves out of what a resource depends on what its properties refer to, directly
// or by what they refer to.
func (t *stack) order(r *resource) {
	r.DependsOn = slices.DeleteFunc(r.DependsOn, func(id string) bool { return t.uses.leads(r.ID, id) })
}

// condition is the name of the one that holds in these environments.
func (t *stack) condition(in []string) string {
	name := "In"
	for i, environment := range in {
		if i > 0 {
			name += "Or"
		}
		name += title(environment)
	}
	t.conditions[name] = in
	return name
}

func call(function string, arguments ...value) *Map {
	if len(arguments) == 1 {
		return object(function, arguments[0])
	}
	return object(function, List(arguments))
}

// render makes of a value what a template has.
func (t *stack) render(v value) value {
	switch v := v.(type) {
	case *Map:
		rendered := &Map{}
		for _, e := range v.Entries {
			rendered.explain(e.Key, t.render(e.Value), e.Comment)
		}
		return rendered
	case List:
		rendered := make(List, 0, len(v))
		for _, part := range v {
			rendered = append(rendered, t.render(part))
		}
		return rendered
	case Text:
		return t.text(v)
	case Variable:
		return call("Ref", t.refer(v.reference()))
	case *Choice:
		return t.choose(v)
	case *Spliced:
		const name = "ByEnvironment"
		whole := t.substituted(v.Before.Parts) + "${" + name + "}" + t.substituted(v.After.Parts)
		return call("Fn::Sub", whole, object(name, t.choose(v.Middle)))
	}
	return v
}

func (t *stack) refer(parameter string) string {
	t.referred[parameter] = true
	return parameter
}

// choose takes a plain value from the mapping Environments, and decides between others
// by conditions.
func (t *stack) choose(c *Choice) value {
	var rendered [3]value
	plain := true
	for i, v := range c.Values {
		rendered[i] = t.render(v)
		plain = plain && isPlain(rendered[i])
	}
	if plain {
		key := t.setting(c.Path, rendered)
		return call("Fn::FindInMap", environmentsMapping, call("Ref", t.refer(parameterEnvironment)), key)
	}
	for i, v := range rendered {
		if v == nil {
			rendered[i] = call("Ref", "AWS::NoValue")
		}
	}
	return t.decide(rendered)
}

// setting puts values into the mapping Environments and gives their key. Resources
// that have a setting alike share the entry.
func (t *stack) setting(path []string, values [3]value) string {
	last := path[len(path)-1:]
	if last[0] == "Value" && len(path) > 3 { // of a tag, a dimension
		last = path[len(path)-3 : len(path)-1]
	}
	names := []string{joinTitles(last), joinTitles(append(path[:1:1], last...)), joinTitles(path)}
	for n := 2; ; n++ {
		name := names[0]
		there, taken := t.settings.get(name)
		if !taken {
			t.settings.put(name, values)
			return name
		}
		known := there.Value.([3]value)
		if !slices.ContainsFunc([]int{0, 1, 2}, func(i int) bool { return !t.absent[i] && !reflect.DeepEqual(known[i], values[i]) }) {
			return name
		}
		if names = names[1:]; len(names) == 0 {
			names = []string{fmt.Sprintf("%s%d", joinTitles(path), n)}
		}
	}
}

func joinTitles(words []string) string {
	var b strings.Builder
	for _, word := range words {
		b.WriteString(title(word))
	}
	return b.String()
}

// environmentsMapping has the settings that are not the same in all environments.
const environmentsMapping = "Environments"

// decide is an Fn::If between values of which two at least are different.
func (t *stack) decide(values [3]value) value {
	for last := 2; last >= 0; last-- { // one that is alone, prod first
		others := []int{(last + 1) % 3, (last + 2) % 3}
		if reflect.DeepEqual(values[others[0]], values[others[1]]) {
			return call("Fn::If", t.condition(Environments()[last:last+1]), values[last], values[others[0]])
		}
	}
	staging := call("Fn::If", t.condition([]string{"staging"}), values[1], values[0])
	return call("Fn::If", t.condition([]string{"prod"}), values[2], staging)
}

// isPlain tells whether a mapping may have a value: one without any function.
func isPlain(v value) bool {
	switch v := v.(type) {
	case string, bool, int, float64:
		return true
	case List:
		return len(v) > 0 && !slices.ContainsFunc(v, func(part value) bool { _, ok := part.(string); return !ok })
	}
	return false
}
