package pipeline

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"enrich/config"
	"enrich/emulator"
	"enrich/engine"
	"enrich/state"
)

// lag is long enough for the first look to come too early, on a busy machine too.
const lag = time.Second

// together runs tests at the same time, more than there are processors: they wait.
func together[T any](t *testing.T, tests []T, name func(T) string, run func(*testing.T, T)) {
	t.Helper()
	var group sync.WaitGroup
	for _, test := range tests {
		group.Go(func() { t.Run(name(test), func(t *testing.T) { run(t, test) }) })
	}
	group.Wait()
}

// site is one pipeline with its record, and what its resources told.
type site struct {
	cloud
	t     *testing.T
	store *state.Store
	mutex sync.Mutex
	told  []string // "key: text"
}

func newSite(t *testing.T, c cloud) *site {
	t.Helper()
	store, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "orders.json"), state.Binding{
		Name: c.id.Name, Environment: c.id.Environment, Account: c.id.Account, Region: c.id.Region, Endpoint: *c.sdk.BaseEndpoint,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return &site{cloud: c, t: t, store: store}
}

func (s *site) engine(p *Pipeline) *engine.Engine {
	return &engine.Engine{Resources: p.Resources(), Record: s.store, Owns: p.Owns, Observe: func(e engine.Event) {
		s.mutex.Lock()
		defer s.mutex.Unlock()
		if e.Phase == engine.Waiting {
			s.told = append(s.told, e.Key+": "+e.Detail)
		}
	}}
}

