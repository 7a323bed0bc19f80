package export

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	"enrich/config"
)

// section of a template.
type section struct {
	name, comment string
	entries       *Map
}

// sections are those behind the description, in the order in which AWS's own
// documentation has them.
func (t *stack) sections() []section {
	outputs := t.outputs() // which may refer to parameters, too
	list := []section{{"Parameters", "", t.parameters()}}
	if len(t.settings.Entries) > 0 {
		list = append(list, section{"Mappings", "Settings that are not the same in all environments.", object(environmentsMapping, t.mapping())})
	}
	if len(t.conditions) > 0 {
		list = append(list, section{"Conditions", "", t.conditionList()})
	}
	return append(list, section{"Resources", "", t.resourceMap()}, section{"Outputs", "", outputs})
}

func (t *stack) description() string {
	return fmt.Sprintf("Events of %s: Kinesis to Lambda, enriched from DynamoDB, stored in S3", t.project.Name)
}

func (t *stack) parameters() *Map {
	cfg := t.project.configuration()
	all := object(parameterEnvironment, object("Type", "String", "Default", t.project.Environment,
		"AllowedValues", words(Environments()), "Description", describe("environment")))
	for _, p := range settingParameters(cfg) {
		k := keyOf(p.key)
		if t.referred[p.name] { // a stream on demand has no shards to speak of
			all.put(p.name, object("Type", "Number", "Default", p.now, "MinValue", k.Min, "MaxValue", k.Max, "Description", describe(p.key)))
		}
	}
	all.put(parameterBucket, object("Type", "String", "Description", "Bucket that the function's archive has been uploaded to, in the region of the stack."))
	all.put(parameterKey, object("Type", "String", "Default", t.project.archiveKey(),
		"Description", "Key of the archive. Another archive needs another key: CloudFormation looks at nothing else."))
	return all
}

// settingParameter is a setting that who deploys may decide otherwise.
type settingParameter struct {
	name, key string
	now       int
}

func settingParameters(cfg config.Config) []settingParameter {
	return []settingParameter{
		{parameterShards, "stream.shards", cfg.Stream.Shards},
		{parameterMemory, "function.memory", cfg.Function.Memory},
		{parameterTimeout, "function.timeout", cfg.Function.Timeout},
	}
}

func keyOf(path string) config.Key {
	keys := config.Keys()
	return keys[slices.IndexFunc(keys, func(k config.Key) bool { return k.Path == path })]
}

// describe tells what a setting is, and in what it is measured.
func describe(path string) string {
	k := keyOf(path)
	if k.Unit == "" {
		return k.Doc
	}
	return k.Doc + " In " + k.Unit + "."
}

// archiveKey names the archive by what is in it.
func (p *Project) archiveKey() string {
	sum := sha256.Sum256(p.Code.Zip)
	return fmt.Sprintf("%s/function-%s-%s.zip", p.Name, p.Architecture, hex.EncodeToString(sum[:6]))
}

func words(list []string) List {
	l := make(List, 0, len(list))
	for _, word := range list {
		l = append(l, word)
	}
	return l
}

// mapping has the settings that are not the same in all environments.
func (t *stack) mapping() *Map {
	settings := slices.SortedFunc(slices.Values(t.settings.Entries), func(a, b Entry) int { return cmp.Compare(a.Key, b.Key) })
	all := &Map{}
	for i, environment := range Environments() {
		of := &Map{}
		for _, e := range settings {
			of.put(e.Key, e.Value.([3]value)[i])
		}
		all.put(environment, of)
	}
	return all
}

func (t *stack) conditionList() *Map {
	all := &Map{}
	for _, name := range slices.Sorted(maps.Keys(t.conditions)) {
		var is List
		for _, environment := range t.conditions[name] {
			is = append(is, call("Fn::Equals", call("Ref", parameterEnvironment), environment))
		}
		if len(is) == 1 {
			all.put(name, is[0])
			continue
		}
		all.put(name, object("Fn::Or", is))
	}
	return all
}

func (t *stack) resourceMap() *Map {
	all := &Map{}
	for _, r := range t.resources {
		entry := object("Type", r.Type)
		if r.Condition != "" {
			entry.put("Condition", r.Condition)
		}
		if len(r.DependsOn) > 0 {
			entry.put("DependsOn", words(r.DependsOn))
		}
		entry.put("Properties", r.Properties)
		all.explain(r.ID, entry, r.Comment)
	}
	return all
}

func (t *stack) outputs() *Map {
	all := &Map{}
	put := func(name, key, what string) {
		entry := object("Description", what, "Value", call("Ref", t.ids[key]))
		for _, r := range t.resources {
			if r.ID == t.ids[key] && r.Condition != "" {
				entry = object("Condition", r.Condition, "Description", what, "Value", call("Ref", t.ids[key]))
			}
		}
		all.put(name, entry)
	}
	put("StreamName", "data-stream", "Data stream that takes the events")
	put("FunctionName", "function", "Function that enriches them")
	put("BucketName", "delivery-bucket", "Bucket that has the enriched events, dead-letter/ and aws/lambda/")
	for _, lookup := range t.project.lookups() {
		put(t.tableOutput(lookup), tableKey(lookup), "Lookup table "+lookup)
	}
	return all
}

// tableOutput is the name of the output that tells a table's name.
func (t *stack) tableOutput(lookup string) string {
	if lookup == t.project.configuration().Lookups[0].Name {
		return "TableName"
	}
	return t.ids[tableKey(lookup)] + "Name"
}

func tableKey(lookup string) string { return "lookup-table/" + lookup }
