package redrive

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
)

// What failed is put once more, marked, each key in its order, and moved; a second run
// finds nothing.
func TestRun(t *testing.T) {
	inBubble(t, func(b *bed) {
		all := b.fill()
		look, err := Look(b.Context(), b.storage, b.streams, options())
		if err != nil || look.Objects != 3 || look.Records != 7 || look.Sent != 7 || look.Moved != 3 || len(b.marks()) != 0 || len(b.keys()) != 3 {
			t.Fatalf("%+v, %v, %q", look, err, b.keys())
		}
		want := []Reason{{"RetryAttemptsExhausted, Unhandled", 3}, {"not JSON", 3}, {"users: no item", 1}}
		if !slices.Equal(look.Reasons, want) {
			t.Errorf("reasons %+v", look.Reasons)
		}
		report, err := b.run(b.Context())
		if err != nil || report.Objects != 3 || report.Records != 7 || report.Sent != 7 || report.Moved != 3 || report.AlreadySent != 0 || len(report.Skipped) != 0 {
			t.Fatalf("%+v, %v", report, err)
		}
		b.once(all)
		b.moved(lettersKey(1), lettersKey(20), batchKey(10))
		order := map[string][]string{}
		for _, m := range b.marks() {
			order[m.key] = append(order[m.key], m.identity)
			switch m.identity {
			case identity(1):
				if m.data != string(alone(m.identity, "a", []byte("x"))) {
					t.Errorf("%q", m.data)
				}
			case identity(11): // the aggregate, marked
				if size([]byte(m.data)) != 2 || !has(m.data, `{"n":"11:0"}`) || !has(m.data, `{"n":"11:1"}`) {
					t.Errorf("%q", m.data)
				}
			case identity(20): // put again before: one mark, and no aggregate in another
				if has(m.data, "older:1") || strings.Count(m.data, magic) != 1 {
					t.Errorf("%q", m.data)
				}
			}
		}
		if got := order["a"]; !slices.Equal(got, []string{identity(1), identity(3, 4), identity(20)}) {
			t.Errorf("the order of a is %q", got)
		}
		if got := order["k0"]; !slices.Equal(got, []string{identity(10), identity(12)}) {
			t.Errorf("the order of k0 is %q", got)
		}
		if again, err := b.run(b.Context()); err != nil || again.Objects != 0 || again.Sent != 0 {
			t.Errorf("%+v, %v", again, err)
		}
	})
}

// What the function would find missing once more is put when it no longer would, and
// nothing else waits.
func TestRunOutlastsWhatIsRemembered(t *testing.T) {
	for name, test := range map[string]struct {
		remembered map[string]time.Duration
		want       time.Duration
	}{
		"a reason that is there": {map[string]time.Duration{"users: no item": time.Minute}, time.Minute},
		"the longest of two":     {map[string]time.Duration{"users: no item": time.Minute, "not JSON": 2 * time.Minute}, 2 * time.Minute},
		"another":                {map[string]time.Duration{"products: no item": time.Hour}, 0},
		"none":                   {nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(b *bed) {
				b.put(lettersKey(1), deadLetter(1, 0, "a", "x")+deadLetter(2, -1, "b", "x"))
				b.put(lettersKey(20), deadLetter(20, 0, "a", "x"))
				remember := func(o *Options) { o.Remembered = test.remembered }
				var doing []string
				observe := func(o *Options) { o.Observe = func(p Progress) { doing = append(doing, p.Doing) } }
				began := time.Now()
				look := options()
				remember(&look)
				if _, err := Look(b.Context(), b.storage, b.streams, look); err != nil || time.Since(began) != 0 {
					t.Errorf("looking takes %s: %v", time.Since(began), err)
				}
				b.before = func(r *http.Request, _ int) (bool, error) {
					if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".PutRecords") && time.Since(began) < test.want {
						t.Errorf("put after %s", time.Since(began))
					}
					return false, nil
				}
				if report, err := b.run(b.Context(), remember, observe); err != nil || report.Sent != 3 {
					t.Fatalf("%+v, %v", report, err)
				}
				if took := time.Since(began); took > test.want+time.Second {
					t.Errorf("took %s", took)
				}
				told := slices.ContainsFunc(doing, func(text string) bool { return strings.HasPrefix(text, "giving the function") })
				if told != (test.want > 0) {
					t.Errorf("told %q", doing)
				}
			})
		})
	}
}

