package export

import (
	_ "embed"
	"fmt"
	"strings"
	"text/template"
)

//go:embed terraform.md
var terraformReadme string

// moduleGuide is what the README of a Terraform project tells.
type moduleGuide struct {
	guide
	Terraform string // its oldest version
	Sources   []moduleSource
	Variables []guideParameter
}

type moduleSource struct{ Name, What string }

func (m *module) readme(files []File) ([]byte, error) {
	g, err := m.project.guide()
	if err != nil {
		return nil, err
	}
	all := moduleGuide{guide: g, Terraform: moduleOldest, Variables: []guideParameter{{"environment", "`" + m.project.Environment + "`", describe("environment")}}}
	for _, f := range files {
		all.Sources = append(all.Sources, moduleSource{f.Name, whatIsIn(f.Name)})
	}
	for _, n := range m.numbers(m.project.configuration()) {
		all.Variables = append(all.Variables, guideParameter{n.name, fmt.Sprintf("`%d`", n.now), describe(n.path)})
	}
	return fill(terraformReadme, template.FuncMap{"output": m.tableOutput, "join": strings.Join}, all)
}

func whatIsIn(file string) string {
	what := map[string]string{
		"versions.tf":  "Terraform and the provider that it needs",
		"providers.tf": "the provider, with the tags of all resources",
		"variables.tf": "what you may decide",
		"locals.tf":    "what depends on the environment",
		"outputs.tf":   "what the commands below ask for",
		".gitignore":   "what Terraform leaves here that is not to be committed",
	}
	for _, heading := range headings() {
		what[moduleFileOf(heading)+".tf"] = strings.ToLower(heading[:1]) + heading[1:]
	}
	for _, environment := range Environments() {
		what[environment+".tfvars"] = "the variables of " + environment
	}
	return what[file]
}
