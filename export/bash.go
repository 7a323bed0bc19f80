package export

import (
	"embed"
	"fmt"
	"io/fs"
	"maps"
	"slices"
)

// scriptManager is who resources say that they are managed by that the scripts made.
const scriptManager = "bash"

// scripts are what is the same for every pipeline: how each kind of resource is read,
// made, changed and removed.
//
//go:embed bash
var scripts embed.FS

func bash() Dialect {
	return Dialect{Name: "bash", Manager: scriptManager, kinds: slices.Sorted(maps.Keys(scriptForms())), files: bashFiles}
}

func bashFiles(p *Project, _ string) ([]File, error) {
	s, err := newScript(p)
	if err != nil {
		return nil, err
	}
	readme, err := s.readme()
	if err != nil {
		return nil, err
	}
	var files []File
	for _, name := range []string{"deploy.sh", "destroy.sh"} {
		content, err := fs.ReadFile(scripts, "bash/"+name)
		if err != nil {
			return nil, fmt.Errorf("reading a script: %w", err)
		}
		files = append(files, File{Name: name, Content: content, Executable: true})
	}
	files = append(files, File{Name: "pipeline.sh", Content: s.print()})
	parts, err := fs.Glob(scripts, "bash/lib/*.sh")
	if err != nil {
		return nil, fmt.Errorf("reading the scripts: %w", err)
	}
	for _, part := range parts {
		content, err := fs.ReadFile(scripts, part)
		if err != nil {
			return nil, fmt.Errorf("reading a script: %w", err)
		}
		files = append(files, File{Name: part[len("bash/"):], Content: content})
	}
	return append(files, File{Name: readmeFile, Content: readme}, File{Name: archiveFile, Content: p.Code.Zip}), nil
}

// scriptResource is a resource with its settings as shell variables and as documents.
type scriptResource struct {
	Key      string
	Word     string // kind, as the functions of the scripts are called
	Group    string // heading that it stands under
	Comment  string
	Several  bool // there may be more of the kind: its settings are a function
	Name     Text
	ARN      Text
	Settings *Map // scalars are variables; maps and lists are documents
}

// scriptForms has, by kind, how the scripts express a resource.
func scriptForms() map[string]func(*scope) (scriptResource, error) {
	return map[string]func(*scope) (scriptResource, error){
		"execution role":       scriptRole,
		"data stream":          scriptStream,
		"lookup table":         scriptTable,
		"delivery bucket":      scriptBucket,
		"log group":            scriptLogGroup,
		"function":             scriptFunction,
		"event source mapping": scriptMapping,
		"alarm topic":          scriptTopic,
		"alarm subscription":   scriptSubscription,
		"metric alarm":         scriptAlarm,
		"composite alarm":      scriptComposite,
		"dashboard":            scriptDashboard,
	}
}

// scriptResources gives those of one environment, in the order in which they can be made.
func scriptResources(p *Project, v *variant) ([]scriptResource, error) {
	forms := scriptForms()
	var list []scriptResource
	for _, r := range v.resources {
		form, ok := forms[r.Kind]
		if !ok {
			return nil, fmt.Errorf("bash: %s (%s) cannot be expressed", r.Kind, r.Name)
		}
		s := &scope{Exported: r, variant: v, project: p}
		resource, err := form(s)
		if err != nil {
			return nil, fmt.Errorf("bash: %s (%s): %w", r.Kind, r.Name, err)
		}
		resource.Key = r.Key
		if resource.Name.Parts == nil {
			resource.Name = s.named()
		}
		if r.ARN != "" {
			resource.ARN = s.ownARN()
		}
		list = append(list, resource)
	}
	return list, nil
}

// ownARN is the resource's own ARN, made of its name.
func (s *scope) ownARN() Text {
	return s.variant.find(s.ARN, func(p Part) bool {
		return p.Key == "" && p.Variable != Environment || p.Key == s.Key && p.Attribute == ByName
	})
}
