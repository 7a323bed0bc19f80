package delivery

import (
	"context"
	"testing"
	"time"
)

// What comes is given once, an object that a retry overwrites with more too.
func TestFollow(t *testing.T) {
	c := client(t, nil)
	now := time.Now().UTC()
	first, second, third := sequence[:55]+"1", sequence[:55]+"2", sequence[:55]+"3"
	put(t, c, keyAt(place.Prefix, now, shard, first), zipped(enriched(shard, first)))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	want := []string{enriched(shard, first), enriched(shard, second), enriched(shard, third)}
	n := 0
	for text, err := range Follow(ctx, c, place, place.Prefix, now, time.Millisecond) {
		if err != nil {
			t.Fatalf("after %d: %v", n, err)
		}
		if string(text) != want[n] {
			t.Fatalf("%d: got %s", n, text)
		}
		if n++; n == len(want) {
			break
		}
		// Stored while the one before is read: seen by the next look.
		put(t, c, keyAt(place.Prefix, now, shard, first), zipped(want[:n+1]...))
	}
	if n != len(want) {
		t.Errorf("got %d", n)
	}
}
