package config

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// problems gives what is wrong with a file, one line each, without its name.
func problems(t *testing.T, content string) string {
	t.Helper()
	_, err := Load(Flags{}, environ(), write(t, content))
	var all *Problems
	if err == nil || !errors.As(err, &all) {
		t.Fatalf("no problems but %v", err)
	}
	lines := make([]string, len(all.List))
	for i, p := range all.List {
		lines[i] = strings.TrimPrefix(p.String(), FileName+":")
	}
	return strings.Join(lines, "\n")
}

// refusal is a file that is refused, and how.
type refusal struct{ content, want string }

func refusals() []refusal {
	const topic = "'arn:aws:sns:us-east-1:123456789012:a"
	const lookup = "lookups:\n- {name: a, key: a, fields: [x]}\n"
	return []refusal{
		// Keys.
		{"colour: red", "1: colour: there is no such key; there are name, environment, region, stream, function, mapping, table, lookups, output, alarms, tags, environments"},
		{"\n# c\nstreams: {}", "3: streams: there is no such key; did you mean stream?"},
		{"stream:\n  shard: 2", "2: stream.shard: there is no such key; did you mean shards?"},
		{"mapping:\n  batchSize: 2", "2: mapping.batchSize: there is no such key; did you mean batch_size?"},
		{"shards: 2", "1: shards: there is no such key; did you mean stream.shards?"},
		{"memory: 256", "1: memory: there is no such key; did you mean function.memory?"},
		{"name: a\nname: b", "2: name: is given twice; the first is in line 1"},
		{"stream: {shards: 1}\nstream: {shards: 2}", "2: stream: is given twice; the first is in line 1"},
		{"name:", "1: name: is empty; give a value (lower-case letters, digits and single hyphens, beginning with a letter) or remove the key"},
		{"lookups:\n", "1: lookups: is empty; give a value (1 to 100 entries) or remove the key"},

		// Types.
		{"name: 12", `1: name: 12 is a number; write a text, in quotes if need be: "12"`},
		{"name: true", `1: name: true is true or false; write a text, in quotes if need be: "true"`},
		{"name: [a]", "1: name: is a list; use a text: lower-case letters, digits and single hyphens, beginning with a letter"},
		{"stream: 2", "1: stream: is the number 2; use a section with the keys mode, shards, retention_hours, shard_metrics"},
		{"stream:\n- shards: 2", "2: stream: is a list; use a section with the keys mode, shards, retention_hours, shard_metrics"},
		{"stream: {shards: two}", `1: stream.shards: "two" is not a number; use 1 to 10000`},
		{"stream: {shards: '2'}", `1: stream.shards: "2" is a text; write the number without quotes`},
		{"stream: {shards: 2.0}", "1: stream.shards: 2.0 is not a whole decimal number; use 1 to 10000"},
		{"stream: {shards: 010}", "1: stream.shards: 010 is not a whole decimal number; use 1 to 10000"},
		{"stream: {shards: 0x10}", "1: stream.shards: 0x10 is not a whole decimal number; use 1 to 10000"},
		{"stream: {shards: .inf}", "1: stream.shards: .inf is not a whole decimal number; use 1 to 10000"},
		{"stream: {shards: 99999999999999999999}", `1: stream.shards: "99999999999999999999" is a text; write the number without quotes`},
		{"stream: {shards: [2]}", "1: stream.shards: is a list, not a number; use 1 to 10000"},
		{"stream: {shards: {}}", "1: stream.shards: is a section, not a number; use 1 to 10000"},
		{"stream: {shard_metrics: IncomingBytes}", "1: stream.shard_metrics: is the text \"IncomingBytes\"; use a list of IncomingBytes, IncomingRecords, OutgoingBytes, OutgoingRecords, WriteProvisionedThroughputExceeded, ReadProvisionedThroughputExceeded or IteratorAgeMilliseconds"},
		{"lookups: {name: users}", "1: lookups: is a section; use a list of 1 to 100 entries"},
		{"tags: [a]", "1: tags: is a list; use names with values such as team: web"},
		{"environments: prod", `1: environments: is the text "prod"; use a section with dev, staging, prod`},

		// Values.
		{"name: Orders_EU", `1: name: "Orders_EU" has capital letters or an underscore, which the bucket that is named after it cannot have; "orders-eu" would do`},
		{"name: a--b", `1: name: "a--b" has a double or trailing hyphen`},
		{"name: a-", `1: name: "a-" has a double or trailing hyphen`},
		{"name: 1a", `1: name: "1a" is not allowed; use lower-case letters, digits and single hyphens, beginning with a letter`},
		{"name: ''", `1: name: "" is not allowed; use lower-case letters, digits and single hyphens, beginning with a letter`},
		{"name: a.b", `1: name: "a.b" is not allowed; use lower-case letters, digits and single hyphens, beginning with a letter`},
		{"name: \"a\\n\"", `1: name: "a\n" is not allowed; use lower-case letters, digits and single hyphens, beginning with a letter`},
		{"environment: production", `1: environment: "production" is not allowed; use dev, staging or prod; did you mean prod?`},
		{"environment: test", `1: environment: "test" is not allowed; use dev, staging or prod`},
		{"region: us-east1", `1: region: "us-east1" is not allowed; use the name of an AWS region, such as us-east-1`},
		{"stream: {mode: on_demand}", `1: stream.mode: "on_demand" is not allowed; use provisioned or on-demand; did you mean on-demand?`},
		{"function: {architecture: amd64}", `1: function.architecture: "amd64" is not allowed; use arm64 or x86_64; did you mean x86_64?`},
		{"stream: {shard_metrics: [IncomingBytes, OutgoingRecord]}", "1: stream.shard_metrics[1]: \"OutgoingRecord\" is not allowed; use IncomingBytes, IncomingRecords, OutgoingBytes, OutgoingRecords, WriteProvisionedThroughputExceeded, ReadProvisionedThroughputExceeded or IteratorAgeMilliseconds; did you mean OutgoingRecords?"},
		{"stream:\n  shard_metrics:\n  - IncomingBytes\n  - IncomingBytes", `4: stream.shard_metrics[1]: "IncomingBytes" is in the list twice`},
		{"output: {compression: zst}", `1: output.compression: "zst" is not allowed; use gzip, zstd or none; did you mean zstd?`},
		{"output: {partition: day}", `1: output.partition: "day" is not allowed; use hour or hive`},
		{"output: {partition_by: a..b}", `1: output.partition_by: "a..b" is not allowed; use a field of the event, with dots between the parts of a path, or an empty text for none`},
		{"output: {partition_by: a." + strings.Repeat("b", 101) + "}", fmt.Sprintf(`1: output.partition_by: "a.%s"… ends with a name of more than 100 bytes`, strings.Repeat("b", 58))},
		{"output: {prefix: out}", `1: output.prefix: "out" does not end with /`},
		{"output: {prefix: /out/}", `1: output.prefix: "/out/" begins with /`},
		{"output: {prefix: a//b/}", "1: output.prefix: \"a//b/\" is not allowed; use folders, each ending with /, of letters, digits and _ . - ="},
		{"output: {prefix: a/../b/}", `1: output.prefix: "a/../b/" has a folder named ".."`},
		{"output: {prefix: dead-letter/}", `1: output.prefix: "dead-letter/" lies in dead-letter/, which holds records that could not be delivered`},
		{"output: {prefix: aws/x/}", `1: output.prefix: "aws/x/" lies in aws/, which holds records that could not be delivered`},
		{"output: {prefix: redriven/}", `1: output.prefix: "redriven/" lies in redriven/, which holds records that could not be delivered`},
		{"output: {prefix: ''}", "1: output.prefix: \"\" is not allowed; use folders, each ending with /, of letters, digits and _ . - ="},
		{"output: {prefix: " + strings.Repeat("a", 200) + "/}", fmt.Sprintf("1: output.prefix: %q… is longer than 200 bytes", strings.Repeat("a", 60))},
		{"alarms: {notify: [me@example]}", `1: alarms.notify[0]: "me@example" is not allowed; use an e-mail address, or the ARN of an SNS topic, such as arn:aws:sns:us-east-1:123456789012:alarms`},
		{"alarms: {notify: ['arn:aws:sqs:us-east-1:123456789012:q']}", `1: alarms.notify[0]: "arn:aws:sqs:us-east-1:123456789012:q" is not allowed; use an e-mail address, or the ARN of an SNS topic, such as arn:aws:sns:us-east-1:123456789012:alarms`},

		// Lookups.
		{"lookups: []", "1: lookups: has 0 entries; use 1 to 100"},
		{"lookups: [users]", `1: lookups[0]: is the text "users"; use a section with the keys name, key, table_key, table_key_type, prefix, fields, missing, cache, table`},
		{"lookups:\n- name: a\n", "2: lookups[0].key: is missing; give a field of the event, with dots between the parts of a path\n2: lookups[0].fields: is missing; give 1 to 255 bytes without control characters or spaces around them"},
		{"lookups:\n- {name: a, key: a..b, fields: [x]}", `2: lookups[0].key: "a..b" is not allowed; use a field of the event, with dots between the parts of a path`},
		{"lookups:\n- {name: a, key: a, fields: []}", "2: lookups[0].fields: has 0 entries; use 1 to 100"},
		{"lookups:\n- {name: a, key: a, fields: [{to: x}]}", "2: lookups[0].fields[0].from: is missing: the attribute of the item that is added"},
		{"lookups:\n- {name: a, key: a, fields: [{from: x, too: y}]}", "2: lookups[0].fields[0].too: there is no such key; use from or to; did you mean to?"},
		{"lookups:\n- {name: a, key: a, fields: [{from: x, from: y}]}", "2: lookups[0].fields[0].from: is given twice"},
		{"lookups:\n- {name: a, key: a, fields: [' x']}", `2: lookups[0].fields[0]: " x" is not allowed; use 1 to 255 bytes without control characters or spaces around them`},
		{"lookups:\n- {name: a, key: a, prefix: 'a b', fields: [x]}", `2: lookups[0].prefix: "a b" is not allowed; use up to 64 letters, digits and _ . -`},
		{"lookups:\n- {name: a, key: a, fields: [x], table_key: " + strings.Repeat("k", 256) + "}", fmt.Sprintf("2: lookups[0].table_key: %q… is longer than 255 bytes", strings.Repeat("k", 60))},
		{"lookups:\n- {name: a, key: a, fields: [x], table: {mode: provisioned, read: 0}}", "2: lookups[0].table.read: 0 is not allowed; use 1 to 40000 units"},
		{lookup + "- {name: a, key: b, prefix: b_, fields: [x]}", `3: lookups[1].name: "a" is the name of lookups[0] too`},
		{lookup + "- name: b\n  key: b\n  prefix: a_\n  fields: [y, x]", `6: lookups[1].fields: the added field "a_x" (prefix "a_" and "x") is not possible: lookups[0] adds it already`},
		{"lookups:\n- {name: a, key: a, fields: [x, {from: y, to: x}]}", `2: lookups[0].fields: the added field "a_x" (prefix "a_" and "x") is not possible: lookups[0] adds it already`},
		{"lookups:\n- {name: users, key: user_id, fields: [id]}", `2: lookups[0].fields: the added field "user_id" (prefix "user_" and "id") is not possible: it is the key of lookups[0] and would be overwritten`},
		{"lookups:\n- {name: a, key: a, prefix: enrichment_, fields: [status]}", `2: lookups[0].fields: the added field "enrichment_status" (prefix "enrichment_" and "status") is not possible: enrich adds a field of this name itself`},
		{"lookups:\n- {name: a, key: a, prefix: '', fields: [enriched]}", `2: lookups[0].fields: the added field "enriched" (prefix "" and "enriched") is not possible: enrich adds a field of this name itself`},

		// Agreement.
		{"output: {partition_by: user_segment}", `1: output.partition_by: "user_segment" is a field that enrich adds: records are sorted by what an event brings, as that stays the same in every try`},
		{"output: {partition_by: user_segment.x}", `1: output.partition_by: "user_segment.x" is a field that enrich adds: records are sorted by what an event brings, as that stays the same in every try`},
		{lookup + "output:\n  partition_by: a_x", `4: output.partition_by: "a_x" is a field that enrich adds: records are sorted by what an event brings, as that stays the same in every try`},
		{"output: {partition_by: enriched}", `1: output.partition_by: "enriched" is a field that enrich adds: records are sorted by what an event brings, as that stays the same in every try`},
		{"output:\n  partition: hive\nenvironments:\n  dev: {output: {partition_by: at.Hour}}", `4: environments.dev.output.partition_by: "Hour" would be there twice: the hour's folders have a column hour already; use output.partition: hour, or another field`},
		{"mapping: {maximum_record_age_seconds: 90000}", "1: mapping.maximum_record_age_seconds: 90000 is longer than the stream keeps a record; use up to 86400, or raise stream.retention_hours above 24"},
		{"function: {timeout: 300}\nmapping:\n  batching_window_seconds: 300\n  maximum_record_age_seconds: 600", "4: mapping.maximum_record_age_seconds: 600 leaves no time for a retry: a batch may wait 300 s (mapping.batching_window_seconds) and run 300 s (function.timeout) before it fails; use more than 600"},
		{"alarms: {iterator_age_seconds: 43200}", "1: alarms.iterator_age_seconds: 43200 is never reached: records are given up after 43200 s (mapping.maximum_record_age_seconds); use less, or 0 for no such alarm"},
		{"mapping: {maximum_record_age_seconds: -1}\nalarms:\n  iterator_age_seconds: 90000", "3: alarms.iterator_age_seconds: 90000 is never reached: records are given up after 86400 s (stream.retention_hours); use less, or 0 for no such alarm"},
		{"alarms: {composite: 'true'}", `1: alarms.composite: is the text "true"; use true or false, without quotes`},
		{"alarms:\n  composite: 1", "2: alarms.composite: is the number 1; use true or false, without quotes"},
		{"alarms: {composite: [true]}", "1: alarms.composite: is a list; use true or false, without quotes"},
		{"alarms: {function_errors: off}", `1: alarms.function_errors: "off" is not a number; use 0 to 1000000000`},
		{"alarms: {dead_letter: 2}", "1: alarms.dead_letter: there is no such key; did you mean dead_letters?"},
		{"alarms:\n  notify:\n  - me@example.com\n  - Me@example.com", `4: alarms.notify[1]: "Me@example.com" is in the list already, with other capital letters`},
		{"alarms: {notify: [a@b.co, " + strings.Join([]string{topic + "1'", topic + "2'", topic + "3'", topic + "4'", topic + "5'"}, ", ") + "]}", "1: alarms.notify: comes to 6 topics, with one for all addresses; use up to 5"},
		{"region: us-east-1\nalarms:\n  notify:\n  - arn:aws:sns:us-east-2:123456789012:a", `4: alarms.notify[0]: "arn:aws:sns:us-east-2:123456789012:a" is in us-east-2, but an alarm notifies only topics of its own region, us-east-1`},

		// Tags.
		{"tags: {team: 1}", `1: tags.team: 1 is a number; write a text, in quotes if need be: "1"`},
		{"tags:\n  aws:x: y", `2: tags.aws:x: "aws:x" begins with aws:, which is AWS's own`},
		{"tags:\n  AWS:x: y", `2: tags.AWS:x: "AWS:x" begins with aws:, which is AWS's own`},
		{"tags:\n  enrich:pipeline: y", `2: tags.enrich:pipeline: "enrich:pipeline" is a tag that enrich sets itself`},
		{"tags:\n  Managed-By: me", `2: tags.Managed-By: "Managed-By" is a tag that enrich sets itself`},
		{"tags:\n  a#b: y", `2: tags.a#b: "a#b" is not a tag's name: use letters, digits, spaces and _ . : / = + - @`},
		{"tags:\n  a: 'y!'", `2: tags.a: "y!" is not a tag's value: use letters, digits, spaces and _ . : / = + - @`},
		{"tags:\n  Team: a\n  team: b", `3: tags.team: is given twice; the first, "Team", is in line 2`},
		{"tags: {Team: a}\nenvironments:\n  dev:\n    tags: {team: b}", `4: environments.dev.tags.team: differs from "Team" in line 1 only in capital letters, which some AWS services refuse`},

		// Environments.
		{"environments: {production: {}}", "1: environments.production: there is no such environment; use dev, staging or prod; did you mean prod?"},
		{"environments:\n  prod: {}\n  prod: {}", "3: environments.prod: is given twice"},
		{"environments:\n  prod: {environment: dev}", "2: environments.prod.environment: cannot depend on the environment"},
		{"environments:\n  prod: {environments: {}}", "2: environments.prod.environments: cannot depend on the environment"},
		{"environments:\n  prod: {stream: {shards: 0}}", "2: environments.prod.stream.shards: 0 is not allowed; use 1 to 10000"},
		{"environments:\n  prod: 7", "2: environments.prod: is the number 7; use a section with the keys name, environment, region, stream, function, mapping, table, lookups, output, alarms, tags, environments"},
		{"environments:\n  dev: {lookups: [{name: a}]}", "2: environments.dev.lookups[0].key: is missing; give a field of the event, with dots between the parts of a path\n2: environments.dev.lookups[0].fields: is missing; give 1 to 255 bytes without control characters or spaces around them"},

		// Files that are not settings.
		{"just text", ` is the text "just text", not keys with values such as name: my-pipeline`},
		{"- a", " is a list, not keys with values such as name: my-pipeline"},
		{"name: a\n---\nname: b", "3: has a second document: only one is allowed, without --- between"},
		{"name: &n a\n", "1: & is not supported: anchors and aliases have to be written out"},
		{"a: b\nname: *n", "2: * is not supported: anchors and aliases have to be written out"},
		{"name: !!str 1", `1: the YAML tag "!!str" is not supported`},
		{"%YAML 1.2\n---\nname: a", "1: YAML directives are not supported"},
		{"? name\n: a", "1: keys that begin with ? are not supported"},
		{"tags: {cost:center: 12}", `1: "cost:center: 12": write a space after the colon that ends a key, or put a text that has a colon in quotes`},
		{"name: 'a", "1: is not valid YAML: could not find end character of single-quoted text"},
		{"stream:\n\tshards: 2", "2: is not valid YAML: found character '\t' that cannot start any token"},
		{"name: a: b", "1: is not valid YAML: mapping value is not allowed in this context"},
		{"\r\n\r\nname: a\r\n\r\nstream:\r\n  shards: 0\r\n", "6: stream.shards: 0 is not allowed; use 1 to 10000"},
	}
}

