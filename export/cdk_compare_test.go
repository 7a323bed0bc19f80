//go:build interop

package export

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"enrich/pipeline"
)

// differences between a template that the CDK has made and the CloudFormation export of
// the same settings, resource by resource; "" is none.
func differences(t *testing.T, d Dialect, file, environment string, template map[string]any) string {
	t.Helper()
	want, wantOutputs := stackOf(t, d, file, environment)
	got, gotOutputs, more := synthesized(t, d, file, environment, template)
	return strings.Join(more, "\n") + cmp.Diff(want, got) + cmp.Diff(wantOutputs, gotOutputs)
}

// deployed is a template in one environment with the parameters that the settings have
// there.
func deployed(t *testing.T, d Dialect, file, environment string, template map[string]any) (deployment, []pipeline.Exported) {
	t.Helper()
	c := settings(t, file)[slices.Index(Environments(), environment)]
	id := pipeline.Identity{Name: c.Name, Environment: environment, Partition: "aws-cn", Account: "123456789012", Region: "cn-north-1"}
	resources, err := pipeline.Export(c, id, code, d.Manager)
	if err != nil {
		t.Fatal(err)
	}
	return deployment{t, template, map[string]any{
		"Environment": environment, "AWS::Partition": id.Partition, "AWS::AccountId": id.Account, "AWS::Region": id.Region,
		"StreamShardCount": float64(c.Stream.Shards), "LambdaMemorySize": float64(c.Function.Memory), "LambdaTimeout": float64(c.Function.Timeout),
		"CodeS3Bucket": "code", "CodeS3Key": "key",
	}, map[string]string{}}, resources
}

// stackOf is what the CloudFormation export comes to, by type and name, and its outputs.
func stackOf(t *testing.T, d Dialect, file, environment string) (resources, outputs map[string]any) {
	t.Helper()
	stackDialect := cloudFormation()
	stackDialect.Manager = d.Manager // whose name is in tags and on the dashboard
	p := project(t, stackDialect, file)
	files, err := stackDialect.Files(p, "json")
	if err != nil {
		t.Fatal(err)
	}
	var template map[string]any
	if err := json.Unmarshal(files[0].Content, &template); err != nil {
		t.Fatal(err)
	}
	stack, err := newStack(p)
	if err != nil {
		t.Fatal(err)
	}
	evaluated, exported := deployed(t, d, file, environment, template)
	for _, r := range exported {
		evaluated.refer(stack.ids[r.Key], r)
	}
	resources, more := byName(evaluated)
	if len(more) > 0 {
		t.Fatal(more)
	}
	return resources, evaluated.outputs()
}

// synthesized is what the CDK's template comes to, with what is wrong about it otherwise.
func synthesized(t *testing.T, d Dialect, file, environment string, template map[string]any) (resources, outputs map[string]any, more []string) {
	t.Helper()
	evaluated, exported := deployed(t, d, file, environment, template)
	all := template["Resources"].(map[string]any)
	more = otherAttributes(all)
	delete(all, "CDKMetadata") // tells AWS which constructs there are
	for id, entry := range all {
		r := entry.(map[string]any)
		kind, ok := cdkTypes()[r["Type"].(string)]
		if !ok {
			continue
		}
		name := ""
		if kind.name != "" {
			name, _ = evaluated.eval(r["Properties"].(map[string]any)[kind.name]).(string)
		}
		i := slices.IndexFunc(exported, func(e pipeline.Exported) bool { return e.Kind == kind.kind && (name == "" || e.Name == name) })
		if i < 0 {
			more = append(more, fmt.Sprintf("%s: the definition has no %s %s", id, kind.kind, name))
			i = slices.IndexFunc(exported, func(e pipeline.Exported) bool { return e.Kind == kind.kind })
		}
		evaluated.refer(id, exported[i])
	}
	resources, twice := byName(evaluated)
	return resources, evaluated.outputs(), append(more, twice...)
}

// cdkType is a type of resources that others refer to, and the property that names one.
type cdkType struct{ kind, name string }

func cdkTypes() map[string]cdkType {
	return map[string]cdkType{
		"AWS::Kinesis::Stream": {"data stream", "Name"}, "AWS::DynamoDB::Table": {"lookup table", "TableName"},
		"AWS::S3::Bucket": {"delivery bucket", "BucketName"}, "AWS::Logs::LogGroup": {"log group", "LogGroupName"},
		"AWS::IAM::Role": {"execution role", "RoleName"}, "AWS::Lambda::Function": {"function", "FunctionName"},
		"AWS::Lambda::EventSourceMapping": {"event source mapping", ""}, "AWS::SNS::Topic": {"alarm topic", "TopicName"},
		"AWS::CloudWatch::Alarm": {"metric alarm", "AlarmName"}, "AWS::CloudWatch::CompositeAlarm": {"composite alarm", "AlarmName"},
		"AWS::CloudWatch::Dashboard": {"dashboard", "DashboardName"},
	}
}

// otherAttributes are those beside the properties, but for what the CDK adds by itself.
func otherAttributes(resources map[string]any) []string {
	var list []string
	role := ""
	for id, entry := range resources {
		if entry.(map[string]any)["Type"] == "AWS::IAM::Role" {
			role = id
		}
	}
	for id, entry := range resources {
		for attribute, v := range entry.(map[string]any) {
			switch attribute {
			case "Type", "Properties":
				continue
			case "Metadata": // where in the program it is, and which file the code is
				continue
			case "DeletionPolicy", "UpdateReplacePolicy": // what CloudFormation does without any
				if v == "Delete" {
					continue
				}
			case "DependsOn": // on what it refers to anyway
				if cmp.Equal(v, []any{role}) && entry.(map[string]any)["Type"] == "AWS::Lambda::Function" {
					continue
				}
			case "Condition":
				if v == "CDKMetadataAvailable" && id == "CDKMetadata" {
					continue
				}
			}
			list = append(list, fmt.Sprintf("%s has %s: %v", id, attribute, v))
		}
	}
	return list
}

