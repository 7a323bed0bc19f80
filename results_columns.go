package main

import (
	"encoding/base64"
	"slices"
	"time"

	"enrich/config"
)

// recordColumns are what a table shows of enriched records: when, about whom, and what
// was added.
func recordColumns(cfg config.Config, c palette) []column {
	columns := []column{timeOf("processed", "processing_timestamp")}
	var paths []string
	for _, lookup := range cfg.Lookups {
		paths = append(paths, lookup.Key)
	}
	for _, path := range append(paths, cfg.Output.PartitionBy, "event_type") {
		if path == "" || slices.ContainsFunc(columns, func(c column) bool { return c.title == path }) {
			continue
		}
		one := member(path, 12)
		one.optional = !slices.Contains(paths, path)
		columns = append(columns, one)
	}
	status := member("enrichment_status", 14)
	status.least = len("success")
	status.paint = func(text string) func(...any) string {
		if text == "success" {
			return c.good
		}
		return c.warn
	}
	columns = append(columns, status)
	for _, lookup := range cfg.Lookups {
		for _, f := range lookup.Fields {
			columns = append(columns, member(lookup.Prefix+f.To, 12))
		}
	}
	return columns
}

// letterColumns are what a table shows of dead letters.
func letterColumns(c palette) []column {
	reason := member("reason", 40)
	reason.paint = func(string) func(...any) string { return c.warn }
	data := column{title: "data", value: func(record map[string]any) (any, bool) {
		text, ok := record["data"].(string)
		if !ok {
			return record["data"], record["data"] != nil
		}
		text = text[:min(len(text), longest)]
		decoded, err := base64.StdEncoding.DecodeString(text[:len(text)/4*4])
		if err != nil {
			return text, true // not as the function writes it
		}
		return string(decoded), true
	}}
	return []column{timeOf("arrived", "arrival"), tail("shard_id", 20), reason, data}
}

// batchColumns are what a table shows of failed batches. Sequence numbers of one shard
// begin alike.
func batchColumns(c palette) []column {
	reason := member("reason", 0)
	reason.paint = func(string) func(...any) string { return c.warn }
	return []column{
		timeOf("given up", "stored_at"), reason, tail("shard_id", 0), member("records", 0), member("attempts", 0),
		tail("first_sequence_number", 0), tail("last_sequence_number", 0),
	}
}

// member is a column of what is at a path, which is its title as well: --where takes it.
func member(path string, usual int) column {
	return column{title: path, usual: usual, value: func(record map[string]any) (any, bool) { return follow(record, path) }}
}

func tail(path string, usual int) column {
	c := member(path, usual)
	c.tail = true
	return c
}

// timeOf is a column of a time, in the time zone of who reads it.
func timeOf(title, path string) column {
	return column{title: title, least: len(timeLayout), usual: len(timeLayout), value: func(record map[string]any) (any, bool) {
		value, found := follow(record, path)
		text, _ := value.(string)
		if at, err := time.Parse(time.RFC3339, text); err == nil {
			return at.Local().Format(timeLayout), true
		}
		return value, found
	}}
}

const timeLayout = "01-02 15:04:05"
