package export

import (
	"maps"
	"slices"
	"strings"
)

func newCDKUnit(g *cdkProgram, l cdkLanguage, settings *cdkSettings, groups ...string) *cdkUnit {
	u := &cdkUnit{
		program: g, language: l, settings: settings, layout: l.layout(), environs: everywhere,
		modules: map[string]bool{}, variables: map[Variable]bool{}, outer: map[string]bool{}, own: map[string]bool{}, known: map[string]bool{},
	}
	u.layout.level = 2
	for _, r := range g.resources {
		if slices.Contains(groups, r.Group) {
			u.own[r.key] = true
			u.resources = append(u.resources, r)
		}
	}
	return u
}

// referred are the keys of the resources that a value refers to, in their order.
func (g *cdkProgram) referred(v value) []string {
	found := map[string]bool{}
	walk(v, func(key string) { found[key] = true })
	var keys []string
	for _, r := range g.resources {
		if found[r.key] {
			keys = append(keys, r.key)
		}
	}
	return keys
}

// walk calls for each reference to a resource.
func walk(v value, visit func(key string)) {
	within(v, func(v value) bool {
		switch v := v.(type) {
		case Text:
			for _, p := range v.Parts {
				if p.Key != "" {
					visit(p.Key)
				}
			}
		case cdkConstruct:
			visit(v.Key)
		case cdkResourceOf:
			visit(v.Key)
		}
		return true
	})
}

// within calls for a value and, as long as that is true, for what it is made of.
func within(v value, visit func(value) bool) {
	if !visit(v) {
		return
	}
	switch v := v.(type) {
	case List:
		for _, part := range v {
			within(part, visit)
		}
	case *Map:
		for _, e := range v.Entries {
			within(e.Value, visit)
		}
	case *Choice:
		for _, one := range v.Values {
			within(one, visit)
		}
	case *Spliced:
		within(v.whole(), visit)
	case *cdkCall:
		within(v.On, visit)
		within(v.Args, visit)
		if v.Props != nil {
			within(v.Props, visit)
		}
	case *cdkStruct:
		within(v.Fields, visit)
	case *cdkText:
		within(v.Of, visit)
	}
}

// needed are the keys of the resources that something refers to, and so have a variable.
func (g *cdkProgram) needed() map[string]bool {
	found := map[string]bool{}
	visit := func(key string) { found[key] = true }
	for _, r := range g.resources {
		walk(r.construct, visit)
		walk(r.after, visit)
	}
	walk(g.notify, visit)
	for _, o := range g.outputs() {
		found[o.key] = true
	}
	return found
}

// statements writes the resources under their headings.
func (u *cdkUnit) statements(headings bool) {
	heading := ""
	needed := u.program.needed()
	for i := 0; i < len(u.resources); {
		r := u.resources[i]
		if headings && r.Group != heading {
			heading = r.Group
			u.blank()
			u.layout.remark(heading + "\n" + strings.Repeat("-", len(heading)))
		}
		n := i + 1
		for n < len(u.resources) && u.resources[n].present == r.present && u.resources[n].Group == r.Group && r.present != everywhere {
			n++
		}
		u.blank()
		u.sometimes(u.resources[i:n], needed)
		i = n
	}
}

// sometimes writes resources that are there in the same environments.
func (u *cdkUnit) sometimes(resources []*cdkResource, needed map[string]bool) {
	present := resources[0].present
	if present == everywhere {
		u.resource(resources[0], needed)
		return
	}
	for _, r := range resources {
		if class := r.class(); class != "" && needed[r.key] && !r.Alarm {
			u.use(class)
			u.line(u.language.later(u.language.name(r.name), u.language.class(class)))
		}
	}
	var all List
	for _, r := range resources {
		u.known[r.key] = true // in what follows
		all = append(all, r.construct, r.after)
	}
	u.sometimesDo(present, all, func() {
		for i, r := range resources {
			if i > 0 {
				u.blank()
			}
			u.resource(r, needed)
		}
	})
	for _, r := range resources {
		u.known[r.key] = false
	}
}

// sometimesDo writes what is done with values in some environments only.
func (u *cdkUnit) sometimesDo(present [3]bool, with value, write func()) {
	if present == everywhere {
		write()
		return
	}
	condition, known := u.condition(present, with)
	begin, end := u.language.when(condition)
	u.line(begin)
	u.layout.level++
	u.within(present, known, write)
	u.layout.level--
	if end != "" {
		u.line(end)
	}
}

func (r *cdkResource) class() string {
	if r.New == nil {
		return ""
	}
	return r.New.What
}

