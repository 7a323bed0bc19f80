package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"

	"enrich/config"
	"enrich/engine"
	"enrich/pipeline"
	"enrich/state"
)

// A table that somebody protected by hand stops a destroy before anything goes,
// in every environment.
func TestDestroyRefusesProtectedTables(t *testing.T) {
	p, err := pipeline.New(config.Default("dev"), pipeline.Identity{
		Name: "data-enrichment", Environment: "dev", Partition: "aws", Account: "123456789012", Region: "us-east-1",
	}, aws.Config{}, pipeline.Code{})
	if err != nil {
		t.Fatal(err)
	}
	var found []engine.Inspection
	for _, r := range p.Resources() {
		observed := &engine.Observed{}
		if r.Kind() == "lookup table" {
			observed.Spec = pipeline.LookupTable{DeletionProtection: true}
		}
		found = append(found, engine.Inspection{Resource: r, Observed: observed})
	}
	found = append(found, engine.Inspection{Resource: found[0].Resource}) // could not be read
	s := &session{pipeline: p}
	err = refuseProtected(s, found)
	if err == nil || !strings.Contains(err.Error(), "data-enrichment-dev-users is protected") {
		t.Errorf("got %v", err)
	}
	p.Force = true
	if err := refuseProtected(s, found); err != nil {
		t.Errorf("with --force: %v", err)
	}
}

// What cannot be deleted keeps nothing else: everything that failed is told, and
// the record has it for the next run.
func TestDestroyCollectsFailures(t *testing.T) {
	withoutAccount(t)
	a := newAccount(t)
	empty := takeInventory(t, a.endpoint)
	a.well(t, "deploy")
	open := a.next
	a.next = denied{[]string{"DeleteTable", "DeleteStream", "DeleteLogGroup"}, open}
	code, told := a.enrich(t.Context(), "destroy", "--yes")
	if code != exitFailed {
		t.Errorf("exits with %d", code)
	}
	for _, text := range []string{
		"not everything is gone: still there: ", "data stream (data-enrichment-dev-stream)",
		"deleting lookup table (data-enrichment-dev-users): ", "deleting log group (/aws/lambda/data-enrichment-dev-function): ", "perform DeleteStream",
		"3 recorded resources are not deleted yet; run enrich destroy again",
	} {
		if !strings.Contains(told, text) {
			t.Errorf("not told: %s\n%s", text, told)
		}
	}
	same(t, "record", map[state.Phase]int{state.Deleting: 3}, a.recorded(t))
	a.next = open
	a.well(t, "destroy", "--yes")
	same(t, "after destroy", empty, takeInventory(t, a.endpoint))
}

// A bucket that cannot be emptied keeps its policy, and one that somebody else has
// given it is only taken away by force.
func TestDestroyKeepsTheBucketsPolicy(t *testing.T) {
	d := newDeployer(t)
	d.refusals = true
	d.well("deploy")
	bucket, storage := aws.String(deployerBucket), s3.NewFromConfig(elsewhere(t, d.endpoint), func(o *s3.Options) { o.UsePathStyle = true })
	if _, err := storage.PutObject(t.Context(), &s3.PutObjectInput{Bucket: bucket, Key: aws.String("enriched-data/x"), Body: strings.NewReader("x")}); err != nil {
		t.Fatal(err)
	}
	refused := func(policy, why string, words ...string) {
		t.Helper()
		if code, _, told := d.enrich(append([]string{"destroy", "--yes"}, words...)...); code != exitFailed || !strings.Contains(told, why) {
			t.Errorf("exits with %d: %s", code, told)
		}
		d.hold("")
		if answer, err := storage.GetBucketPolicy(t.Context(), &s3.GetBucketPolicyInput{Bucket: bucket}); err != nil || !strings.Contains(*answer.Policy, policy) {
			t.Errorf("the policy afterwards: %v, %v", answer, err)
		}
	}
	d.hold(d.lacking("s3:DeleteObjectVersion"))
	refused("RefuseWithoutTLS", "AccessDenied")
	if _, err := storage.PutBucketPolicy(t.Context(), &s3.PutBucketPolicyInput{Bucket: bucket, Policy: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Sid":"Hold","Effect":"Deny","Principal":"*","Action":"s3:DeleteObjectVersion","Resource":"arn:aws:s3:::` + *bucket + `/*"}]}`)}); err != nil {
		t.Fatal(err)
	}
	refused("Hold", "only enrich destroy --force takes it away")
	d.hold(d.lacking("s3:DeleteObjectVersion"))
	refused("Hold", "AccessDenied", "--force")
	d.well("destroy", "--yes", "--force")
}

// returning has something that was deleted come back by itself, once.
type returning struct {
	operation string // that deletes it
	next      http.Handler
	again     func()
}

func (r *returning) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	if !strings.HasSuffix(request.Header.Get("X-Amz-Target"), "."+r.operation) || r.again == nil {
		r.next.ServeHTTP(w, request)
		return
	}
	answer := httptest.NewRecorder()
	r.next.ServeHTTP(answer, request)
	r.again()
	r.again = nil
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes()) // to a program that waits
}

// A log group into which the function's last invocation writes late is back after
// its deletion, without our tags. It does not stay.
func TestDestroyTakesTheLogGroupAgain(t *testing.T) {
	withoutAccount(t)
	a := newAccount(t)
	empty := takeInventory(t, a.endpoint)
	a.well(t, "deploy")
	back := false
	a.next = &returning{operation: "DeleteLogGroup", next: a.next, again: func() {
		createLogGroup(t, a.endpoint, "/aws/lambda/data-enrichment-dev-function")
		back = true
	}}
	a.well(t, "destroy", "--yes")
	if diff := cmp.Diff(empty, takeInventory(t, a.endpoint)); diff != "" || !back {
		t.Errorf("came back: %v; left:\n%s", back, diff)
	}
}

func createLogGroup(t *testing.T, endpoint, name string) {
	t.Helper()
	client := cloudwatchlogs.NewFromConfig(elsewhere(t, endpoint))
	if _, err := client.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &name}); err != nil {
		t.Error(err)
	}
}
