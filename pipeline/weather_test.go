package pipeline

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"enrich/config"
	"enrich/engine"
)

// weather stands between the SDK and the endpoint and answers some of the calls
// as AWS does on a bad day.
type weather struct {
	fair  aws.HTTPClient
	mutex sync.Mutex
	spell []*spell
}

// spell is one kind of trouble.
type spell struct {
	call   string // a part of "METHOD path target"
	times  int    // how often
	status int    // answered at once; 0: the endpoint is asked
	code   string // of the error
	body   string // of the answer given at once
	kind   string // content type; default JSON
	from   string // what to replace in the endpoint's answer
	to     string
	seen   int
}

func (w *weather) Do(request *http.Request) (*http.Response, error) {
	s := w.next(request)
	if s != nil && s.status != 0 {
		kind := s.kind
		if kind == "" {
			kind = "application/x-amz-json-1.1"
		}
		return &http.Response{
			StatusCode: s.status, Request: request, Body: io.NopCloser(strings.NewReader(s.body)),
			Header: http.Header{"Content-Type": {kind}, "X-Amzn-Errortype": {s.code}},
		}, nil
	}
	response, err := w.fair.Do(request)
	if err != nil || s == nil {
		return response, err
	}
	body, err := io.ReadAll(response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return nil, err
	}
	body = bytes.ReplaceAll(body, []byte(s.from), []byte(s.to))
	response.Body, response.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	response.Header.Del("X-Amz-Crc32")
	return response, nil
}

func (w *weather) next(request *http.Request) *spell {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	call := request.Method + " " + request.URL.Path + " " + request.Header.Get("X-Amz-Target")
	for _, s := range w.spell {
		if strings.Contains(call, s.call) && s.seen < s.times {
			s.seen++
			return s
		}
	}
	return nil
}

// overcast is a cloud of which nothing but the weather answers.
func overcast(w *weather) cloud {
	return cloud{
		sdk: aws.Config{
			Region: "us-east-1", HTTPClient: w, Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		},
		id: Identity{Name: "orders", Environment: "dev", Partition: "aws", Account: anyAccount, Region: "us-east-1"},
	}
}

func (c cloud) under(w *weather) cloud {
	w.fair, c.sdk.HTTPClient = c.sdk.HTTPClient, w
	return c
}

