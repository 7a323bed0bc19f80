// Package export writes the definition of a pipeline down for other tools: what
// deploy would create, as a project of theirs.
package export

import (
	"fmt"
	"slices"

	"enrich/config"
	"enrich/pipeline"
)

// Dialect is a tool that a pipeline can be written down for.
type Dialect struct {
	Name string // on the command line
	// Formats of the file that has all in one, which Files gives first; the default is
	// the first of them. A dialect that needs several files has none.
	Formats []string
	single  string // name of that file, before its format
	// Manager is the value of the tag managed-by.
	Manager string
	kinds   []string // of resources that it expresses
	files   func(*Project, string) ([]File, error)
}

// Dialects are all there are.
func Dialects() []Dialect {
	return []Dialect{cloudFormation(), terraform(), cdkDialect(cdkTypeScript{}), cdkDialect(cdkPython{}), bash()}
}

// File of a project.
type File struct {
	Name       string // with slashes
	Content    []byte
	Executable bool
}

// Files that every project has: the function as Lambda takes it, and what tells how to
// use the rest.
const (
	archiveFile = "function.zip"
	readmeFile  = "README.md"
)

// Project is a pipeline in all its environments.
type Project struct {
	Name         string
	Environment  string // that is meant where none is named
	Region       string // "" unless the user has fixed one
	Architecture string
	Code         pipeline.Code

	configs  [3]config.Config // as the user has them, in the order of Environments
	variants [3]*variant
}

// New makes a project of the configurations, in the order of Environments, for one
// dialect.
func New(d Dialect, configs []config.Config, environment string, code pipeline.Code) (*Project, error) {
	chosen := slices.Index(Environments(), environment)
	cfg := configs[chosen]
	p := &Project{
		Name: cfg.Name, Environment: environment, Region: cfg.Region, Architecture: cfg.Function.Architecture, Code: code,
		configs: [3]config.Config(configs),
	}
	s, err := sentinelsFor(configs)
	if err != nil {
		return nil, err
	}
	reaches := reach{}
	for i, c := range configs {
		if c.Function.Architecture != cfg.Function.Architecture {
			return nil, fmt.Errorf("function.architecture is %s in %s and %s in %s, and an export has one archive of the function: give them the same one",
				cfg.Function.Architecture, environment, c.Function.Architecture, c.Environment)
		}
		resources, err := pipeline.Export(s.settings(c), s.identity(c), code, d.Manager)
		if err != nil {
			return nil, fmt.Errorf("in the environment %s: %w", c.Environment, err)
		}
		p.variants[i] = newVariant(c.Environment, c.Name+"-"+c.Environment, s, resources, reaches)
	}
	return p, nil
}

// Single is the name of the file that has all in one, in one of the dialect's formats.
func (d Dialect) Single(format string) string { return d.single + "." + format }

// Files makes the project in one of the dialect's formats, "" being the first.
func (d Dialect) Files(p *Project, format string) ([]File, error) { return d.files(p, format) }

// configuration is the one of the environment that is meant.
func (p *Project) configuration() config.Config {
	return p.configs[slices.Index(Environments(), p.Environment)]
}
