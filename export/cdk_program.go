package export

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"enrich/pipeline"
)

// cdkProgram is what a stack makes, in the order in which it does.
type cdkProgram struct {
	project   *Project
	resources []*cdkResource
	byKey     map[string]*cdkResource
	taken     map[string]bool // IDs
	notify    value           // whom the alarms tell; nil: nobody
	stackName value
	tags      []cdkTag
}

// cdkResource is one resource in all environments.
type cdkResource struct {
	cdkForm
	key, kind, id string
	name          string  // of its variable, in TypeScript
	present       [3]bool // environments
	construct     value   // merged New
	after         List    // merged After
}

// cdkTag is one of the tags that all resources have.
type cdkTag struct {
	key     string
	value   value
	present [3]bool
}

var everywhere = [3]bool{true, true, true}

func newCDKProgram(p *Project) (*cdkProgram, error) {
	g := &cdkProgram{project: p, byKey: map[string]*cdkResource{}, taken: map[string]bool{}}
	g.identify()
	var forms [3]map[string]cdkForm
	reaches := g.reaches()
	for i, v := range p.variants {
		var err error
		if forms[i], err = g.forms(v.apartFromAlarms(reaches)); err != nil {
			return nil, fmt.Errorf("CDK: %w", err)
		}
	}
	if err := g.tagged(forms); err != nil {
		return nil, fmt.Errorf("CDK: %w", err)
	}
	if err := g.notified(forms); err != nil {
		return nil, fmt.Errorf("CDK: %w", err)
	}
	for _, r := range g.resources {
		if err := r.merge(forms); err != nil {
			return nil, fmt.Errorf("CDK: %s: %w", r.id, err)
		}
	}
	var names [3]value
	for i, c := range p.configs {
		parts := []Part{{Literal: c.Name + "-"}, {Variable: Environment}}
		names[i] = Text{parts, parts}
	}
	g.stackName = merge(names, []string{"stackName"})
	return g, nil
}

// identify gives each resource its construct's ID, and puts them in their order.
func (g *cdkProgram) identify() {
	var keys [3]*Map
	for i, v := range g.project.variants {
		keys[i] = &Map{}
		for _, r := range v.resources {
			keys[i].put(r.Key, true)
			if g.byKey[r.Key] == nil {
				id := g.unique(logicalID(r))
				g.byKey[r.Key] = &cdkResource{key: r.Key, kind: r.Kind, id: id, name: camel(id)}
			}
		}
	}
	for _, key := range keysOf(keys) {
		g.resources = append(g.resources, g.byKey[key])
	}
	order := cdkOrder()
	slices.SortStableFunc(g.resources, func(a, b *cdkResource) int {
		return cmp.Compare(slices.Index(order, a.kind), slices.Index(order, b.kind))
	})
}

// unique is an ID that no construct has yet.
func (g *cdkProgram) unique(base string) string {
	id := base
	for n := 2; g.taken[id]; n++ {
		id = fmt.Sprintf("%s%d", base, n)
	}
	g.taken[id] = true
	return id
}

// camel makes a variable's name of an ID. function is a word of TypeScript's own.
func camel(id string) string {
	switch id {
	case "Function":
		return "fn"
	case "EventSourceMapping":
		return "mapping"
	case "FunctionRole":
		return "role"
	}
	return string(id[0]-'A'+'a') + id[1:]
}

// reaches has each resource made after those before it.
func (g *cdkProgram) reaches() reach {
	reaches := reach{}
	for i, r := range g.resources[min(1, len(g.resources)):] {
		reaches.connect(r.key, g.resources[i].key)
	}
	return reaches
}

// apartFromAlarms is a variant in whose settings no single alarm is referred to: a
// program has all of them in a list.
func (v *variant) apartFromAlarms(reaches reach) *variant {
	alarms := map[string]bool{}
	for _, r := range v.resources {
		switch r.Settings.(type) {
		case pipeline.MetricAlarm, pipeline.CompositeAlarm:
			alarms[r.Key] = true
		}
	}
	other := *v
	other.reaches = reaches
	other.tokens = map[byte][]token{}
	for first, tokens := range v.tokens {
		other.tokens[first] = slices.DeleteFunc(slices.Clone(tokens), func(t token) bool { return alarms[t.part.Key] })
	}
	return &other
}

