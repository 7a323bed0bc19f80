// Package config turns enrich.yaml, environment variables and flags into one
// validated Config.
package config

import (
	"reflect"
	"strings"
)

// Config is everything that a user can decide about a pipeline. It is complete:
// every default is filled in.
type Config struct {
	Name        string            `yaml:"name"`
	Environment string            `yaml:"environment"` // dev, staging or prod
	Region      string            `yaml:"region"`      // "" asks the SDK's own chain
	Stream      Stream            `yaml:"stream"`
	Function    Function          `yaml:"function"`
	Mapping     Mapping           `yaml:"mapping"`
	Table       Table             `yaml:"table"`
	Lookups     []Lookup          `yaml:"lookups"`
	Output      Output            `yaml:"output"`
	Alarms      Alarms            `yaml:"alarms"`
	Tags        map[string]string `yaml:"tags"`
}

// Stream is the Kinesis data stream.
type Stream struct {
	Mode           string   `yaml:"mode"`            // provisioned or on-demand
	Shards         int      `yaml:"shards"`          // ignored on demand
	RetentionHours int      `yaml:"retention_hours"` // 24 to 8,760
	ShardMetrics   []string `yaml:"shard_metrics"`   // names of shard-level metrics; empty: none
}

// Function is the Lambda function.
type Function struct {
	Memory           int    `yaml:"memory"`  // MB
	Timeout          int    `yaml:"timeout"` // seconds
	Architecture     string `yaml:"architecture"`
	LogLevel         string `yaml:"log_level"` // debug, info, warn or error
	LogRetentionDays int    `yaml:"log_retention_days"`
}

// Mapping is the event source mapping.
type Mapping struct {
	BatchSize               int `yaml:"batch_size"`
	BatchingWindowSeconds   int `yaml:"batching_window_seconds"` // default 1 in dev, 5 elsewhere
	ParallelizationFactor   int `yaml:"parallelization_factor"`
	MaximumRetryAttempts    int `yaml:"maximum_retry_attempts"`     // -1: until the record's age ends it
	MaximumRecordAgeSeconds int `yaml:"maximum_record_age_seconds"` // default: half the retention
}

// Table is the capacity of lookup tables.
type Table struct {
	Mode  string `yaml:"mode"` // on-demand or provisioned
	Read  int    `yaml:"read"`
	Write int    `yaml:"write"`
}

// Lookup joins events with the items of one DynamoDB table.
type Lookup struct {
	Name     string  `yaml:"name"`           // table <name>-<environment>-<this>
	Key      string  `yaml:"key"`            // field of the event, a dotted path
	TableKey string  `yaml:"table_key"`      // default: the last part of Key
	KeyType  string  `yaml:"table_key_type"` // string, number or binary
	Prefix   string  `yaml:"prefix"`         // of the added fields; default: Name without a plural s, and _
	Fields   []Field `yaml:"fields"`         // attributes of the item that are added
	Missing  string  `yaml:"missing"`        // unknown, null, omit or dead-letter
	Cache    Cache   `yaml:"cache"`
	Table    *Table  `yaml:"table"` // overrides Config.Table; nil: as there
}

// Cache is what the function keeps of a lookup between batches.
type Cache struct {
	TTLSeconds        int `yaml:"ttl_seconds"`         // of items; 0: nothing is kept
	MissingTTLSeconds int `yaml:"missing_ttl_seconds"` // of keys without item
	SizeMB            int `yaml:"size_mb"`             // 0: the lookup's share of an eighth of the function's memory
	StaleSeconds      int `yaml:"stale_seconds"`       // after the TTL, while the table does not answer
}

// Field is an attribute of a lookup table's item and the name, after the
// lookup's prefix, of the event field that takes it. In the file a text stands
// for both.
type Field struct {
	From string `yaml:"from"`
	To   string `yaml:"to"` // default: From
}

// Output is what the function writes.
type Output struct {
	Prefix        string `yaml:"prefix"`
	Compression   string `yaml:"compression"`    // gzip, zstd or none
	Partition     string `yaml:"partition"`      // hour or hive
	PartitionBy   string `yaml:"partition_by"`   // field of the event, a dotted path; "": none
	MaxPartitions int    `yaml:"max_partitions"` // of one run of the function
}

// Alarms of the pipeline. Each number is where an alarm begins; 0 is no such alarm.
type Alarms struct {
	Notify                []string `yaml:"notify"`               // e-mail addresses and SNS topic ARNs
	Composite             bool     `yaml:"composite"`            // an alarm over all others
	IteratorAgeSeconds    int      `yaml:"iterator_age_seconds"` // default: 600, or a tenth of the record age
	DurationPercent       int      `yaml:"duration_percent"`     // of the function's timeout
	IncomingRecords       int      `yaml:"incoming_records"`     // at least; default 0 in dev, 1 elsewhere
	FunctionErrors        int      `yaml:"function_errors"`
	FunctionThrottles     int      `yaml:"function_throttles"`
	LookupTableThrottling int      `yaml:"lookup_table_throttling"`
	S3PutErrors           int      `yaml:"s3_put_errors"`
	DeadLetters           int      `yaml:"dead_letters"`
	FailedBatches         int      `yaml:"failed_batches"`
	FailedDeliveries      int      `yaml:"failed_deliveries"`
}

// Topics are the SNS topics among what alarms notify.
func (a Alarms) Topics() []string { return a.notified(true) }

// Addresses are the e-mail addresses among it.
func (a Alarms) Addresses() []string { return a.notified(false) }

func (a Alarms) notified(topics bool) []string {
	list := []string{}
	for _, entry := range a.Notify {
		if strings.HasPrefix(entry, "arn:") == topics {
			list = append(list, entry)
		}
	}
	return list
}

// TableOf is the capacity of one lookup's table: its own, or that of all.
func (c Config) TableOf(l Lookup) Table {
	if l.Table != nil {
		return *l.Table
	}
	return c.Table
}

// DefaultLookup tells whether the only lookup is the default one, users by
// user_id; its table's capacity does not matter.
func (c Config) DefaultLookup() bool {
	if len(c.Lookups) != 1 {
		return false
	}
	only := c.Lookups[0]
	only.Table = nil
	return reflect.DeepEqual(only, users())
}

// users is the lookup of a pipeline that names none.
func users() Lookup {
	return Lookup{
		Name:     "users",
		Key:      "user_id",
		TableKey: "user_id",
		KeyType:  "string",
		Prefix:   "user_",
		Fields:   []Field{field("name"), field("email"), field("segment"), field("location")},
		Missing:  "unknown",
		Cache:    defaultCache(),
	}
}

func defaultCache() Cache { return Cache{TTLSeconds: 60, MissingTTLSeconds: 5} }

func field(name string) Field { return Field{From: name, To: name} }