// byName gives the properties by type and name, in the form in which both tools agree.
func byName(d deployment) (all map[string]any, twice []string) {
	all = map[string]any{}
	for id, properties := range d.resolve() {
		kind := d.template["Resources"].(map[string]any)[id].(map[string]any)["Type"].(string)
		p := properties.(map[string]any)
		name := ""
		for _, property := range []string{
			"Name", "TableName", "BucketName", "LogGroupName", "RoleName", "TopicName", "AlarmName", "DashboardName", "Bucket", "Endpoint", "FunctionName",
		} {
			if s, ok := p[property].(string); ok && name == "" {
				name = s
			}
		}
		key := kind + " " + name
		if all[key] != nil {
			twice = append(twice, "there are two "+key)
		}
		agree(kind, p)
		all[key] = p
	}
	return all, twice
}

func (d deployment) outputs() map[string]any {
	all := map[string]any{}
	for name, entry := range d.template["Outputs"].(map[string]any) {
		of := entry.(map[string]any)
		if condition, ok := of["Condition"].(string); ok && !d.holds(condition) {
			continue
		}
		all[name] = []any{of["Description"], d.eval(of["Value"])}
	}
	return all
}

// agree takes away what the CDK does differently by itself, and says why that is no
// difference. All else is one.
func agree(kind string, p map[string]any) {
	// Tags in the order of a dictionary, not of their characters' numbers.
	if tags, ok := p["Tags"].([]any); ok {
		slices.SortFunc(tags, func(a, b any) int {
			return strings.Compare(fmt.Sprint(a.(map[string]any)["Key"]), fmt.Sprint(b.(map[string]any)["Key"]))
		})
	}
	switch kind {
	case "AWS::Lambda::Function":
		// Of an asset of the CDK, which it uploads to a bucket of its own.
		if code, ok := p["Code"].(map[string]any); ok && len(code) == 2 && code["S3Bucket"] != nil && code["S3Key"] != nil {
			delete(p, "Code")
		}
	case "AWS::DynamoDB::Table":
		// PROVISIONED is what DynamoDB takes where no mode is named.
		if p["BillingMode"] == "PROVISIONED" {
			delete(p, "BillingMode")
		}
		// KMS is what DynamoDB takes where encryption is on and no type is named.
		if encryption, ok := p["SSESpecification"].(map[string]any); ok && encryption["SSEType"] == "KMS" {
			delete(encryption, "SSEType")
		}
	case "AWS::CloudWatch::Alarm":
		agreeQueries(p)
	case "AWS::CloudWatch::Dashboard":
		// The same JSON, with other spaces and its members in another order.
		var body any
		if text, ok := p["DashboardBody"].(string); ok && json.Unmarshal([]byte(text), &body) == nil {
			p["DashboardBody"] = body
		}
	case "AWS::Lambda::EventSourceMapping":
		// -1, no limit, is what Lambda takes where none is named.
		if p["MaximumRecordAgeInSeconds"] == -1.0 {
			delete(p, "MaximumRecordAgeInSeconds")
		}
	}
}

// agreeQueries: the CDK has an ID of its own for the expression of an alarm, which comes
// first there.
func agreeQueries(p map[string]any) {
	queries, ok := p["Metrics"].([]any)
	if !ok {
		return
	}
	for _, q := range queries {
		if query := q.(map[string]any); query["Id"] == "expr_1" {
			query["Id"] = "value"
		}
	}
	slices.SortFunc(queries, func(a, b any) int {
		return strings.Compare(fmt.Sprint(a.(map[string]any)["Id"]), fmt.Sprint(b.(map[string]any)["Id"]))
	})
}

// Whatever is changed in a template is noticed, but for where the CDK has its code.
func noticesEachChange(t *testing.T, d Dialect, file, environment string, template map[string]any) {
	t.Helper()
	content, err := json.Marshal(template)
	if err != nil {
		t.Fatal(err)
	}
	want, _ := stackOf(t, d, file, environment)
	changes := 0
	for i := 0; ; i++ {
		var changed map[string]any
		if err := json.Unmarshal(content, &changed); err != nil {
			t.Fatal(err)
		}
		c := change{at: i}
		for _, id := range slices.Sorted(maps.Keys(changed["Resources"].(map[string]any))) {
			if r := changed["Resources"].(map[string]any)[id].(map[string]any); r["Type"] != "AWS::CDK::Metadata" {
				c.make(r["Properties"], id)
			}
		}
		if c.made == "" {
			break
		}
		changes++
		got, _, more := synthesized(t, d, file, environment, changed)
		if cmp.Equal(want, got) && len(more) == 0 && !strings.Contains(c.made, "/Code/") {
			t.Errorf("%s is not noticed", c.made)
		}
	}
	if changes < 400 {
		t.Errorf("only %d changes were made", changes)
	}
}

// change is one of one value of a template, the one that is so far from its beginning.
type change struct {
	at   int
	made string // where
}

func (c *change) make(v any, path string) any {
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if key != "Ref" && key != "Fn::GetAtt" { // there is nothing else to refer to
				v[key] = c.make(v[key], path+"/"+key)
			}
		}
		return v
	case []any:
		for i := range v {
			v[i] = c.make(v[i], fmt.Sprintf("%s/%d", path, i))
		}
		return v
	}
	c.at--
	if c.at != -1 {
		return v
	}
	c.made = path
	switch v := v.(type) {
	case string:
		return v + "x"
	case float64:
		return v + 1
	case bool:
		return !v
	}
	return v
}
