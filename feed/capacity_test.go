package feed

import (
	"context"
	"fmt"
	"hash/fnv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"golang.org/x/time/rate"
)

// shards take 1,000 records and 1 MiB a second each, a second's worth at once, and
// answer after some milliseconds.
type shards struct {
	buckets  []*rate.Limiter
	bytes    []*rate.Limiter
	stored   []types.PutRecordsRequestEntry
	requests int
}

func newShards(n int) *shards {
	s := &shards{}
	for range n {
		s.buckets = append(s.buckets, rate.NewLimiter(1000, 1000))
		s.bytes = append(s.bytes, rate.NewLimiter(1<<20, 1<<20))
	}
	return s
}

func (s *shards) PutRecords(_ context.Context, in *kinesis.PutRecordsInput, _ ...func(*kinesis.Options)) (*kinesis.PutRecordsOutput, error) {
	time.Sleep(15 * time.Millisecond)
	s.requests++
	out := &kinesis.PutRecordsOutput{}
	for _, r := range in.Records {
		hash := fnv.New32a()
		_, _ = hash.Write([]byte(*r.PartitionKey))
		at := hash.Sum32() % uint32(len(s.buckets))
		if !s.bytes[at].AllowN(time.Now(), len(r.Data)) || !s.buckets[at].Allow() {
			out.Records = append(out.Records, types.PutRecordsResultEntry{ErrorCode: aws.String("ProvisionedThroughputExceededException")})
			continue
		}
		s.stored = append(s.stored, r)
		out.Records = append(out.Records, types.PutRecordsResultEntry{SequenceNumber: aws.String(fmt.Sprint(len(s.stored)))})
	}
	return out, nil
}

// What comes faster than the stream takes it is put at the stream's own pace: little is
// refused, and the stream is kept busy.
func TestSendAtCapacity(t *testing.T) {
	for _, test := range []struct {
		name         string
		count, bytes int
		shards, keys int
		hot          int // of 10 events, how many are of one key
		unordered    bool
		least        time.Duration // that the shards need
		most         int           // entries that may be refused, most of them before the pace is found
	}{
		{"one shard", 12_000, 0, 1, 12_000, 0, false, 11 * time.Second, 3000},
		{"large events", 400, 50_000, 1, 400, 0, false, 18 * time.Second, 800},
		{"two shards", 12_000, 0, 2, 12_000, 0, false, 5 * time.Second, 2400},
		{"some keys", 12_000, 0, 2, 200, 0, false, 5 * time.Second, 1200},
		{"unordered", 12_000, 0, 2, 200, 0, true, 5 * time.Second, 2400},
		{"a hot shard", 12_000, 0, 8, 12_000, 5, true, 5 * time.Second, 2400},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var in strings.Builder
				count, pad := test.count, strings.Repeat("x", test.bytes)
				for i := range count {
					key := fmt.Sprint(i % test.keys)
					if i%10 < test.hot {
						key = "hot"
					}
					fmt.Fprintf(&in, "{\"k\":%q,\"n\":%d,\"pad\":%q}\n", key, i, pad)
				}
				s, began := newShards(test.shards), time.Now()
				throttled := 0
				report, err := send(t.Context(), s, strings.NewReader(in.String()), Options{
					Key: "k", Unordered: test.unordered, Observe: func(p Progress) { throttled = p.Throttled },
				})
				took := time.Since(began)
				t.Logf("%d refused for %d sent, %d requests, %s of %s", throttled, report.Sent, s.requests, took, test.least)
				if err != nil || report.Sent != count || len(s.stored) != count {
					t.Fatalf("%d sent, %v", report.Sent, err)
				}
				if !test.unordered {
					checkOrder(t, s.stored)
				}
				if throttled > test.most {
					t.Errorf("%d entries were refused for %d sent", throttled, count)
				}
				if took > test.least*5/4+2*time.Second {
					t.Errorf("took %s, of which the shards need %s", took, test.least)
				}
			})
		})
	}
}
