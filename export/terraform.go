package export

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// moduleManager is who the resources of a Terraform project say that they are managed by.
const moduleManager = "terraform"

func terraform() Dialect {
	return Dialect{
		Name: "terraform", Manager: moduleManager,
		kinds: slices.Sorted(maps.Keys(moduleForms())), files: terraformFiles,
	}
}

func terraformFiles(p *Project, _ string) ([]File, error) {
	m, err := newModule(p)
	if err != nil {
		return nil, err
	}
	files := append(m.files(), File{Name: ".gitignore", Content: []byte(moduleIgnored)})
	readme, err := m.readme(files)
	if err != nil {
		return nil, err
	}
	return append(files, File{Name: readmeFile, Content: readme}, File{Name: archiveFile, Content: p.Code.Zip}), nil
}

// moduleIgnored is what Terraform leaves in the directory that belongs to one machine or
// is secret. The lock file is not among it: who commits it gets the same provider again.
const moduleIgnored = `.terraform/
*.tfstate
*.tfstate.*
*.tfplan
crash*.log
`

// moduleForms has, by kind, how Terraform expresses a resource.
func moduleForms() map[string]func(*moduleScope) ([]resource, error) {
	return map[string]func(*moduleScope) ([]resource, error){
		"execution role":       moduleRole,
		"data stream":          moduleStream,
		"lookup table":         moduleTable,
		"delivery bucket":      moduleBucket,
		"log group":            moduleLogGroup,
		"function":             moduleFunction,
		"event source mapping": moduleMapping,
		"alarm topic":          moduleTopic,
		"alarm subscription":   moduleSubscription,
		"metric alarm":         moduleAlarm,
		"composite alarm":      moduleComposite,
		"dashboard":            moduleDashboard,
	}
}

// moduleScope is a resource with what its form needs.
type moduleScope struct {
	scope
	address string            // TYPE.NAME
	all     map[string]string // addresses by key
}

// resource is the one that every kind has.
func (s *moduleScope) resource(group, comment string, properties *Map) resource {
	kind, _, _ := strings.Cut(s.address, ".")
	return resource{ID: s.address, Type: kind, Group: group, Comment: comment, Properties: properties}
}

// further is a resource of another type that sets something of the one that every kind
// has.
func (s *moduleScope) further(kind, comment string, first resource, properties *Map) resource {
	_, name, _ := strings.Cut(s.address, ".")
	return resource{ID: kind + "." + name, Type: kind, Group: first.Group, Comment: comment, Properties: properties}
}

// tags depend on no other resource, as the provider gets those that all resources have.
func (s *moduleScope) tags(tags map[string]string) *Map {
	m := &Map{}
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		m.put(key, s.unlinked(tags[key]))
	}
	return m
}

// moduleResources gives the resources of one environment.
func moduleResources(p *Project, v *variant, addresses map[string]string) ([]resource, error) {
	forms := moduleForms()
	var list []resource
	awaited := map[string][]string{} // by key
	for _, r := range v.resources {
		form, ok := forms[r.Kind]
		if !ok {
			return nil, fmt.Errorf("for Terraform: %s (%s) cannot be expressed", r.Kind, r.Name)
		}
		entries, err := form(&moduleScope{scope: scope{Exported: r, variant: v, project: p}, address: addresses[r.Key], all: addresses})
		if err != nil {
			return nil, fmt.Errorf("for Terraform: %s (%s): %w", r.Kind, r.Name, err)
		}
		for _, key := range r.DependsOn {
			entries[0].DependsOn = append(entries[0].DependsOn, awaited[key]...)
		}
		for i, e := range entries {
			if i == 0 || e.Type == typeRolePolicy || e.Type == typeVersioning {
				awaited[r.Key] = append(awaited[r.Key], e.ID)
			}
		}
		list = append(list, entries...)
	}
	return list, nil
}

// What others wait for, though they do not refer to it: without its policy the
// function's role cannot read the stream, and an object that is written before versions
// are kept has none.
const (
	typeRolePolicy = "aws_iam_role_policy"
	typeVersioning = "aws_s3_bucket_versioning"
)