// Kinds and times are as they are asked for.
func TestSelection(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*Options)
		moved  []string
	}{
		"dead letters":   {func(o *Options) { o.FailedBatches = false }, []string{lettersKey(1), lettersKey(20)}},
		"failed batches": {func(o *Options) { o.DeadLetters = false }, []string{batchKey(10)}},
		// The letters are of the hour before.
		"since": {func(o *Options) { o.Since = time.Now().Add(-time.Second) }, []string{batchKey(10)}},
		"all":   {func(o *Options) { o.Since = time.Now().Add(-24 * time.Hour) }, []string{lettersKey(1), lettersKey(20), batchKey(10)}},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(b *bed) {
				b.fill()
				report, err := b.run(b.Context(), test.change)
				var moved []string
				for _, key := range b.keys() {
					if key, ok := strings.CutPrefix(key, Folder); ok {
						moved = append(moved, key)
					}
				}
				slices.Sort(test.moved)
				if err != nil || report.Moved != len(test.moved) || !slices.Equal(moved, test.moved) {
					t.Errorf("%+v, %v, moved %q", report, err, moved)
				}
			})
		})
	}
}

// What cannot be put stays, with the reason, and keeps nothing else from being put.
func TestSkipped(t *testing.T) {
	inBubble(t, func(b *bed) {
		all := b.fill()
		large := strings.Repeat("x", 1<<20-100)
		for key, body := range map[string]string{
			lettersKey(2):                deadLetter(2, -1, "a", "fits")[:30],
			lettersKey(4):                "{}\n",
			lettersKey(5):                deadLetter(5, -1, "a", "fits") + deadLetter(6, -1, "a", large),
			"dead-letter/notes.txt":      "mine",
			batchKey(7):                  "mine",
			batchKey(8):                  "{}",
			batchKey(9):                  failedBatch(9, false, "x", "y"),
			"aws/lambda/other/text.json": `{"KinesisBatchInfo":5}`,
			// Folders of the S3 console, which are no records.
			"dead-letter/": "", "aws/lambda/uuid/": "",
		} {
			b.put(key, body)
		}
		report, err := b.run(b.Context())
		if err != nil || report.Moved != 3 || len(report.Skipped) != 8 || report.Objects != 11 {
			t.Fatalf("%+v, %v", report, err)
		}
		for key, want := range map[string]string{
			lettersKey(2): "line 1 is no dead letter", lettersKey(4): "it has no shard_id",
			lettersKey(5): "record " + identity(6) + " has 1048", "dead-letter/notes.txt": "its name is none",
			batchKey(7): "it is no failed batch", batchKey(8): "it names no shard", batchKey(9): "it has no payload, and the stream still holds 0 of its 2 records",
		} {
			if !slices.ContainsFunc(report.Skipped, func(s Skipped) bool { return s.Key == key && strings.Contains(s.Reason, want) }) {
				t.Errorf("%s: %+v", key, report.Skipped)
			}
		}
		b.once(all)
		if intents, err := newStore(b.storage, options().Place).begun(b.Context()); err != nil || len(intents) != 0 {
			t.Errorf("%v, %v", intents, err)
		}
		// A stream that takes more takes them all.
		if _, err := b.streams.UpdateMaxRecordSize(b.Context(), &kinesis.UpdateMaxRecordSizeInput{StreamARN: aws.String("arn:aws:kinesis:us-east-1:000000000000:stream/" + streamName), MaxRecordSizeInKiB: aws.Int32(2048)}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if report, err := b.run(b.Context()); err != nil || report.Moved != 1 || report.Sent != 2 {
			t.Errorf("%+v, %v", report, err)
		}
	})
}

// Records of a failed batch that are stored all the same are not put: the enriched ones,
// and the dead letters, which have an object of their own.
func TestStoredAnyway(t *testing.T) {
	inBubble(t, func(b *bed) {
		b.put(batchKey(10), failedBatch(10, true, `{"n":10}`, packed("p", "q"), packed("r", "s"), `{"n":13}`, "no event", "another"))
		line := func(id string) string {
			return `{"data":{"x":1},"Enrichment_ID":5,"enrichment_id":"` + id + `"}` + "\n"
		}
		b.put("enriched-data/1999/12/31/23/"+shardZero+"-"+numbered(11)+".ndjson", line(identity(11, 0))+line(identity(11, 1))+line(identity(12, 0)))
		b.put("enriched-data/1999/12/31/23/type=a/"+shardZero+"-"+numbered(13)+".ndjson", line(identity(13)))
		b.put(lettersKey(14), deadLetter(14, -1, "k0", "no event"))
		b.put(Folder+lettersKey(15), deadLetter(15, -1, "k1", "another"))
		report, err := b.run(b.Context(), func(o *Options) { o.DeadLetters = false })
		if err != nil || report.AlreadyStored != 4 || report.Sent != 2 || report.Moved != 1 {
			t.Errorf("%+v, %v", report, err)
		}
		b.once([]string{identity(10), identity(12)})
		if report, err = b.run(b.Context()); err != nil || report.Sent != 1 || report.Moved != 1 {
			t.Errorf("%+v, %v", report, err)
		}
		b.once([]string{identity(10), identity(12), identity(14)})
	})
}

// A batch without its records is read from the stream.
func TestWithoutPayload(t *testing.T) {
	inBubble(t, func(b *bed) {
		var numbers []string
		var shard string
		for i := range 4 {
			out, err := b.streams.PutRecord(b.Context(), &kinesis.PutRecordInput{StreamName: aws.String(streamName), PartitionKey: aws.String("k"), Data: fmt.Appendf(nil, `{"n":%d}`, i)})
			if err != nil {
				t.Fatal(err)
			}
			numbers, shard = append(numbers, *out.SequenceNumber), *out.ShardId
		}
		now := time.Now().UTC().Format(time.RFC3339Nano)
		b.put(batchKey(1), fmt.Sprintf(`{"KinesisBatchInfo":{"shardId":%q,"startSequenceNumber":%q,"endSequenceNumber":%q,"batchSize":2,
			"approximateArrivalOfFirstRecord":%q,"approximateArrivalOfLastRecord":%q}}`, shard, numbers[1], numbers[2], now, now))
		time.Sleep(time.Minute)
		if report, err := b.run(b.Context()); err != nil || report.Sent != 2 || report.Moved != 1 || report.Reasons[0].Reason != "no reason given" {
			t.Errorf("%+v, %v", report, err)
		}
		b.once([]string{shard + ":" + numbers[1], shard + ":" + numbers[2]})
	})
}

// A batch that is delivered again writes its dead letters again: only what is new in
// them is put.
func TestWrittenAgain(t *testing.T) {
	inBubble(t, func(b *bed) {
		b.put(lettersKey(1), deadLetter(1, -1, "a", "x"))
		if report, err := b.run(b.Context()); err != nil || report.Sent != 1 {
			t.Fatalf("%+v, %v", report, err)
		}
		b.put(lettersKey(1), deadLetter(1, -1, "a", "x")+deadLetter(2, -1, "a", "y"))
		if report, err := b.run(b.Context()); err != nil || report.Sent != 1 || report.AlreadySent != 1 || report.Moved != 1 {
			t.Fatalf("%+v, %v", report, err)
		}
		b.once([]string{identity(1), identity(2)})
		b.moved(lettersKey(1))
		// In the middle of a run.
		b.put(lettersKey(5), deadLetter(5, -1, "a", "x"))
		b.before = func(r *http.Request, _ int) (bool, error) {
			if r.Header.Get("X-Amz-Copy-Source") != "" {
				b.before = nil
				b.put(lettersKey(5), deadLetter(5, -1, "a", "x")+deadLetter(6, -1, "a", "y"))
			}
			return false, nil
		}
		if report, err := b.run(b.Context()); err != nil || report.Sent != 1 || report.Moved != 0 || len(report.Skipped) != 1 || !strings.Contains(report.Skipped[0].Reason, "it was written again") {
			t.Fatalf("%+v, %v", report, err)
		}
		if report, err := b.run(b.Context()); err != nil || report.Sent != 1 || report.AlreadySent != 1 || report.Moved != 1 {
			t.Fatalf("%+v, %v", report, err)
		}
		b.once([]string{identity(1), identity(2), identity(5), identity(6)})
		b.moved(lettersKey(1), lettersKey(5))
	})
}

// A retry that stores fewer dead letters than were put does not make them forgotten.
func TestWrittenAgainWithLess(t *testing.T) {
	inBubble(t, func(b *bed) {
		both := deadLetter(1, -1, "a", "x") + deadLetter(2, -1, "a", "y")
		for i, body := range []string{both, deadLetter(1, -1, "a", "x"), both} {
			b.put(lettersKey(1), body)
			if report, err := b.run(b.Context()); err != nil || report.Moved != 1 || (report.Sent > 0) != (i == 0) {
				t.Errorf("%+v, %v", report, err)
			}
		}
		b.once([]string{identity(1), identity(2)})
		b.moved(lettersKey(1))
	})
}

// Where the stream cannot tell any more what was put, nothing is.
func TestOutOfReach(t *testing.T) {
	for name, test := range map[string]struct {
		happens func(b *bed)
		want    string
	}{
		"retention": {func(*bed) { time.Sleep(24*time.Hour - 4*time.Minute) }, "the stream keeps what it took for no more than 24 hours"},
		"another stream": {func(b *bed) {
			if _, err := b.streams.DeleteStream(b.Context(), &kinesis.DeleteStreamInput{StreamName: aws.String(streamName)}); err != nil {
				b.Fatal(err)
			}
			time.Sleep(time.Minute)
			b.stream(1)
		}, "the stream is another one since"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(b *bed) {
				b.put(lettersKey(1), deadLetter(1, -1, "a", "x"))
				die(b, func(call string) bool { return strings.HasSuffix(call, ".PutRecords") }, false)
				test.happens(b)
				b.put(lettersKey(2), deadLetter(2, -1, "a", "x"))
				report, err := b.another().run(b.Context())
				if err != nil || report.Sent != 1 || len(report.Skipped) != 1 || report.Skipped[0].Key != lettersKey(1) || !strings.Contains(report.Skipped[0].Reason, test.want) {
					t.Fatalf("%+v, %v", report, err)
				}
				// One of the two ways that it tells.
				b.delete(intentKey(lettersKey(1)))
				if report, err = b.another().run(b.Context()); err != nil || report.Sent != 1 || report.Moved != 1 {
					t.Fatalf("%+v, %v", report, err)
				}
				b.once([]string{identity(1), identity(2)})
			})
		})
	}
}

