package config

// Environments a pipeline can be deployed for.
const (
	Dev     = "dev"
	Staging = "staging"
	Prod    = "prod"
)

func environments() []string { return []string{Dev, Staging, Prod} }

// Keys declares every setting, in the order in which a file would have them.
func Keys() []Key {
	keys := append(pipelineKeys(), functionKeys()...)
	keys = append(keys, lookupKeys()...)
	keys = append(keys, outputKeys()...)
	keys = append(keys, alarmKeys()...)
	return append(keys, otherKeys()...)
}

func pipelineKeys() []Key {
	return []Key{{
		Path: "name", Type: Text, Default: "data-enrichment",
		Pattern: namePattern, Rule: nameRule, reject: rejectName,
		Doc: "Name of the pipeline; every resource's name begins with it.",
	}, {
		Path: "environment", Type: Text, Default: Dev, Values: environments(), fixed: true,
		meant: map[string]string{"development": Dev, "stage": Staging, "production": Prod},
		Doc:   "Environment that is deployed; names and tags carry it.",
	}, {
		Path: "region", Type: Text, Derived: "the AWS SDK's own",
		Pattern: regionPattern, Rule: regionRule, example: "us-east-1",
		Doc: "AWS region of the pipeline.",
	}, {
		Path: "stream.mode", Type: Text, Default: "provisioned", Values: []string{"provisioned", "on-demand"},
		meant: map[string]string{"ondemand": "on-demand"},
		Doc:   "Capacity of the data stream: a number of shards, or whatever the traffic needs.",
	}, {
		Path: "stream.shards", Type: Number, Default: 2, Min: 1, Max: 10000,
		Doc: "Shards of a provisioned stream, 1 MB/s or 1,000 records/s each; AWS's default quota for an account is 200 or 500 by region.",
	}, {
		Path: "stream.retention_hours", Type: Number, Default: 24, Min: 24, Max: maxRetention / 3600, Unit: "hours",
		Doc: "How long the stream keeps a record.",
	}, {
		Path: "stream.shard_metrics", Type: TextList, Default: []string{}, Values: []string{
			"IncomingBytes", "IncomingRecords", "OutgoingBytes", "OutgoingRecords",
			"WriteProvisionedThroughputExceeded", "ReadProvisionedThroughputExceeded", "IteratorAgeMilliseconds",
		},
		Doc: "Metrics that CloudWatch keeps for each shard, at a charge.",
	}}
}

func functionKeys() []Key {
	return []Key{{
		Path: "function.memory", Type: Number, Default: 256, Min: 128, Max: 10240, Unit: "MB",
		Doc: "Memory of the function; its share of a CPU grows with it.",
	}, {
		Path: "function.timeout", Type: Number, Default: 60, Min: 1, Max: 900, Unit: "seconds",
		Doc: "Longest run of the function for one batch.",
	}, {
		Path: "function.architecture", Type: Text, Default: "arm64", Values: []string{"arm64", "x86_64"},
		meant: map[string]string{"amd64": "x86_64", "x64": "x86_64", "aarch64": "arm64"},
		Doc:   "Processor that the function runs on.",
	}, {
		Path: "function.log_level", Type: Text, Default: "info", Values: []string{"debug", "info", "warn", "error"},
		meant: map[string]string{"warning": "warn"},
		Doc:   "Least severe messages that the function logs, besides each batch's one line, which holds the metrics.",
	}, {
		Path: "function.log_retention_days", Type: Number, Default: 30, Unit: "days", Numbers: []int{
			1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
		},
		Doc: "How long the function's log is kept.",
	}, {
		Path: "mapping.batch_size", Type: Number, Default: 1000, Min: 1, Max: 10000, Unit: "records",
		Doc: "Most records of one batch.",
	}, {
		Path: "mapping.batching_window_seconds", Type: Number, Default: 5, Min: 0, Max: 300, Unit: "seconds",
		DefaultIn: map[string]any{Dev: 1},
		Doc:       "Longest wait for a batch to fill.",
	}, {
		Path: "mapping.parallelization_factor", Type: Number, Default: 1, Min: 1, Max: 10,
		Doc: "Batches of one shard that are worked on at the same time.",
	}, {
		Path: "mapping.maximum_retry_attempts", Type: Number, Default: -1, Min: 0, Max: 10000, Numbers: []int{-1},
		Doc: "Retries of a failed batch; -1 retries until its records are too old.",
	}, {
		Path: "mapping.maximum_record_age_seconds", Type: Number, Derived: "half of stream.retention_hours, at most 604800",
		Min: 60, Max: maxRecordAge, Numbers: []int{-1}, Unit: "seconds",
		Doc: "Age at which a record is given up and goes to the failed batches; -1 retries until the stream forgets it.",
	}, {
		Path: "table.mode", Type: Text, Default: "on-demand", Values: []string{"on-demand", "provisioned"},
		meant: map[string]string{"ondemand": "on-demand", "PAY_PER_REQUEST": "on-demand"},
		Doc:   "Capacity of the lookup tables.",
	}, {
		Path: "table.read", Type: Number, Default: 5, Min: 1, Max: 40000, Unit: "units",
		Doc: "Read capacity of a provisioned table.",
	}, {
		Path: "table.write", Type: Number, Default: 5, Min: 1, Max: 40000, Unit: "units",
		Doc: "Write capacity of a provisioned table.",
	}}
}

