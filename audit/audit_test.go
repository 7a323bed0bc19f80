package audit

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"enrich/delivery"
)

// ids are the sequence numbers of records that are named.
func ids(records []Record) (numbers []string) {
	for _, r := range records {
		numbers = append(numbers, r.SequenceNumber)
	}
	return numbers
}

func numbers(records ...sent) (numbers []string) {
	for _, r := range records {
		numbers = append(numbers, r.number)
	}
	return numbers
}

// Every record is in one place, whichever it is, and what is not is named.
func TestCompare(t *testing.T) {
	inBubble(t, 1, func(w *world) {
		w.expect("nothing", w.compare(), Shard{})
		r := w.puts(12)
		time.Sleep(time.Second)
		w.expect("nothing stored", w.compare(), Shard{Counts: Counts{Read: 12, InFlight: 12}})
		w.enriched(r[0], r[1])
		w.letters("", r[2])
		w.failed("", r[3])
		w.letters(delivery.Redriven, r[4])
		w.failed(delivery.Redriven, r[5])
		// The sixth is nowhere.
		twice := []string{w.enriched(r[7]), w.enrichedAt(hive, "", ".gz", r[7])}
		buried := []string{w.enriched(r[8]), w.letters("", r[8])}
		w.enriched(r[9], r[10])
		w.failed("", r[9]) // has a copy of what was stored
		report := w.compare()
		w.expect("just now", report, Shard{Counts: Counts{Read: 12, Stored: 4, StoredTwice: 2, DeadLettered: 1, Failed: 1, Redriven: 2, InFlight: 2}})
		time.Sleep(2 * time.Minute)
		w.enriched(r[11])
		time.Sleep(2 * time.Minute)
		report = w.compare()
		w.expect("later", report, Shard{Counts: Counts{Read: 12, Stored: 5, StoredTwice: 2, DeadLettered: 1, Failed: 1, Missing: 3}})
		// Of what was moved nothing was put.
		if got := ids(report.Missing); !slices.Equal(got, numbers(r[6], r[4], r[5])) {
			w.Errorf("missing: %+v", report.Missing)
		}
		if m := report.Missing[0]; m.PartitionKey != "key of 6" || m.Arrival.Before(report.Since) || m.Part != nil || m.ShardID != first {
			w.Errorf("named as %+v", m)
		}
		if got := ids(report.Doubles); !slices.Equal(got, numbers(r[7], r[8])) {
			w.Fatalf("double: %+v", report.Doubles)
		}
		for i, places := range [][]string{twice, buried} {
			slices.Sort(places)
			if got := report.Doubles[i].Places; !slices.Equal(got, places) {
				w.Errorf("double in %q, want %q", got, places)
			}
		}
	})
}

// What is packed into one record is accounted for part by part; a failed batch has all
// of it.
func TestCompareAggregated(t *testing.T) {
	inBubble(t, 1, func(w *world) {
		a, b, c := w.put(aggregated("{0}", "{1}", "{2}", "{3}")), w.put(aggregated("{0}", "{1}")), w.put("{}")
		line := func(r sent, part string) string { return `{"enrichment_id":"` + r.shard + ":" + r.number + part + `"}` }
		w.store(keyOf(place.Prefix, plain, "", ".gz", a), line(a, ""), line(a, ":0"), line(a, ":3"), line(c, ""))
		w.store(keyOf(place.Prefix, hive, "", ".gz", a), line(a, ":3"), line(a, ":4"))
		w.store(keyOf("dead-letter/", plain, "", ".gz", a), `{"shard_id":"`+first+`","sequence_number":"`+a.number+`","sub_sequence_number":1}`)
		w.failed("", b)
		time.Sleep(2 * time.Minute)
		report := w.compare()
		w.expect("parts", report, Shard{Counts: Counts{Read: 7, Stored: 2, StoredTwice: 1, DeadLettered: 1, Failed: 2, Missing: 1}, Unexpected: 2})
		if len(report.Missing) != 1 || *report.Missing[0].Part != 2 || report.Missing[0].PartitionKey != "packed" {
			w.Errorf("missing: %+v", report.Missing)
		}
		if len(report.Doubles) != 1 || *report.Doubles[0].Part != 3 {
			w.Errorf("double: %+v", report.Doubles)
		}
		if len(report.Unexpected) != 2 || report.Unexpected[0].Part != nil || *report.Unexpected[1].Part != 4 {
			w.Errorf("unexpected: %+v", report.Unexpected)
		}
	})
}

