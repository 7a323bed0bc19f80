package delivery

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// Folders are found in both layouts, before, between and after the objects of the shards
// and beyond a page of them.
func TestFolders(t *testing.T) {
	c := client(t, nil)
	hour := time.Date(2026, 3, 1, 23, 0, 0, 0, time.UTC)
	folders := func() []string {
		got, err := Folders(t.Context(), c, place, hour)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := folders(); len(got) > 0 {
		t.Errorf("got %q", got)
	}
	for n := range 1010 { // more than a page
		put(t, c, keyAt(place.Prefix, hour, shard, fmt.Sprint(1000+n)), nil)
	}
	begin := place.Prefix + hour.Format("2006/01/02/15/")
	put(t, c, begin+"a=1/"+shard+"-1.ndjson", nil)
	put(t, c, begin+"none/"+shard+"-1.ndjson", nil)
	put(t, c, begin+"shardId-000000000001=x/"+shard+"-1.ndjson", nil)
	put(t, c, begin+"z=%2F/"+shard+"-1.ndjson", nil)
	put(t, c, begin+"z=%2F/"+shard+"-2.ndjson", nil)
	put(t, c, hiveKeyAt(hour, "a=1/", shard, "1", ".ndjson"), nil)
	put(t, c, hiveKeyAt(hour, "a=2/", shard, "1", ".ndjson"), nil)
	put(t, c, hiveKeyAt(hour.Add(time.Hour), "a=3/", shard, "1", ".ndjson"), nil)
	if got, want := folders(), []string{"a=1/", "a=2/", "shardId-000000000001=x/", "z=%2F/"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if _, err := Folders(t.Context(), c, Place{Bucket: "none"}, hour); err == nil {
		t.Error("no error")
	}
}
