package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// write makes a working directory with an enrich.yaml.
func write(t testing.TB, content string) (workdir string) {
	t.Helper()
	workdir = t.TempDir()
	if err := os.WriteFile(filepath.Join(workdir, FileName), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return workdir
}

func environ(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

func load(t *testing.T, content string) Config {
	t.Helper()
	c, err := Load(Flags{}, environ(), write(t, content))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestDefaults(t *testing.T) {
	want := Config{
		Name:        "data-enrichment",
		Environment: "dev",
		Stream:      Stream{Mode: "provisioned", Shards: 2, RetentionHours: 24, ShardMetrics: []string{}},
		Function:    Function{Memory: 256, Timeout: 60, Architecture: "arm64", LogLevel: "info", LogRetentionDays: 30},
		Mapping: Mapping{
			BatchSize: 1000, BatchingWindowSeconds: 1, ParallelizationFactor: 1,
			MaximumRetryAttempts: -1, MaximumRecordAgeSeconds: 43200,
		},
		Table: Table{Mode: "on-demand", Read: 5, Write: 5},
		Lookups: []Lookup{{
			Name: "users", Key: "user_id", TableKey: "user_id", KeyType: "string", Prefix: "user_", Missing: "unknown",
			Cache:  Cache{TTLSeconds: 60, MissingTTLSeconds: 5},
			Fields: []Field{{"name", "name"}, {"email", "email"}, {"segment", "segment"}, {"location", "location"}},
		}},
		Output: Output{Prefix: "enriched-data/", Compression: "gzip", Partition: "hour", MaxPartitions: 100},
		Alarms: Alarms{
			Notify: []string{}, Composite: true, IteratorAgeSeconds: 600, DurationPercent: 80, FunctionErrors: 1, FunctionThrottles: 1, LookupTableThrottling: 1,
			S3PutErrors: 1, DeadLetters: 1, FailedBatches: 1, FailedDeliveries: 1,
		},
		Tags: map[string]string{},
	}
	for name, content := range map[string]string{
		"empty": "", "comments": "# nothing\n\n# here\n", "document markers": "---\n...\n", "byte order mark": "\ufeff",
		"sections without keys": "stream:\nfunction:\nmapping:\ntable:\noutput:\nalarms:\ntags:\nenvironments:\n  prod:\n",
	} {
		if diff := cmp.Diff(want, load(t, content)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	got, err := Load(Flags{}, environ(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("no file (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, Default(Dev)); diff != "" {
		t.Errorf("Default (-want +got):\n%s", diff)
	}
	if !want.DefaultLookup() {
		t.Error("the default lookup is not the default lookup")
	}
	for _, environment := range []string{Staging, Prod} {
		want.Environment, want.Mapping.BatchingWindowSeconds, want.Alarms.IncomingRecords = environment, 5, 1
		if diff := cmp.Diff(want, Default(environment)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", environment, diff)
		}
	}
}

// everyKey has a value of its own for every key.
const everyKey = `
name: orders
environment: staging
region: eu-central-1
stream: {mode: on-demand, shards: 7, retention_hours: 48, shard_metrics: [IncomingBytes, IteratorAgeMilliseconds]}
function: {memory: 512, timeout: 30, architecture: x86_64, log_level: debug, log_retention_days: 7}
mapping:
  batch_size: 10
  batching_window_seconds: 0
  parallelization_factor: 2
  maximum_retry_attempts: 3
  maximum_record_age_seconds: 600
table: {mode: provisioned, read: 10, write: 11}
lookups:
  - name: eu-customers
    key: order.customer.id
  # a comment between
    fields: [name, {from: mail, to: email}, {from: city}]
  - name: products
    key: sku
    table_key: article
    table_key_type: number
    cache: {ttl_seconds: 600, size_mb: 20, stale_seconds: 3600}
    prefix: ""
    fields:
      - title
    missing: dead-letter
    table: {read: 1}
output: {prefix: a/b=c/, compression: zstd, partition: hive, partition_by: order.type, max_partitions: 20}
alarms:
  composite: false
  notify: [ops@example.com, "arn:aws:sns:eu-central-1:123456789012:alarms", "arn:aws:sns:eu-central-1:123456789012:x.fifo"]
  iterator_age_seconds: 30
  duration_percent: 50
  incoming_records: 0
  function_errors: 2
  function_throttles: 3
  lookup_table_throttling: 4
  s3_put_errors: 5
  dead_letters: 6
  failed_batches: 8
  failed_deliveries: 7
tags: {team: web, "cost:center": "12", owner: ""}
`

func TestEveryKeyIsTaken(t *testing.T) {
	got := load(t, everyKey)
	want := Config{
		Name: "orders", Environment: "staging", Region: "eu-central-1",
		Stream:   Stream{Mode: "on-demand", Shards: 7, RetentionHours: 48, ShardMetrics: []string{"IncomingBytes", "IteratorAgeMilliseconds"}},
		Function: Function{Memory: 512, Timeout: 30, Architecture: "x86_64", LogLevel: "debug", LogRetentionDays: 7},
		Mapping:  Mapping{BatchSize: 10, ParallelizationFactor: 2, MaximumRetryAttempts: 3, MaximumRecordAgeSeconds: 600},
		Table:    Table{Mode: "provisioned", Read: 10, Write: 11},
		Lookups: []Lookup{{
			Name: "eu-customers", Key: "order.customer.id", TableKey: "id", KeyType: "string", Prefix: "eu_customer_", Missing: "unknown",
			Cache:  Cache{TTLSeconds: 60, MissingTTLSeconds: 5},
			Fields: []Field{{"name", "name"}, {"mail", "email"}, {"city", "city"}},
		}, {
			Name: "products", Key: "sku", TableKey: "article", KeyType: "number", Prefix: "", Missing: "dead-letter",
			Cache:  Cache{TTLSeconds: 600, MissingTTLSeconds: 5, SizeMB: 20, StaleSeconds: 3600},
			Fields: []Field{{"title", "title"}}, Table: &Table{Mode: "provisioned", Read: 1, Write: 11},
		}},
		Output: Output{Prefix: "a/b=c/", Compression: "zstd", Partition: "hive", PartitionBy: "order.type", MaxPartitions: 20},
		Alarms: Alarms{
			Notify:             []string{"ops@example.com", "arn:aws:sns:eu-central-1:123456789012:alarms", "arn:aws:sns:eu-central-1:123456789012:x.fifo"},
			IteratorAgeSeconds: 30, DurationPercent: 50, FunctionErrors: 2, FunctionThrottles: 3, LookupTableThrottling: 4,
			S3PutErrors: 5, DeadLetters: 6, FailedBatches: 8, FailedDeliveries: 7,
		},
		Tags: map[string]string{"team": "web", "cost:center": "12", "owner": ""},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got.DefaultLookup() {
		t.Error("two lookups are the default one")
	}
	if first, second := got.TableOf(got.Lookups[0]), got.TableOf(got.Lookups[1]); first.Read != 10 || second.Read != 1 {
		t.Errorf("tables %+v and %+v", first, second)
	}
}

func TestPrecedence(t *testing.T) {
	const file = `
name: file
environment: staging
region: eu-west-1
stream: {shards: 3}
environments:
  staging: {region: eu-west-2, stream: {shards: 4}}
  prod:    {region: eu-west-3, stream: {shards: 5}}
`
	all := []string{"ENRICH_NAME", "variable", "ENRICH_ENVIRONMENT", "prod", "ENRICH_REGION", "us-west-2"}
	for _, test := range []struct {
		name, file string
		variables  []string
		flags      Flags
		want       string
		shards     int
	}{
		{"defaults", "", nil, Flags{}, "data-enrichment dev ", 2},
		{"file and its section", file, nil, Flags{}, "file staging eu-west-2", 4},
		{"section of the flag", file, nil, Flags{Environment: "prod"}, "file prod eu-west-3", 5},
		{"no section", file, nil, Flags{Environment: "dev"}, "file dev eu-west-1", 3},
		{"variables", file, all, Flags{}, "variable prod us-west-2", 5},
		{"variables without a file", "", all, Flags{}, "variable prod us-west-2", 2},
		{"flags", file, all, Flags{Name: "flag", Environment: "dev", Region: "us-east-2"}, "flag dev us-east-2", 3},
		{"empty variables", file, []string{"ENRICH_NAME", "", "ENRICH_REGION", ""}, Flags{}, "file staging eu-west-2", 4},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, err := Load(test.flags, environ(test.variables...), write(t, test.file))
			if err != nil {
				t.Fatal(err)
			}
			if got := c.Name + " " + c.Environment + " " + c.Region; got != test.want || c.Stream.Shards != test.shards {
				t.Errorf("%s, %d shards; want %s, %d", got, c.Stream.Shards, test.want, test.shards)
			}
		})
	}
}

func TestEnvironmentsMerge(t *testing.T) {
	c := load(t, `
environment: prod
stream: {retention_hours: 48, shard_metrics: [IncomingBytes, OutgoingBytes]}
lookups:
  - {name: a, key: a, fields: [x]}
  - {name: b, key: b, fields: [x]}
tags: {team: web, tier: low}
environments:
  prod:
    stream: {shards: 8, shard_metrics: [IncomingRecords]}
    lookups: [{name: c, key: c, fields: [x]}]
    tags: {tier: high, pager: "yes"}
`)
	if diff := cmp.Diff(Stream{"provisioned", 8, 48, []string{"IncomingRecords"}}, c.Stream); diff != "" {
		t.Error(diff)
	}
	if len(c.Lookups) != 1 || c.Lookups[0].Name != "c" {
		t.Errorf("lookups %+v", c.Lookups)
	}
	if diff := cmp.Diff(map[string]string{"team": "web", "tier": "high", "pager": "yes"}, c.Tags); diff != "" {
		t.Error(diff)
	}
	if c.Mapping.MaximumRecordAgeSeconds != 24*3600 || c.Mapping.BatchingWindowSeconds != 5 {
		t.Errorf("derived: %+v", c.Mapping)
	}
}

func TestRecordAgeFollowsRetention(t *testing.T) {
	for content, want := range map[string]int{
		"stream: {retention_hours: 36}":   64800,
		"stream: {retention_hours: 336}":  604800,
		"stream: {retention_hours: 8760}": 604800,
		"stream: {retention_hours: 8760}\nmapping: {maximum_record_age_seconds: 61}\nfunction: {timeout: 10}": 61,
		"mapping: {maximum_record_age_seconds: -1}":                                                           -1,
		"mapping: {maximum_record_age_seconds: 86400}":                                                        86400,
	} {
		if got := load(t, content).Mapping.MaximumRecordAgeSeconds; got != want {
			t.Errorf("%s: %d, want %d", content, got, want)
		}
	}
}

// An alarm about age leaves time to act before records are given up.
func TestIteratorAgeFollowsRecordAge(t *testing.T) {
	for content, want := range map[string]int{
		"": 600, "mapping: {maximum_record_age_seconds: 900}": 90, "mapping: {maximum_record_age_seconds: -1}": 600,
		"mapping: {maximum_record_age_seconds: 900}\nalarms: {iterator_age_seconds: 0}":                      0,
		"alarms: {iterator_age_seconds: 7}\nenvironments: {dev: {alarms: {iterator_age_seconds: 8}}}":        8,
		"mapping: {maximum_record_age_seconds: -1}\nalarms: {iterator_age_seconds: 86399}":                   86399,
		"environments: {dev: {mapping: {maximum_record_age_seconds: 70}}}\nfunction: {timeout: 10}\nname: a": 7,
	} {
		if got := load(t, content).Alarms.IteratorAgeSeconds; got != want {
			t.Errorf("%s: %d, want %d", content, got, want)
		}
	}
}

// Nobody is told that nothing comes in where people only try things.
func TestIncomingRecords(t *testing.T) {
	for environment, want := range map[string]int{Dev: 0, Staging: 1, Prod: 1} {
		if got := Default(environment).Alarms.IncomingRecords; got != want {
			t.Errorf("%s: %d, want %d", environment, got, want)
		}
	}
}

func TestPrefixes(t *testing.T) {
	for name, want := range map[string]string{
		"users": "user_", "customers": "customer_", "address": "address_", "eu-orders": "eu_order_", "data": "data_", "s": "s_",
	} {
		if got := prefixOf(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func TestDefaultLookupWithItsOwnCapacity(t *testing.T) {
	const user = "lookups: [{name: users, key: user_id, fields: [name, email, segment, location]%s}]"
	for extra, want := range map[string]bool{
		"": true, ", table: {mode: provisioned}": true, ", table: ": true, ", missing: omit": false, ", prefix: u_": false,
	} {
		if got := load(t, strings.Replace(user, "%s", extra, 1)).DefaultLookup(); got != want {
			t.Errorf("%q: %t", extra, got)
		}
	}
}

func TestFiles(t *testing.T) {
	workdir := write(t, "name: here\n")
	at := func(name string) string { return filepath.Join(workdir, name) }
	for name, content := range map[string]string{
		"other.yaml": "name: other\n",
		"big.yaml":   strings.Repeat("# comment\n", 110000),
		"zero.yaml":  "name: a\x00b",
		"latin.yaml": "name: caf\xe9",
		"utf16.yaml": "\xff\xfen\x00a\x00",
	} {
		if err := os.WriteFile(at(name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(at("directory"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("nowhere", at("dangling.yaml")); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ flag, variable, want, problem string }{
		{"", "", "here", ""},
		{"other.yaml", "", "other", ""},
		{"", at("other.yaml"), "other", ""},
		{"enrich.yaml", "other.yaml", "here", ""},
		{"missing.yaml", "", "", "missing.yaml: cannot be read: no such file or directory"},
		{"", "missing.yaml", "", "missing.yaml: cannot be read: no such file or directory"},
		{"directory", "", "", "directory: cannot be read: it is a directory"},
		{"dangling.yaml", "", "", "dangling.yaml: cannot be read: it is a link to a file that does not exist"},
		{"big.yaml", "", "", "big.yaml: cannot be read: it is larger than 1048576 bytes"},
		{"zero.yaml", "", "", "zero.yaml: is not a text file in UTF-8"},
		{"latin.yaml", "", "", "latin.yaml: is not a text file in UTF-8"},
		{"utf16.yaml", "", "", "utf16.yaml: is not a text file in UTF-8"},
	} {
		c, err := Load(Flags{File: test.flag}, environ("ENRICH_CONFIG", test.variable), workdir)
		if test.problem == "" {
			if err != nil || c.Name != test.want {
				t.Errorf("%+v: %q, %v", test, c.Name, err)
			}
			continue
		}
		var problems *Problems
		if !errors.As(err, &problems) || err.Error() != test.problem {
			t.Errorf("%+v: %v", test, err)
		}
	}
}

func TestFileThatIsNearlyCalledRight(t *testing.T) {
	workdir := t.TempDir()
	if err := os.WriteFile(filepath.Join(workdir, "enrich.yml"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Load(Flags{}, environ(), workdir)
	if err == nil || !strings.Contains(err.Error(), "enrich.yml: is not read: rename it to enrich.yaml") {
		t.Errorf("%v", err)
	}
}

// What follows from the name is told with everything else, where the name is.
func TestDerivedNames(t *testing.T) {
	long := func(c Config) []string { return []string{"the bucket of " + c.Name + " is too long"} }
	tests := []struct {
		name, flag, content, want string
	}{
		{"with others", "", "region: us-east-1\nname: orders\nstream: {shards: 0}\n",
			"enrich.yaml:2: name: the bucket of orders is too long\nenrich.yaml:3: stream.shards: 0 is not allowed; use 1 to 10000"},
		{"by a flag", "shop", "name: orders\n", "--name: the bucket of shop is too long"},
		{"by default", "", "", "name: the bucket of data-enrichment is too long"},
		{"refused already", "", "name: Orders\n",
			`enrich.yaml:1: name: "Orders" has capital letters or an underscore, which the bucket that is named after it cannot have; "orders" would do`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := Load(Flags{Name: test.flag}, environ(), write(t, test.content), Check{"name", long})
			var problems *Problems
			if !errors.As(err, &problems) {
				t.Fatal(err)
			}
			var lines []string
			for _, problem := range problems.List {
				lines = append(lines, problem.String())
			}
			if diff := cmp.Diff(test.want, strings.Join(lines, "\n")); diff != "" {
				t.Error(diff)
			}
		})
	}
}