// Objects of every layout, compression and folder are found, however their records are
// interleaved, and over the hours.
func TestCompareLayouts(t *testing.T) {
	inBubble(t, 1, func(w *world) {
		time.Sleep(50 * time.Minute)
		var all []sent
		for range 40 {
			all = append(all, w.puts(5)...)
			time.Sleep(time.Minute)
		}
		layouts := []struct{ layout, folder, ending string }{
			{plain, "", ".gz"}, {plain, "type=a/", ""}, {plain, "type=%2F/", ".zst"}, {hive, "type=a/", ".gz"}, {hive, "", ""},
		}
		// Batches of twenty, of which each layout gets every fifth; half of them span two hours.
		for at := 0; at < len(all); at += 20 {
			for i, l := range layouts {
				byHour := map[time.Time][]sent{}
				for n := at + i; n < at+20; n += len(layouts) {
					byHour[all[n].hour] = append(byHour[all[n].hour], all[n])
				}
				for _, records := range byHour {
					w.enrichedAt(l.layout, l.folder, l.ending, records...)
				}
			}
		}
		time.Sleep(10 * time.Minute)
		r := w.compareSince(time.Now().Add(-2 * time.Hour))
		w.expect("all", r, Shard{Counts: Counts{Read: 200, Stored: 200}})
		// The hour of --since counts as a whole; the one before does not.
		w.expect("an hour", w.compareSince(time.Now().Add(-20*time.Minute)), Shard{Counts: Counts{Read: 150, Stored: 150}})
		_, err := w.storage.DeleteObject(w.Context(), &s3.DeleteObjectInput{Bucket: &place.Bucket, Key: aws.String(keyOf(place.Prefix, plain, "type=%2F/", ".zst", all[62]))})
		w.must(err)
		r = w.compareSince(time.Now().Add(-2 * time.Hour))
		if got := ids(r.Missing); !slices.Equal(got, numbers(all[62], all[67], all[72], all[77])) {
			w.Errorf("missing: %+v", r.Missing)
		}
	})
}

// A shard that others continue is done with: nothing of it is on its way.
func TestCompareResharded(t *testing.T) {
	inBubble(t, 1, func(w *world) {
		old := w.puts(3)
		w.enriched(old[0], old[1])
		time.Sleep(time.Minute)
		_, err := w.stream.SplitShard(w.Context(), &kinesis.SplitShardInput{
			StreamName: aws.String("s"), ShardToSplit: aws.String(first), NewStartingHashKey: aws.String("1000"),
		})
		w.must(err)
		time.Sleep(time.Minute)
		low, high := w.putAt("{}", "0"), w.putAt("{}", "2000")
		w.expect("begun", w.compare(), Shard{Counts: Counts{Read: 3, Stored: 2, InFlight: 1}})
		w.enriched(high)
		r := w.compare()
		w.expect("done", r, Shard{Counts: Counts{Read: 3, Stored: 2, Missing: 1}})
		if len(r.Shards) != 3 || r.Shards[1] != (Shard{ID: low.shard, Counts: Counts{Read: 1, InFlight: 1}}) || r.Shards[2] != (Shard{ID: high.shard, Counts: Counts{Read: 1, Stored: 1}}) {
			w.Errorf("got %+v", r.Shards)
		}
	})
}

// A record below the last one that is stored may be on its way as long as the two could
// be in one batch, and something was stored lately.
func TestInFlight(t *testing.T) {
	inBubble(t, 1, func(w *world) {
		r := w.puts(4)
		w.enriched(r[0])
		w.enriched(r[2])
		w.expect("in a batch", w.compare(), Shard{Counts: Counts{Read: 4, Stored: 2, InFlight: 2}})
		time.Sleep(5 * time.Minute)
		r = append(r, w.puts(9)...)
		w.enriched(r[4:]...)
		// Ten later records may be of the same batch, however late the first of them arrived.
		w.expect("a batch of ten", w.compare(), Shard{Counts: Counts{Read: 13, Stored: 11, InFlight: 2}})
		more := w.put("{}")
		w.enriched(more)
		w.expect("another batch", w.compare(), Shard{Counts: Counts{Read: 14, Stored: 12, Missing: 2}})
		r = w.puts(2)
		w.enriched(r[1])
		w.expect("in a batch again", w.compare(), Shard{Counts: Counts{Read: 16, Stored: 13, Missing: 2, InFlight: 1}})
		time.Sleep(2 * time.Minute)
		w.expect("nothing stored lately", w.compare(), Shard{Counts: Counts{Read: 16, Stored: 13, Missing: 3}})
		// Others that wait tell that the mapping is at a batch still.
		w.put("{}")
		w.expect("one more waits", w.compare(), Shard{Counts: Counts{Read: 17, Stored: 13, Missing: 3, InFlight: 1}})
		time.Sleep(2 * time.Minute)
		w.expect("it waits for long", w.compare(), Shard{Counts: Counts{Read: 17, Stored: 13, Missing: 2, InFlight: 2}})
	})
}

