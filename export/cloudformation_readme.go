package export

import (
	_ "embed"
	"fmt"
	"strings"
	"text/template"
)

//go:embed cloudformation.md
var cloudFormationReadme string

// stackGuide is what the README of a stack tells.
type stackGuide struct {
	guide
	Template, Key string
	Parameters    []guideParameter
	Differing     []guideDifference
	Settings      []stackSettings
}

// stackSettings are what an environment has for the parameters that settings decide.
type stackSettings struct{ Environment, Parameters string }

type guideParameter struct{ Name, Default, What string }

func (t *stack) readme(file string) ([]byte, error) {
	g, err := t.project.guide()
	if err != nil {
		return nil, err
	}
	all := stackGuide{guide: g, Template: file, Key: t.project.archiveKey()}
	for _, e := range t.parameters().Entries {
		all.Parameters = append(all.Parameters, guideParameterOf(e))
	}
	all.Differing = t.project.differing(func(v Variable) string {
		if name := v.reference(); t.referred[name] {
			return name
		}
		return ""
	})
	for _, c := range t.project.configs {
		var words []string
		for _, p := range settingParameters(c) {
			if t.referred[p.name] {
				words = append(words, fmt.Sprintf("%s=%d", p.name, p.now))
			}
		}
		all.Settings = append(all.Settings, stackSettings{c.Environment, strings.Join(words, " ")})
	}
	return fill(cloudFormationReadme, template.FuncMap{"output": t.tableOutput, "join": strings.Join}, all)
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
