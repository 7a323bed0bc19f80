package audit

import (
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"enrich/delivery"
	"enrich/redrive"
)

// redrive puts back what failed, and gives the new records in the order of the stream.
func (w *world) redrive(want redrive.Report) (put []sent) {
	w.Helper()
	before := w.records()
	got, err := redrive.Run(w.Context(), w.storage, w.stream, redrive.Options{Stream: "s", Place: place, DeadLetters: true, FailedBatches: true})
	w.must(err)
	if len(got.Skipped) > 0 || got.Sent != want.Sent || got.AlreadyStored != want.AlreadyStored || got.Moved != want.Moved {
		w.Fatalf("redrive: got %+v, want %+v", got, want)
	}
	return w.records()[len(before):]
}

// records are all of the first shard.
func (w *world) records() (all []sent) {
	w.Helper()
	begin, err := w.stream.GetShardIterator(w.Context(), &kinesis.GetShardIteratorInput{
		StreamName: aws.String("s"), ShardId: aws.String(first), ShardIteratorType: types.ShardIteratorTypeTrimHorizon,
	})
	w.must(err)
	out, err := w.stream.GetRecords(w.Context(), &kinesis.GetRecordsInput{ShardIterator: begin.ShardIterator})
	w.must(err)
	for _, r := range out.Records {
		all = append(all, sent{first, *r.SequenceNumber, r.ApproximateArrivalTimestamp.UTC().Truncate(time.Hour)})
	}
	return all
}

// enrichedFirst stores the first records of what is packed, as what is put again is.
func (w *world) enrichedFirst(records ...sent) {
	w.Helper()
	var lines []string
	for _, r := range records {
		lines = append(lines, `{"enrichment_id":"`+r.shard+":"+r.number+`:0"}`)
	}
	w.store(keyOf(place.Prefix, plain, "", ".gz", records[0]), lines...)
}

// What was redriven counts as that under its old identity and as stored under its new one,
// and a new one that is lost is found.
func TestCompareRedriven(t *testing.T) {
	inBubble(t, 1, func(w *world) {
		r := w.puts(8)
		w.enriched(r[0], r[6])
		w.letters("", r[1], r[2])
		w.failed("", r[3], r[4], r[5])
		w.enriched(r[5]) // before its batch was given up
		w.enriched(r[7])
		time.Sleep(2 * time.Minute)
		w.expect("before", w.compare(), Shard{Counts: Counts{Read: 8, Stored: 4, DeadLettered: 2, Failed: 2}})
		put := w.redrive(redrive.Report{Sent: 4, AlreadyStored: 1, Moved: 2})
		w.expect("put", w.compare(), Shard{Counts: Counts{Read: 12, Stored: 4, Redriven: 4, InFlight: 4}})
		w.enrichedFirst(put[0], put[1], put[3])
		time.Sleep(2 * time.Minute)
		after := w.put("{}")
		w.enriched(append([]sent{after}, w.puts(10)...)...)
		lost := w.compare()
		w.expect("one is lost", lost, Shard{Counts: Counts{Read: 23, Stored: 18, Redriven: 4, Missing: 1}})
		if !slices.Equal(ids(lost.Missing), numbers(put[2])) {
			w.Errorf("missing: %+v", lost.Missing)
		}
		w.enrichedFirst(put[2])
		r2 := w.compare()
		w.expect("all are there", r2, Shard{Counts: Counts{Read: 23, Stored: 19, Redriven: 4}})
		if !r2.Complete {
			w.Errorf("not complete: %+v", r2)
		}
	})
}

// An aggregate of which a part was stored before its batch was given up is put as a whole,
// which stores that part again.
func TestCompareRedrivenAggregate(t *testing.T) {
	inBubble(t, 1, func(w *world) {
		packed := w.put(aggregated("{0}", "{1}"))
		w.store(keyOf(place.Prefix, plain, "", ".gz", packed), `{"enrichment_id":"`+first+":"+packed.number+`:1"}`)
		w.failedWith("", aggregated("{0}", "{1}"), packed)
		time.Sleep(2 * time.Minute)
		w.expect("failed", w.compare(), Shard{Counts: Counts{Read: 2, Stored: 1, Failed: 1}})
		put := w.redrive(redrive.Report{Sent: 1, Moved: 1})
		time.Sleep(2 * time.Minute)
		report := w.compare()
		w.expect("put", report, Shard{Counts: Counts{Read: 4, StoredTwice: 1, Redriven: 1, InFlight: 2}})
		if len(put) != 1 || len(report.Doubles) != 1 || *report.Doubles[0].Part != 1 || len(report.Doubles[0].Places) != 2 {
			w.Errorf("doubles: %+v", report.Doubles)
		}
	})
}

// The marks of a shard that was divided are in those that continue it, and what lies
// below redriven/ of a stream that was replaced is not looked for in the new one.
func TestCompareRedrivenElsewhere(t *testing.T) {
	inBubble(t, 1, func(w *world) {
		r := w.puts(3)
		w.enriched(r[0])
		w.letters("", r[1])
		w.failed("", r[2])
		_, err := w.stream.SplitShard(w.Context(), &kinesis.SplitShardInput{
			StreamName: aws.String("s"), ShardToSplit: aws.String(first), NewStartingHashKey: aws.String("170141183460469231731687303715884105728"),
		})
		w.must(err)
		time.Sleep(time.Minute)
		w.redrive(redrive.Report{Sent: 2, Moved: 2})
		time.Sleep(2 * time.Minute)
		report := w.compare()
		w.expect("divided", report, Shard{Counts: Counts{Read: 3, Stored: 1, Redriven: 2}})
		if !report.Complete || report.Shards[1].InFlight+report.Shards[2].InFlight != 2 {
			w.Errorf("got %+v", report)
		}
		_, err = w.stream.DeleteStream(w.Context(), &kinesis.DeleteStreamInput{StreamName: aws.String("s")})
		w.must(err)
		time.Sleep(time.Minute)
		_, err = w.stream.CreateStream(w.Context(), &kinesis.CreateStreamInput{StreamName: aws.String("s"), ShardCount: aws.Int32(1)})
		w.must(err)
		time.Sleep(time.Minute)
		w.enriched(w.put("{}"))
		report = w.compare()
		w.expect("replaced", report, Shard{Counts: Counts{Read: 1, Stored: 1}})
		if !report.Complete {
			w.Errorf("got %+v", report)
		}
	})
}

// A record whose object was moved and that was not put is lost.
func TestCompareNotPut(t *testing.T) {
	inBubble(t, 1, func(w *world) {
		r := w.puts(4)
		w.letters(delivery.Redriven, r[0])
		key := w.failed(delivery.Redriven, r[1], r[2])
		w.enriched(r[2])
		w.enriched(r[3])
		w.expect("moved just now", w.compare(), Shard{Counts: Counts{Read: 4, Stored: 2, Redriven: 2}})
		time.Sleep(5 * time.Minute)
		report := w.compare()
		w.expect("moved", report, Shard{Counts: Counts{Read: 4, Stored: 2, Missing: 2}})
		if !slices.Equal(ids(report.Missing), numbers(r[0], r[1])) || report.Missing[1].Places[0] != key {
			w.Errorf("missing: %+v", report.Missing)
		}
	})
}