// resource writes one resource.
func (u *cdkUnit) resource(r *cdkResource, needed map[string]bool) {
	u.layout.remark(r.Comment)
	if r.New != nil {
		c := u.code(r.construct)
		name := u.language.name(r.name)
		switch {
		case r.Alarm:
			c = u.language.listed(c)
		case !needed[r.key]:
		case r.present == everywhere:
			c = u.language.declare(name, c)
		default:
			c = u.language.assign(name, c)
		}
		u.statement(c)
	}
	u.layout.remark(r.AfterComment)
	for _, after := range r.after {
		u.statement(u.code(after))
	}
}

func (u *cdkUnit) statement(c syntax) {
	u.layout.line()
	u.layout.write(c, len(u.language.end()))
	u.layout.word(u.language.end())
}

func (u *cdkUnit) line(s string) {
	u.layout.line()
	u.layout.word(s)
}

// blank leaves a line out, but at the beginning of a block.
func (u *cdkUnit) blank() {
	written := strings.TrimRight(u.layout.b.String(), " ")
	if last := strings.TrimRight(written, "\n"); last != "" && !strings.HasSuffix(last, "{") && !strings.HasSuffix(last, ":") {
		u.layout.b.WriteByte('\n')
	}
}

// text is what has been written, without spaces at the ends of lines.
func (u *cdkUnit) written() string {
	var b strings.Builder
	for line := range strings.SplitSeq(strings.TrimLeft(u.layout.b.String(), "\n"), "\n") {
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return b.String()
}

// tags writes those that all resources have.
func (u *cdkUnit) tags() {
	for _, tag := range u.program.tags {
		u.use("Tags")
		u.sometimesDo(tag.present, nil, func() { u.statement(u.language.tag(tag.key, u.code(tag.value))) })
	}
}

// acknowledge has the CDK take names as they stand that look like parameters of Fn::Sub,
// for which its validation would refuse the template. It looks at no text that refers to
// something, which is joined there, and so at no JSON.
func (u *cdkUnit) acknowledge() {
	looksSo := false
	for _, r := range u.program.resources {
		within(r.construct, func(v value) bool {
			if t, ok := v.(Text); ok && !slices.ContainsFunc(t.Parts, func(p Part) bool { return p.Key != "" }) {
				looksSo = looksSo || slices.ContainsFunc(t.Parts, func(p Part) bool { return strings.Contains(p.Literal, "${") })
			}
			_, joined := v.(*cdkText)
			return !joined
		})
	}
	if !looksSo {
		return
	}
	u.blank()
	u.layout.remark("What looks like a parameter of Fn::Sub is the name of a field, meant as it stands.")
	u.statement(u.code(method(static("Validations.of", cdkThis{}), "acknowledge", structure("Acknowledgment",
		"id", literal("CloudFormation-Validate::E1029"), "reason", literal("names of fields may look like parameters of Fn::Sub")))))
}

// outputs are the values of a stack that others ask for.
func (u *cdkUnit) outputs() {
	for _, o := range u.program.outputs() {
		u.use("CfnOutput")
		name := Text{Parts: []Part{{Key: o.key, Attribute: ByName}}}
		u.sometimesDo(u.program.byKey[o.key].present, name, func() {
			u.statement(u.language.output(o.name, o.what, u.code(name)))
		})
	}
}

// props are what a unit of its own takes: the constructs of others.
func (u *cdkUnit) props() []*cdkResource {
	var list []*cdkResource
	for _, r := range u.program.resources {
		if u.outer[r.key] {
			list = append(list, r)
		}
	}
	return list
}

// parameters are the variables that a unit uses, in the order in which they are told of.
func (u *cdkUnit) parameters() []Variable {
	var list []Variable
	for _, v := range []Variable{Environment, Shards, Memory, Timeout} {
		if u.variables[v] || v == Environment && u.setting {
			list = append(list, v)
		}
	}
	return list
}

func (u *cdkUnit) imported() []string { return slices.Sorted(maps.Keys(u.modules)) }

// cdkOutput is one value of the stack.
type cdkOutput struct{ name, key, what string }

func (g *cdkProgram) outputs() []cdkOutput {
	list := []cdkOutput{
		{"StreamName", "data-stream", "Data stream that takes the events"},
		{"FunctionName", "function", "Function that enriches them"},
		{"BucketName", "delivery-bucket", "Bucket that has the enriched events, dead-letter/ and aws/lambda/"},
	}
	for _, lookup := range g.project.lookups() {
		list = append(list, cdkOutput{g.tableOutput(lookup), tableKey(lookup), "Lookup table " + lookup})
	}
	return list
}

// tableOutput is the name of the output that tells a table's name.
func (g *cdkProgram) tableOutput(lookup string) string {
	if lookup == g.project.configuration().Lookups[0].Name {
		return "TableName"
	}
	return g.byKey[tableKey(lookup)].id + "Name"
}
