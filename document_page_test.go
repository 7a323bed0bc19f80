package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"go/ast"
	goparser "go/parser"
	gotoken "go/token"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"enrich/pipeline"
)

// docs/json.md is made of the documents' types and the comments of their fields: run
// UPDATE_DOCS=1 go test . -run TestDocumentsAreDescribed
// after a change.
func TestDocumentsAreDescribed(t *testing.T) {
	const path, begin = "docs/json.md", "<!-- generated: documents -->\n"
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	written, found, ok := strings.Cut(string(page), begin)
	if !ok {
		t.Fatalf("%s has no line %s", path, begin)
	}
	want := documentsPage(t)
	if found == want {
		return
	}
	if os.Getenv("UPDATE_DOCS") == "" {
		t.Fatalf("%s is stale: run UPDATE_DOCS=1 go test . -run TestDocumentsAreDescribed", path)
	}
	if err := os.WriteFile(path, []byte(written+begin+want), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Every command has documented shapes.
func TestEveryCommandIsDocumented(t *testing.T) {
	app := (&program{getenv: os.Getenv}).app()
	documents := documented()
	for _, c := range everyCommand(app.Commands) {
		path := commandPath(app, c)
		if _, ok := documents[path]; !ok && !c.Hidden && len(c.Subcommands) == 0 {
			t.Errorf("enrich %s has no documented shape", path)
		}
	}
}

// alike are members that mean the same in every document, unless a comment says more.
var alike = map[string]string{
	"key":             "the resource's key in the pipeline, as stream or alarm:iterator-age",
	"kind":            "the resource's kind",
	"name":            "its name at AWS",
	"arn":             "its ARN",
	"id":              "the ID that AWS gave it",
	"resources":       "one for each, in the order of their dependencies",
	"elapsed_ms":      "how long it took",
	"fields":          "what differs",
	"old":             "what is there",
	"new":             "what there should be",
	"kept":            "what is left in place",
	"outputs":         "names and places that other tools need: stream, function, table, bucket, region, account, endpoint …",
	"error":           "why it failed",
	"code":            "for programs: AWS's error code, or one of enrich's own",
	"message":         "for people",
	"details":         "what programs may want to know of it",
	"rejected":        "the lines that were left out",
	"line":            "the number of the line, from 1",
	"reason":          "why",
	"table":           "the lookup table's name at AWS",
	"shard_id":        "the shard",
	"sequence_number": "the sequence number in the shard",
	"bucket":          "the delivery bucket",
	"title":           "its name for people",
	"endpoint":        "where it answers",
	"at":              "when",
	"value":           "the figure",
	"values":          "one for each period that has data",
	"environment":     "dev, staging or prod",
	"since":           "from when on",
	"until":           "up to when",
	"pid":             "its process",
	"port":            "its port on 127.0.0.1",
	"started":         "when it was started",
}

// leaves are structures of a form that is not enrich's own.
var leaves = map[reflect.Type]string{
	reflect.TypeFor[pipeline.Policy](): "IAM policy",
}

func documentsPage(t *testing.T) string {
	d := describer{T: t, comments: map[string]map[string]string{}}
	var b strings.Builder
	for _, command := range slices.Sorted(maps.Keys(documented())) {
		fmt.Fprintf(&b, "\n## %s\n", command)
		for _, s := range documented()[command] {
			d.write(&b, s)
		}
	}
	b.WriteString("\n## A failure\n")
	d.write(&b, shape{of: failureDocument{}})
	return b.String()
}

// describer writes shapes as tables. comments are those of fields, by type, by package.
type describer struct {
	*testing.T
	comments map[string]map[string]string
}

func (d describer) write(b *strings.Builder, s shape) {
	if s.when != "" {
		fmt.Fprintf(b, "\n%s:\n", strings.ToUpper(s.when[:1])+s.when[1:])
	}
	of := reflect.TypeOf(s.of)
	if of.Kind() != reflect.Struct {
		b.WriteString("\nAn object whose members are not enrich's own.\n")
		return
	}
	b.WriteString("\n| member | type | what it is |\n| --- | --- | --- |\n")
	d.rows(b, of, "")
}

func (d describer) rows(b *strings.Builder, of reflect.Type, prefix string) {
	for i := range of.NumField() {
		field := of.Field(i)
		name, options, tagged := strings.Cut(field.Tag.Get("json"), ",")
		inner := field.Type
		for inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		if field.Anonymous && !tagged && name == "" {
			d.rows(b, inner, prefix)
			continue
		}
		if name == "-" || !field.IsExported() {
			continue
		}
		kind, element, suffix := typeWords(inner)
		meaning := cmp.Or(d.comment(of, field.Name), alike[name])
		if meaning == "" {
			d.Errorf("%s.%s has no comment that tells what it is", of, field.Name)
		}
		switch {
		case strings.HasPrefix(options, "omit"):
			meaning += " (left out where there is none)"
		case field.Type.Kind() == reflect.Pointer:
			kind += " or null"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", prefix+name, kind, meaning)
		if own(element) {
			d.rows(b, element, prefix+name+suffix+".")
		}
	}
}

// own tells whether a type is a structure of this module.
func own(of reflect.Type) bool {
	return of != nil && of.Kind() == reflect.Struct && (of.PkgPath() == "main" || strings.HasPrefix(of.PkgPath(), "enrich"))
}

// typeWords name a type as JSON has it, with what it holds.
func typeWords(of reflect.Type) (words string, element reflect.Type, suffix string) {
	switch {
	case of == reflect.TypeFor[time.Time]():
		return "time (RFC 3339)", nil, ""
	case of == reflect.TypeFor[json.RawMessage]():
		return "object", nil, ""
	case leaves[of] != "":
		return leaves[of], nil, ""
	case of.Kind() == reflect.Struct:
		return "object", of, ""
	case of.Kind() == reflect.Slice:
		inner, element, suffix := typeWords(of.Elem())
		return "list of " + plural(inner), element, "[]" + suffix
	case of.Kind() == reflect.Map:
		inner, element, suffix := typeWords(of.Elem())
		return "object of " + plural(inner) + " by name", element, ".*" + suffix
	case of.Kind() == reflect.Interface:
		return "any value", nil, ""
	case of.Kind() == reflect.String:
		return "string", nil, ""
	case of.Kind() == reflect.Bool:
		return "boolean", nil, ""
	case of.Kind() == reflect.Float64:
		return "number", nil, ""
	}
	return "integer", nil, ""
}

func plural(words string) string {
	first, rest, more := strings.Cut(words, " ")
	switch {
	case first == "any":
		return "any values"
	case more:
		return first + "s " + rest
	}
	return first + "s"
}

// comment gives what the source says of a field, in one line.
func (d describer) comment(of reflect.Type, field string) string {
	d.Helper()
	directory := "." + strings.TrimPrefix(strings.TrimPrefix(of.PkgPath(), "main"), "enrich")
	if d.comments[directory] == nil {
		d.comments[directory] = d.fieldComments(directory)
	}
	text := strings.TrimSuffix(d.comments[directory][of.Name()+"."+field], ".")
	for _, verb := range []string{"is", "are", "tells that", "tells"} { // as Go's comments begin
		text = strings.TrimPrefix(text, field+" "+verb+" ")
	}
	return strings.ReplaceAll(text, "|", `\|`)
}

func (d describer) fieldComments(directory string) map[string]string {
	files, err := filepath.Glob(filepath.Join(directory, "*.go"))
	if err != nil {
		d.Fatal(err)
	}
	comments := map[string]string{}
	for _, name := range files {
		file, err := goparser.ParseFile(gotoken.NewFileSet(), name, nil, goparser.ParseComments)
		if err != nil {
			d.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			declared, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			structure, ok := declared.Type.(*ast.StructType)
			if !ok {
				return true
			}
			for _, field := range structure.Fields.List {
				text := strings.Join(strings.Fields(cmp.Or(field.Doc.Text(), field.Comment.Text())), " ")
				for _, name := range field.Names {
					comments[declared.Name.Name+"."+name.Name] = text
				}
			}
			return true
		})
	}
	return comments
}
