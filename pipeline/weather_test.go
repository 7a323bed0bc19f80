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

// What only services behind the ones we call refuse for the moment is waited for
// too, and the wait is told.
func TestWaitsBehindTheScenes(t *testing.T) {
	refusal := func(call, code, message string) *spell {
		return &spell{call: call, times: 2, status: 400, code: code, body: `{"message":"` + message + `","Type":"User"}`}
	}
	tests := []struct {
		name, environment, key string
		spells                 []*spell
		told                   string
	}{
		{"recovery not available yet", "prod", tableKey("users"), []*spell{
			refusal("UpdateContinuousBackups", "ContinuousBackupsUnavailableException", "Backups are being enabled"),
		}, "waiting for point-in-time recovery to become available"},
		{"KMS does not know the role", "dev", keyFunction, []*spell{
			refusal("POST /2015-03-31/functions", "InvalidParameterValueException",
				"Lambda was unable to configure access to your environment variables because the KMS key is invalid for CreateGrant. Please check your KMS key settings. KMS Exception: InvalidArnException KMS Message: ARN does not refer to a valid principal: arn:aws:iam::000000000000:role/orders-dev-us-east-1-role"),
		}, "waiting for the role to become assumable"},
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