// die runs a redrive that ends at a call, before or after its effect.
func die(b *bed, at func(call string) bool, takesEffect bool) {
	b.Helper()
	ctx, kill := context.WithCancel(b.Context())
	defer kill()
	m := b.another()
	var dead atomic.Bool
	m.before = func(_ *http.Request, _ int) (bool, error) {
		if dead.Load() {
			return false, errCut
		}
		calls := m.heard()
		if !at(calls[len(calls)-1]) {
			return false, nil
		}
		dead.Store(true)
		kill()
		return takesEffect, errCut
	}
	if _, err := m.run(ctx); err == nil || !dead.Load() {
		b.Fatalf("it has not died: %v", err)
	}
}

// Where an object went is told when it is neither here nor there.
func TestGone(t *testing.T) {
	inBubble(t, func(b *bed) {
		b.put(lettersKey(1), deadLetter(1, -1, "a", "x"))
		die(b, func(call string) bool { return strings.HasSuffix(call, ".PutRecords") }, true)
		b.delete(lettersKey(1))
		report, err := b.another().run(b.Context())
		if err != nil || len(report.Skipped) != 1 || !strings.Contains(report.Skipped[0].Reason, "it is gone by now") || len(b.keys()) != 0 {
			t.Errorf("%+v, %v, %q", report, err, b.keys())
		}
	})
}

// What Kinesis refuses for its rate is put again, what it refuses for good ends the run,
// and the next one goes on.
func TestRefused(t *testing.T) {
	inBubble(t, func(b *bed) {
		all := b.fill()
		if err := b.server.SetCallerPolicy(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*","kinesis:Describe*"],"Resource":"*"}]}`); err != nil {
			t.Fatal(err)
		}
		if report, err := b.run(b.Context()); err == nil || errors.Is(err, errUnanswered) || report.Sent != 0 {
			t.Errorf("%+v, %v", report, err)
		}
		if err := b.server.SetCallerPolicy(""); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if report, err := b.run(b.Context()); err != nil || report.Sent != 7 {
			t.Errorf("%+v, %v", report, err)
		}
		if took := time.Since(began); took > time.Minute {
			t.Errorf("it took %s although the run before knew what it had put", took)
		}
		b.once(all)
	})
}
