package export

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"enrich/config"
	"enrich/pipeline"
)

// oneOf and some choose among words.
func oneOf(r *rand.Rand, words ...string) string { return words[r.IntN(len(words))] }

func some(r *rand.Rand, words ...string) []string {
	r.Shuffle(len(words), func(i, j int) { words[i], words[j] = words[j], words[i] })
	return words[:r.IntN(len(words)+1)]
}

// anySettings are settings that look like each other, like references and like what
// stands for something else.
func anySettings(r *rand.Rand) map[string]any {
	all := map[string]any{}
	maybe := func(key string, value any) {
		if r.IntN(3) == 0 {
			all[key] = value
		}
	}
	maybe("name", oneOf(r, "dev", "a", "prod-x", "stream", "dev-prod", "x-dev", "zp00", "zregion00"))
	maybe("region", oneOf(r, "eu-central-1", "us-east-1"))
	maybe("stream", map[string]any{"mode": oneOf(r, "provisioned", "on-demand"), "shards": 1 + r.IntN(9000), "retention_hours": 24 + r.IntN(3),
		"shard_metrics": some(r, "IncomingBytes", "OutgoingBytes", "IncomingRecords")})
	maybe("function", map[string]any{"memory": 7000 + r.IntN(2100), "timeout": 1 + r.IntN(900), "log_level": oneOf(r, "debug", "info"), "log_retention_days": 7})
	maybe("mapping", map[string]any{"batch_size": 7000 + r.IntN(3000), "parallelization_factor": 1 + r.IntN(3), "maximum_record_age_seconds": -1})
	maybe("table", map[string]any{"mode": oneOf(r, "provisioned", "on-demand"), "read": 7000, "write": 8000 + r.IntN(2)})
	maybe("output", map[string]any{"prefix": oneOf(r, "a/", "dev/", "7000/8000/"), "compression": oneOf(r, "gzip", "none"), "partition_by": oneOf(r, "", "country", "${Stream}")})
	var lookups []any
	for _, name := range some(r, "users", "user", "dev", "stream", "function", "alarms", "users-x") {
		lookups = append(lookups, map[string]any{"name": name, "key": "k" + name, "table_key": oneOf(r, "id", "a-dev-stream", "${x}", "it's", "zaccount0000"),
			"fields": append(some(r, "${Stream}", "dev", "a-dev-users", "7000", "é\"\\", "${!x}"), "f"), "table_key_type": oneOf(r, "string", "number")})
	}
	if len(lookups) > 0 {
		maybe("lookups", lookups)
	}
	alarms := map[string]any{"composite": r.IntN(3) > 0, "notify": some(r, "a@example.com", "b@example.com", "a.b@example.com", "it's@example.com", "arn:aws:sns:us-east-1:123456789012:a-dev-alarms")}
	for _, key := range some(r, "duration_percent", "incoming_records", "s3_put_errors", "dead_letters", "failed_batches", "lookup_table_throttling") {
		alarms[key] = r.IntN(2) * (1 + r.IntN(90))
	}
	maybe("alarms", alarms)
	tags := map[string]any{}
	for _, key := range some(r, "a", "A b", "ä", "ö", "stage", "dev") {
		tags[key] = oneOf(r, "dev", "prod", "a-dev-stream", "a-dev", "a-prod-users", "zp00", "7000", "-1:30", "x", "yes", "a-dev-stream-x", "arn:aws:kinesis:x")
	}
	maybe("tags", tags)
	return all
}

// randomSettings gives those that are right, and the file that has them.
func randomSettings(t *testing.T, r *rand.Rand) ([]config.Config, string) {
	directory := t.TempDir()
	for {
		file := anySettings(r)
		file["environments"] = map[string]any{"dev": anySettings(r), "staging": anySettings(r), "prod": anySettings(r)}
		written, err := json.Marshal(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(directory, config.FileName), written, 0o600); err != nil {
			t.Fatal(err)
		}
		var configs []config.Config
		for _, environment := range Environments() {
			c, err := config.Load(config.Flags{Environment: environment}, func(string) string { return "" }, directory, pipeline.Checks()...)
			if err != nil {
				break // they do not agree with each other: others may
			}
			configs = append(configs, c)
		}
		if len(configs) == 3 {
			return configs, string(written)
		}
	}
}

// Whatever the settings are, a template comes to what the definition is.
func TestRandomTemplates(t *testing.T) {
	for seed := range uint64(12) {
		r := rand.New(rand.NewPCG(seed, 1))
		configs, written := randomSettings(t, r)
		p, err := New(cloudFormation(), configs, oneOf(r, Environments()...), code)
		if err != nil {
			t.Fatal(err)
		}
		files, err := cloudFormation().Files(p, "json")
		if err != nil {
			t.Fatal(err)
		}
		var template map[string]any
		if err := json.Unmarshal(files[0].Content, &template); err != nil {
			t.Fatal(err)
		}
		stack, err := newStack(p)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range configs {
			if !t.Run(fmt.Sprintf("%d in %s", seed, c.Environment), func(t *testing.T) { compareDeployed(t, p, stack.ids, template, c) }) {
				t.Fatalf("with %s", written)
			}
		}
	}
}