// forms are those of one environment, by key.
func (g *cdkProgram) forms(v *variant) (map[string]cdkForm, error) {
	all := map[string]cdkForm{}
	forms := cdkForms()
	for _, r := range v.resources {
		form, ok := forms[r.Kind]
		if !ok {
			return nil, fmt.Errorf("%s (%s) cannot be expressed", r.Kind, r.Name)
		}
		one, err := form(&cdkScope{scope: scope{Exported: r, variant: v, project: g.project}, id: g.byKey[r.Key].id})
		if err != nil {
			return nil, fmt.Errorf("%s (%s) cannot be expressed: %w", r.Kind, r.Name, err)
		}
		all[r.Key] = one
	}
	return all, nil
}

// merge makes one construct of those of the environments.
func (r *cdkResource) merge(forms [3]map[string]cdkForm) error {
	for i, of := range forms {
		if form, ok := of[r.key]; ok {
			r.present[i], r.cdkForm = true, form
		}
	}
	var constructs, afters [3]value
	for i, of := range forms {
		form, ok := of[r.key]
		if !ok { // an environment without it decides nothing
			form = r.cdkForm
		}
		if form.New != nil {
			constructs[i] = form.New
		}
		statements := List{}
		for _, s := range form.After {
			statements = append(statements, s)
		}
		afters[i] = statements
	}
	if r.New != nil {
		r.construct = merge(constructs, []string{r.id})
	}
	after, ok := merge(afters, []string{r.id}).(List)
	if !ok {
		return fmt.Errorf("what follows it is not the same in all environments")
	}
	r.after = after
	return nil
}

// tagged finds the tags, which all resources have alike that have any.
func (g *cdkProgram) tagged(forms [3]map[string]cdkForm) error {
	var tags [3]*Map
	for i, of := range forms {
		tags[i] = &Map{}
		var common map[string]string
		for _, key := range slices.Sorted(maps.Keys(of)) {
			form := of[key]
			if form.Tags == nil {
				continue
			}
			if common != nil && !maps.Equal(common, form.Tags) {
				return fmt.Errorf("%s has other tags than the rest: %v and %v", key, form.Tags, common)
			}
			common = form.Tags
		}
		s := &scope{variant: g.project.variants[i]}
		for _, key := range slices.Sorted(maps.Keys(common)) {
			tags[i].put(key, s.unlinked(common[key]))
		}
	}
	for _, key := range keysOf(tags) {
		tag := cdkTag{key: key}
		var values [3]value
		for i, of := range tags {
			if e, ok := of.get(key); ok {
				values[i], tag.present[i] = e.Value, true
			}
		}
		for i, v := range values {
			if v == nil { // an environment without it decides nothing
				values[i] = firstOf(values)
			}
		}
		tag.value = merge(values, []string{"tag", key})
		g.tags = append(g.tags, tag)
	}
	return nil
}

func firstOf(values [3]value) value {
	for _, v := range values {
		if v != nil {
			return v
		}
	}
	return nil
}

// notified finds whom the alarms tell, which is the same for each.
func (g *cdkProgram) notified(forms [3]map[string]cdkForm) error {
	var all [3]value
	topics := map[string]value{}
	none := true
	for i, of := range forms {
		all[i] = List{}
		var common value
		for _, r := range g.resources {
			form, ok := of[r.key]
			if !ok || !form.Alarm {
				continue
			}
			list, _ := form.Notify.(List)
			if common != nil && !same([3]value{common, list, list}) {
				return fmt.Errorf("%s tells others than the other alarms do", r.key)
			}
			common = list
		}
		list, _ := common.(List)
		actions := List{}
		for _, topic := range list {
			actions = append(actions, made("actions.SnsAction", List{g.topic(topic.(Text), topics)}))
			none = false
		}
		all[i] = actions
	}
	if !none {
		g.notify = merge(all, []string{"notify"})
	}
	return nil
}

// topic is the pipeline's own, or one that is there.
func (g *cdkProgram) topic(of Text, known map[string]value) value {
	arn, ok := of.whole()
	if !ok {
		return cdkConstruct{of.Parts[0].Key}
	}
	if known[arn] == nil {
		id := g.unique(title(arn[strings.LastIndex(arn, ":")+1:]) + "Topic")
		known[arn] = static("sns.Topic.fromTopicArn", cdkThis{}, literal(id), of)
	}
	return known[arn]
}
