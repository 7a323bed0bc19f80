package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"enrich/emulator"
	"enrich/pipeline"
)

// deployer runs commands in an account where a policy holds it, and hears of
// every permission that its calls need.
type deployer struct {
	*testing.T
	server    *emulator.Server
	next      http.Handler // answers at the endpoint
	endpoint  string
	directory string
	refusals  bool // are expected
	mails     mailbox

	mu   sync.Mutex
	used map[pipeline.Permission]bool
}

const (
	deployerARN    = "arn:aws:iam::123456789012:user/caller"
	deployerBucket = "data-enrichment-dev-123456789012-us-east-1"
)

func newDeployer(t *testing.T) *deployer {
	t.Helper()
	withoutAccount(t)
	d := &deployer{T: t, directory: t.TempDir(), used: map[pipeline.Permission]bool{}}
	var err error
	d.server, err = emulator.Start(t.Context(), emulator.Options{Account: "123456789012", OnAccess: d.hear, Logger: slog.New(&d.mails)})
	if err != nil {
		t.Fatal(err)
	}
	d.next = d.server
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { d.next.ServeHTTP(w, r) }))
	d.endpoint = front.URL
	t.Cleanup(func() {
		front.CloseClientConnections()
		front.Close()
		if err := d.server.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return d
}

func (d *deployer) hear(a emulator.Access) {
	if a.Principal != deployerARN {
		return // the function's role, or changes by hand
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.used[pipeline.Permission{Action: a.Action, Resource: a.Resource}] = true
	if !a.Allowed && !d.refusals {
		d.Errorf("%s on %s is not in the policy", a.Action, a.Resource)
	}
}

// hold puts a policy in force; "" lets everything through.
func (d *deployer) hold(document string) {
	d.Helper()
	if err := d.server.SetCallerPolicy(document); err != nil {
		d.Fatal(err)
	}
}

func (d *deployer) file(name, content string) string {
	d.Helper()
	path := filepath.Join(d.directory, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		d.Fatal(err)
	}
	return path
}

// well runs a command that must succeed, and gives what it prints.
func (d *deployer) well(words ...string) string {
	d.Helper()
	code, out, told := d.enrich(words...)
	if code != exitDone {
		d.Fatalf("%s exits with %d: %s", strings.Join(words, " "), code, told)
	}
	return out
}

func (d *deployer) enrich(words ...string) (code int, out, told string) {
	var stdout, stderr bytes.Buffer
	words = append(words, "--endpoint-url", d.endpoint, "--state-dir", filepath.Join(d.directory, "state"))
	code = run(d.Context(), words, streams{in: strings.NewReader(""), out: &stdout, err: &stderr}, os.DirFS(os.Getenv(archivesVariable)))
	return code, stdout.String(), stderr.String()
}

// policy is the printed policy, read by nothing that wrote it.
type printedPolicy struct {
	Version   string
	Statement []struct {
		Sid, Effect      string
		Action, Resource any
	}
}

func (d *deployer) policy(words ...string) (document string, parsed printedPolicy) {
	d.Helper()
	document = d.well(append([]string{"policy", "--for", deployerARN}, words...)...)
	if err := json.Unmarshal([]byte(document), &parsed); err != nil || parsed.Version != "2012-10-17" {
		d.Fatalf("version %q, %v", parsed.Version, err)
	}
	return document, parsed
}

// grants are the single permissions of a policy, each with what it matches.
func (p printedPolicy) grants() map[pipeline.Permission]*regexp.Regexp {
	grants := map[pipeline.Permission]*regexp.Regexp{}
	for _, s := range p.Statement {
		for _, action := range list(s.Action) {
			for _, resource := range list(s.Resource) {
				pattern := strings.ReplaceAll(regexp.QuoteMeta(resource), `\*`, ".*")
				grants[pipeline.Permission{Action: action, Resource: resource}] = regexp.MustCompile("^" + pattern + "$")
			}
		}
	}
	return grants
}

func list(value any) []string {
	if one, ok := value.(string); ok {
		return []string{one}
	}
	var many []string
	for _, one := range value.([]any) {
		many = append(many, one.(string))
	}
	return many
}

// The printed policy is enough for every command, and holds nothing that none of
// them uses: each of its permissions is the only one for some call.
func TestPolicyIsExact(t *testing.T) {
	d := newDeployer(t)
	architecture, other := "x86_64", "arm64"
	if runtime.GOARCH == "arm64" {
		architecture, other = other, architecture
	}
	first := d.file("first.yaml", `
stream: {shards: 1, retention_hours: 48, shard_metrics: [IncomingBytes]}
function: {architecture: `+architecture+`}
mapping: {batching_window_seconds: 0}
tags: {team: web, stray: "1"}
alarms: {notify: [ops@example.com]}
`)
	second := d.file("second.yaml", `
stream: {shards: 2, retention_hours: 24}
function: {architecture: `+other+`, memory: 512, log_retention_days: 7}
mapping: {batching_window_seconds: 0, batch_size: 500}
table: {mode: provisioned, read: 1, write: 1}
tags: {team: ops}
alarms: {notify: [ops@example.com]}
`)
	third := d.file("third.yaml", "stream: {mode: on-demand}\nfunction: {architecture: "+other+"}\nalarms: {notify: [ops@example.com]}\n")
	document, parsed := d.policy("-c", first)
	for _, c := range []string{second, third} {
		if again, _ := d.policy("-c", c); again != document {
			t.Errorf("another configuration of the same resources has another policy:\n%s", again)
		}
	}
	d.hold(document)
	d.well("plan", "-c", first)
	d.well("deploy", "-c", first)
	d.well("deploy", "-c", first)
	d.well("status", "-c", first)
	d.well("lookup", "load", d.file("users.csv", "user_id,name\nada,Ada\n"), "-c", first)
	d.well("lookup", "put", "user_id=bob", "-c", first)
	d.well("lookup", "get", "bob", "-c", first)
	d.well("lookup", "export", "-c", first)
	d.well("lookup", "delete", "bob", "-c", first)
	d.well("put", d.file("events.ndjson", `{"user_id":"ada"}`), "-c", first)
	d.well("test-event", "-c", first)
	d.well("bench", "--duration", "100ms", "-c", first)
	d.well("results", "-c", first)
	d.well("audit", "-c", first)
	d.byHand(document, d.deadLetter)
	if out := d.well("redrive", "-c", first); !strings.Contains(out, "sent 1 record") {
		t.Errorf("redrive prints %s", out)
	}
	d.well("logs", "-c", first)
	d.well("metrics", "-c", first)
	d.well("dashboard", "-c", first)
	d.byHand(document, d.drift)
	d.well("deploy", "--yes", "-c", first)
	d.well("deploy", "--yes", "-c", second)
	d.well("deploy", "-c", third)
	d.byHand(document, d.clutter)
	d.well("destroy", "--yes", "--force", "-c", third)
	d.exact(parsed)
}

// A policy for one purpose is enough for its commands, and both together allow what
// the undivided one does.
func TestPolicyOfOnePurpose(t *testing.T) {
	d := newDeployer(t)
	architecture := "x86_64"
	if runtime.GOARCH == "arm64" {
		architecture = runtime.GOARCH
	}
	config := d.file("enrich.yaml", "function: {architecture: "+architecture+"}\nmapping: {batching_window_seconds: 0}\n")
	_, undivided := d.policy("-c", config)
	deploying, toDeploy := d.policy("-c", config, "--only", "deploy")
	using, toUse := d.policy("-c", config, "--only", "use")
	for _, document := range []string{deploying, using} {
		if size := characters(document); size > managedPolicyLimit {
			t.Errorf("%d characters", size)
		}
	}
	both := toDeploy.grants()
	maps.Copy(both, toUse.grants())
	byText := func(a, b pipeline.Permission) int { return strings.Compare(a.Action+a.Resource, b.Action+b.Resource) }
	same(t, "permissions", slices.SortedFunc(maps.Keys(undivided.grants()), byText), slices.SortedFunc(maps.Keys(both), byText))

	d.hold(deploying)
	d.well("plan", "-c", config)
	d.well("deploy", "-c", config)
	d.hold(using)
	d.well("lookup", "load", d.file("users.csv", "user_id,name\nada,Ada\n"), "-c", config)
	d.well("lookup", "get", "ada", "-c", config)
	d.well("put", d.file("events.ndjson", `{"user_id":"ada"}`), "-c", config)
	d.well("test-event", "-c", config)
	d.well("status", "-c", config)
	d.well("results", "-c", config)
	d.well("logs", "-c", config)
	d.well("metrics", "-c", config)
	d.refusals = true
	if code, _, told := d.enrich("destroy", "--yes", "-c", config); code != exitFailed || !strings.Contains(told, "not authorized") {
		t.Errorf("who only uses the pipeline destroys it: exit code %d, %s", code, told)
	}
	d.refusals = false
	d.hold(deploying)
	d.well("destroy", "--yes", "-c", config)
}

// What production adds is in the policy, too, and a policy for production is used.
func TestPolicyIsEnoughForProduction(t *testing.T) {
	d := newDeployer(t)
	production := func(words ...string) []string { return append(words, "-e", "prod") }
	document, _ := d.policy("-e", "prod")
	d.hold(document)
	d.well(production("deploy")...)
	d.well(production("status")...)
	d.well(production("destroy", "--yes", "--force")...)
	for _, action := range []string{"dynamodb:UpdateContinuousBackups", "dynamodb:UpdateTable", "dynamodb:DeleteTable"} {
		if !d.used[pipeline.Permission{Action: action, Resource: "arn:aws:dynamodb:us-east-1:123456789012:table/data-enrichment-prod-users"}] {
			t.Errorf("%s was not used", action)
		}
	}
}

// What somebody lets the function do besides is shown, and taken away.
func TestFurtherPoliciesAreDrift(t *testing.T) {
	d := newDeployer(t)
	d.well("deploy")
	role := aws.String("data-enrichment-dev-us-east-1-role")
	roles := iam.NewFromConfig(elsewhere(t, d.endpoint))
	if _, err := roles.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: role, PolicyName: aws.String("extra"), PolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`)}); err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"plan", "status"} {
		if _, out, told := d.enrich(command); !strings.Contains(out, "other_policies") || !strings.Contains(out, "extra") {
			t.Errorf("%s does not tell:\n%s%s", command, out, told)
		}
	}
	d.well("deploy")
	names, err := roles.ListRolePolicies(t.Context(), &iam.ListRolePoliciesInput{RoleName: role})
	if err != nil || !slices.Equal(names.PolicyNames, []string{"pipeline"}) {
		t.Errorf("%+v, %v", names, err)
	}
}

// exact compares a policy with what was used.
func (d *deployer) exact(parsed printedPolicy) {
	d.Helper()
	only := map[pipeline.Permission]bool{}
	grants := parsed.grants()
	for used := range d.used {
		var by []pipeline.Permission
		for grant, resource := range grants {
			if grant.Action == used.Action && resource.MatchString(used.Resource) {
				by = append(by, grant)
			}
		}
		if len(by) == 1 {
			only[by[0]] = true
		}
	}
	shared := pipeline.Permission{Action: "cloudwatch:PutMetricAlarm", Resource: "arn:aws:cloudwatch:us-east-1:123456789012:alarm:data-enrichment-dev-pipeline-unhealthy"}
	for grant := range grants {
		if !only[grant] && grant != shared { // one statement is for all alarms
			d.Errorf("no call needs %s on %s", grant.Action, grant.Resource)
		}
	}
	d.Logf("%d permissions, %d used", len(grants), len(d.used))
}

// byHand changes things as somebody whom the policy does not hold.
func (d *deployer) byHand(document string, change func(aws.Config) error) {
	d.Helper()
	d.hold("")
	if err := change(elsewhere(d.T, d.endpoint)); err != nil {
		d.Fatal(err)
	}
	d.hold(document)
}

// drift is what only a repair puts right.
func (d *deployer) drift(sdk aws.Config) error {
	role := aws.String("data-enrichment-dev-us-east-1-role")
	roles := iam.NewFromConfig(sdk)
	_, trusted := roles.UpdateAssumeRolePolicy(d.Context(), &iam.UpdateAssumeRolePolicyInput{RoleName: role, PolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":["lambda.amazonaws.com","ec2.amazonaws.com"]},"Action":"sts:AssumeRole"}]}`)})
	_, described := roles.UpdateRole(d.Context(), &iam.UpdateRoleInput{RoleName: role, Description: aws.String("mine")})
	_, extended := roles.PutRolePolicy(d.Context(), &iam.PutRolePolicyInput{RoleName: role, PolicyName: aws.String("extra"), PolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`)})
	_, attached := roles.AttachRolePolicy(d.Context(), &iam.AttachRolePolicyInput{
		RoleName: role, PolicyArn: aws.String("arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"),
	})
	_, recoverable := dynamodb.NewFromConfig(sdk).UpdateContinuousBackups(d.Context(), &dynamodb.UpdateContinuousBackupsInput{
		TableName:                        aws.String("data-enrichment-dev-users"),
		PointInTimeRecoverySpecification: &dynamodbtypes.PointInTimeRecoverySpecification{PointInTimeRecoveryEnabled: aws.Bool(true)},
	})
	bucket, objects := aws.String(deployerBucket), s3.NewFromConfig(sdk, func(o *s3.Options) { o.UsePathStyle = true })
	_, opened := objects.DeletePublicAccessBlock(d.Context(), &s3.DeletePublicAccessBlockInput{Bucket: bucket})
	_, encrypted := objects.PutBucketEncryption(d.Context(), &s3.PutBucketEncryptionInput{
		Bucket: bucket, ServerSideEncryptionConfiguration: &s3types.ServerSideEncryptionConfiguration{Rules: []s3types.ServerSideEncryptionRule{{
			ApplyServerSideEncryptionByDefault: &s3types.ServerSideEncryptionByDefault{SSEAlgorithm: s3types.ServerSideEncryptionAwsKms},
		}}},
	})
	_, widened := sns.NewFromConfig(sdk).SetTopicAttributes(d.Context(), &sns.SetTopicAttributesInput{
		TopicArn: aws.String("arn:aws:sns:us-east-1:123456789012:data-enrichment-dev-alarms"), AttributeName: aws.String("Policy"), AttributeValue: aws.String(""),
	})
	return errors.Join(trusted, described, extended, attached, recoverable, opened, encrypted, widened)
}

// deadLetter is a record that failed.
func (d *deployer) deadLetter(sdk aws.Config) error {
	const shard, number = "shardId-000000000000", "49590338271490256608559692538361571095921575989136588898"
	_, err := s3.NewFromConfig(sdk, func(o *s3.Options) { o.UsePathStyle = true }).PutObject(d.Context(), &s3.PutObjectInput{
		Bucket: aws.String(deployerBucket), Key: aws.String("dead-letter/2026/11/25/05/" + shard + "-" + number + ".ndjson"),
		Body: strings.NewReader(`{"reason":"x","shard_id":"` + shard + `","sequence_number":"` + number + `","partition_key":"ada","data":"e30="}`),
	})
	return err
}

// clutter is what stands in the way of a destroy, and what gives it more to do.
func (d *deployer) clutter(sdk aws.Config) error {
	role := aws.String("data-enrichment-dev-us-east-1-role")
	bucket := aws.String(deployerBucket)
	objects := s3.NewFromConfig(sdk, func(o *s3.Options) { o.UsePathStyle = true })
	_, attached := iam.NewFromConfig(sdk).AttachRolePolicy(d.Context(), &iam.AttachRolePolicyInput{
		RoleName: role, PolicyArn: aws.String("arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"),
	})
	_, begun := objects.CreateMultipartUpload(d.Context(), &s3.CreateMultipartUploadInput{Bucket: bucket, Key: aws.String("enriched-data/begun")})
	_, locked := objects.PutBucketPolicy(d.Context(), &s3.PutBucketPolicyInput{Bucket: bucket, Policy: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:DeleteObjectVersion","Resource":"arn:aws:s3:::` + *bucket + `/*"}]}`)})
	status, confirmed := d.mails.follow(d.Context(), "ops@example.com")
	if status != http.StatusOK {
		d.Errorf("the link in the mail answers with %d", status)
	}
	return errors.Join(attached, begun, locked, confirmed)
}

