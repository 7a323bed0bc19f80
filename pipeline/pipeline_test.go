package pipeline

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"enrich/config"
	"enrich/engine"
)

// offline is a definition that nobody deploys.
func offline(t *testing.T, environment, partition, region string, changes ...func(*config.Config)) *Pipeline {
	t.Helper()
	cfg := config.Default(environment)
	cfg.Name = "orders"
	for _, change := range changes {
		change(&cfg)
	}
	id := Identity{Name: "orders", Environment: environment, Partition: partition, Account: "123456789012", Region: region}
	p, err := New(cfg, id, aws.Config{Region: region}, Code{SHA256: "abc="})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// The declared dependencies have no cycle, and the list is written in an order
// that they allow.
func TestOrder(t *testing.T) {
	for _, environment := range []string{"dev", "staging", "prod"} {
		p := offline(t, environment, "aws", "us-east-1", addLookup)
		resources := p.Resources()
		if _, err := engine.Order(resources); err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for _, r := range resources {
			for _, need := range r.DependsOn() {
				if !seen[need] {
					t.Errorf("%s comes before %s, which it needs", r.Key(), need)
				}
			}
			if seen[r.Key()] {
				t.Errorf("%s is there twice", r.Key())
			}
			seen[r.Key()] = true
		}
	}
}

// Records flow only when everything that they need is there, and stop before
// any of it goes.
func TestMappingComesLast(t *testing.T) {
	p := offline(t, "dev", "aws", "us-east-1", addLookup)
	needs := map[string]bool{}
	var follow func(key string)
	follow = func(key string) {
		for _, need := range pick(t, p, key).DependsOn() {
			needs[need] = true
			follow(need)
		}
	}
	follow(keyMapping)
	for _, key := range []string{keyRole, keyStream, keyBucket, keyLogGroup, keyFunction, tableKey("users"), tableKey("shops")} {
		if !needs[key] {
			t.Errorf("the mapping does not wait for %s", key)
		}
	}
	// A table that could not be replaced must not leave a function that asks for
	// its new key.
	for _, key := range []string{tableKey("users"), tableKey("shops")} {
		if !slices.Contains(pick(t, p, keyFunction).DependsOn(), key) {
			t.Errorf("the function does not wait for %s", key)
		}
	}
}

func TestArchitecture(t *testing.T) {
	var text strings.Builder
	for _, r := range offline(t, "prod", "aws", "us-east-1", addLookup).Resources() {
		fmt.Fprintf(&text, "%s (%s) %s", r.Key(), r.Kind(), r.Name())
		if needs := r.DependsOn(); len(needs) > 0 {
			fmt.Fprintf(&text, " after %s", strings.Join(needs, ", "))
		}
		text.WriteString("\n")
	}
	golden(t, "architecture.txt", text.String())
}

// Every alarm has a threshold of its own, and 0 switches it off.
func TestThresholds(t *testing.T) {
	var a *config.Alarms
	p := func(change func()) *Pipeline {
		return offline(t, "prod", "aws", "us-east-1", func(c *config.Config) { a = &c.Alarms; c.Function.Timeout = 10; change() })
	}
	usual := p(func() {}).metricAlarms()
	for name, test := range map[string]struct {
		set  func(value int)
		want float64 // of 7
	}{
		alarmFunctionErrors:  {func(v int) { a.FunctionErrors = v }, 7},
		alarmIncomingRecords: {func(v int) { a.IncomingRecords = v }, 7},
		alarmTableThrottling: {func(v int) { a.LookupTableThrottling = v }, 7},
		alarmPutErrors:       {func(v int) { a.S3PutErrors = v }, 7},
		alarmIteratorAge:     {func(v int) { a.IteratorAgeSeconds = v }, 7000},
		alarmThrottles:       {func(v int) { a.FunctionThrottles = v }, 7},
		alarmDuration:        {func(v int) { a.DurationPercent = v }, 7},
		alarmDeadLetters:     {func(v int) { a.DeadLetters = v }, 7},
		alarmFailedBatches:   {func(v int) { a.FailedBatches = v }, 7},
		alarmFailedDelivery:  {func(v int) { a.FailedDeliveries = v }, 7},
	} {
		alarm := pick(t, p(func() { test.set(7) }), alarmKey(name)).(*metricAlarm)
		if alarm.desired.Threshold != test.want {
			t.Errorf("%s: threshold %v, want %v", name, alarm.desired.Threshold, test.want)
		}
		off := p(func() { test.set(0) }).metricAlarms()
		if len(off) != len(usual)-1 || slices.ContainsFunc(off, func(r engine.Resource) bool { return r.Key() == alarmKey(name) }) {
			t.Errorf("%s is not switched off", name)
		}
	}
}

// golden compares with a file of testdata; UPDATE_GOLDEN=1 writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// The policies are what each partition needs, on exact ARNs.
func TestPolicies(t *testing.T) {
	for partition, region := range map[string]string{"aws": "eu-central-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"} {
		p := offline(t, "dev", partition, region, addLookup)
		policies := map[string]Policy{
			"execution role": p.permissions(), "trust": trustPolicy(), "bucket": transportPolicy(p.id.bucketARN(p.names.Bucket)),
		}
		text, err := json.MarshalIndent(policies, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		golden(t, "policies-"+partition+".json", string(text)+"\n")
	}
}

// Nothing that the pipeline is told to use lies outside the role's policy, and
// no statement gives more than objects below a prefix.
func TestPolicyIsExact(t *testing.T) {
	p := offline(t, "dev", "aws", "us-east-1", addLookup)
	for _, statement := range p.permissions().Statements {
		for _, action := range statement.Action {
			if strings.Contains(action, "*") || action == "logs:CreateLogGroup" {
				t.Errorf("%s allows %s", statement.Sid, action)
			}
		}
		for _, resource := range statement.Resource {
			if stars := strings.Count(resource, "*"); resource == "*" || stars > 1 || stars == 1 && !strings.HasSuffix(resource, "*") {
				t.Errorf("%s allows it on %s", statement.Sid, resource)
			}
		}
	}
}

func TestEnvironment(t *testing.T) {
	tests := []struct {
		name   string
		change func(*config.Config)
		want   map[string]string
	}{
		{"the default", nil, map[string]string{
			"BUCKET_NAME": "orders-dev-123456789012-us-east-1", "TABLE_NAME": "orders-dev-users", "LOG_LEVEL": "info",
		}},
		{"another prefix", func(c *config.Config) { c.Output.Prefix = "x/" }, map[string]string{
			"BUCKET_NAME": "orders-dev-123456789012-us-east-1", "TABLE_NAME": "orders-dev-users", "LOG_LEVEL": "info",
			"ENRICH_OUTPUT_PREFIX": "x/",
		}},
		{"another output", func(c *config.Config) {
			c.Output = config.Output{Prefix: "enriched-data/", Compression: "zstd", Partition: "hive", PartitionBy: "event_type", MaxPartitions: 7}
		}, map[string]string{
			"BUCKET_NAME": "orders-dev-123456789012-us-east-1", "TABLE_NAME": "orders-dev-users", "LOG_LEVEL": "info",
			"ENRICH_OUTPUT_COMPRESSION": "zstd", "ENRICH_OUTPUT_PARTITION": "hive", "ENRICH_OUTPUT_PARTITION_BY": "event_type",
			"ENRICH_OUTPUT_MAX_PARTITIONS": "7",
		}},
		{"a renamed field", func(c *config.Config) {
			c.Lookups[0].Fields = []config.Field{{From: "email", To: "mail"}, {From: "name", To: "name"}}
		}, map[string]string{
			"BUCKET_NAME": "orders-dev-123456789012-us-east-1", "TABLE_NAME": "orders-dev-users", "LOG_LEVEL": "info",
			"ENRICH_LOOKUPS": `[{"name":"users","table":"orders-dev-users","key":"user_id","table_key":"user_id","prefix":"user_",` +
				`"fields":[{"from":"email","to":"mail"},"name"],"missing":"unknown"}]`,
		}},
		{"a cache and a key of its own", func(c *config.Config) {
			c.Lookups[0].Fields, c.Lookups[0].KeyType = c.Lookups[0].Fields[:1], "number"
			c.Lookups[0].Cache = config.Cache{TTLSeconds: 1, MissingTTLSeconds: 2, SizeMB: 3, StaleSeconds: 4}
		}, map[string]string{
			"BUCKET_NAME": "orders-dev-123456789012-us-east-1", "TABLE_NAME": "orders-dev-users", "LOG_LEVEL": "info",
			"ENRICH_LOOKUPS": `[{"name":"users","table":"orders-dev-users","key":"user_id","table_key":"user_id","key_type":"number","prefix":"user_",` +
				`"fields":["name"],"missing":"unknown","cache":{"ttl":1,"missing_ttl":2,"size":3,"stale":4}}]`,
		}},
	}
	for _, test := range tests {
		p := offline(t, "dev", "aws", "us-east-1", some(test.change))
		if diff := cmp.Diff(test.want, p.environment); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", test.name, diff)
		}
	}
}

// What holds metrics passes Lambda's filter whatever the log level.
func TestApplicationLevel(t *testing.T) {
	for level, want := range map[string]string{"debug": "DEBUG", "info": "INFO", "warn": "INFO", "error": "INFO"} {
		p := offline(t, "dev", "aws", "us-east-1", func(c *config.Config) { c.Function.LogLevel = level })
		f := p.function().(*function).desired
		if f.Logging.ApplicationLevel != want || f.Environment["LOG_LEVEL"] != level {
			t.Errorf("%s: Lambda's %s, the function's %s", level, f.Logging.ApplicationLevel, f.Environment["LOG_LEVEL"])
		}
	}
}

func TestNewRefuses(t *testing.T) {
	tests := []struct {
		name   string
		change func(*config.Config, *Identity)
		want   string
	}{
		{"a name that is too long", func(_ *config.Config, id *Identity) { id.Name = strings.Repeat("a", 40) }, "shorter"},
		{"lookups that do not fit", func(c *config.Config, _ *Identity) {
			for i := range 200 {
				name := sha256.Sum256([]byte{byte(i)}) // which cannot be packed
				c.Lookups[0].Fields = append(c.Lookups[0].Fields, config.Field{From: hex.EncodeToString(name[:])})
			}
		}, "too many"},
		{"two lookups that add one field", func(c *config.Config, _ *Identity) {
			addLookup(c)
			c.Lookups[1].Prefix, c.Lookups[1].Fields = "user_", []config.Field{{From: "name"}}
		}, "adds the field user_name too"},
	}
	for _, test := range tests {
		cfg := config.Default("dev")
		id := Identity{Name: "orders", Environment: "dev", Partition: "aws", Account: "123456789012", Region: "us-east-1"}
		test.change(&cfg, &id)
		if _, err := New(cfg, id, aws.Config{}, Code{}); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

func TestOutputs(t *testing.T) {
	outputs := offline(t, "dev", "aws", "us-east-1").Outputs()
	for _, key := range []string{"stream", "function", "table", "bucket", "region", "account", "stream_arn", "function_arn", "table_arn", "bucket_arn", "log_group", "dashboard"} {
		if outputs[key] == "" {
			t.Errorf("no %s", key)
		}
	}
	several := offline(t, "dev", "aws", "us-east-1", addLookup).Outputs()
	if several["table"] != "orders-dev-users" || several["table_shops"] != "orders-dev-shops" {
		t.Errorf("%v", several)
	}
}

func TestOwns(t *testing.T) {
	p := offline(t, "dev", "aws", "us-east-1", func(c *config.Config) {
		c.Tags = map[string]string{"managed-by": "somebody", "team": "web"}
	})
	if !p.Owns(p.tags) || p.tags["team"] != "web" {
		t.Errorf("its own tags %v", p.tags)
	}
	for _, key := range []string{tagPipeline, tagEnvironment, tagManagedBy} {
		tags := maps.Clone(p.tags)
		tags[key] = "other"
		if p.Owns(tags) {
			t.Errorf("owns %v", tags)
		}
	}
	if p.Owns(nil) {
		t.Error("owns what has no tags")
	}
}

func TestTagChanges(t *testing.T) {
	set, remove := tagChanges(
		map[string]string{"same": "1", "other": "1", "surplus": "1", "aws:cloudformation:stack-name": "x"},
		map[string]string{"same": "1", "other": "2", "missing": ""},
	)
	if !maps.Equal(set, map[string]string{"other": "2", "missing": ""}) || !slices.Equal(remove, []string{"surplus"}) {
		t.Errorf("set %v, remove %v", set, remove)
	}
}

func TestNextShards(t *testing.T) {
	tests := []struct{ now, wanted, want int }{
		{2, 4, 4}, {2, 9, 4}, {4, 9, 8}, {8, 9, 9}, {9, 1, 5}, {5, 1, 3}, {3, 1, 2}, {2, 1, 1}, {1, 3, 2}, {7, 7, 7},
	}
	for _, test := range tests {
		if got := nextShards(test.now, test.wanted); got != test.want {
			t.Errorf("from %d to %d: %d, want %d", test.now, test.wanted, got, test.want)
		}
	}
}
