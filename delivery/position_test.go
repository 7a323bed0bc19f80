package delivery

import (
	"fmt"
	"maps"
	"testing"
	"time"
)

// How far a shard's records are stored is what its last object of its last hour
// tells, whichever prefix that is in.
func TestPositions(t *testing.T) {
	c := client(t, nil)
	now := time.Now().UTC()
	at := func(prefix string, ago int, shard, first string) string {
		return prefix + now.Add(-time.Duration(ago)*time.Hour).Format("2006/01/02/15/") + shard + "-" + first + ".ndjson.gz"
	}
	event := func(shard, number string) string { return fmt.Sprintf(`{"enrichment_id":"%s:%s"}`, shard, number) }
	letter := func(shard, number string) string {
		return fmt.Sprintf(`{"reason":"x","shard_id":"%s","sequence_number":"%s"}`, shard, number)
	}
	for key, lines := range map[string][]string{
		at("enriched-data/", 0, "shardId-0", "100"):        {event("shardId-0", "100"), event("shardId-0", "110"), event("shardId-0", "105")},
		at("enriched-data/", 0, "shardId-0", "20"):         {event("shardId-0", "20"), event("shardId-0", "99")},
		at("enriched-data/", 3, "shardId-0", "5"):          {event("shardId-0", "5000")}, // of an earlier hour: not asked for
		at("enriched-data/", 1, "shardId-1", "7"):          {event("shardId-1", "8")},
		at(DeadLetters, 1, "shardId-1", "7"):               {letter("shardId-1", "9")},
		at(Redriven+DeadLetters, 1, "shardId-1", "7"):      {letter("shardId-1", "10")},
		at("enriched-data/", 2, "type=a/shardId-6", "300"): {event("shardId-6", "300"), event("shardId-6", "320")},
		at("enriched-data/", 2, "type=b/shardId-6", "310"): {event("shardId-6", "310")},
		at("enriched-data/", 2, "shardId-2", "40"):         {event("shardId-2", "40:0"), event("shardId-2", "41:1")}, // aggregated
		at("enriched-data/", 2, "shardId-3", "50"):         {`{"enrichment_id":"shardId-9:99"}`, `{"Enrichment_ID":"shardId-3:98"}`},
		at("enriched-data/", 9, "shardId-4", "60"):         {event("shardId-4", "60")}, // too old
		at("enriched-data/", 0, "shardId-other", "60"):     {event("shardId-other", "60")},
	} {
		put(t, c, key, zipped(lines...))
	}
	shards := []string{"shardId-0", "shardId-1", "shardId-2", "shardId-3", "shardId-4", "shardId-5", "shardId-6"}
	got, err := Positions(t.Context(), c, place, shards, now.Add(-5*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"shardId-0": "110", "shardId-1": "10", "shardId-2": "41", "shardId-3": "50", "shardId-6": "320"}
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got, err := Positions(t.Context(), c, place, nil, now.Add(-time.Hour)); err != nil || len(got) != 0 {
		t.Errorf("of no shard: %v, %v", got, err)
	}
}
