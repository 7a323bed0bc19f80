package pipeline

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"

	"enrich/config"
	"enrich/enrichment"
)

// Variables of the function.
const (
	varBucket        = "BUCKET_NAME"
	varTable         = "TABLE_NAME"
	varLookups       = "ENRICH_LOOKUPS"
	varPrefix        = "ENRICH_OUTPUT_PREFIX"
	varCompression   = "ENRICH_OUTPUT_COMPRESSION"
	varPartition     = "ENRICH_OUTPUT_PARTITION"
	varPartitionBy   = "ENRICH_OUTPUT_PARTITION_BY"
	varMaxPartitions = "ENRICH_OUTPUT_MAX_PARTITIONS"
	varLogLevel      = "LOG_LEVEL"
)

// defaultOutput is what the function does when it is told nothing else.
func defaultOutput() config.Output {
	return config.Output{Prefix: "enriched-data/", Compression: "gzip", Partition: "hour", MaxPartitions: 100}
}

// maxEnvironment is Lambda's limit, in bytes of all variables together, which it
// measures in JSON.
const maxEnvironment = 4096

// functionEnvironment is what the function is told. The default lookup needs no
// more than the table's name.
func functionEnvironment(cfg config.Config, names Names) (map[string]string, error) {
	environment := map[string]string{
		varBucket:   names.Bucket,
		varLogLevel: cfg.Function.LogLevel,
	}
	if len(cfg.Lookups) > 0 {
		environment[varTable] = names.Tables[cfg.Lookups[0].Name]
	}
	addOutput(environment, cfg.Output)
	if !cfg.DefaultLookup() {
		lookups, err := lookupsOf(cfg, names)
		if err != nil {
			return nil, err
		}
		environment[varLookups] = lookups
	}
	measured, err := json.Marshal(environment)
	if err != nil {
		return nil, fmt.Errorf("environment of the function: %w", err)
	}
	if len(measured) > maxEnvironment {
		return nil, fmt.Errorf("they take %d bytes of the function's environment of %d, which is %d too many: shorten names or have fewer fields",
			len(environment[varLookups]), maxEnvironment, len(measured)-maxEnvironment)
	}
	return environment, nil
}

// addOutput adds what is not the default.
func addOutput(environment map[string]string, o config.Output) {
	usual := defaultOutput()
	if o.Prefix != usual.Prefix {
		environment[varPrefix] = o.Prefix
	}
	if o.Compression != usual.Compression {
		environment[varCompression] = o.Compression
	}
	if o.Partition != usual.Partition {
		environment[varPartition] = o.Partition
	}
	if o.PartitionBy != usual.PartitionBy {
		environment[varPartitionBy] = o.PartitionBy
	}
	if o.MaxPartitions != usual.MaxPartitions {
		environment[varMaxPartitions] = strconv.Itoa(o.MaxPartitions)
	}
}

// lookupsOf writes the lookups as the function reads them.
func lookupsOf(cfg config.Config, names Names) (string, error) {
	lookups := make([]enrichment.Lookup, 0, len(cfg.Lookups))
	for _, l := range cfg.Lookups {
		lookup := enrichment.Lookup{
			Name:     l.Name,
			Table:    names.Tables[l.Name],
			Key:      l.Key,
			TableKey: l.TableKey,
			Prefix:   l.Prefix,
			Missing:  enrichment.Missing(l.Missing),
			Cache: enrichment.Cache{
				TTL: l.Cache.TTLSeconds, MissingTTL: l.Cache.MissingTTLSeconds, Size: l.Cache.SizeMB, Stale: l.Cache.StaleSeconds,
			},
		}
		if l.KeyType != string(enrichment.KeyString) { // which need not be said
			lookup.KeyType = enrichment.KeyType(l.KeyType)
		}
		for _, field := range l.Fields {
			lookup.Fields = append(lookup.Fields, enrichment.Field{From: field.From, To: field.To})
		}
		lookups = append(lookups, lookup)
	}
	if err := enrichment.Validate(lookups); err != nil {
		return "", err
	}
	return enrichment.FormatLookups(lookups)
}

// sameLookups tells whether two texts mean the same lookups: other tools that have
// deployed them order and escape JSON in their own way.
func sameLookups(a, b string) bool {
	first, err := enrichment.ParseLookups([]byte(a))
	if err != nil {
		return false
	}
	second, err := enrichment.ParseLookups([]byte(b))
	return err == nil && reflect.DeepEqual(first, second)
}
