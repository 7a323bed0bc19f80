package main

import (
	"encoding/json"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// lost is what test-event tells of an event that does not arrive.
type lost struct {
	Code, Message, Hint string
	Details             struct {
		Hop, Cause, Why, Key string
		Log                  []string
	}
}

// losing deploys a pipeline, breaks it and sends an event that does not arrive.
func losing(t *testing.T, configuration string, disturb func(*deployer), timeout string) lost {
	t.Helper()
	d := newDeployer(t)
	architecture := "x86_64"
	if runtime.GOARCH == "arm64" {
		architecture = "arm64" // the function runs on this machine
	}
	settings := d.file("enrich.yaml", "stream: {shards: 1}\nfunction: {architecture: "+architecture+"}\nmapping: {batching_window_seconds: 0}\n"+configuration)
	d.well("deploy", "-c", settings)
	disturb(d)
	code, out, told := d.enrich("test-event", "-c", settings, "--timeout", timeout, "-o", "json")
	var document struct{ Error lost }
	if err := json.Unmarshal([]byte(out), &document); err != nil || code != exitFailed {
		t.Fatalf("exits with %d, %v:\n%s%s", code, err, out, told)
	}
	return document.Error
}

// withoutRole takes a permission from the function's role.
func withoutRole(action string) func(*deployer) {
	return func(d *deployer) {
		d.Helper()
		client, role, name := iam.NewFromConfig(elsewhere(d.T, d.endpoint)), aws.String("data-enrichment-dev-us-east-1-role"), aws.String("pipeline")
		now, err := client.GetRolePolicy(d.Context(), &iam.GetRolePolicyInput{RoleName: role, PolicyName: name})
		if err != nil {
			d.Fatal(err)
		}
		document, err := url.QueryUnescape(*now.PolicyDocument)
		if err != nil || !strings.Contains(document, `"`+action+`"`) {
			d.Fatalf("%v: %s", err, document)
		}
		document = strings.ReplaceAll(document, `"`+action+`"`, `"sts:GetCallerIdentity"`)
		if _, err := client.PutRolePolicy(d.Context(), &iam.PutRolePolicyInput{RoleName: role, PolicyName: name, PolicyDocument: &document}); err != nil {
			d.Fatal(err)
		}
	}
}

// mapping waits until the event source mapping is as it shall be.
func (d *deployer) mapping(is func([]lambdatypes.EventSourceMappingConfiguration) bool) {
	d.Helper()
	client := awslambda.NewFromConfig(elsewhere(d.T, d.endpoint))
	for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		now, err := client.ListEventSourceMappings(d.Context(), &awslambda.ListEventSourceMappingsInput{})
		if err != nil {
			d.Fatal(err)
		}
		if is(now.EventSourceMappings) {
			return
		}
		if time.Now().After(end) {
			d.Fatalf("the mapping does not become so: %+v", now.EventSourceMappings)
		}
	}
}

// troubled sends an event before and waits until the mapping tells of its trouble.
func (d *deployer) troubled(problem string) {
	d.Helper()
	d.well("test-event", "--no-wait")
	d.mapping(func(all []lambdatypes.EventSourceMappingConfiguration) bool {
		return strings.Contains(aws.ToString(all[0].LastProcessingResult), problem)
	})
}

// update changes the mapping by hand.
func (d *deployer) update(change func(*awslambda.Client, *string) error) {
	d.Helper()
	client := awslambda.NewFromConfig(elsewhere(d.T, d.endpoint))
	d.mapping(func(all []lambdatypes.EventSourceMappingConfiguration) bool {
		if err := change(client, all[0].UUID); err != nil {
			d.Fatal(err)
		}
		return true
	})
}

