package export

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"text/template"

	"enrich/config"
	"enrich/pipeline"
)

// guide is what the README of every dialect tells.
type guide struct {
	Name, Environment, Region, Architecture string
	Archive                                 string
	Tables                                  string // how many
	Subscribed                              bool   // an e-mail address has to be confirmed
	Items                                   []guideItem
	Event                                   string   // that finds the items
	Prefix, Unpack                          string   // of the enriched objects
	Protected                               []string // environments whose tables are protected against deletion
	ProtectedTables                         []string // names of their lookups
	Regions                                 []guideRegion
}

// guideRegion is where an environment is, if the settings have several regions. Region
// is then that of no other environment than the one that is meant.
type guideRegion struct{ Environment, Region string }

// guideItem is an item of a lookup table to test with, as DynamoDB has it.
type guideItem struct{ Lookup, Item string }

// guideDifference is a parameter whose value is meant to depend on the environment.
type guideDifference struct{ Name, Values string }

func (p *Project) guide() (guide, error) {
	cfg := p.configuration()
	g := guide{
		Name: p.Name, Environment: p.Environment, Region: p.Region, Architecture: p.Architecture, Archive: archiveFile,
		Tables: "a DynamoDB table", Subscribed: len(cfg.Alarms.Addresses()) > 0,
		Prefix: cfg.Output.Prefix, Unpack: map[string]string{"gzip": "| gunzip", "zstd": "| zstd -dc"}[cfg.Output.Compression],
		Regions: p.regions(),
	}
	g.Protected, g.ProtectedTables = p.protected()
	if len(cfg.Lookups) > 1 {
		g.Tables = fmt.Sprintf("%d DynamoDB tables", len(cfg.Lookups))
	}
	event := map[string]any{}
	for _, lookup := range cfg.Lookups {
		item, err := json.Marshal(itemOf(lookup))
		if err != nil {
			return g, fmt.Errorf("writing an item: %w", err)
		}
		g.Items = append(g.Items, guideItem{lookup.Name, string(item)})
		nest(event, strings.Split(lookup.Key, "."), exampleKey(lookup))
	}
	data, err := json.Marshal(event)
	if err != nil {
		return g, fmt.Errorf("writing an event: %w", err)
	}
	g.Event = string(data)
	return g, nil
}

// differing are the parameters that have one default in an export and several values in
// the settings. name gives what the dialect calls one, or "" where it has none.
func (p *Project) differing(name func(Variable) string) []guideDifference {
	var list []guideDifference
	for _, parameter := range []struct {
		of    Variable
		value func(config.Config) int
	}{
		{Shards, func(c config.Config) int { return c.Stream.Shards }},
		{Memory, func(c config.Config) int { return c.Function.Memory }},
		{Timeout, func(c config.Config) int { return c.Function.Timeout }},
	} {
		values, first := make([]string, 0, 3), parameter.value(p.configs[0])
		differ := false
		for i, c := range p.configs {
			differ = differ || parameter.value(c) != first
			values = append(values, fmt.Sprintf("%d in %s", parameter.value(c), Environments()[i]))
		}
		if called := name(parameter.of); differ && called != "" {
			list = append(list, guideDifference{called, strings.Join(values, ", ")})
		}
	}
	return list
}

// regions are those of the environments, if they are not all the same.
func (p *Project) regions() []guideRegion {
	var list []guideRegion
	for _, c := range p.configs {
		list = append(list, guideRegion{c.Environment, c.Region})
	}
	if list[0].Region == list[1].Region && list[1].Region == list[2].Region {
		return nil
	}
	return slices.DeleteFunc(list, func(r guideRegion) bool { return r.Region == "" })
}

// protected are the environments whose lookup tables are protected against deletion,
// and what these are for.
func (p *Project) protected() (environments, lookups []string) {
	for i, v := range p.variants {
		for _, r := range v.resources {
			if table, ok := r.Settings.(pipeline.LookupTable); ok && table.DeletionProtection {
				environments = append(environments, Environments()[i])
				lookups = append(lookups, strings.TrimPrefix(r.Key, tableKey("")))
			}
		}
	}
	return slices.Compact(environments), unique(lookups)
}

// lookups are those of all environments, first those of the one that is meant.
func (p *Project) lookups() []string {
	var names []string
	for _, c := range append([]config.Config{p.configuration()}, p.configs[:]...) {
		for _, lookup := range c.Lookups {
			names = append(names, lookup.Name)
		}
	}
	return unique(names)
}

// unique leaves out what was there before.
func unique(list []string) []string {
	var kept []string
	for _, word := range list {
		if !slices.Contains(kept, word) {
			kept = append(kept, word)
		}
	}
	return kept
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

// quote makes a single word of a text for a POSIX shell.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// fill fills the form of a README, in which quote is for what users have named.
func fill(form string, functions template.FuncMap, with any) ([]byte, error) {
	t, err := template.New("README").Funcs(template.FuncMap{"quote": quote}).Funcs(functions).Parse(form)
	if err != nil {
		return nil, fmt.Errorf("reading the README's form: %w", err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, with); err != nil {
		return nil, fmt.Errorf("writing the README: %w", err)
	}
	return b.Bytes(), nil
}
