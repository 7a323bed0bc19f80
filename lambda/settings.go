package lambda

import (
	"cmp"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"enrich/enrichment"
)

// settings is what the function's environment says.
type settings struct {
	bucket  string
	lookups []enrichment.Lookup
	source  string // variable that the lookups are from
	output  Output
	level   slog.Level
	memory  int64 // bytes; 0: unknown
}

var (
	bucketPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	prefixPattern = regexp.MustCompile(`^([a-zA-Z0-9!_.*'()=-]+/)+$`)
)

// maxPrefix is the size in bytes of the longest prefix. S3's keys end at 1,024; a
// field's name and value, the hour's folders and the file's name take up to 680.
const maxPrefix = 340

// readSettings reads the environment. An error is one line that names the variable.
func readSettings(getenv func(string) string) (settings, error) {
	s := settings{bucket: getenv("BUCKET_NAME")}
	switch {
	case s.bucket == "":
		return s, fmt.Errorf("BUCKET_NAME is missing: it names the bucket for enriched records")
	case !bucketPattern.MatchString(s.bucket):
		return s, fmt.Errorf("BUCKET_NAME: %q is no bucket name", s.bucket)
	}
	var err error
	if s.lookups, s.source, err = readLookups(getenv); err != nil {
		return s, err
	}
	if s.output, err = readOutput(getenv, s.lookups); err != nil {
		return s, err
	}
	if text := getenv("LOG_LEVEL"); text != "" {
		if err := s.level.UnmarshalText([]byte(text)); err != nil {
			return s, fmt.Errorf("LOG_LEVEL: %q is none of debug, info, warn, error", text)
		}
	}
	if text := getenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"); text != "" {
		megabytes, err := strconv.ParseInt(text, 10, 32)
		if err != nil || megabytes <= 0 {
			return s, fmt.Errorf("AWS_LAMBDA_FUNCTION_MEMORY_SIZE: %q is no number of MB", text)
		}
		s.memory = megabytes << 20
		if sum := cacheSizes(s.lookups); sum > megabytes/4 {
			return s, fmt.Errorf("%s: the caches have %d MB together, of the function's %d MB they may have a quarter", s.source, sum, megabytes)
		}
	}
	return s, nil
}

// cacheSizes is what the caches have together that name a size, in MB.
func cacheSizes(lookups []enrichment.Lookup) (sum int64) {
	for _, l := range lookups {
		sum += int64(l.Cache.Size)
	}
	return sum
}

// readOutput reads the ENRICH_OUTPUT variables. What is not set keeps its default.
func readOutput(getenv func(string) string, lookups []enrichment.Lookup) (Output, error) {
	o := Output{
		Prefix:      cmp.Or(getenv("ENRICH_OUTPUT_PREFIX"), DefaultPrefix),
		Compression: getenv("ENRICH_OUTPUT_COMPRESSION"),
		Partition:   getenv("ENRICH_OUTPUT_PARTITION"),
		PartitionBy: getenv("ENRICH_OUTPUT_PARTITION_BY"),
	}
	if !prefixPattern.MatchString(o.Prefix) || len(o.Prefix) > maxPrefix {
		return o, fmt.Errorf("ENRICH_OUTPUT_PREFIX: %q is no folder path of at most %d bytes that ends with a slash", o.Prefix, maxPrefix)
	}
	for _, taken := range []string{deadLetters, "aws/", "redriven/"} {
		if strings.HasPrefix(o.Prefix, taken) {
			return o, fmt.Errorf("ENRICH_OUTPUT_PREFIX: %s is for records that could not be delivered", taken)
		}
	}
	if parts := strings.Split(o.Prefix, "/"); slices.Contains(parts, ".") || slices.Contains(parts, "..") {
		return o, fmt.Errorf("ENRICH_OUTPUT_PREFIX: %q has a folder named . or .. in it", o.Prefix)
	}
	if _, ok := codecOf(o.Compression); !ok {
		return o, fmt.Errorf("ENRICH_OUTPUT_COMPRESSION: %q is none of %s, %s, %s", o.Compression, Gzip, Zstd, None)
	}
	if _, ok := timeFolders(o.Partition); !ok {
		return o, fmt.Errorf("ENRICH_OUTPUT_PARTITION: %q is none of %s, %s", o.Partition, Hour, Hive)
	}
	if err := enrichment.ValidatePartition(o.PartitionBy, lookups); err != nil {
		return o, fmt.Errorf("ENRICH_OUTPUT_PARTITION_BY: %w", err)
	}
	if text := getenv("ENRICH_OUTPUT_MAX_PARTITIONS"); text != "" {
		var err error
		if o.MaxPartitions, err = strconv.Atoi(text); err != nil || o.MaxPartitions < 1 || o.MaxPartitions > 1000 {
			return o, fmt.Errorf("ENRICH_OUTPUT_MAX_PARTITIONS: %q is no number from 1 to 1000", text)
		}
	}
	return o, nil
}

// readLookups reads ENRICH_LOOKUPS, or without it makes the default lookup of
// TABLE_NAME, and tells which of them it was.
func readLookups(getenv func(string) string) (lookups []enrichment.Lookup, source string, err error) {
	if text := getenv("ENRICH_LOOKUPS"); text != "" {
		lookups, err := enrichment.ParseLookups([]byte(text))
		if err != nil {
			return nil, "", fmt.Errorf("ENRICH_LOOKUPS: %w", err)
		}
		return lookups, "ENRICH_LOOKUPS", nil
	}
	table := getenv("TABLE_NAME")
	if table == "" {
		return nil, "", fmt.Errorf("TABLE_NAME is missing: it names the lookup table (or set ENRICH_LOOKUPS)")
	}
	lookups = []enrichment.Lookup{enrichment.DefaultLookup(table)}
	if err := enrichment.Validate(lookups); err != nil {
		return nil, "", fmt.Errorf("TABLE_NAME: %q is no table name or ARN", table)
	}
	return lookups, "TABLE_NAME", nil
}
