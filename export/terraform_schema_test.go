package export

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// argument of a resource, as testdata/terraform-aws-6.25.0.json describes the provider.
// Attributes that have a computed value only are not in it.
type argument struct {
	Type       string              `json:"type"`
	Required   bool                `json:"required"`
	Block      bool                `json:"block"`
	Nesting    string              `json:"nesting"`
	Attributes map[string]argument `json:"attributes"`
}

func providerSchema(t *testing.T) map[string]map[string]argument {
	t.Helper()
	content, err := os.ReadFile("testdata/terraform-aws-" + providerVersion + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		Resources map[string]map[string]argument `json:"resources"`
	}
	if err := json.Unmarshal(content, &schema); err != nil {
		t.Fatal(err)
	}
	return schema.Resources
}

// parsed are the blocks of a project's files.
func parsed(t *testing.T, files []File) []*hclsyntax.Block {
	t.Helper()
	var blocks []*hclsyntax.Block
	for _, f := range files {
		if !strings.HasSuffix(f.Name, ".tf") {
			continue
		}
		file, diagnostics := hclsyntax.ParseConfig(f.Content, f.Name, hcl.InitialPos)
		if diagnostics.HasErrors() {
			t.Fatalf("%v\n%s", diagnostics, f.Content)
		}
		blocks = append(blocks, file.Body.(*hclsyntax.Body).Blocks...)
	}
	return blocks
}

// misfits are what the provider does not take of the resources and data sources.
func misfits(schema map[string]map[string]argument, blocks []*hclsyntax.Block) []string {
	var list []string
	for _, b := range blocks {
		kind := ""
		switch b.Type {
		case "resource":
			kind = b.Labels[0]
		case "data":
			kind = "data." + b.Labels[0]
		default:
			continue
		}
		arguments, ok := schema[kind]
		if !ok {
			list = append(list, kind+" is unknown")
			continue
		}
		list = append(list, misfitsOf(arguments, b.Body, kind+"."+b.Labels[1], "count", "depends_on", "lifecycle")...)
	}
	return list
}

func misfitsOf(arguments map[string]argument, body *hclsyntax.Body, at string, meta ...string) []string {
	var list []string
	there := map[string]int{}
	for name := range body.Attributes {
		there[name]++
		switch a, ok := arguments[name]; {
		case slices.Contains(meta, name):
		case !ok:
			list = append(list, fmt.Sprintf("%s: no argument %s", at, name))
		case a.Block:
			list = append(list, fmt.Sprintf("%s: %s is a block, not an argument", at, name))
		}
	}
	for _, b := range body.Blocks {
		name, inner := b.Type, b.Body
		if name == "dynamic" {
			name, inner = b.Labels[0], b.Body.Blocks[0].Body
		}
		there[name]++
		switch a, ok := arguments[name]; {
		case slices.Contains(meta, name):
		case !ok:
			list = append(list, fmt.Sprintf("%s: no block %s", at, name))
		case !a.Block:
			list = append(list, fmt.Sprintf("%s: %s is an argument, not a block", at, name))
		case a.Nesting == "single" && there[name] > 1:
			list = append(list, fmt.Sprintf("%s: several blocks %s", at, name))
		default:
			list = append(list, misfitsOf(a.Attributes, inner, at+"."+name)...)
		}
	}
	for name, a := range arguments {
		if a.Required && there[name] == 0 {
			list = append(list, fmt.Sprintf("%s: %s is missing", at, name))
		}
	}
	slices.Sort(list)
	return list
}

// The provider takes every block and every argument.
func TestTerraformFitsTheProvider(t *testing.T) {
	schema := providerSchema(t)
	for name, file := range definitions(t) {
		for _, misfit := range misfits(schema, parsed(t, filesOf(t, terraform(), file, ""))) {
			t.Errorf("%s: %s", name, misfit)
		}
	}
}

func TestMisfitsAreFound(t *testing.T) {
	const wrong = `
resource "aws_kinesis_stream" "a" {
  shards = 1
  stream_mode_details = {}
  tags {}
  count = 1
}
resource "aws_lambda_event_source_mapping" "b" {
  function_name = "f"
  destination_config {
    on_failure {
      destination = "x"
    }
  }
  dynamic "metrics_config" {
    for_each = [1]
    content {
      metric = []
    }
  }
}
resource "aws_kinesis_streams" "c" {}
data "aws_region" "current" {
  zone = 1
}
`
	want := []string{
		"aws_kinesis_stream.a: name is missing",
		"aws_kinesis_stream.a: no argument shards",
		"aws_kinesis_stream.a: stream_mode_details is a block, not an argument",
		"aws_kinesis_stream.a: tags is an argument, not a block",
		"aws_kinesis_streams is unknown",
		"aws_lambda_event_source_mapping.b.destination_config.on_failure: destination_arn is missing",
		"aws_lambda_event_source_mapping.b.destination_config.on_failure: no argument destination",
		"aws_lambda_event_source_mapping.b.metrics_config: metrics is missing",
		"aws_lambda_event_source_mapping.b.metrics_config: no argument metric",
		"data.aws_region.current: no argument zone",
	}
	found := misfits(providerSchema(t), parsed(t, []File{{Name: "wrong.tf", Content: []byte(wrong)}}))
	slices.Sort(found)
	if !slices.Equal(found, want) {
		t.Errorf("found %s", strings.Join(found, "\n"))
	}
}
