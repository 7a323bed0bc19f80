package export

import (
	"fmt"
	"slices"
	"strings"
)

// The provider that the project is written for, and the oldest Terraform that it has been
// checked with.
const (
	providerVersion  = "6.25.0"
	providerVersions = "~> 6.25"
	moduleOldest     = "1.6"
	moduleVersions   = ">= " + moduleOldest + ", < 2.0"
)

// files are those that Terraform reads, in the order in which one reads them. The
// variables and settings come last: the others tell which are needed.
func (m *module) files() []File {
	provider := m.provider()
	outputs := m.outputs()
	resources := m.resourceFiles()
	list := []File{
		{Name: "versions.tf", Content: []byte(moduleRequired)},
		{Name: "providers.tf", Content: []byte(provider)},
		{Name: "variables.tf", Content: []byte(m.variableFile())},
	}
	if locals := m.locals(); locals != "" {
		list = append(list, File{Name: "locals.tf", Content: []byte(locals)})
	}
	list = append(list, resources...)
	list = append(list, File{Name: "outputs.tf", Content: []byte(outputs)})
	for _, c := range m.project.configs {
		list = append(list, File{Name: c.Environment + ".tfvars", Content: []byte(m.values(c))})
	}
	return list
}

const moduleRequired = `terraform {
  required_version = "` + moduleVersions + `"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "` + providerVersions + `"
    }
  }
}
`

// provider has the tags of all resources, and the data that texts refer to.
func (m *module) provider() string {
	m.current = groupProvider
	var items []item
	var regions [3]value
	fixed := false
	for i, c := range m.project.configs {
		if c.Region != "" {
			regions[i], fixed = literal(c.Region), true
		}
	}
	if fixed {
		items = append(items, item{key: "region", value: m.node(merge(regions, []string{groupProvider, "region"}))})
	}
	items = append(items, item{key: "default_tags", body: []item{{key: "tags", value: m.defaultTags()}}})
	var b strings.Builder
	writeBody(&b, `provider "aws"`, items, "")
	for _, data := range []struct {
		of   Variable
		kind string
	}{{Account, "aws_caller_identity"}, {Partition, "aws_partition"}, {Region, "aws_region"}} {
		if m.variables[data.of] != "" {
			b.WriteByte('\n')
			writeBody(&b, `data "`+data.kind+`" "current"`, nil, "")
		}
	}
	return b.String()
}

// locals are the name, and the settings of the environments.
func (m *module) locals() string {
	var items []item
	if m.variables[moduleName] != "" {
		items = append(items, item{key: "name", value: atom(`"` + escape(m.project.Name) + `-${var.environment}"`)})
	}
	if len(m.settings) > 0 {
		items = append(items,
			item{key: "settings", value: atom("local.environments[var.environment]")},
			item{key: "environments", comment: "Settings that are not the same in all environments.", value: m.environments()})
	}
	if len(items) == 0 {
		return ""
	}
	var b strings.Builder
	writeBody(&b, "locals", items, "")
	return b.String()
}

// resourceFiles has a file for each heading.
func (m *module) resourceFiles() []File {
	var list []File
	for _, heading := range headings() {
		var b strings.Builder
		fmt.Fprintf(&b, "# %s.\n", heading)
		if heading == groupTell && m.notify != nil {
			b.WriteByte('\n')
			writeBody(&b, "locals", []item{{key: "notify", comment: "Topics that every alarm tells of its state.", value: m.notify}}, "")
		}
		there := false
		for _, r := range m.resources {
			if r.Group != heading {
				continue
			}
			there = true
			b.WriteByte('\n')
			writeComment(&b, r.Comment, "")
			m.writeResource(&b, r)
		}
		if there {
			list = append(list, File{Name: moduleFileOf(heading) + ".tf", Content: []byte(b.String())})
		}
	}
	return list
}

func (m *module) writeResource(b *strings.Builder, r moduleResource) {
	_, name, _ := strings.Cut(r.ID, ".")
	items := slices.Clone(r.items)
	head := fmt.Sprintf("resource %q %q", r.Type, name)
	in := present(m.absent[r.ID])
	if is := condition(in); is != "" {
		b.WriteString(head + " {\n  count = " + is + " ? 1 : 0\n\n")
	} else {
		b.WriteString(head + " {\n")
	}
	writeItems(b, items, "  ")
	if len(r.DependsOn) > 0 {
		var on []node
		for _, address := range r.DependsOn {
			on = append(on, atom(address))
		}
		b.WriteString("\n  depends_on = " + spread(&tuple{on}, "  ", lineWidth) + "\n")
	}
	b.WriteString("}\n")
}