// What the stream has forgotten cannot be compared, and that is told. An object may hold
// some of it.
func TestCompareForgotten(t *testing.T) {
	inBubble(t, 1, func(w *world) {
		old := w.puts(2)
		if r := w.compareSince(time.Now().Add(-30 * time.Hour)); r.ForgottenBefore != nil {
			w.Errorf("a stream that was made just now has forgotten what was before %s", r.ForgottenBefore)
		}
		time.Sleep(30 * time.Minute)
		kept := w.puts(1)
		w.enriched(old[0])
		w.enriched(old[1], kept[0])
		time.Sleep(24*time.Hour - 10*time.Minute)
		r := w.compareSince(time.Now().Add(-25 * time.Hour))
		if r.ForgottenBefore == nil || !r.ForgottenBefore.Equal(r.Until.Add(-24*time.Hour)) {
			w.Errorf("forgotten before %v", r.ForgottenBefore)
		}
		w.expect("forgotten", r, Shard{Counts: Counts{Read: 1, Stored: 1}})
		if r := w.compare(); r.ForgottenBefore != nil || !r.Complete || r.Shards[0].Read > 0 {
			w.Errorf("got %+v", r)
		}
	})
}

// A look back over years ends with what the stream can have.
func TestCompareSinceEver(t *testing.T) {
	inBubble(t, 1, func(w *world) {
		w.puts(1) // which is nowhere, so the position is looked for in all hours
		time.Sleep(30 * time.Hour)
		r := w.puts(1)
		calls := 0
		var mu sync.Mutex
		w.before = func(*http.Request) {
			mu.Lock()
			defer mu.Unlock()
			calls++
		}
		report := w.compareSince(time.Now().Add(-100_000 * time.Hour))
		w.expect("ever", report, Shard{Counts: Counts{Read: len(r), InFlight: len(r)}})
		if calls > 200 || report.Since.Year() > 1990 {
			w.Errorf("%d calls since %s", calls, report.Since)
		}
	})
}

// What lies where it does not belong is told: far from where its record was read, or
// without a record in the stream.
func TestUnexpected(t *testing.T) {
	inBubble(t, 1, func(w *world) {
		r := w.puts(250) // more than a page
		w.enriched(r...)
		stranger := sent{first, r[1].number[:len(r[1].number)-1] + "9", r[1].hour}
		w.enriched(stranger)
		late := w.store(keyOf(place.Prefix, plain, "", ".gz", r[200]), `{"enrichment_id":"`+first+":"+r[0].number+`"}`)
		report := w.compare()
		w.expect("strangers", report, Shard{Counts: Counts{Read: 250, Stored: 250}, Unexpected: 2})
		if got := report.Unexpected; !slices.Equal(ids(got), numbers(stranger, r[0])) || got[1].Places[0] != late {
			w.Errorf("unexpected: %+v", got)
		}
		// Objects that are not the pipeline's, lines without a record and other shards' are
		// none of it.
		begin := place.Prefix + r[0].hour.Format(plain)
		w.store(begin+"notes.txt", "hello")
		w.store("aws/lambda/notes.txt", "hello")
		w.store(begin+first+"-1.ndjson", "hello", `{"enrichment_id":"`+first+`:1"}`, `{"enrichment_id":"shardId-000000000007:`+r[0].number+`"}`)
		w.expect("others", w.compare(), Shard{Counts: Counts{Read: 250, Stored: 250}, Unexpected: 2})
	})
}