// What is not ready, or refused for the moment, is waited for, and the wait is
// told.
func TestWaitsWithAWS(t *testing.T) {
	refusal := func(call, code, message string) *spell {
		return &spell{call: call, times: 2, status: 400, code: code, body: `{"message":"` + message + `","Type":"User"}`}
	}
	tests := []struct {
		name, environment, key string
		spells                 []*spell
		told                   string
	}{
		{"stream creating", "dev", keyStream, []*spell{
			{call: "DescribeStreamSummary", times: 2, from: `ACTIVE`, to: `CREATING`},
		}, "waiting for ACTIVE"},
		{"stream not known yet", "dev", keyStream, []*spell{
			refusal("DescribeStreamSummary", "ResourceNotFoundException", "Stream not found"),
		}, "waiting for ACTIVE"},
		{"stream of the same name on its way out", "dev", keyStream, []*spell{
			{call: "CreateStream", times: 1, status: 400, code: "ResourceInUseException", body: `{"message":"in use"}`},
			{call: "DescribeStreamSummary", times: 3, status: 200, body: `{"StreamDescriptionSummary":{"StreamStatus":"DELETING"}}`},
		}, "waiting until it is gone"},
		{"table creating", "dev", tableKey("users"), []*spell{
			{call: "DescribeTable", times: 2, from: `ACTIVE`, to: `CREATING`},
		}, "waiting for ACTIVE"},
		{"table of the same name on its way out", "dev", tableKey("users"), []*spell{
			{call: "CreateTable", times: 1, status: 400, code: "ResourceInUseException", body: `{"message":"in use"}`},
			{call: "DescribeTable", times: 3, status: 200, body: `{"Table":{"TableStatus":"DELETING"}}`},
		}, "waiting until it is gone"},
		{"recovery not available yet", "prod", tableKey("users"), []*spell{
			refusal("UpdateContinuousBackups", "ContinuousBackupsUnavailableException", "Backups are being enabled"),
		}, "waiting for point-in-time recovery to become available"},
		{"role not assumable", "dev", keyFunction, []*spell{
			refusal("POST /2015-03-31/functions", "InvalidParameterValueException", "The role defined for the function cannot be assumed by Lambda."),
		}, "waiting for the role to become assumable"},
		{"function pending", "dev", keyFunction, []*spell{
			{call: "/configuration", times: 2, from: `"Active"`, to: `"Pending"`},
		}, "waiting for Active"},
		{"permissions not spread", "dev", keyMapping, []*spell{
			refusal("POST /2015-03-31/event-source-mappings", "InvalidParameterValueException",
				"Cannot access stream arn:aws:kinesis:us-east-1:000000000000:stream/orders-dev-stream. Please ensure the role can perform the GetRecords, GetShardIterator, DescribeStream, and ListStreams Actions on your stream in IAM."),
		}, "waiting for the role's permissions to spread"},
		{"mapping creating", "dev", keyMapping, []*spell{
			{call: "GET /2015-03-31/event-source-mappings/", times: 3, from: `"Enabled"`, to: `"Creating"`},
		}, "waiting for Enabled"},
		{"KMS does not know the role", "dev", keyFunction, []*spell{
			refusal("POST /2015-03-31/functions", "InvalidParameterValueException",
				"Lambda was unable to configure access to your environment variables because the KMS key is invalid for CreateGrant. Please check your KMS key settings. KMS Exception: InvalidArnException KMS Message: ARN does not refer to a valid principal: arn:aws:iam::000000000000:role/orders-dev-us-east-1-role"),
		}, "waiting for the role to become assumable"},
		{"stream read from a replica that lags behind", "dev", keyStream, []*spell{
			refusal("StartStreamEncryption", "ResourceInUseException", "Stream orders-dev-stream under account 000000000000 not ACTIVE, instead in state UPDATING"),
		}, "waiting for another change"},
		{"log group of the same name on its way out", "dev", keyLogGroup, []*spell{
			refusal("CreateLogGroup", "OperationAbortedException", "A conflicting operation is currently in progress against this resource. Please try again."),
			refusal("PutRetentionPolicy", "OperationAbortedException", "A conflicting operation is currently in progress against this resource. Please try again."),
		}, "waiting for another operation on the log group"},
		{"bucket busy", "dev", keyBucket, []*spell{
			{call: "PUT /", times: 2, status: 409, kind: "application/xml",
				body: `<Error><Code>OperationAborted</Code><Message>A conflicting conditional operation is currently in progress against this resource. Please try again.</Message></Error>`},
		}, "waiting for another operation on the bucket"},
	}
	fair := newCloud(t)
	for i, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := &weather{}
			c := fair.under(w)
			c.id.Name, c.id.Environment = fmt.Sprintf("orders%d", i), test.environment
			p := c.pipeline(t)
			p.Force = true
			resource := pick(t, p, test.key)
			for _, need := range resource.DependsOn() {
				deployed(t, p, need)
			}
			w.spell = test.spells
			told := &notes{}
			if err := resource.Create(t.Context(), told); err != nil {
				t.Fatal(err)
			}
			for _, s := range test.spells {
				if s.seen != s.times {
					t.Errorf("%s: went through %d of %d", s.call, s.seen, s.times)
				}
			}
			if !slices.Contains(told.statuses, test.told) {
				t.Errorf("told %q, want %q", told.statuses, test.told)
			}
			same(t, resource)
			if err := resource.Delete(t.Context(), &notes{}); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// What is on its way out is told as such, so that a creation waits for it.
func TestOnItsWayOut(t *testing.T) {
	w := &weather{}
	c := newCloud(t).under(w)
	p := c.pipeline(t)
	for key, s := range map[string]*spell{
		keyStream:         {call: "DescribeStreamSummary", times: 1, from: `ACTIVE`, to: `DELETING`},
		tableKey("users"): {call: "DescribeTable", times: 1, from: `ACTIVE`, to: `DELETING`},
		keyMapping:        {call: "GET /2015-03-31/event-source-mappings", times: 1, from: `"Enabled"`, to: `"Deleting"`},
	} {
		resource := deployed(t, p, key)
		w.spell = []*spell{s}
		if observed := read(t, resource); !observed.Deleting || !observed.Transient || s.seen != 1 {
			t.Errorf("%s: %+v", key, observed)
		}
	}
}

// A mapping that cannot do its work says so in its last result, where an endpoint
// has one.
func TestMappingWithAProblem(t *testing.T) {
	w := &weather{}
	c := newCloud(t).under(w)
	mapping := deployed(t, c.pipeline(t), keyMapping)
	w.spell = []*spell{{
		call: "GET /2015-03-31/event-source-mappings", times: 1, from: "No records processed", to: "PROBLEM: Function call failed",
	}}
	if observed := read(t, mapping); c.emulated && observed.Unhealthy != "PROBLEM: Function call failed" {
		t.Errorf("%+v", observed)
	}
}

// Lambda refuses a second mapping of one stream to one function: the first one,
// whose creation was not heard of, is taken over.
func TestMappingIsAdopted(t *testing.T) {
	w := &weather{}
	c := newCloud(t).under(w)
	p := c.pipeline(t)
	mapping := deployed(t, p, keyMapping)
	id := read(t, mapping).ID

	told := &notes{}
	if err := mapping.Create(t.Context(), told); err != nil || told.id != id {
		t.Errorf("identified %s, want %s: %v", told.id, id, err)
	}
	// The list lags behind.
	w.spell = []*spell{
		{call: "GET /2015-03-31/event-source-mappings ", times: 1, status: 200, body: `{"EventSourceMappings":[]}`},
		{call: "POST /2015-03-31/event-source-mappings", times: 1, status: 409, code: "ResourceConflictException",
			body: `{"Type":"User","message":"The event source arn (\" arn:x \") and function (\" f \") provided mapping already exists. Please update or delete the existing mapping with UUID ` + id + `"}`},
	}
	told = &notes{}
	if err := mapping.Create(t.Context(), told); err != nil || told.id != id {
		t.Errorf("identified %s, want %s: %v", told.id, id, err)
	}
	same(t, mapping)
}

// A table is changed and deleted as soon as it may be, whatever older state a
// read has shown.
func TestTableInUse(t *testing.T) {
	w := &weather{}
	c := newCloud(t).under(w)
	table := deployed(t, c.pipeline(t), tableKey("users"))
	busy := func(call string) *spell {
		return &spell{call: call, times: 2, status: 400, code: "ResourceInUseException", body: `{"message":"Attempt to change a resource which is still in use: Table is being updated"}`}
	}
	w.spell = []*spell{busy("UpdateTable"), busy("DeleteTable")}
	wanted := pick(t, c.pipeline(t, func(c *config.Config) { c.Table = config.Table{Mode: provisioned, Read: 2, Write: 2} }), tableKey("users"))
	observed := read(t, wanted)
	if err := wanted.Update(t.Context(), observed, wanted.Diff(observed), &notes{}); err != nil {
		t.Fatal(err)
	}
	if err := table.Delete(t.Context(), &notes{}); err != nil {
		t.Fatal(err)
	}
	absent(t, table)
	for _, s := range w.spell {
		if s.seen != s.times {
			t.Errorf("%s: refused %d times", s.call, s.seen)
		}
	}
}

// IAM may not have heard that the policies are gone.
func TestRoleWithPoliciesThatLinger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answer := func(times, status int, body string) *spell {
			return &spell{call: "POST", times: times, status: status, kind: "text/xml", body: body}
		}
		w := &weather{spell: []*spell{
			answer(1, 200, `<ListRolePoliciesResponse><ListRolePoliciesResult><PolicyNames/></ListRolePoliciesResult></ListRolePoliciesResponse>`),
			answer(1, 200, `<ListAttachedRolePoliciesResponse><ListAttachedRolePoliciesResult><AttachedPolicies/></ListAttachedRolePoliciesResult></ListAttachedRolePoliciesResponse>`),
			answer(2, 409, `<ErrorResponse><Error><Code>DeleteConflict</Code><Message>Cannot delete entity, must delete policies first.</Message></Error></ErrorResponse>`),
			answer(1, 200, `<DeleteRoleResponse/>`),
		}}
		if err := pick(t, overcast(w).pipeline(t), keyRole).Delete(t.Context(), &notes{}); err != nil || w.spell[3].seen != 1 {
			t.Errorf("%v after %d refusals", err, w.spell[2].seen)
		}
	})
}

