package items

import (
	"fmt"
	"path/filepath"
	"strings"
)

// Formats of files.
const (
	CSV    = "csv"
	NDJSON = "ndjson"
	JSON   = "json"
)

// FormatOf tells the format by a file's name, which may tell of a compression behind it.
func FormatOf(file string) (string, error) {
	plain := strings.ToLower(file)
	switch compression := filepath.Ext(plain); compression {
	case ".gz", ".zst":
		plain = strings.TrimSuffix(plain, compression)
	}
	switch filepath.Ext(plain) {
	case ".csv":
		return CSV, nil
	case ".ndjson", ".jsonl":
		return NDJSON, nil
	case ".json":
		return JSON, nil
	}
	return "", fmt.Errorf("the name %q does not tell the format: it ends in none of .csv, .ndjson, .jsonl and .json (.gz or .zst may follow)", file)
}

// ParseTypes parses the types of CSV columns: "price=N,active=BOOL". A type may
// be S, N, BOOL (true or false), NULL (an empty cell) or JSON (any JSON value).
func ParseTypes(text string) (map[string]string, error) {
	columns := make(map[string]string)
	if strings.TrimSpace(text) == "" {
		return columns, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		at := strings.LastIndex(part, "=") // a column's name may contain one
		if at < 0 {
			return nil, fmt.Errorf("%q is not NAME=TYPE", part)
		}
		name, kind := strings.TrimSpace(part[:at]), strings.ToUpper(strings.TrimSpace(part[at+1:]))
		if name == "" {
			return nil, fmt.Errorf("%q is not NAME=TYPE", part)
		}
		switch kind {
		case "S", "N", "BOOL", "NULL", "JSON":
		default:
			return nil, fmt.Errorf("%s: unknown type %q: it is S, N, BOOL, NULL or JSON", name, kind)
		}
		if before, twice := columns[name]; twice && before != kind {
			return nil, fmt.Errorf("%s has two types, %s and %s", name, before, kind)
		}
		columns[name] = kind
	}
	return columns, nil
}
