package export

import (
	"fmt"
	"slices"
	"strings"
)

func (t cdkTypeScript) files(g *cdkProgram) ([]File, error) {
	settings := &cdkSettings{}
	w := scriptWriter{cdkTypeScript: t, program: g, settings: settings}
	if err := w.sources(); err != nil {
		return nil, err
	}
	return g.files(t, w.files, map[string]string{
		"package.json": "cdk/package.json", "package-lock.json": "cdk/package-lock.json", "tsconfig.json": "cdk/tsconfig.json",
		"cdk.json": "cdk/typescript.json", ".gitignore": "cdk/typescript.gitignore", readmeFile: "cdk/README.md",
	}, append([]cdkListed{{"bin/app.ts", "the app"}}, w.listed...))
}

// scriptWriter writes the files of a project in TypeScript.
type scriptWriter struct {
	cdkTypeScript
	program  *cdkProgram
	settings *cdkSettings
	files    []File
	listed   []cdkListed
}

func (w *scriptWriter) add(name, content string) {
	w.files = append(w.files, File{Name: name, Content: []byte(content)})
}

func (w *scriptWriter) sources() error {
	name := w.program.project.Name
	class := title(name) + "Stack"
	main, parts := w.program.units(w.cdkTypeScript, w.settings)
	w.add("bin/app.ts", w.app(class, name+"-stack"))
	w.add("lib/"+name+"-stack.ts", w.stackFile(class, main, parts))
	w.listed = append(w.listed, cdkListed{"lib/" + name + "-stack.ts", "the stack"})
	for _, part := range parts {
		w.add("lib/"+part.file+".ts", w.partFile(part))
		w.listed = append(w.listed, cdkListed{"lib/" + part.file + ".ts", part.told})
	}
	w.listed = append(w.listed, cdkListed{"lib/parameters.ts", "what who deploys may decide"})
	parameters, err := w.program.fill("cdk/parameters.ts", w.program.parameters(w.cdkTypeScript))
	if err != nil {
		return err
	}
	w.add("lib/parameters.ts", string(parameters))
	if len(w.settings.list) > 0 {
		w.add("lib/settings.ts", w.settingsFile())
		w.listed = append(w.listed, cdkListed{"lib/settings.ts", "settings that are not the same in all environments"})
	}
	return nil
}

func (w *scriptWriter) app(class, file string) string {
	l := w.layout()
	u := newCDKUnit(w.program, w.cdkTypeScript, w.settings)
	name := u.code(w.program.stackName)
	l.word("import { App } from 'aws-cdk-lib';\n")
	fmt.Fprintf(&l.b, "import { %s } from '../lib/%s';\nimport { parametersOf } from '../lib/parameters';\n", class, file)
	if u.setting {
		l.b.WriteString("import { settingsOf } from '../lib/settings';\n")
	}
	l.b.WriteString("\nconst app = new App();\nconst parameters = parametersOf(app.node);\n")
	if u.variables[Environment] {
		l.b.WriteString("const { environment } = parameters;\n")
	}
	if u.setting {
		l.b.WriteString("const settings = settingsOf[parameters.environment];\n")
	}
	l.column = 0
	l.write(sequence{"new " + class, w.arguments([]bracketItem{{code: "app"}, {code: w.quoted(title(w.program.project.Name))}}, []bracketItem{
		{code: w.field("stackName", name)},
		{code: w.field("description", w.quoted(w.program.description()))},
		{code: "parameters"},
	})}, 1)
	l.word(";\n")
	return l.b.String()
}

// imports of a file, the library's first.
func (w *scriptWriter) imports(b *strings.Builder, u *cdkUnit, core ...string) {
	var modules []string
	for _, name := range u.imported() {
		if path, ok := cdkModules()[name]; ok {
			modules = append(modules, fmt.Sprintf("import * as %s from 'aws-cdk-lib/%s';\n", name, path))
		} else if !slices.Contains(core, name) {
			core = append(core, name)
		}
	}
	if len(core) > 0 {
		slices.Sort(core)
		fmt.Fprintf(b, "import { %s } from 'aws-cdk-lib';\n", strings.Join(core, ", "))
	}
	b.WriteString(strings.Join(modules, ""))
}

// begin is what a constructor takes out of its properties.
func (w *scriptWriter) begin(b *strings.Builder, u *cdkUnit, props []string) {
	if len(props) > 0 {
		l := w.layout()
		l.level, l.column = 2, 4
		items := make([]bracketItem, 0, len(props))
		for _, prop := range props {
			items = append(items, bracketItem{code: prop})
		}
		l.write(sequence{"const ", w.object(items), " = props;"}, 0)
		fmt.Fprintf(b, "    %s\n", l.b.String())
	}
	var names []string
	for _, v := range u.parameters() {
		names = append(names, v.context())
	}
	if len(names) > 0 {
		fmt.Fprintf(b, "    const { %s } = props.parameters;\n", strings.Join(names, ", "))
	}
	if u.setting {
		b.WriteString("    const settings = settingsOf[environment];\n")
	}
	if u.inStack {
		b.WriteString("    const stack = Stack.of(this);\n")
	}
}