// A function whose tags the caller may not see is not taken for somebody else's.
func TestFunctionWithHiddenTags(t *testing.T) {
	w := &weather{}
	c := newCloud(t).under(w)
	function := deployed(t, c.pipeline(t), keyFunction)
	w.spell = []*spell{{call: "GET /2015-03-31/functions/", times: 1, from: `"Tags":{`,
		to: `"TagsError":{"ErrorCode":"AccessDeniedException","Message":"not authorized to perform: lambda:ListTags"},"Tags0":{`}}
	if _, err := function.Read(t.Context()); !hasCode(err, "AccessDeniedException") || !strings.Contains(err.Error(), "lambda:ListTags") {
		t.Error(err)
	}
}

// A mapping that is in use is deleted as soon as it may be.
func TestMappingInUse(t *testing.T) {
	w := &weather{}
	c := newCloud(t).under(w)
	p := c.pipeline(t)
	mapping := deployed(t, p, keyMapping)
	busy := &spell{call: "DELETE /2015-03-31/event-source-mappings", times: 2, status: 400, code: "ResourceInUseException",
		body: `{"Type":"User","Message":"Cannot delete the event source mapping because it is in use."}`}
	w.spell = []*spell{busy}
	if err := mapping.Delete(t.Context(), &notes{}); err != nil || busy.seen != 2 {
		t.Errorf("%v after %d refusals", err, busy.seen)
	}
	absent(t, mapping)
}

