package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// argument of a resource as the file describes it that the project's own tests read.
type argument struct {
	Type       string              `json:"type"`
	Required   bool                `json:"required"`
	Block      bool                `json:"block"`
	Nesting    string              `json:"nesting"`
	Attributes map[string]argument `json:"attributes"`
}

// computed are attributes that only the provider sets, which the file does not list.
func computed() map[string][]string {
	arn := []string{"arn"}
	return map[string][]string{
		"aws_dynamodb_table":              arn,
		"aws_s3_bucket":                   arn,
		"aws_iam_role":                    arn,
		"aws_lambda_function":             arn,
		"aws_lambda_event_source_mapping": {"arn", "uuid"},
		"aws_sns_topic":                   arn,
		"aws_sns_topic_subscription":      arn,
		"aws_cloudwatch_log_group":        arn,
		"aws_cloudwatch_metric_alarm":     arn,
		"aws_cloudwatch_composite_alarm":  arn,
		"data.aws_caller_identity":        {"account_id"},
		"data.aws_partition":              {"partition"},
	}
}

// settable are those of the listed attributes that the provider sets where nobody else
// does.
var settable = []string{"arn", "id", "tags_all", "region"}

// readKinds gives the schemas of resources, and with data. before their names those of
// data sources.
func readKinds(file string) (map[string]*tfprotov5.Schema, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var described struct {
		Resources map[string]map[string]argument `json:"resources"`
	}
	if err := json.Unmarshal(content, &described); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	kinds := map[string]*tfprotov5.Schema{}
	for name, arguments := range described.Resources {
		block, err := blockOf(arguments)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		for _, a := range block.Attributes {
			a.Computed = a.Optional && slices.Contains(settable, a.Name)
		}
		for _, attribute := range computed()[name] {
			block.Attributes = append(block.Attributes, &tfprotov5.SchemaAttribute{Name: attribute, Type: tftypes.String, Computed: true})
		}
		kinds[name] = &tfprotov5.Schema{Block: block}
	}
	return kinds, nil
}

func blockOf(arguments map[string]argument) (*tfprotov5.SchemaBlock, error) {
	block := &tfprotov5.SchemaBlock{}
	for _, name := range slices.Sorted(maps.Keys(arguments)) {
		a := arguments[name]
		if !a.Block {
			of, err := typeOf(a.Type)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			block.Attributes = append(block.Attributes, &tfprotov5.SchemaAttribute{Name: name, Type: of, Required: a.Required, Optional: !a.Required})
			continue
		}
		inner, err := blockOf(a.Attributes)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		nested := &tfprotov5.SchemaNestedBlock{TypeName: name, Block: inner}
		switch a.Nesting {
		case "list":
			nested.Nesting = tfprotov5.SchemaNestedBlockNestingModeList
		case "set":
			nested.Nesting = tfprotov5.SchemaNestedBlockNestingModeSet
		case "single":
			nested.Nesting = tfprotov5.SchemaNestedBlockNestingModeSingle
		default:
			return nil, fmt.Errorf("%s: a block that is nested as %q", name, a.Nesting)
		}
		if a.Required && a.Nesting != "single" {
			nested.MinItems = 1
		}
		block.BlockTypes = append(block.BlockTypes, nested)
	}
	return block, nil
}

func typeOf(written string) (tftypes.Type, error) {
	outer, element, nested := strings.Cut(strings.TrimSuffix(written, ")"), "(")
	if nested {
		of, err := typeOf(element)
		if err != nil {
			return nil, err
		}
		switch outer {
		case "list":
			return tftypes.List{ElementType: of}, nil
		case "set":
			return tftypes.Set{ElementType: of}, nil
		case "map":
			return tftypes.Map{ElementType: of}, nil
		}
	}
	switch written {
	case "string":
		return tftypes.String, nil
	case "number":
		return tftypes.Number, nil
	case "bool":
		return tftypes.Bool, nil
	}
	return nil, fmt.Errorf("a type %q", written)
}

// providerSchema is that of the block provider, as far as a test needs it.
func providerSchema() *tfprotov5.Schema {
	return &tfprotov5.Schema{Block: &tfprotov5.SchemaBlock{
		Attributes: []*tfprotov5.SchemaAttribute{{Name: "region", Type: tftypes.String, Optional: true}},
		BlockTypes: []*tfprotov5.SchemaNestedBlock{{
			TypeName: "default_tags", Nesting: tfprotov5.SchemaNestedBlockNestingModeList, MaxItems: 1,
			Block: &tfprotov5.SchemaBlock{Attributes: []*tfprotov5.SchemaAttribute{
				{Name: "tags", Type: tftypes.Map{ElementType: tftypes.String}, Optional: true},
			}},
		}},
	}}
}
