package export

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"enrich/config"
	"enrich/pipeline"
)

// mistyped are arguments with a value of a type that the provider does not take.
func (p planning) mistyped(arguments map[string]argument, body *hclsyntax.Body, at string) []string {
	var list []string
	for name, a := range body.Attributes {
		of, ok := arguments[name]
		if !ok || of.Block { // a misfit
			continue
		}
		if _, err := convert.Convert(p.evaluate(a.Expr), typeOf(p.t, of.Type)); err != nil {
			list = append(list, fmt.Sprintf("%s: %s is no %s: %v", at, name, of.Type, err))
		}
	}
	for _, b := range body.Blocks {
		name, inner := b.Type, b.Body
		if name == "dynamic" {
			name, inner = b.Labels[0], b.Body.Blocks[0].Body
		}
		list = append(list, p.mistyped(arguments[name].Attributes, inner, at+"."+name)...)
	}
	slices.Sort(list)
	return list
}

func typeOf(t *testing.T, written string) cty.Type {
	t.Helper()
	outer, element, nested := strings.Cut(strings.TrimSuffix(written, ")"), "(")
	if nested {
		of := map[string]func(cty.Type) cty.Type{"list": cty.List, "set": cty.Set, "map": cty.Map}[outer]
		return of(typeOf(t, element))
	}
	of, ok := map[string]cty.Type{"string": cty.String, "number": cty.Number, "bool": cty.Bool}[written]
	if !ok {
		t.Fatalf("a type %q", written)
	}
	return of
}

func TestWrongTypesAreFound(t *testing.T) {
	const wrong = `
resource "aws_kinesis_stream" "a" {
  name                = ["a"]
  retention_period    = "24"
  shard_level_metrics = "IncomingBytes"
  stream_mode_details {
    stream_mode = {}
  }
  tags = { a = [] }
}
`
	want := []string{"name", "shard_level_metrics", "stream_mode", "tags"}
	block := parsed(t, []File{{Name: "wrong.tf", Content: []byte(wrong)}})[0]
	var found []string
	for _, said := range newPlanning(t, config.Config{}, pipeline.Identity{}).mistyped(providerSchema(t)["aws_kinesis_stream"], block.Body, "a") {
		_, argument, _ := strings.Cut(said, ": ")
		name, _, _ := strings.Cut(argument, " ")
		found = append(found, name)
	}
	slices.Sort(found)
	if !slices.Equal(found, want) {
		t.Errorf("found %v, want %v", found, want)
	}
}
