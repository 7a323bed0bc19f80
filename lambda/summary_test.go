package lambda

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"testing"

	"github.com/google/go-cmp/cmp"

	"enrich/enrichment"
)

// The line of a batch gives CloudWatch a value of each metric, whatever the log level.
func TestMetrics(t *testing.T) {
	table, bucket := newFakes()
	table.items["a"] = nameItem("Ann")
	var log bytes.Buffer
	h, err := New(Options{
		Lookups: []enrichment.Lookup{enrichment.DefaultLookup("users")}, Finder: table, Sink: bucket, Function: "f",
		Logger: slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelError})),
	})
	if err != nil {
		t.Fatal(err)
	}
	records := []given{good(1, "a", beforeHour), good(2, "b", beforeHour), bad(3, beforeHour), good(4, "a", afterHour)}
	invoke(t, h, records...)
	bucket.fail = func(key string) (bool, error) {
		if key == name("e15-4") {
			return false, errDown
		}
		return true, nil
	}
	if c := invoke(t, h, records...); c != "4" {
		t.Fatalf("checkpoint %q", c)
	}
	for i, want := range []map[string]float64{
		{"RecordsIn": 4, "RecordsEnriched": 3, "RecordsDeadLettered": 1, "LookupMisses": 1, "Lookups": 1, "LookupThrottles": 0, "LookupKeys": 2, "CacheHits": 0, "StoreErrors": 0},
		{"RecordsIn": 4, "RecordsEnriched": 2, "RecordsDeadLettered": 1, "LookupMisses": 1, "Lookups": 0, "LookupThrottles": 0, "LookupKeys": 2, "CacheHits": 2, "StoreErrors": 1},
	} {
		line, err := log.ReadBytes('\n')
		if err != nil {
			t.Fatalf("line %d: %v", i, err)
		}
		var members map[string]json.RawMessage
		var fixed struct {
			Aws struct {
				Timestamp         int64
				CloudWatchMetrics []struct {
					Namespace  string
					Dimensions [][]string
					Metrics    []struct{ Name, Unit string }
				}
			} `json:"_aws"`
			FunctionName string
		}
		if err := json.Unmarshal(line, &members); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(line, &fixed); err != nil {
			t.Fatal(err)
		}
		sets := fixed.Aws.CloudWatchMetrics
		if len(sets) != 1 || sets[0].Namespace != "enrich" || !cmp.Equal(sets[0].Dimensions, [][]string{{"FunctionName"}}) ||
			fixed.FunctionName != "f" || fixed.Aws.Timestamp < 1e12 {
			t.Fatalf("%s", line)
		}
		got := map[string]float64{}
		for _, m := range sets[0].Metrics {
			var value float64
			if err := json.Unmarshal(members[m.Name], &value); err != nil || m.Unit == "" {
				t.Errorf("%s: %v", m.Name, err)
			}
			got[m.Name] = value
		}
		if _, ok := got["BatchMillis"]; !ok {
			t.Error("no BatchMillis")
		}
		delete(got, "BatchMillis")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("line %d:\n%s", i, diff)
		}
	}
}