// An endpoint that lacks an operation and says so in HTML is not asked again.
func TestHTMLIsNotRepeated(t *testing.T) {
	w := &weather{}
	c := newCloud(t).under(w)
	page := &spell{call: "DescribeStreamSummary", times: 100, status: 500, kind: "text/html; charset=utf-8", body: "<!doctype html><title>500</title>"}
	w.spell = []*spell{page}
	_, err := pick(t, c.pipeline(t), keyStream).Read(t.Context())
	if err == nil || errors.Is(err, engine.ErrNotFound) || page.seen != 1 {
		t.Errorf("%v after %d calls", err, page.seen)
	}
}

// A bucket of another account is not ours to touch.
func TestBucketOfAnotherAccount(t *testing.T) {
	w := &weather{}
	c := newCloud(t).under(w)
	w.spell = []*spell{{call: "HEAD /orders-dev", times: 100, status: 403}}
	bucket := pick(t, c.pipeline(t), keyBucket)
	for what, err := range map[string]error{
		"read":   second(bucket.Read(t.Context())),
		"create": bucket.Create(t.Context(), &notes{}),
		"delete": bucket.Delete(t.Context(), &notes{}),
	} {
		if err == nil || !strings.Contains(err.Error(), "another account") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func second(_ *engine.Observed, err error) error { return err }
