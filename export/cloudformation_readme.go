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
}

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