// The document has wildcards only where AWS knows no resource or chooses its name.
func TestPolicyIsNarrow(t *testing.T) {
	d := newDeployer(t)
	_, parsed := d.policy()
	var wild []string
	for grant := range parsed.grants() {
		if strings.HasSuffix(grant.Action, "*") || strings.Contains(grant.Resource, "*") {
			wild = append(wild, grant.Action+" "+grant.Resource)
		}
	}
	slices.Sort(wild)
	const logs, mappings, objects = "arn:aws:logs:us-east-1:123456789012:log-group:", "arn:aws:lambda:us-east-1:123456789012:event-source-mapping:*", "arn:aws:s3:::" + deployerBucket + "/*"
	want := []string{
		"cloudwatch:DescribeAlarms *", "cloudwatch:GetMetricData *", "cloudwatch:PutCompositeAlarm *", "kinesis:DescribeLimits *", "kinesis:DisableEnhancedMonitoring *", "kinesis:EnableEnhancedMonitoring *", "kinesis:UpdateShardCount *",
		"kinesis:UpdateStreamMode *", "lambda:CreateEventSourceMapping *", "lambda:DeleteEventSourceMapping " + mappings,
		"lambda:GetEventSourceMapping " + mappings, "lambda:ListEventSourceMappings *", "lambda:ListTags " + mappings,
		"lambda:TagResource " + mappings, "lambda:UntagResource " + mappings, "lambda:UpdateEventSourceMapping " + mappings,
		"logs:CreateLogGroup " + logs + "/aws/lambda/data-enrichment-dev-function:*", "logs:DeleteLogGroup " + logs + "/aws/lambda/data-enrichment-dev-function:*",
		"logs:DescribeLogGroups " + logs + "*", "logs:FilterLogEvents " + logs + "/aws/lambda/data-enrichment-dev-function:*",
		"logs:PutRetentionPolicy " + logs + "/aws/lambda/data-enrichment-dev-function:*",
		"logs:TagResource " + logs + "/aws/lambda/data-enrichment-dev-function:*",
		"s3:AbortMultipartUpload " + objects, "s3:DeleteObject " + objects, "s3:DeleteObjectVersion " + objects, "s3:GetObject " + objects,
		"s3:PutObject " + objects, "tag:GetResources *",
	}
	slices.Sort(want)
	same(t, "wildcards", want, wild)
}
