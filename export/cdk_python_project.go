package export

import (
	"fmt"
	"slices"
	"strings"
)

func (p cdkPython) files(g *cdkProgram) ([]File, error) {
	w := &pythonWriter{cdkPython: p, program: g, settings: &cdkSettings{}}
	if err := w.sources(); err != nil {
		return nil, err
	}
	return g.files(p, w.files, map[string]string{
		"requirements.txt": "cdk/requirements.txt", "pyproject.toml": "cdk/pyproject.toml",
		"cdk.json": "cdk/python.json", ".gitignore": "cdk/python.gitignore", readmeFile: "cdk/README.md",
	}, append([]cdkListed{{"app.py", "the app"}}, w.listed...))
}

// pythonWriter writes the files of a project in Python.
type pythonWriter struct {
	cdkPython
	program  *cdkProgram
	settings *cdkSettings
	files    []File
	listed   []cdkListed
}

// pythonPackage has the constructs. Its name is fixed: that of the pipeline may be one of
// the language's own modules.
const pythonPackage = "pipeline"

func (w *pythonWriter) add(module, content, what string) {
	name := pythonPackage + "/" + module + ".py"
	w.files = append(w.files, File{Name: name, Content: []byte(content)})
	w.listed = append(w.listed, cdkListed{name, what})
}

func (w *pythonWriter) sources() error {
	class := title(w.program.project.Name) + "Stack"
	main, parts := w.program.units(w.cdkPython, w.settings)
	w.files = append(w.files, File{Name: "app.py", Content: []byte(w.app(class)), Executable: true}, File{Name: pythonPackage + "/__init__.py"})
	w.add("stack", w.stackFile(class, main, parts), "the stack")
	for _, part := range parts {
		w.add(part.file, w.partFile(part), part.told)
	}
	parameters, err := w.program.fill("cdk/parameters.py", w.program.parameters(w.cdkPython))
	if err != nil {
		return err
	}
	w.add("parameters", string(parameters), "what who deploys may decide")
	if len(w.settings.list) > 0 {
		w.add("settings", w.settingsFile(), "settings that are not the same in all environments")
	}
	return nil
}

func (w *pythonWriter) app(class string) string {
	u := newCDKUnit(w.program, w.cdkPython, w.settings)
	name := u.code(w.program.stackName)
	l := w.layout()
	l.word("#!/usr/bin/env python3\nfrom aws_cdk import App\n\nfrom pipeline.parameters import parameters_of\n")
	if u.setting {
		l.word("from pipeline.settings import SETTINGS\n")
	}
	l.word("from pipeline.stack import " + class + "\n\napp = App()\nparameters = parameters_of(app.node)\n")
	if u.variables[Environment] {
		l.word("environment = parameters.environment\n")
	}
	if u.setting {
		l.word("settings = SETTINGS[parameters.environment]\n")
	}
	l.column = 0
	call := w.arguments([]bracketItem{{code: "app"}, {code: w.quoted(title(w.program.project.Name))}}, []bracketItem{
		{code: w.field("stack_name", name)},
		{code: w.field("description", w.quoted(w.program.description()))},
		{code: "parameters=parameters"},
	})
	l.write(sequence{class, call}, 0)
	l.word("\napp.synth()\n")
	return l.b.String()
}

// imports of a file from the library.
func (w *pythonWriter) imports(u *cdkUnit, core ...string) string {
	var modules []string
	for _, name := range u.imported() {
		if path, ok := cdkModules()[name]; ok {
			as, _, _ := strings.Cut(w.class(name+"."), ".")
			modules = append(modules, strings.ReplaceAll(path, "-", "_")+" as "+as)
		} else if !slices.Contains(core, name) {
			core = append(core, name)
		}
	}
	slices.Sort(core)
	slices.Sort(modules)
	names := slices.Concat(core, modules)
	if len(names) == 0 {
		return ""
	}
	l := w.layout()
	if len(names) == 1 {
		return "from aws_cdk import " + names[0] + "\n"
	}
	list := &bracket{open: "(", close: ")", split: true}
	for _, name := range names {
		list.items = append(list.items, bracketItem{code: name})
	}
	l.write(sequence{"from aws_cdk import ", list}, 0)
	return l.b.String() + "\n"
}

// begin is what a constructor takes out of its parameters.
func (w *pythonWriter) begin(b *strings.Builder, u *cdkUnit) {
	if slices.Contains(u.parameters(), Environment) {
		b.WriteString("        environment = parameters.environment\n")
	}
	if u.setting {
		b.WriteString("        settings = SETTINGS[environment]\n")
	}
	if u.inStack {
		b.WriteString("        stack = Stack.of(self)\n")
	}
}

