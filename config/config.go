// Package config turns enrich.yaml, environment variables and flags into one
// validated Config.
package config

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
	Name     string   `yaml:"name"`      // table <name>-<environment>-<this>
	Key      string   `yaml:"key"`       // field of the event, a dotted path
	TableKey string   `yaml:"table_key"` // default: the last part of Key
	Prefix   string   `yaml:"prefix"`    // of the added fields; default: <name without a final s>_
	Fields   []string `yaml:"fields"`    // attributes of the item that are added
	Missing  string   `yaml:"missing"`   // unknown, null, omit or dead-letter
	Table    *Table   `yaml:"table"`     // overrides Config.Table
}

// Output is what the function writes.
type Output struct {
	Prefix      string `yaml:"prefix"`
	Compression string `yaml:"compression"` // gzip
	Partition   string `yaml:"partition"`   // hour
}

// Alarms of the pipeline.
type Alarms struct {
	Notify []string `yaml:"notify"` // SNS topic ARNs
}
