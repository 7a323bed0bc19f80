package delivery

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// The newest object is that of the latest hour that has any, in either layout and in
// the folders of values, and takes few calls however long ago that was.
func TestFindNewest(t *testing.T) {
	now := time.Now().UTC()
	long := time.Date(2019, 7, 31, 23, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		keys  []string // in the order in which they are stored
		calls int64
		want  int // which of them; -1: none
	}{
		"nothing": {nil, 6 + 2, -1},
		"now":     {[]string{keyAt(place.Prefix, now, shard, "2"), keyAt(place.Prefix, now, shard, "1")}, 6, 1},
		"late":    {[]string{keyAt(place.Prefix, now, shard, "2"), keyAt(place.Prefix, now.Add(-time.Hour), shard, "1")}, 6, 1},
		"by value": {[]string{
			hiveKeyAt(now, "type=b/", shard, "2", ".ndjson"), hiveKeyAt(now, "type=a/", shard, "2", ".ndjson.zst"),
		}, 6, 1},
		"long ago": {[]string{
			keyAt(place.Prefix, long.Add(-time.Hour), shard, "9"), keyAt(place.Prefix, long, shard, "2"),
			place.Prefix + "notes/readme.txt", place.Prefix + "year=9999x/a/b/c", keyAt(DeadLetters, now, shard, "9"),
		}, 6 + 8 + 1, 1},
		"long ago, by value": {[]string{
			keyAt(place.Prefix, long.Add(-time.Hour), shard, "9"), hiveKeyAt(long, "type=b/", shard, "2", ".ndjson"),
		}, 6 + 8 + 2, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int64
			c := client(t, func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.URL.Query().Has("list-type") {
						calls.Add(1)
					}
					next.ServeHTTP(w, r)
				})
			})
			for i, key := range test.keys {
				put(t, c, key, []byte("x"))
				for stored := time.Now().Truncate(time.Second); i < 1 && time.Now().Truncate(time.Second).Equal(stored); {
					time.Sleep(time.Millisecond) // S3 tells whole seconds
				}
			}
			newest, found, err := FindNewest(t.Context(), c, place)
			if err != nil || found != (test.want >= 0) || newest.Partly {
				t.Fatalf("%+v, %v, %v", newest, found, err)
			}
			if found && newest.Key != test.keys[test.want] {
				t.Errorf("%s is the newest, not %s", newest.Key, test.keys[test.want])
			}
			if n := calls.Load(); n > test.calls {
				t.Errorf("%d calls, want at most %d", n, test.calls)
			}
		})
	}
	_, c := fixture(t)
	if _, _, err := FindNewest(t.Context(), c, Place{Bucket: "none"}); err == nil || !strings.Contains(err.Error(), "listing s3://none/") {
		t.Errorf("got %v", err)
	}
}

// Where an hour has more than is looked at, that is told.
func TestFindNewestOfMany(t *testing.T) {
	_, c := fixture(t)
	now := time.Now()
	begins := hourPrefixes(place.Prefix, now)
	for n := range 6 {
		put(t, c, keyAt(place.Prefix, now, shard, fmt.Sprint(n)), []byte("x"))
	}
	for most, partly := range map[int]bool{6: true, 7: false} {
		if newest, err := newestUnder(t.Context(), c, place, begins, most); err != nil || newest.Key == "" || newest.Partly != partly {
			t.Errorf("%d of 6: %+v, %v", most, newest, err)
		}
	}
}
