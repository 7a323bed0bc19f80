package audit

import (
	"net/http"
	"os"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// recordsVariable is how many records TestMemory compares, for a figure of many:
// AUDIT_RECORDS=1000000 go test ./audit -run TestMemory -v
const recordsVariable = "AUDIT_RECORDS"

// What is held does not grow with the records.
func TestMemory(t *testing.T) {
	many := 36_000
	if text := os.Getenv(recordsVariable); text != "" {
		var err error
		if many, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	few, more := heldFor(t, many/3), heldFor(t, many)
	t.Logf("%d records: %.1f MB, %d records: %.1f MB", many/3, few, many, more)
	if more > 1.5*few+4 {
		t.Errorf("%.1f MB for %d records, %.1f MB for %d", more, many, few, many/3)
	}
}

// heldFor is how many MB the comparison of so many records holds at most.
func heldFor(t *testing.T, count int) (most float64) {
	inBubble(t, 1, func(w *world) {
		w.fill(count)
		live := func() float64 {
			runtime.GC()
			var now runtime.MemStats
			runtime.ReadMemStats(&now)
			return float64(now.HeapAlloc) / 1e6
		}
		var mu sync.Mutex
		before, calls := live(), 0
		w.before = func(*http.Request) { // within a page, too: its objects are read one after the other
			mu.Lock()
			defer mu.Unlock()
			if calls++; calls%4 == 1 {
				most = max(most, live()-before)
			}
		}
		r, err := Compare(w.Context(), w.stream, w.storage, Query{
			Stream: "s", Place: place, Since: time.Now().Add(-time.Hour), Settle: time.Minute, Together: 1000,
		})
		w.must(err)
		if got := r.Shards[0].Counts; got != (Counts{Read: count, Stored: count}) {
			w.Errorf("got %+v", got)
		}
	})
	return most
}

// fill puts records over most of an hour, and stores them in objects of a thousand.
func (w *world) fill(count int) {
	w.Helper()
	data := []byte(`{"event_type":"page_view","user_id":"user123","page":"/product/abc123"}`)
	var waiting []sent
	for done := 0; done < count; done += 500 {
		in := &kinesis.PutRecordsInput{StreamName: aws.String("s")}
		for range 500 {
			in.Records = append(in.Records, types.PutRecordsRequestEntry{Data: data, PartitionKey: aws.String("user123")})
		}
		out, err := w.stream.PutRecords(w.Context(), in)
		w.must(err)
		for _, r := range out.Records {
			waiting = append(waiting, sent{*r.ShardId, *r.SequenceNumber, time.Now().UTC().Truncate(time.Hour)})
		}
		if len(waiting) == 1000 {
			w.enriched(waiting...)
			waiting = nil
		}
		time.Sleep(50 * time.Minute * 500 / time.Duration(count))
	}
	if len(waiting) > 0 {
		w.enriched(waiting...)
	}
}