// deploy gives the actions that it took; every resource is then as it shall be.
func (s *site) deploy(p *Pipeline) map[engine.Action]int {
	s.t.Helper()
	e := s.engine(p)
	plan, err := e.Plan(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := e.Apply(s.t.Context(), plan); err != nil {
		s.t.Fatal(err)
	}
	return plan.Counts()
}

func (s *site) destroy(p *Pipeline) {
	s.t.Helper()
	if _, err := s.engine(p).Destroy(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	for _, r := range p.Resources() {
		absent(s.t, r)
	}
}

// heard expects to have been told all of these since the last time.
func (s *site) heard(wanted ...string) {
	s.t.Helper()
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, text := range wanted {
		if !slices.Contains(s.told, text) {
			s.t.Errorf("did not tell %q, but %q", text, slices.Compact(s.told))
		}
	}
	s.told = nil
}

// Whatever AWS takes its time with, the pipeline is deployed, changed and taken
// away in one go each, and what is waited for is told.
func TestWaitsWithAWS(t *testing.T) {
	type spell struct {
		name                       string
		readiness                  emulator.Readiness
		deployed, changed, deleted []string
	}
	tests := []spell{
		{"role", emulator.Readiness{Role: 4 * lag}, []string{keyFunction + ": waiting for the role to become assumable"}, nil, nil},
		{"policy", emulator.Readiness{Policy: 4 * lag}, []string{keyMapping + ": waiting for the role's permissions to spread"},
			nil, []string{keyRole + ": waiting until the role may be deleted"}},
		{"stream", emulator.Readiness{Stream: lag}, []string{keyStream + ": waiting for ACTIVE"},
			[]string{keyStream + ": waiting for ACTIVE"}, []string{keyStream + ": waiting until it is gone"}},
		{"table", emulator.Readiness{Table: lag}, []string{tableKey("users") + ": waiting for ACTIVE"},
			[]string{tableKey("users") + ": waiting for ACTIVE"}, []string{tableKey("users") + ": waiting until it is gone"}},
		{"function", emulator.Readiness{Function: lag}, []string{keyFunction + ": waiting for Active"},
			[]string{keyFunction + ": waiting for Active"}, nil},
		{"mapping", emulator.Readiness{Mapping: lag}, []string{keyMapping + ": waiting for Enabled"},
			[]string{keyMapping + ": waiting for Enabled"}, []string{keyMapping + ": waiting until it is gone"}},
		{"reads that miss", emulator.Readiness{Visible: lag}, []string{
			keyStream + ": waiting for ACTIVE", tableKey("users") + ": waiting for ACTIVE", keyFunction + ": waiting for Active", keyMapping + ": waiting for Enabled",
			keyRole + ": waiting for the new role", keyBucket + ": waiting for another operation on the bucket", keyLogGroup + ": waiting for the new log group",
		}, nil, nil},
		{"conflicts", emulator.Readiness{Busy: lag}, []string{
			keyBucket + ": waiting for another operation on the bucket", keyLogGroup + ": waiting for another operation on the log group",
		}, nil, nil},
		{"everything", emulator.Readiness{
			Role: lag, Policy: 2 * lag, Stream: lag, Table: lag, Function: lag, Mapping: lag, Visible: lag / 4, Busy: lag / 2,
		}, nil, nil, nil},
	}
	together(t, tests, func(s spell) string { return s.name }, func(t *testing.T, test spell) {
		c, server := newEmulated(t)
		if err := server.SetReadiness(test.readiness); err != nil {
			t.Fatal(err)
		}
		s, first, second := newSite(t, c), c.pipeline(t), c.pipeline(t, func(c *config.Config) {
			c.Stream.RetentionHours, c.Function.Memory, c.Mapping.BatchSize = 48, 512, 500
			c.Table, c.Tags = config.Table{Mode: provisioned, Read: 1, Write: 1}, map[string]string{"team": "web"}
		})
		second.code = archive(t, "#!/bin/sh\nexit 0\n") // so that code and configuration change
		all := len(first.Resources())
		if counts := s.deploy(first); counts[engine.Create] != all {
			t.Errorf("deploy: %v", counts)
		}
		s.heard(test.deployed...)
		time.Sleep(test.readiness.Visible) // a plan cannot know better than AWS
		for _, p := range []*Pipeline{first, second} {
			s.deploy(p)
			for _, r := range p.Resources() {
				same(t, r)
			}
		}
		s.heard(test.changed...)
		if counts := s.deploy(second); counts[engine.None] != all {
			t.Errorf("again: %v", counts)
		}
		s.destroy(second)
		s.heard(test.deleted...)
	})
}

// lastCall ends a program's life with a call: it takes effect, and that is not
// heard of.
type lastCall struct {
	aws.HTTPClient
	call string // a part of "METHOD path target action"
	die  context.CancelFunc
}

func (l *lastCall) Do(request *http.Request) (*http.Response, error) {
	name := request.Method + " " + request.URL.Path + " " + request.Header.Get("X-Amz-Target")
	if request.Body != nil {
		content, err := io.ReadAll(request.Body)
		if err != nil {
			return nil, err
		}
		request.Body = io.NopCloser(bytes.NewReader(content))
		name += " " + string(content)
	}
	response, err := l.HTTPClient.Do(request)
	if err == nil && strings.Contains(name, l.call) {
		l.die()
		return nil, errors.Join(context.Canceled, response.Body.Close())
	}
	return response, err
}

// What a killed run created a moment ago does not show yet: the next run goes on
// with it all the same.
func TestCreatedButNotSeen(t *testing.T) {
	type death struct{ key, call, region string }
	tests := []death{
		{keyRole, "Action=CreateRole", "us-east-1"},
		{keyStream, ".CreateStream", "us-east-1"},
		{tableKey("users"), ".CreateTable", "us-east-1"},
		{keyBucket, "PUT /orders-dev-", "us-east-1"},
		{keyBucket, "PUT /orders-dev-", "eu-west-1"}, // there S3 says BucketAlreadyOwnedByYou
		{keyLogGroup, ".CreateLogGroup", "us-east-1"},
		{keyFunction, "POST /2015-03-31/functions", "us-east-1"},
		{keyMapping, "POST /2015-03-31/event-source-mappings", "us-east-1"},
		{keyDashboard, "Action=PutDashboard", "us-east-1"},
		{alarmKey(alarmIteratorAge), "Action=PutMetricAlarm", "us-east-1"},
	}
	together(t, tests, func(d death) string { return d.key + " in " + d.region }, func(t *testing.T, test death) {
		c, server := newEmulated(t)
		c.sdk.Region, c.id.Region = test.region, test.region
		p := c.pipeline(t)
		resource := pick(t, p, test.key)
		for _, need := range resource.DependsOn() {
			deployed(t, p, need)
		}
		if err := server.SetReadiness(emulator.Readiness{Visible: lag}); err != nil {
			t.Fatal(err)
		}
		ctx, die := context.WithCancel(t.Context())
		killed := c
		killed.sdk.HTTPClient = &lastCall{HTTPClient: c.sdk.HTTPClient, call: test.call, die: die}
		if err := pick(t, killed.pipeline(t), test.key).Create(ctx, &notes{}); err == nil || ctx.Err() == nil {
			t.Fatalf("it lives: %v", err)
		}
		if err := resource.Create(t.Context(), &notes{}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(lag) // a read cannot know better than AWS
		same(t, resource)
		if err := resource.Delete(t.Context(), &notes{}); err != nil {
			t.Fatal(err)
		}
		absent(t, resource)
	})
}

// What somebody else changes, or takes away, at that moment is waited for.
func TestAmongOthers(t *testing.T) {
	provisionedTable := func(c *config.Config) { c.Table = config.Table{Mode: provisioned, Read: 2, Write: 2} }
	stream := func(c cloud) *kinesis.Client { return kinesis.NewFromConfig(c.sdk) }
	tables := func(c cloud) *dynamodb.Client { return dynamodb.NewFromConfig(c.sdk) }
	functions := func(c cloud) *awslambda.Client { return awslambda.NewFromConfig(c.sdk) }
	names := offline(t, "dev", "aws", "us-east-1").names
	retain := func(ctx context.Context, c cloud, _ string) error {
		_, err := stream(c).IncreaseStreamRetentionPeriod(ctx, &kinesis.IncreaseStreamRetentionPeriodInput{StreamName: &names.Stream, RetentionPeriodHours: aws.Int32(36)})
		return err
	}
	protect := func(ctx context.Context, c cloud, _ string) error {
		_, err := tables(c).UpdateTable(ctx, &dynamodb.UpdateTableInput{TableName: aws.String(names.Tables["users"]), DeletionProtectionEnabled: aws.Bool(false)})
		return err
	}
	resize := func(ctx context.Context, c cloud, _ string) error {
		_, err := functions(c).UpdateFunctionConfiguration(ctx, &awslambda.UpdateFunctionConfigurationInput{FunctionName: &names.Function, MemorySize: aws.Int32(1024)})
		return err
	}
	batch := func(ctx context.Context, c cloud, id string) error {
		_, err := functions(c).UpdateEventSourceMapping(ctx, &awslambda.UpdateEventSourceMappingInput{UUID: &id, BatchSize: aws.Int32(7)})
		return err
	}
	update := func(ctx context.Context, r engine.Resource, observed *engine.Observed, told *notes) error {
		return r.Update(ctx, observed, r.Diff(observed), told)
	}
	remove := func(ctx context.Context, r engine.Resource, _ *engine.Observed, told *notes) error {
		return r.Delete(ctx, told)
	}
	create := func(ctx context.Context, r engine.Resource, _ *engine.Observed, told *notes) error {
		return r.Create(ctx, told)
	}
	type meeting struct {
		name, key string
		readiness emulator.Readiness
		change    func(*config.Config)
		others    func(ctx context.Context, c cloud, id string) error
		ours      func(context.Context, engine.Resource, *engine.Observed, *notes) error
		told      string
	}
	tests := []meeting{
		{"change of a stream", keyStream, emulator.Readiness{Stream: lag}, func(c *config.Config) { c.Stream.RetentionHours = 48 }, retain, update, "waiting for another change"},
		{"deletion of a stream", keyStream, emulator.Readiness{Stream: lag}, nil, retain, remove, "waiting until it is gone"},
		{"change of a table", tableKey("users"), emulator.Readiness{Table: lag}, provisionedTable, protect, update, "waiting for ACTIVE"},
		{"deletion of a table", tableKey("users"), emulator.Readiness{Table: lag}, nil, protect, remove, "waiting for ACTIVE"},
		{"change of a function", keyFunction, emulator.Readiness{Function: lag}, func(c *config.Config) { c.Function.Memory = 512 }, resize, update, "waiting for another update"},
		{"deletion of a function", keyFunction, emulator.Readiness{Function: lag}, nil, resize, remove, ""},
		{"change of a mapping", keyMapping, emulator.Readiness{Mapping: lag}, func(c *config.Config) { c.Mapping.BatchSize = 500 }, batch, update, "waiting for another change of the mapping"},
		{"deletion of a mapping", keyMapping, emulator.Readiness{Mapping: lag}, nil, batch, remove, "waiting for another change of the mapping"},
		{"stream of the same name on its way out", keyStream, emulator.Readiness{Stream: lag}, nil, func(ctx context.Context, c cloud, _ string) error {
			_, err := stream(c).DeleteStream(ctx, &kinesis.DeleteStreamInput{StreamName: &names.Stream})
			return err
		}, create, "waiting until it is gone"},
		{"table of the same name on its way out", tableKey("users"), emulator.Readiness{Table: lag}, nil, func(ctx context.Context, c cloud, _ string) error {
			_, err := tables(c).DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: aws.String(names.Tables["users"])})
			return err
		}, create, "waiting until it is gone"},
		{"mapping on its way out", keyMapping, emulator.Readiness{Mapping: lag}, nil, func(ctx context.Context, c cloud, id string) error {
			_, err := functions(c).DeleteEventSourceMapping(ctx, &awslambda.DeleteEventSourceMappingInput{UUID: &id})
			return err
		}, create, "waiting until it is gone"},
		{"bucket of the same name that has gone", keyBucket, emulator.Readiness{Busy: lag}, nil, func(ctx context.Context, c cloud, id string) error {
			_, err := storage(c.sdk).DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &id})
			return err
		}, create, "waiting for another operation on the bucket"},
		{"log group of the same name that has gone", keyLogGroup, emulator.Readiness{Busy: lag}, nil, func(ctx context.Context, c cloud, id string) error {
			_, err := cloudwatchlogs.NewFromConfig(c.sdk).DeleteLogGroup(ctx, &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: &id})
			return err
		}, create, "waiting for another operation on the log group"},
	}
	together(t, tests, func(m meeting) string { return m.name }, func(t *testing.T, test meeting) {
		c, server := newEmulated(t)
		p := c.pipeline(t)
		observed := read(t, deployed(t, p, test.key))
		if test.change == nil {
			test.change = func(*config.Config) {}
		}
		resource, told := pick(t, c.pipeline(t, test.change), test.key), &notes{}
		if err := server.SetReadiness(test.readiness); err != nil {
			t.Fatal(err)
		}
		if err := test.others(t.Context(), c, observed.ID); err != nil {
			t.Fatal(err)
		}
		if err := test.ours(t.Context(), resource, observed, told); err != nil {
			t.Fatal(err)
		}
		if test.told != "" && !slices.Contains(told.statuses, test.told) {
			t.Errorf("told %q, want %q", told.statuses, test.told)
		}
	})
}
