package export

import (
	"embed"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/template"
)

// cdkFilesOf have the files of a project that are much the same in all.
//
//go:embed cdk
var cdkFilesOf embed.FS

// cdkGuide is what the files that are no program tell.
type cdkGuide struct {
	guide
	Python         bool
	CLI            string // the version of CDK's command line
	EnvironmentDoc string
	Parameters     []cdkParameter
	Files          []cdkListed
}

// cdkListed is a file that a README tells of.
type cdkListed struct{ Name, What string }

// cdkCLI is the version of the command line, the same for all languages.
const cdkCLI = "2.1148.1"

// files adds to the program's files those that are filled forms, and the archive.
func (g *cdkProgram) files(l cdkLanguage, program []File, forms map[string]string, listed []cdkListed) ([]File, error) {
	told, err := g.project.guide()
	if err != nil {
		return nil, err
	}
	parameters := g.parameters(l)
	all := cdkGuide{
		guide: told, Python: l.layout().python, CLI: cdkCLI, EnvironmentDoc: parameters.EnvironmentDoc, Parameters: parameters.Numbers,
		Files: append(listed, cdkListed{archiveFile, "the function for " + told.Architecture + ", as Lambda takes it"}),
	}
	for _, name := range slices.Sorted(maps.Keys(forms)) {
		content, err := g.fill(forms[name], all)
		if err != nil {
			return nil, err
		}
		program = append(program, File{Name: name, Content: content})
	}
	return append(program, File{Name: archiveFile, Content: g.project.Code.Zip}), nil
}

func (g *cdkProgram) fill(form string, with any) ([]byte, error) {
	text, err := cdkFilesOf.ReadFile(form)
	if err != nil {
		return nil, fmt.Errorf("reading the form of a file: %w", err)
	}
	return fill(string(text), template.FuncMap{"output": g.tableOutput, "join": strings.Join, "snake": snake}, with)
}
