package delivery

import (
	"encoding/json"
	"testing"
	"unicode/utf8"
)

func TestIdentity(t *testing.T) {
	const id = `"enrichment_id":"` + shard + `:495`
	enriched, dead := Object{ShardID: shard}, Object{ShardID: shard, DeadLetter: true}
	for _, test := range []struct {
		object Object
		line   string
		want   string
		part   int
	}{
		{enriched, `{"a":1,` + id + `"}`, "495", Whole},
		{enriched, `{` + id + `:7"}`, "495", 7},
		{enriched, `{` + id + `"} `, "495", Whole},
		{enriched, `{` + id + `","z":{}}`, "495", Whole},
		{enriched, `{` + id + `", "b": {"enrichment_id":"` + shard + `:6"}}`, "495", Whole},
		{enriched, `{"enrichment_id":"other:1",` + id + `"}`, "495", Whole},
		{enriched, `{"enrichment_id" : "` + shard + `:\u0034"}`, "4", Whole},
		{enriched, `{"a":{` + id + `"}}`, "", 0},
		{enriched, `{"a\"enrichment_id":"` + shard + `:495"}`, "", 0},
		{enriched, `{"Enrichment_ID":"` + shard + `:495"}`, "", 0},
		{enriched, `{"enrichment_id":"shardId-000000000002:495"}`, "", 0},
		{enriched, `{` + id + `:x"}`, "", 0},
		{enriched, `{` + id + `:-1"}`, "", 0},
		{enriched, `{"enrichment_id":"` + shard + `:"}`, "", 0},
		{enriched, `not JSON`, "", 0},
		{dead, `{"shard_id":"` + shard + `","sequence_number":"495"}`, "495", Whole},
		{dead, `{"shard_id":"` + shard + `","sequence_number":"495","sub_sequence_number":0}`, "495", 0},
		{dead, `{"shard_id":"` + shard + `","sequence_number":"495","sub_sequence_number":"0"}`, "", 0},
		{dead, `{"shard_id":"other","sequence_number":"495"}`, "", 0},
		{dead, `{` + id + `"}`, "", 0},
		{dead, `[]`, "", 0},
	} {
		sequence, part, ok := Identity([]byte(test.line), test.object)
		if ok != (test.want != "") || ok && (sequence != test.want || part != test.part) {
			t.Errorf("%s: %q, %d, %v", test.line, sequence, part, ok)
		}
	}
}

// The short way finds nothing that reading the whole line would not.
func FuzzIdentity(f *testing.F) {
	f.Add(`{"a":"\"","enrichment_id":"s:1"}`)
	f.Add(`{"a\\\"enrichment_id":"s:1:2"}`)
	f.Add(`{"a\\":{"enrichment_id":"s:1"}}`)
	f.Fuzz(func(t *testing.T, line string) {
		id, ok := lastID([]byte(line))
		if !ok || !json.Valid([]byte(line)) {
			return
		}
		var fields map[string]json.RawMessage
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatal(err)
		}
		var want string
		if err := json.Unmarshal(fields["enrichment_id"], &want); err != nil || id != want && utf8.ValidString(id) {
			t.Errorf("%q: %q, want %q", line, id, want)
		}
	})
}