func (w *pythonWriter) stackFile(class string, u *cdkUnit, parts []*cdkPart) string {
	var b strings.Builder
	b.WriteString("from typing import Any\n\n" + w.imports(u, "Stack") + "from constructs import Construct\n\n")
	for _, part := range parts {
		fmt.Fprintf(&b, "from pipeline.%s import %s\n", part.file, part.class)
	}
	b.WriteString("from pipeline.parameters import Parameters\n")
	if u.setting {
		b.WriteString("from pipeline.settings import SETTINGS\n")
	}
	fmt.Fprintf(&b, "\n\nclass %s(Stack):\n    \"\"\"%s.\"\"\"\n\n", class, w.program.description())
	b.WriteString("    def __init__(self, scope: Construct, construct_id: str, *, parameters: Parameters, **kwargs: Any) -> None:\n")
	b.WriteString("        super().__init__(scope, construct_id, **kwargs)\n")
	w.begin(&b, u)
	b.WriteString("\n" + u.written())
	return b.String()
}

func (w *pythonWriter) partFile(p *cdkPart) string {
	u := p.unit
	items := []bracketItem{{code: "self"}, {code: "scope: Construct"}, {code: "construct_id: str"}, {code: "*"}}
	if len(u.parameters()) > 0 {
		items = append(items, bracketItem{code: "parameters: Parameters"})
	}
	for _, r := range u.props() {
		kind := u.use(r.class())
		if r.present != everywhere {
			kind += " | None"
		}
		items = append(items, bracketItem{code: w.name(r.name) + ": " + kind})
	}
	if p.alarms {
		items = append(items, bracketItem{code: "alarms: list[" + u.use("cloudwatch.AlarmBase") + "]"})
	}
	var b strings.Builder
	b.WriteString(w.imports(u) + "from constructs import Construct\n")
	if len(u.parameters()) > 0 {
		b.WriteString("\nfrom pipeline.parameters import Parameters\n")
	}
	if u.setting {
		b.WriteString("from pipeline.settings import SETTINGS\n")
	}
	fmt.Fprintf(&b, "\n\nclass %s(Construct):\n    \"\"\"%s.\"\"\"\n\n", p.class, p.what)
	l := w.layout()
	l.level = 1
	l.line()
	l.write(sequence{"def __init__", &bracket{open: "(", close: ")", items: items}, " -> None:"}, 0)
	b.WriteString(strings.TrimPrefix(l.b.String(), "\n") + "\n        super().__init__(scope, construct_id)\n")
	w.begin(&b, u)
	b.WriteString("\n" + u.written())
	return b.String()
}

// pythonType is that of a setting.
func (w *pythonWriter) pythonType(u *cdkUnit, v value) string {
	switch v := v.(type) {
	case bool:
		return "bool"
	case int:
		return "int"
	case float64:
		return "float"
	case cdkMember:
		return u.use(string(v[:strings.LastIndex(string(v), ".")]))
	case *cdkCall:
		return u.use(v.What[:strings.LastIndex(v.What, ".")])
	case List:
		return "list[" + w.pythonType(u, v[0]) + "]"
	}
	return "str"
}

func (w *pythonWriter) settingsFile() string {
	u := newCDKUnit(w.program, w.cdkPython, w.settings)
	var fields, optional strings.Builder // those that have a default come last
	for _, s := range w.settings.list {
		if kind := w.pythonType(u, firstOf(s.values)); slices.Contains(s.values[:], nil) {
			fmt.Fprintf(&optional, "    %s: %s | None = None\n", w.name(s.name), kind)
		} else {
			fmt.Fprintf(&fields, "    %s: %s\n", w.name(s.name), kind)
		}
	}
	l := u.layout
	l.level = 0
	record := &bracket{open: "{", close: "}", split: true}
	for i, environment := range Environments() {
		of := w.arguments(nil, nil)
		of.split = true
		for _, s := range w.settings.list {
			if s.values[i] != nil {
				of.items = append(of.items, bracketItem{code: w.field(w.name(s.name), u.code(s.values[i]))})
			}
		}
		record.items = append(record.items, bracketItem{code: sequence{w.quoted(environment) + ": Settings", of}})
	}
	l.write(sequence{"SETTINGS = ", record}, 0)
	imports := w.imports(u)
	if imports != "" {
		imports = "\n" + imports
	}
	return "from dataclasses import dataclass\n" + imports +
		"\n\n@dataclass(frozen=True)\nclass Settings:\n    \"\"\"Settings that are not the same in all environments.\"\"\"\n\n" +
		fields.String() + optional.String() + "\n\n" + l.b.String() + "\n"
}