func lookupKeys() []Key {
	return []Key{{
		Path: "lookups", Type: SectionList, Default: []Lookup{users()}, Min: 1, Max: 100,
		Derived: "users by user_id",
		Doc:     "Tables that events are joined with; given ones replace the default.",
	}, {
		Path: "lookups[].name", Type: Text, Required: true,
		Pattern: namePattern, Rule: nameRule, reject: rejectName,
		Doc: "Name of the lookup; its table is <name>-<environment>-<this>.",
	}, {
		Path: "lookups[].key", Type: Text, Required: true,
		Pattern: eventPattern, Rule: eventRule, reject: rejectLong, longest: maxField,
		Doc: "Field of the event that is looked up, a dotted path.",
	}, {
		Path: "lookups[].table_key", Type: Text, Derived: "the last part of key",
		Pattern: fieldPattern, Rule: fieldRule, reject: rejectLong, longest: maxField,
		Doc: "Partition key of the table.",
	}, {
		Path: "lookups[].table_key_type", Type: Text, Default: "string", Values: []string{"string", "number", "binary"},
		meant: map[string]string{"S": "string", "N": "number", "B": "binary"},
		Doc:   "Type of the table's partition key: a string takes an event's text or the digits of its number as they are, a number either by its value, binary a text in base64.",
	}, {
		Path: "lookups[].prefix", Type: Text, Derived: "the name without a plural s, and _: users gives user_",
		Pattern: prefixPattern, Rule: prefixRule,
		Doc: "Beginning of the names of the added fields.",
	}, {
		Path: "lookups[].fields", Type: FieldList, Required: true, Min: 1, Max: 100,
		Pattern: fieldPattern, Rule: fieldRule, reject: rejectLong, longest: maxField,
		Doc: "Attributes of the item that are added to the event; {from: email, to: mail} adds one under another name, still after the prefix.",
	}, {
		Path: "lookups[].missing", Type: Text, Default: "unknown", Values: []string{"unknown", "null", "omit", "dead-letter"},
		Doc: "What an event without item gets: the text Unknown in each field, null, no fields, or a place in dead-letter/.",
	}, {
		Path: "lookups[].cache.ttl_seconds", Type: Number, Default: defaultCache().TTLSeconds, Min: 0, Max: maxCache, Unit: "seconds",
		Doc: "How long the function takes an item as it was found; 0 looks up each batch's keys anew.",
	}, {
		Path: "lookups[].cache.missing_ttl_seconds", Type: Number, Default: defaultCache().MissingTTLSeconds, Min: 0, Max: maxCache, Unit: "seconds",
		Doc: "How long the function takes a key for missing that had no item.",
	}, {
		Path: "lookups[].cache.size_mb", Type: Number, Default: 0, Min: 0, Max: 2560, Unit: "MB",
		Doc: "Memory for what is kept, of which the items that were not used for longest are dropped; lookups with 0 share an eighth of function.memory.",
	}, {
		Path: "lookups[].cache.stale_seconds", Type: Number, Default: 0, Min: 0, Max: maxCache, Unit: "seconds",
		Doc: "How long after ttl_seconds an item may still be used while the table does not answer; 0 waits for the table.",
	}, {
		Path: "lookups[].table.mode", Type: Text, Derived: "table.mode", Values: []string{"on-demand", "provisioned"},
		meant: map[string]string{"ondemand": "on-demand", "PAY_PER_REQUEST": "on-demand"},
		Doc:   "Capacity of this lookup's table.",
	}, {
		Path: "lookups[].table.read", Type: Number, Derived: "table.read", Min: 1, Max: 40000, Unit: "units",
		Doc: "Read capacity of this lookup's table.",
	}, {
		Path: "lookups[].table.write", Type: Number, Derived: "table.write", Min: 1, Max: 40000, Unit: "units",
		Doc: "Write capacity of this lookup's table.",
	}}
}

func outputKeys() []Key {
	return []Key{{
		Path: "output.prefix", Type: Text, Default: "enriched-data/",
		Pattern: outputPattern, Rule: outputRule, reject: rejectOutput, unlike: takenPattern, longest: maxOutputPrefix,
		Doc: "Folder of the enriched objects in the bucket.",
	}, {
		Path: "output.compression", Type: Text, Default: "gzip", Values: []string{"gzip", "zstd", "none"},
		meant: map[string]string{"gz": "gzip", "zst": "zstd", "zstandard": "zstd"},
		Doc:   "Compression of the objects; their names end in .ndjson.gz, .ndjson.zst or .ndjson.",
	}, {
		Path: "output.partition", Type: Text, Default: "hour", Values: []string{"hour", "hive"},
		Doc: "Folders of the hour in which records arrived: 2026/11/23/14/, or as Hive, Athena and Spark read them, year=2026/month=11/day=23/hour=14/.",
	}, {
		Path: "output.partition_by", Type: Text, Default: "",
		Pattern: folderPattern, Rule: folderRule, reject: rejectPartition, unlike: longEndPattern, longest: maxField,
		Doc: "Field of the event by whose value records are sorted into folders below the hour, such as event_type=page_view/; its last part names them. Each value makes one more object a batch.",
	}, {
		Path: "output.max_partitions", Type: Number, Default: 100, Min: 1, Max: 1000,
		Doc: "Most partitions, each a shard's, an hour's and a value's, that one run of the function stores; what is left of the batch comes in the next run.",
	}}
}

func otherKeys() []Key {
	return []Key{{
		Path: "tags", Type: TextMap, Default: map[string]string{}, Max: maxTags,
		Rule: "up to 46 tags of " + tagRule,
		Doc:  "Tags of every resource, besides enrich's own.",
	}, {
		Path: "environments", Type: Section, fixed: true,
		Doc: "Sections dev, staging and prod with any of the keys above, for that environment only; sections merge key by key, lists replace.",
	}}
}
