package lambda

import (
	"fmt"
	"log/slog"
	"regexp"
	"strconv"
	"strings"

	"enrich/enrichment"
)

// settings is what the function's environment says.
type settings struct {
	bucket  string
	lookups []enrichment.Lookup
	source  string // variable that the lookups are from
	prefix  string
	level   slog.Level
	memory  int64 // bytes; 0: unknown
}

var (
	bucketPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	prefixPattern = regexp.MustCompile(`^([a-zA-Z0-9!_.*'()=-]+/)+$`)
)

// readSettings reads the environment. An error is one line that names the variable.
func readSettings(getenv func(string) string) (settings, error) {
	s := settings{bucket: getenv("BUCKET_NAME"), prefix: getenv("ENRICH_OUTPUT_PREFIX")}
	switch {
	case s.bucket == "":
		return s, fmt.Errorf("BUCKET_NAME is missing: it names the bucket for enriched records")
	case !bucketPattern.MatchString(s.bucket):
		return s, fmt.Errorf("BUCKET_NAME: %q is no bucket name", s.bucket)
	}
	if s.prefix == "" {
		s.prefix = DefaultPrefix
	}
	if !prefixPattern.MatchString(s.prefix) || len(s.prefix) > 512 {
		return s, fmt.Errorf("ENRICH_OUTPUT_PREFIX: %q is no folder path that ends with a slash", s.prefix)
	}
	if strings.HasPrefix(s.prefix, deadLetters) {
		return s, fmt.Errorf("ENRICH_OUTPUT_PREFIX: %s is where dead letters go", deadLetters)
	}
	var err error
	if s.lookups, s.source, err = readLookups(getenv); err != nil {
		return s, err
	}
	if text := getenv("LOG_LEVEL"); text != "" {
		if err := s.level.UnmarshalText([]byte(text)); err != nil {
			return s, fmt.Errorf("LOG_LEVEL: %q is none of debug, info, warn, error", text)
		}
	}
	if megabytes, err := strconv.ParseInt(getenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"), 10, 32); err == nil {
		s.memory = megabytes << 20
	}
	return s, nil
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