func TestEventNamesTheHopThatFailed(t *testing.T) {
	for name, test := range map[string]struct {
		configuration string
		disturb       func(*deployer)
		timeout       string
		want          lost
	}{
		"the mapping is disabled": {timeout: "100ms", disturb: func(d *deployer) {
			d.update(func(client *awslambda.Client, uuid *string) error {
				_, err := client.UpdateEventSourceMapping(d.Context(), &awslambda.UpdateEventSourceMappingInput{UUID: uuid, Enabled: aws.Bool(false)})
				return err
			})
			d.mapping(func(all []lambdatypes.EventSourceMappingConfiguration) bool { return *all[0].State == "Disabled" })
		}, want: silent("Timeout", hopPickedUp, "MappingDisabled", "the event source mapping is Disabled")},
		"the mapping is gone": {timeout: "100ms", disturb: func(d *deployer) {
			d.update(func(client *awslambda.Client, uuid *string) error {
				_, err := client.DeleteEventSourceMapping(d.Context(), &awslambda.DeleteEventSourceMappingInput{UUID: uuid})
				return err
			})
			d.mapping(func(all []lambdatypes.EventSourceMappingConfiguration) bool { return len(all) == 0 })
		}, want: silent("Timeout", hopPickedUp, "MappingMissing", "there is no event source mapping")},
		"the mapping may not read the stream": {timeout: "100ms", disturb: func(d *deployer) {
			withoutRole("kinesis:GetRecords")(d)
			d.troubled("PROBLEM")
		}, want: silent("Timeout", hopPickedUp, "MappingProblem", "PROBLEM: ")},
		"the function may not read the table": {timeout: "100ms", disturb: func(d *deployer) {
			withoutRole("dynamodb:BatchGetItem")(d)
			d.troubled(callFailed)
		}, want: silent("Timeout", hopEnriched, "AccessDenied", "the function fails", "BatchGetItem")},
		"the batch is given up": {
			timeout: "1m",
			disturb: func(d *deployer) {
				d.update(func(client *awslambda.Client, uuid *string) error {
					_, err := client.UpdateEventSourceMapping(d.Context(), &awslambda.UpdateEventSourceMappingInput{UUID: uuid, MaximumRetryAttempts: aws.Int32(0)})
					return err
				})
				d.mapping(func(all []lambdatypes.EventSourceMappingConfiguration) bool { return *all[0].State == "Enabled" })
				withoutRole("dynamodb:BatchGetItem")(d)
			},
			want: silent("Discarded", hopEnriched, "Discarded", "Lambda gave it up after 1 invocation: RetryAttemptsExhausted", "BatchGetItem"),
		},
		"the event is refused": {
			configuration: "lookups:\n  - {name: users, key: user_id, prefix: user_, fields: [name], missing: dead-letter}\n", timeout: "1m",
			disturb: func(*deployer) {}, want: silent("DeadLetter", hopEnriched, "DeadLetter", "users"),
		},
		"the caller may not put": {timeout: "1m", disturb: func(d *deployer) { d.denying("kinesis:PutRecord") },
			want: silent("AccessDeniedException", hopPut, "", "")},
		"the caller may not look": {timeout: "1m", disturb: func(d *deployer) { d.denying("s3:ListBucket") },
			want: silent("AccessDenied", hopStored, "Unreadable", "ListBucket")},
	} {
		t.Run(name, func(t *testing.T) {
			got := losing(t, test.configuration, test.disturb, test.timeout)
			if got.Code != test.want.Code || got.Details.Hop != test.want.Details.Hop || got.Details.Cause != test.want.Details.Cause ||
				!strings.Contains(got.Details.Why, test.want.Details.Why) {
				t.Errorf("got %+v", got)
			}
			for _, text := range test.want.Details.Log {
				if !slices.ContainsFunc(got.Details.Log, func(line string) bool { return strings.Contains(line, text) }) {
					t.Errorf("the log's lines are %q", got.Details.Log)
				}
			}
		})
	}
}

func silent(code, hop, cause, why string, log ...string) lost {
	l := lost{Code: code}
	l.Details.Hop, l.Details.Cause, l.Details.Why, l.Details.Log = hop, cause, why, log
	return l
}

// denying lets the caller do everything but one thing.
func (d *deployer) denying(action string) {
	d.Helper()
	d.refusals = true
	d.hold(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"` + action + `","Resource":"*"}]}`)
}
