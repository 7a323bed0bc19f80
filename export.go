package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"enrich/config"
	"enrich/export"
	"enrich/pipeline"
)

func (p *program) exportCommand() *cli.Command {
	return &cli.Command{
		Name:      "export",
		Usage:     "writes the pipeline down as a project for another tool",
		ArgsUsage: strings.Join(dialectNames(), "|"),
		Description: about(`
The project has what deploy would create, in the tool's own words, the function's
archive, and a README with the commands that deploy, test and remove it. It is for
all environments, with the settings that each has in enrich.yaml, and for any account
and region. The same settings give the same bytes. Nothing is asked of AWS. A
directory that exists is only written to with --force, and nothing in it is removed.`,
			"enrich export cloudformation --out stack", "enrich export cloudformation --out - > template.yaml", "enrich export cloudformation --out stack --format json --force", "enrich export terraform --out project", "enrich export cdk-typescript --out app", "enrich export bash --out scripts"),
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "out", Usage: "`DIR`: where the project goes; - prints the one file of a tool that has all in one"},
			&cli.StringFlag{Name: "format", Usage: "`FORMAT`: yaml or json (default: yaml)"},
			&cli.BoolFlag{Name: "force", Usage: "write into a directory that exists"},
		},
		Action: p.export,
	}
}

// projectDocument is the result of export.
type projectDocument struct {
	Dialect   string   `json:"dialect"`   // the tool
	Directory string   `json:"directory"` // of the project
	Files     []string `json:"files"`     // of the project
	Written   []string `json:"written"`   // those of them that were not there as they are
	Stale     []string `json:"stale"`     // what is there of another export in another format
}

func dialectNames() []string {
	var names []string
	for _, d := range export.Dialects() {
		names = append(names, d.Name)
	}
	return names
}

func (p *program) export(c *cli.Context) error {
	given, err := takeArguments(c, "DIALECT")
	if err != nil {
		return err
	}
	dialect, err := dialectOf(given[0])
	if err != nil {
		return err
	}
	format, err := p.exportFormat(c, dialect)
	if err != nil {
		return err
	}
	project, err := p.project(dialect)
	if err != nil {
		return err
	}
	files, err := dialect.Files(project, format)
	if err != nil {
		return err
	}
	if c.String("out") == "-" {
		return p.out.write(files[0].Content)
	}
	d := projectDocument{Dialect: dialect.Name, Directory: c.String("out"), Written: []string{}}
	for _, f := range files {
		d.Files = append(d.Files, f.Name)
	}
	if d.Written, err = writeProject(d.Directory, files, c.Bool("force")); err != nil {
		return err
	}
	if d.Stale, err = staleFiles(d.Directory, dialect, files); err != nil {
		return err
	}
	for _, name := range d.Stale {
		p.out.warning("%s in %s is from another export and was not written: remove it", name, d.Directory)
	}
	return p.out.summary(d, d.print)
}

func dialectOf(name string) (export.Dialect, error) {
	dialects := export.Dialects()
	i := slices.IndexFunc(dialects, func(d export.Dialect) bool { return d.Name == name })
	if i >= 0 {
		return dialects[i], nil
	}
	err := failf("there is no export for %s; there is %s", name, strings.Join(dialectNames(), ", "))
	if near := config.Suggest(name, dialectNames()); near != "" {
		return export.Dialect{}, err.hint("did you mean %s?", near)
	}
	return export.Dialect{}, err
}

// exportFormat is the format of the dialect's one file. What is printed with -o json is
// JSON.
func (p *program) exportFormat(c *cli.Context, d export.Dialect) (string, error) {
	format, printed := c.String("format"), c.String("out") == "-"
	switch {
	case printed && len(d.Formats) == 0:
		return "", failf("--out -: a project for %s has several files", d.Name).hint("--out DIR writes them")
	case c.String("out") == "":
		return "", failf("export needs --out").hint("--out DIR writes the project, and --out - prints the one file of a tool that has all in one")
	case format != "" && len(d.Formats) == 0:
		return "", failf("--format %s: a project for %s has no choice of formats", format, d.Name)
	case format != "" && !slices.Contains(d.Formats, format):
		err := failf("--format %s: %s has %s", format, d.Name, strings.Join(d.Formats, " and "))
		if near := config.Suggest(format, d.Formats); near != "" {
			return "", err.hint("did you mean %s?", near)
		}
		return "", err
	case printed && p.out.json && format == "yaml":
		return "", failf("--out - --format yaml prints YAML, and -o json is JSON: choose one of them")
	case printed && p.out.json:
		return "json", nil
	}
	return format, nil
}

// project is what the settings of all environments make, with the function's archive.
func (p *program) project(d export.Dialect) (*export.Project, error) {
	cfg, err := p.settings()
	if err != nil {
		return nil, err
	}
	code, err := readArchive(p.archives, cfg.Function.Architecture)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errNoArchive(cfg.Function.Architecture)
	}
	if err != nil {
		return nil, err
	}
	workdir, err := workingDirectory()
	if err != nil {
		return nil, err
	}
	var configs []config.Config
	for _, environment := range export.Environments() {
		flags := p.settingFlags()
		flags.Environment = environment
		one, err := config.Load(flags, p.getenv, workdir, pipeline.Checks()...)
		if err != nil {
			return nil, fmt.Errorf("an export is for all environments, and %s is wrong: %w", environment, err)
		}
		configs = append(configs, one)
	}
	return export.New(d, configs, cfg.Environment, code)
}

func (d projectDocument) print(p *page) {
	if len(d.Written) == 0 {
		p.line("nothing to write: %s is as it would be", d.Directory)
		return
	}
	p.line("%s %s to %s", p.c.good("wrote"), strings.Join(d.Written, ", "), d.Directory)
	p.line("%s has the commands that deploy, test and remove it", filepath.Join(d.Directory, "README.md"))
}
