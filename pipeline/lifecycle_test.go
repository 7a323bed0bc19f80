package pipeline

import (
	"slices"
	"strings"
	"testing"

	"enrich/config"
	"enrich/engine"
)

func everyKey(t *testing.T, p *Pipeline) []string {
	t.Helper()
	var keys []string
	for _, r := range p.Resources() {
		if r.Kind() != kindSubscription { // has a life of its own: TestSubscription
			keys = append(keys, r.Key())
		}
	}
	return keys
}

// Every kind goes through its whole life: what is created is what was wanted,
// creating it again changes nothing, and what is deleted is gone.
func TestLifecycle(t *testing.T) {
	c := newCloud(t)
	p := c.pipeline(t, notified)
	for _, key := range everyKey(t, p) {
		t.Run(key, func(t *testing.T) {
			resource := pick(t, p, key)
			for _, need := range resource.DependsOn() {
				deployed(t, p, need)
			}
			absent(t, resource)
			told := &notes{}
			if err := resource.Create(t.Context(), told); err != nil {
				t.Fatal(err)
			}
			observed := same(t, resource)
			if observed.ID == "" || observed.ID != told.id || observed.ARN != told.arn {
				t.Errorf("observed %s %s, was told %s %s", observed.ID, observed.ARN, told.id, told.arn)
			}
			if arn := resource.ARN(); arn != "" && arn != observed.ARN {
				t.Errorf("ARN %s, expected %s", observed.ARN, arn)
			}
			if !p.Owns(observed.Tags) || observed.Unhealthy != "" || observed.Transient || observed.Status == "" {
				t.Errorf("%+v", observed)
			}
			if err := resource.Create(t.Context(), &notes{}); err != nil {
				t.Errorf("again: %v", err)
			}
			same(t, resource)
			for range 2 {
				if err := resource.Delete(t.Context(), &notes{}); err != nil {
					t.Fatal(err)
				}
				absent(t, resource)
			}
		})
	}
}

