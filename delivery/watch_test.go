package delivery

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
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

// What S3 refuses or breaks off for a while comes all the same, and no line twice.
func TestWatchThroughFaults(t *testing.T) {
	var lists, gets atomic.Int32
	c := client(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch n := int32(0); {
			case r.URL.Query().Has("list-type"):
				if n = lists.Add(1); n > 5 && n < 15 {
					w.WriteHeader(http.StatusServiceUnavailable)
					return
				}
			case r.Method == http.MethodGet:
				if n = gets.Add(1); n > 5 {
					break
				}
				answer := httptest.NewRecorder()
				next.ServeHTTP(answer, r)
				maps.Copy(w.Header(), answer.Header())
				_, _ = w.Write(answer.Body.Bytes()[:answer.Body.Len()*3/4])
				panic(http.ErrAbortHandler)
			}
			next.ServeHTTP(w, r)
		})
	})
	now := time.Now().UTC()
	var want, got []string
	for n := range 100 {
		want = append(want, enriched(shard, fmt.Sprintf("%s%04d", sequence[:50], n)))
	}
	enough := errors.New("enough")
	ctx, stop := context.WithCancelCause(t.Context())
	err := Watch(ctx, c, place, time.Millisecond, func() {
		put(t, c, strings.TrimSuffix(keyAt(place.Prefix, now, shard, sequence[:50]+"0000"), ".gz"), []byte(strings.Join(want, "\n")+"\n"))
	}, func(s Stored) {
		if got = append(got, string(s.Line)); len(got) >= len(want) {
			stop(enough)
		}
	})
	if !errors.Is(err, enough) || !slices.Equal(got, want) || gets.Load() < 6 || lists.Load() < 15 {
		t.Errorf("%d lines after %d lists and %d gets, %v", len(got), lists.Load(), gets.Load(), err)
	}
}
