package delivery

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"
)

// What is there already is passed over; what comes is given once, an object that a
// retry overwrites with more too, and dead letters with the rest.
func TestWatch(t *testing.T) {
	c := client(t, nil)
	now := time.Now().UTC()
	old, first, second, third := sequence[:55]+"0", sequence[:55]+"1", sequence[:55]+"2", sequence[:55]+"3"
	put(t, c, keyAt(place.Prefix, now, shard, old), zipped(enriched(shard, old)))
	letter := `{"reason":"none","shard_id":"` + shard + `","sequence_number":"` + third + `","data":""}`
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	enough := errors.New("enough")
	var got []string
	stopped, stop := context.WithCancelCause(ctx)
	err := Watch(stopped, c, place, time.Millisecond, func() {
		put(t, c, keyAt(place.Prefix, now, shard, first), zipped(enriched(shard, first)))
	}, func(s Stored) {
		got = append(got, string(s.Line))
		switch {
		case s.Seen.Before(now) || s.Object.StoredAt.IsZero():
			t.Errorf("seen at %s, stored at %s", s.Seen, s.Object.StoredAt)
		case len(got) == 1:
			put(t, c, keyAt(place.Prefix, now, shard, first), zipped(enriched(shard, first), enriched(shard, second)))
		case len(got) == 2:
			put(t, c, keyAt(DeadLetters, now, shard, third), zipped(letter))
		default:
			stop(enough)
		}
	})
	if want := []string{enriched(shard, first), enriched(shard, second), letter}; !errors.Is(err, enough) || !slices.Equal(got, want) {
		t.Errorf("got %q, %v", got, err)
	}
}

// A bucket that is not there is told at once.
func TestWatchWithoutBucket(t *testing.T) {
	err := Watch(t.Context(), client(t, nil), Place{Bucket: "none", Prefix: "x/"}, 0, func() { t.Error("ready") }, func(Stored) { t.Error("taken") })
	if err == nil {
		t.Error("no error")
	}
}