// An object that is moved just now is in one place.
func TestMoved(t *testing.T) {
	inBubble(t, 1, func(w *world) {
		r := w.puts(2)
		w.letters("", r[0])
		w.letters(delivery.Redriven, r[0])
		batch := w.failed("", r[1])
		w.expect("copied", w.compare(), Shard{Counts: Counts{Read: 2, Redriven: 1, Failed: 1}})
		var once sync.Once
		w.before = func(q *http.Request) {
			if strings.HasSuffix(q.Header.Get("X-Amz-Target"), ".GetShardIterator") { // it is listed by now
				once.Do(func() {
					w.failed(delivery.Redriven, r[1])
					_, err := w.storage.DeleteObject(w.Context(), &s3.DeleteObjectInput{Bucket: &place.Bucket, Key: &batch})
					w.must(err)
				})
			}
		}
		w.expect("moved", w.compare(), Shard{Counts: Counts{Read: 2, Redriven: 2}})
	})
}

// An object is found although it is moved between two listings.
func TestMovedWhileListed(t *testing.T) {
	inBubble(t, 1, func(w *world) {
		r := w.puts(1)
		key := w.letters("", r[0])
		var listed atomic.Bool // for positions
		w.before = func(q *http.Request) {
			switch prefix := q.URL.Query().Get("prefix"); {
			case strings.HasSuffix(q.Header.Get("X-Amz-Target"), ".GetRecords"):
				listed.Store(true)
			case strings.HasPrefix(prefix, delivery.DeadLetters) && listed.CompareAndSwap(true, false):
				time.Sleep(time.Second) // for other listings
				w.letters(delivery.Redriven, r[0])
				_, err := w.storage.DeleteObject(w.Context(), &s3.DeleteObjectInput{Bucket: &place.Bucket, Key: &key})
				w.must(err)
			}
		}
		w.expect("moved", w.compare(), Shard{Counts: Counts{Read: 1, Redriven: 1}})
	})
}

// However many shards there are, none of them is read more than once a second.
func TestComparePace(t *testing.T) {
	inBubble(t, 3, func(w *world) {
		for i := range 2000 {
			w.putAt("{}", []string{"0", "170141183460469231731687303715884105728", "340282366920938463463374607431768211455"}[i%3])
		}
		var mu sync.Mutex
		calls := map[string][]time.Time{} // by shard
		w.before = func(q *http.Request) {
			if strings.HasSuffix(q.Header.Get("X-Amz-Target"), ".GetRecords") {
				mu.Lock()
				defer mu.Unlock()
				shard := w.shardOf(q)
				calls[shard] = append(calls[shard], time.Now())
			}
		}
		r := w.compare()
		for _, s := range r.Shards {
			if s.Read < 600 || len(calls[s.ID]) < 2 {
				w.Errorf("%+v, read by %d calls", s, len(calls[s.ID]))
			}
			for i := range calls[s.ID][1:] {
				if pause := calls[s.ID][i+1].Sub(calls[s.ID][i]); pause < time.Second {
					w.Errorf("%s: a call %s after the one before", s.ID, pause)
				}
			}
		}
	})
}

// Progress goes from nothing to all, and a failure is told.
func TestObserveAndErrors(t *testing.T) {
	inBubble(t, 2, func(w *world) {
		r := w.puts(250)
		w.enriched(r...)
		var last Progress
		_, err := Compare(w.Context(), w.stream, w.storage, Query{
			Stream: "s", Place: place, Since: time.Now(), Settle: time.Minute, Together: 10,
			Observe: func(p Progress) {
				if p.Read < last.Read || p.Done < last.Done {
					w.Errorf("from %+v to %+v", last, p)
				}
				last = p
			},
		})
		if err != nil || last != (Progress{Read: 250, Done: 1}) {
			w.Errorf("%+v, %v", last, err)
		}
		if _, err := Compare(w.Context(), w.stream, w.storage, Query{Stream: "none", Place: place}); err == nil || !strings.Contains(err.Error(), "reading none: ") {
			w.Errorf("got %v", err)
		}
		if _, err := Compare(w.Context(), w.stream, w.storage, Query{Stream: "s", Place: delivery.Place{Bucket: "none", Prefix: "e/"}, Since: time.Now()}); err == nil || !strings.Contains(err.Error(), "s3://none/e/") {
			w.Errorf("got %v", err)
		}
	})
}