// What only the record still knows can be deleted like everything else.
func TestRestore(t *testing.T) {
	c := newCloud(t)
	p := c.pipeline(t, notified)
	for _, key := range everyKey(t, p) {
		t.Run(key, func(t *testing.T) {
			resource := deployed(t, p, key)
			restored, err := p.Restore(key, resource.Kind(), resource.Name(), read(t, resource).ID)
			if err != nil {
				t.Fatal(err)
			}
			if restored.Key() != key || restored.Name() != resource.Name() || restored.ARN() != resource.ARN() {
				t.Errorf("restored %s %s %s", restored.Key(), restored.Name(), restored.ARN())
			}
			if _, err := restored.Read(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := restored.Delete(t.Context(), &notes{}); err != nil {
				t.Fatal(err)
			}
			absent(t, resource)
		})
	}
	if _, err := p.Restore("queue", "message queue", "orders-dev-queue", ""); err == nil || !strings.Contains(err.Error(), "message queue") {
		t.Errorf("an unknown kind: %v", err)
	}
}

// Every setting can be changed in place, and nothing is left to change then.
func TestUpdate(t *testing.T) {
	tests := []struct {
		name, key string
		before    func(*config.Config)
		after     func(*config.Config)
		want      []string
	}{
		{"more shards", "data-stream", nil, func(c *config.Config) { c.Stream.Shards = 9 }, []string{"shards"}},
		{"fewer shards", "data-stream", func(c *config.Config) { c.Stream.Shards = 5 }, func(c *config.Config) { c.Stream.Shards = 1 }, []string{"shards"}},
		{"longer retention", "data-stream", nil, func(c *config.Config) { c.Stream.RetentionHours = 48 }, []string{"retention_hours"}},
		{"shorter retention", "data-stream", func(c *config.Config) { c.Stream.RetentionHours = 72 }, nil, []string{"retention_hours"}},
		{"other shard metrics", "data-stream",
			func(c *config.Config) { c.Stream.ShardMetrics = []string{"IncomingBytes", "OutgoingBytes"} },
			func(c *config.Config) { c.Stream.ShardMetrics = []string{"IncomingRecords", "IncomingBytes"} }, []string{"shard_metrics"}},
		{"on demand", "data-stream", nil, func(c *config.Config) { c.Stream.Mode = "on-demand" }, []string{"mode", "shards"}},
		{"provisioned", "data-stream",
			func(c *config.Config) { c.Stream.Mode = "on-demand" },
			func(c *config.Config) { c.Stream.Shards = 3 }, []string{"mode", "shards"}},
		{"table provisioned", "lookup-table/users", nil,
			func(c *config.Config) { c.Table = config.Table{Mode: "provisioned", Read: 7, Write: 3} }, []string{"mode", "read", "write"}},
		{"table capacity", "lookup-table/users",
			func(c *config.Config) { c.Table = config.Table{Mode: "provisioned", Read: 7, Write: 3} },
			func(c *config.Config) { c.Table = config.Table{Mode: "provisioned", Read: 8, Write: 3} }, []string{"read"}},
		{"table on demand", "lookup-table/users",
			func(c *config.Config) { c.Table = config.Table{Mode: "provisioned", Read: 7, Write: 3} }, nil, []string{"mode", "read", "write"}},
		{"log retention", "log-group", nil, func(c *config.Config) { c.Function.LogRetentionDays = 3 }, []string{"retention_days"}},
		{"memory and timeout", "function", nil,
			func(c *config.Config) { c.Function.Memory, c.Function.Timeout = 512, 30 }, []string{"memory", "timeout"}},
		{"architecture", "function", nil, func(c *config.Config) { c.Function.Architecture = "x86_64" }, []string{"architecture"}},
		{"prefix", "function", nil,
			func(c *config.Config) { c.Output.Prefix = "out/" }, []string{"environment.ENRICH_OUTPUT_PREFIX"}},
		{"compression and partition", "function",
			func(c *config.Config) { c.Output.PartitionBy, c.Output.MaxPartitions = "event_type", 10 },
			func(c *config.Config) { c.Output.Compression, c.Output.Partition = "none", "hive" },
			[]string{"environment.ENRICH_OUTPUT_COMPRESSION", "environment.ENRICH_OUTPUT_MAX_PARTITIONS", "environment.ENRICH_OUTPUT_PARTITION", "environment.ENRICH_OUTPUT_PARTITION_BY"}},
		{"batches", "event-source-mapping", nil,
			func(c *config.Config) {
				c.Mapping = config.Mapping{
					BatchSize: 500, BatchingWindowSeconds: 3, ParallelizationFactor: 2, MaximumRetryAttempts: 4, MaximumRecordAgeSeconds: 600,
				}
			},
			[]string{"batch_size", "batching_window_seconds", "maximum_record_age_seconds", "maximum_retry_attempts", "parallelization_factor"}},
		{"notify", "alarm/function-errors", nil,
			func(c *config.Config) { c.Alarms.Notify = []string{"arn:aws:sns:us-east-1:123456789012:ops"} }, []string{"notify"}},
		{"age limit", "alarm/iterator-age", nil,
			func(c *config.Config) { c.Alarms.IteratorAgeSeconds = 60 }, []string{"threshold"}},
		{"another lookup", "dashboard", nil, addLookup, []string{"body"}},
		{"another lookup", "execution-role", nil, addLookup, []string{"policy.ReadLookupTables.Resource"}},
	}
	c := newCloud(t)
	for _, test := range tests {
		t.Run(test.key+"/"+test.name, func(t *testing.T) {
			before := deployed(t, c.pipeline(t, some(test.before)), test.key)
			same(t, before)
			after := pick(t, c.pipeline(t, some(test.after)), test.key)
			observed := read(t, after)
			changes := after.Diff(observed)
			if got := fields(changes); !slices.Equal(got, test.want) {
				t.Errorf("differs in %q, want %q", got, test.want)
			}
			if slices.ContainsFunc(changes, func(c engine.Change) bool { return c.Replace }) {
				t.Errorf("wants to replace: %s", list(changes))
			}
			if err := after.Update(t.Context(), observed, changes, &notes{}); err != nil {
				t.Fatal(err)
			}
			if test.name == "architecture" && !c.emulated {
				return // not every endpoint changes it with the code
			}
			same(t, after)
		})
	}
}

func some(change func(*config.Config)) func(*config.Config) {
	if change == nil {
		return func(*config.Config) {}
	}
	return change
}

func addLookup(c *config.Config) {
	c.Lookups = append(c.Lookups, config.Lookup{
		Name: "shops", Key: "shop.id", TableKey: "id", Prefix: "shop_", Missing: "null",
		Fields: []config.Field{{From: "city", To: "city"}},
	})
}

// Tags are set, changed and taken away wherever there are any.
func TestTags(t *testing.T) {
	c := newCloud(t)
	tags := func(tags map[string]string) func(*config.Config) {
		return func(c *config.Config) { c.Tags = tags }
	}
	before := c.pipeline(t, notified, tags(map[string]string{"team": "web", "cost": "1"}))
	after := c.pipeline(t, notified, tags(map[string]string{"team": "data", "stage": "late"}))
	for _, key := range everyKey(t, before) {
		t.Run(key, func(t *testing.T) {
			deployed(t, before, key)
			resource := pick(t, after, key)
			observed := read(t, resource)
			changes := resource.Diff(observed)
			if key == keyDashboard && !c.emulated && len(changes) == 0 {
				return // not every endpoint keeps the tags of dashboards
			}
			if got, want := fields(changes), []string{"tags.cost", "tags.stage", "tags.team"}; !slices.Equal(got, want) {
				t.Errorf("differs in %q, want %q", got, want)
			}
			if err := resource.Update(t.Context(), observed, changes, &notes{}); err != nil {
				t.Fatal(err)
			}
			same(t, resource)
		})
	}
}

// A function's new code is told by its hash, and swapped.
func TestUpdateCode(t *testing.T) {
	c := newCloud(t)
	p := c.pipeline(t)
	deployed(t, p, keyFunction)
	p.code = archive(t, "#!/bin/sh\nexit 1\n")
	newer := pick(t, p, keyFunction)
	observed := read(t, newer)
	changes := newer.Diff(observed)
	if got := fields(changes); !slices.Equal(got, []string{"code_sha256"}) {
		t.Fatalf("differs in %q", got)
	}
	if err := newer.Update(t.Context(), observed, changes, &notes{}); err != nil {
		t.Fatal(err)
	}
	same(t, newer)

	p.code = Code{}
	bare := pick(t, p, keyFunction)
	if changes := bare.Diff(read(t, bare)); len(changes) > 0 {
		t.Errorf("a build without archives finds changes: %s", list(changes))
	}
	err := bare.Update(t.Context(), observed, []engine.Change{{Field: "architecture"}}, &notes{})
	if err == nil || !strings.Contains(err.Error(), "run make") {
		t.Errorf("a build without archives changes the code: %v", err)
	}
}