func TestProblems(t *testing.T) {
	for _, test := range refusals() {
		t.Run(test.content, func(t *testing.T) {
			got := problems(t, test.content)
			want := strings.ReplaceAll(test.want, "\n ", "\n")
			if strings.HasPrefix(want, " ") {
				want = "1:" + want
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestAllProblemsAtOnce(t *testing.T) {
	_, err := Load(Flags{Environment: "live"}, environ("ENRICH_NAME", "Orders", "ENRICH_REGION", "moon"), write(t, `
colour: red
stream: {shards: 0}
function:
  timeout: 901
environments:
  prod:
    function: {memory: 100}
lookups:
- {name: a, key: a, fields: [x, x]}
`))
	want := `8 problems with the settings:
  ENRICH_NAME: "Orders" has capital letters or an underscore, which the bucket that is named after it cannot have; "orders" would do
  --environment: "live" is not allowed; use dev, staging or prod
  ENRICH_REGION: "moon" is not allowed; use the name of an AWS region, such as us-east-1
  enrich.yaml:2: colour: there is no such key; there are name, environment, region, stream, function, mapping, table, lookups, output, alarms, tags, environments
  enrich.yaml:3: stream.shards: 0 is not allowed; use 1 to 10000
  enrich.yaml:5: function.timeout: 901 is not allowed; use 1 to 900 seconds
  enrich.yaml:8: environments.prod.function.memory: 100 is not allowed; use 128 to 10240 MB
  enrich.yaml:10: lookups[0].fields: the added field "a_x" (prefix "a_" and "x") is not possible: lookups[0] adds it already`
	if err == nil {
		t.Fatal("no problems")
	}
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestOverridesOfOtherEnvironments: a mistake for prod shows while dev is
// deployed.
func TestOverridesOfOtherEnvironments(t *testing.T) {
	if got := problems(t, "environment: dev\nenvironments: {prod: {stream: {shards: none}}}"); !strings.Contains(got, "environments.prod.stream.shards") {
		t.Error(got)
	}
}

func TestTooManyTags(t *testing.T) {
	tags := func(prefix string, count int) string {
		var b strings.Builder
		for i := range count {
			fmt.Fprintf(&b, "%s: x, ", fmt.Sprint(prefix, i))
		}
		return "tags: {" + b.String() + "}\n"
	}
	load(t, tags("a", 46))
	if got := problems(t, tags("a", 47)); got != "1: tags: has 47 tags; use up to 46" {
		t.Error(got)
	}
	if got := problems(t, tags("a", 40)+"environments:\n  dev: {"+strings.TrimSpace(tags("b", 7))+"}"); got != "1: tags: has 47 tags with those of the environment; use up to 46" {
		t.Error(got)
	}
}

// TestHostileFiles are refused before the parser works on them for hours.
func TestHostileFiles(t *testing.T) {
	for _, part := range []string{"[", "{", "- ", "{a: ", "- [", "? ", "&a ", "[[1],", "\"", "!!x ", "|\n", ": ", "{? "} {
		if root, wrong := parse("f", []byte(strings.Repeat(part, maxTokens/3))); wrong == nil && len(root.entries) > 0 {
			t.Errorf("%q is accepted", part)
		}
	}
	if _, wrong := parse("f", bytes.Repeat([]byte("["), maxFile)); wrong == nil || !strings.Contains(wrong.Error(), "too long") {
		t.Errorf("a megabyte of brackets: %v", wrong)
	}
	var b strings.Builder
	for i := range maxTokens/3 - 1 {
		fmt.Fprintf(&b, "key%d: b\n", i)
	}
	if got := problems(t, b.String()); strings.Count(got, "there is no such key") != maxTokens/3-1 {
		t.Errorf("%.200s", got)
	}
}
