package export

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
	"text/template"

	"enrich/config"
)

//go:embed cloudformation.md
var cloudFormationReadme string

// guide is what the README of a stack tells.
type guide struct {
	Name, Environment, Region, Architecture string
	Template, Archive, Key                  string
	Tables                                  string
	Parameters                              []guideParameter
	Differing                               []guideDifference
	Subscribed                              bool
	Items                                   []guideItem
	Event, Prefix, Unpack                   string
	Protected                               string
	TableOutputs                            []string
}

type guideParameter struct{ Name, Default, What string }

// guideDifference is a parameter whose value is meant to depend on the environment.
type guideDifference struct{ Name, Values string }

// guideItem is an item of a lookup table to test with.
type guideItem struct{ Output, Item string }

func (t *stack) readme(file string) ([]byte, error) {
	form, err := template.New("README").Parse(cloudFormationReadme)
	if err != nil {
		return nil, fmt.Errorf("reading the README's form: %w", err)
	}
	g, err := t.guide(file)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := form.Execute(&b, g); err != nil {
		return nil, fmt.Errorf("writing the README: %w", err)
	}
	return b.Bytes(), nil
}

func (t *stack) guide(file string) (guide, error) {
	p, cfg := t.project, t.project.configuration()
	g := guide{
		Name: p.Name, Environment: p.Environment, Region: p.Region, Architecture: p.Architecture,
		Template: file, Archive: archiveFile, Key: p.archiveKey(),
		Tables: "a DynamoDB table", Subscribed: len(cfg.Alarms.Addresses()) > 0,
		Prefix: cfg.Output.Prefix, Unpack: map[string]string{"gzip": "| gunzip", "zstd": "| zstd -dc"}[cfg.Output.Compression],
		Differing: t.differing(),
	}
	if len(cfg.Lookups) > 1 {
		g.Tables = fmt.Sprintf("%d DynamoDB tables", len(cfg.Lookups))
	}
	for _, e := range t.parameters().Entries {
		g.Parameters = append(g.Parameters, guideParameterOf(e))
	}
	event := map[string]any{}
	for i, lookup := range cfg.Lookups {
		item, err := json.Marshal(itemOf(lookup))
		if err != nil {
			return g, fmt.Errorf("writing an item: %w", err)
		}
		output := t.tableOutput(i, lookup.Name)
		g.Items = append(g.Items, guideItem{output, string(item)})
		g.TableOutputs = append(g.TableOutputs, output)
		nest(event, strings.Split(lookup.Key, "."), exampleKey(lookup))
	}
	data, err := json.Marshal(event)
	if err != nil {
		return g, fmt.Errorf("writing an event: %w", err)
	}
	g.Event = string(data)
	g.Protected = t.protected()
	return g, nil
}

func guideParameterOf(e Entry) guideParameter {
	p := guideParameter{Name: e.Key}
	for _, of := range e.Value.(*Map).Entries {
		switch of.Key {
		case "Default":
			p.Default = fmt.Sprintf("`%v`", of.Value)
		case "Description":
			p.What = of.Value.(string)
		}
	}
	return p
}

// differing are the parameters that have one default in a template and several in the
// settings.
func (t *stack) differing() []guideDifference {
	var list []guideDifference
	for _, p := range []struct {
		name string
		of   func(config.Config) int
	}{
		{parameterShards, func(c config.Config) int { return c.Stream.Shards }},
		{parameterMemory, func(c config.Config) int { return c.Function.Memory }},
		{parameterTimeout, func(c config.Config) int { return c.Function.Timeout }},
	} {
		values, first := make([]string, 0, 3), p.of(t.project.configs[0])
		differ := false
		for i, c := range t.project.configs {
			differ = differ || p.of(c) != first
			values = append(values, fmt.Sprintf("%d in %s", p.of(c), Environments()[i]))
		}
		if differ && t.referred[p.name] {
			list = append(list, guideDifference{p.name, strings.Join(values, ", ")})
		}
	}
	return list
}

// exampleKey is a key that a table of each type takes, as an event has it.
func exampleKey(l config.Lookup) string {
	if l.KeyType == "binary" {
		return "MQ==" // 1 in base64
	}
	return "1"
}

func itemOf(l config.Lookup) map[string]map[string]string {
	item := map[string]map[string]string{}
	for _, f := range l.Fields {
		item[f.From] = map[string]string{"S": "example"}
	}
	item[l.TableKey] = map[string]string{
		map[string]string{"string": "S", "number": "N", "binary": "B"}[l.KeyType]: exampleKey(l),
	}
	return item
}

// nest puts a value at a dotted path.
func nest(into map[string]any, path []string, value string) {
	if len(path) == 1 {
		into[path[0]] = value
		return
	}
	next, ok := into[path[0]].(map[string]any)
	if !ok {
		next = map[string]any{}
		into[path[0]] = next
	}
	nest(next, path[1:], value)
}
