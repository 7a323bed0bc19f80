//go:build interop

package export

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"enrich/pipeline"
)

// compareWithStack holds a template that the CDK has made against the CloudFormation
// export of the same settings, resource by resource.
func compareWithStack(t *testing.T, d Dialect, file, environment string, template map[string]any) {
	t.Helper()
	want, outputs := stackOf(t, d, file, environment)
	got, gotOutputs := synthesized(t, d, file, environment, template)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the CDK comes to something else (-stack +CDK):\n%s", diff)
	}
	if diff := cmp.Diff(outputs, gotOutputs); diff != "" {
		t.Errorf("other outputs (-stack +CDK):\n%s", diff)
	}
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
	return byName(t, evaluated), evaluated.outputs()
}

// synthesized is what the CDK's template comes to.
func synthesized(t *testing.T, d Dialect, file, environment string, template map[string]any) (resources, outputs map[string]any) {
	t.Helper()
	evaluated, exported := deployed(t, d, file, environment, template)
	all := template["Resources"].(map[string]any)
	checkAttributes(t, all)
	delete(all, "CDKMetadata") // tells AWS which constructs there are
	for id, entry := range all {
		r := entry.(map[string]any)
		kind, ok := cdkTypes()[r["Type"].(string)]
		if !ok {
			continue
		}
		name := ""
		if kind.name != "" {
			name = evaluated.eval(r["Properties"].(map[string]any)[kind.name]).(string)
		}
		i := slices.IndexFunc(exported, func(e pipeline.Exported) bool { return e.Kind == kind.kind && (name == "" || e.Name == name) })
		if i < 0 {
			t.Errorf("%s: the definition has no %s %s", id, kind.kind, name)
			continue
		}
		evaluated.refer(id, exported[i])
	}
	outputs = evaluated.outputs()
	return byName(t, evaluated), outputs
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

// checkAttributes allows what the CDK adds beside the properties.
func checkAttributes(t *testing.T, resources map[string]any) {
	t.Helper()
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
			t.Errorf("%s has %s: %v", id, attribute, v)
		}
	}
}

// byName gives the properties by type and name, in the form in which both tools agree.
func byName(t *testing.T, d deployment) map[string]any {
	t.Helper()
	all := map[string]any{}
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
			t.Errorf("there are two %s", key)
		}
		agree(t, kind, p)
		all[key] = p
	}
	return all
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

var (
	alarmARN  = regexp.MustCompile(`ALARM\("arn:[^"]*:alarm:([^"]*)"\)`)
	enclosing = regexp.MustCompile(`^\((.*)\)$`)
)

// agree takes away what the CDK does differently by itself, and says why that is no
// difference. All else is one.
func agree(t *testing.T, kind string, p map[string]any) {
	t.Helper()
	switch kind {
	case "AWS::Lambda::Function":
		// Of an asset of the CDK, which it uploads to a bucket of its own.
		code := p["Code"].(map[string]any)
		if len(code) != 2 || code["S3Bucket"] == "" || code["S3Key"] == "" {
			t.Errorf("the function's code is %v", code)
		}
		delete(p, "Code")
	case "AWS::DynamoDB::Table":
		// KMS is what DynamoDB takes where encryption is on and no type is named.
		encryption := p["SSESpecification"].(map[string]any)
		if encryption["SSEType"] == "KMS" {
			delete(encryption, "SSEType")
		}
	case "AWS::IAM::Role":
		// A construct's trust policy is written by the CDK, without names of statements.
		for _, statement := range p["AssumeRolePolicyDocument"].(map[string]any)["Statement"].([]any) {
			delete(statement.(map[string]any), "Sid")
		}
	case "AWS::CloudWatch::Alarm":
		agreeQueries(p)
	case "AWS::CloudWatch::CompositeAlarm":
		// By ARN rather than by name, and in parentheses.
		rule := enclosing.ReplaceAllString(p["AlarmRule"].(string), "$1")
		p["AlarmRule"] = alarmARN.ReplaceAllString(rule, `ALARM("$1")`)
	case "AWS::CloudWatch::Dashboard":
		// The same JSON, with other spaces and its members in another order.
		var body any
		if err := json.Unmarshal([]byte(p["DashboardBody"].(string)), &body); err != nil {
			t.Errorf("the dashboard is no JSON: %v\n%s", err, p["DashboardBody"])
		}
		p["DashboardBody"] = body
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
		if query := q.(map[string]any); query["Expression"] != nil {
			query["Id"] = "value"
		}
	}
	slices.SortFunc(queries, func(a, b any) int {
		return strings.Compare(fmt.Sprint(a.(map[string]any)["Id"]), fmt.Sprint(b.(map[string]any)["Id"]))
	})
}