func (w *scriptWriter) stackFile(class string, u *cdkUnit, parts []*cdkPart) string {
	var b strings.Builder
	w.imports(&b, u, "Stack", "StackProps")
	b.WriteString("import { Construct } from 'constructs';\n")
	for _, part := range parts {
		fmt.Fprintf(&b, "import { %s } from './%s';\n", part.class, part.file)
	}
	b.WriteString("import { Parameters } from './parameters';\n")
	if u.setting {
		b.WriteString("import { settingsOf } from './settings';\n")
	}
	fmt.Fprintf(&b, "\nexport interface %sProps extends StackProps {\n  readonly parameters: Parameters;\n}\n", class)
	fmt.Fprintf(&b, "\n/** %s. */\nexport class %s extends Stack {\n", w.program.description(), class)
	fmt.Fprintf(&b, "  constructor(scope: Construct, id: string, props: %sProps) {\n    super(scope, id, props);\n", class)
	w.begin(&b, u, nil)
	b.WriteString("\n" + u.written() + "  }\n}\n")
	return b.String()
}

func (w *scriptWriter) partFile(p *cdkPart) string {
	u := p.unit
	var b strings.Builder
	var props strings.Builder
	var names []string
	if len(u.parameters()) > 0 {
		props.WriteString("  readonly parameters: Parameters;\n")
	}
	for _, r := range u.props() {
		mark := ""
		if r.present != everywhere {
			mark = "?"
		}
		names = append(names, r.name)
		fmt.Fprintf(&props, "  readonly %s%s: %s;\n", r.name, mark, u.use(r.class()))
	}
	if p.alarms {
		names = append(names, "alarms")
		fmt.Fprintf(&props, "  readonly alarms: %s[];\n", u.use("cloudwatch.AlarmBase"))
	}
	w.imports(&b, u)
	b.WriteString("import { Construct } from 'constructs';\n")
	if len(u.parameters()) > 0 {
		b.WriteString("import { Parameters } from './parameters';\n")
	}
	if u.setting {
		b.WriteString("import { settingsOf } from './settings';\n")
	}
	fmt.Fprintf(&b, "\nexport interface %sProps {\n%s}\n", p.class, props.String())
	fmt.Fprintf(&b, "\n/** %s. */\nexport class %s extends Construct {\n", p.what, p.class)
	if p.lists {
		b.WriteString("  readonly all: cloudwatch.AlarmBase[];\n\n")
	}
	fmt.Fprintf(&b, "  constructor(scope: Construct, id: string, props: %sProps) {\n    super(scope, id);\n", p.class)
	w.begin(&b, u, names)
	b.WriteString("\n" + u.written() + "  }\n}\n")
	return b.String()
}

// scriptType is that of a setting.
func (w *scriptWriter) scriptType(v value) string {
	switch v := v.(type) {
	case bool:
		return "boolean"
	case int, float64:
		return "number"
	case cdkMember:
		return string(v[:strings.LastIndex(string(v), ".")])
	case *cdkCall:
		return v.What[:strings.LastIndex(v.What, ".")]
	case List:
		return w.scriptType(v[0]) + "[]"
	}
	return "string"
}

func (w *scriptWriter) settingsFile() string {
	u := newCDKUnit(w.program, w.cdkTypeScript, w.settings)
	var fields strings.Builder
	for _, s := range w.settings.list {
		mark := ""
		if slices.Contains(s.values[:], nil) {
			mark = "?"
		}
		fmt.Fprintf(&fields, "  readonly %s%s: %s;\n", s.name, mark, w.scriptType(firstOf(s.values)))
	}
	l := u.layout
	l.level, l.column = 0, 0
	record := w.object(nil)
	for i, environment := range Environments() {
		of := w.object(nil)
		of.split = true
		for _, s := range w.settings.list {
			if s.values[i] != nil {
				of.items = append(of.items, bracketItem{code: w.field(s.name, u.code(s.values[i]))})
			}
		}
		record.items = append(record.items, bracketItem{code: sequence{environment + ": ", of}})
	}
	record.split = true
	l.write(sequence{"export const settingsOf: Record<Environment, Settings> = ", record, ";"}, 0)
	var b strings.Builder
	w.imports(&b, u)
	b.WriteString("import { Environment } from './parameters';\n")
	fmt.Fprintf(&b, "\n/** Settings that are not the same in all environments. */\nexport interface Settings {\n%s}\n\n%s\n", fields.String(), l.b.String())
	return b.String()
}
