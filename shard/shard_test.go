package shard

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"enrich/emulator"
)

// nowhere is a listener that nobody reaches: the time of a bubble stands still while
// somebody waits for a network.
type nowhere struct {
	closed chan struct{}
	close  func()
}

func (n *nowhere) Accept() (net.Conn, error) { <-n.closed; return nil, net.ErrClosed }
func (n *nowhere) Close() error              { n.close(); return nil }
func (n *nowhere) Addr() net.Addr            { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }

// line hands requests to an emulator and notes when each shard was read.
type line struct {
	server *emulator.Server
	before func() // each GetRecords

	mu    sync.Mutex
	calls []time.Time
}

func (l *line) Do(r *http.Request) (*http.Response, error) {
	request := r.Clone(r.Context())
	request.RequestURI = r.URL.RequestURI()
	if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".GetRecords") {
		l.mu.Lock()
		l.calls = append(l.calls, time.Now())
		l.mu.Unlock()
		if l.before != nil {
			l.before()
		}
	}
	recorder := httptest.NewRecorder()
	l.server.ServeHTTP(recorder, request)
	response := recorder.Result()
	response.Request = r
	return response, nil
}

// inBubble runs a test with a stream of its own, whose time is that of the bubble.
func inBubble(t *testing.T, shards int32, options emulator.Options, test func(*testing.T, *kinesis.Client, *line)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		closed := make(chan struct{})
		options.Listener = &nowhere{closed, sync.OnceFunc(func() { close(closed) })}
		server, err := emulator.Start(t.Context(), options)
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := server.Close(context.WithoutCancel(t.Context())); err != nil {
				t.Error(err)
			}
		}()
		l := &line{server: server}
		client := kinesis.NewFromConfig(aws.Config{
			Region: "us-east-1", BaseEndpoint: aws.String(server.Endpoint()), HTTPClient: l,
			Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
		})
		if _, err := client.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: aws.String("s"), ShardCount: &shards}); err != nil {
			t.Fatal(err)
		}
		test(t, client, l)
	})
}

const first = "shardId-000000000000"

// put puts records of a size, and gives their sequence numbers.
func put(t *testing.T, client *kinesis.Client, count, size int) (numbers []string) {
	t.Helper()
	data := make([]byte, size-1)
	for len(numbers) < count {
		in := &kinesis.PutRecordsInput{StreamName: aws.String("s")}
		for range min(count-len(numbers), 500, 5<<20/size) {
			in.Records = append(in.Records, types.PutRecordsRequestEntry{Data: data, PartitionKey: aws.String("k")})
		}
		out, err := client.PutRecords(t.Context(), in)
		if err != nil || *out.FailedRecordCount > 0 {
			t.Fatal(out, err)
		}
		for _, r := range out.Records {
			numbers = append(numbers, *r.SequenceNumber)
		}
	}
	return numbers
}

func readAll(t *testing.T, client *kinesis.Client, q Query) (numbers []string) {
	t.Helper()
	for page, err := range Read(t.Context(), client, q) {
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page.Records {
			numbers = append(numbers, *r.SequenceNumber)
		}
	}
	return numbers
}

// A reading takes all that there is from a time until another, of which a minute has
// passed without a record.
func TestRead(t *testing.T) {
	inBubble(t, 1, emulator.Options{}, func(t *testing.T, client *kinesis.Client, _ *line) {
		var all []string
		began := time.Now()
		for range 5 {
			all = append(all, put(t, client, 1, 10)...)
			time.Sleep(time.Minute)
		}
		for _, test := range []struct {
			since, until time.Duration
			want         []string
		}{
			{-time.Hour, 0, all}, {time.Minute, 0, all[1:]}, {90 * time.Second, 0, all[2:]},
			{time.Minute, 2 * time.Minute, all[1:3]}, {time.Minute, time.Minute + time.Second, all[1:2]}, {5 * time.Minute, 0, nil},
		} {
			q := Query{Stream: "s", Shard: first, Since: began.Add(test.since)}
			if test.until > 0 {
				q.Until = began.Add(test.until)
			}
			if got := readAll(t, client, q); !slices.Equal(got, test.want) {
				t.Errorf("from %s to %s: %d records, want %d", test.since, test.until, len(got), len(test.want))
			}
		}
		if got := readAll(t, client, Query{Stream: "s", Shard: first}); !slices.Equal(got, all) {
			t.Errorf("%d records without a time", len(got))
		}
		// Until a time that is to come it goes on reading.
		go func() {
			time.Sleep(10 * time.Second)
			all = append(all, put(t, client, 1, 10)...)
		}()
		if got := readAll(t, client, Query{Stream: "s", Shard: first, Until: time.Now().Add(time.Minute)}); !slices.Equal(got, all) || len(all) != 6 {
			t.Errorf("%d records of %d", len(got), len(all))
		}
	})
}

// No second has more than one call, and what a call gives beyond a second's worth is
// paid for before the next. It is no slower than it has to be either, but for what it
// takes to get to know the sizes.
func TestPace(t *testing.T) {
	for _, size := range []int{100, 1000, 20_000, 1_000_000} {
		inBubble(t, 1, emulator.Options{}, func(t *testing.T, client *kinesis.Client, l *line) {
			count := min(12_000, 12<<20/size)
			left, paid := put(t, client, count, size), time.Now()
			for page, err := range Read(t.Context(), client, Query{Stream: "s", Shard: first}) {
				if err != nil {
					t.Fatal(err)
				}
				called := l.calls[len(l.calls)-1]
				if called.Before(paid) {
					t.Errorf("%d bytes each: a call %s too early", size, paid.Sub(called))
				}
				seconds := max(1, float64(len(page.Records)*size)/bytesPerSecond)
				paid = called.Add(time.Duration(seconds * float64(time.Second)).Truncate(time.Microsecond))
				if len(page.Records) > limitAtFirst && seconds > 1.001 {
					t.Errorf("%d bytes each: %d in one call", size, len(page.Records))
				}
				left = left[len(page.Records):]
			}
			if len(left) > 0 {
				t.Errorf("%d records are left", len(left))
			}
			took := l.calls[len(l.calls)-1].Sub(l.calls[0])
			t.Logf("%d records of %d bytes: %d calls in %s", count, size, len(l.calls), took)
			if need := max(float64(count*size)/bytesPerSecond, float64(count)/limitAtMost); took.Seconds() > need*1.05+3 {
				t.Errorf("%d records of %d bytes took %s, of which %.0f s were needed", count, size, took, need)
			}
		})
	}
}

// A refused call is made again by nobody before its time, and after a longer pause
// each time; one that is refused for good ends the reading.
func TestRefused(t *testing.T) {
	refused := func(limit int) emulator.Options {
		return emulator.Options{Faults: []emulator.Fault{{
			Service: "kinesis", Operation: "GetRecords", Kind: emulator.FaultThrottle, Rate: 1, Limit: limit,
		}}}
	}
	inBubble(t, 1, refused(6), func(t *testing.T, client *kinesis.Client, l *line) {
		want := put(t, client, 10, 10)
		if got := readAll(t, client, Query{Stream: "s", Shard: first}); !slices.Equal(got, want) {
			t.Errorf("%d of %d records", len(got), len(want))
		}
		var pauses []time.Duration
		for i := range l.calls[1:] {
			pauses = append(pauses, l.calls[i+1].Sub(l.calls[i])/time.Second)
		}
		if !slices.Equal(pauses, []time.Duration{1, 2, 4, 8, 16, 16}) {
			t.Errorf("pauses of %d s", pauses)
		}
	})
	inBubble(t, 1, refused(0), func(t *testing.T, client *kinesis.Client, l *line) {
		for _, err := range Read(t.Context(), client, Query{Stream: "s", Shard: first}) {
			var throttled *types.ProvisionedThroughputExceededException
			if !errors.As(err, &throttled) || len(l.calls) != failuresAtMost {
				t.Errorf("after %d calls: %v", len(l.calls), err)
			}
		}
	})
}

// An iterator is good for five minutes only; who reads may take longer for a page.
func TestExpiredIterator(t *testing.T) {
	inBubble(t, 1, emulator.Options{}, func(t *testing.T, client *kinesis.Client, _ *line) {
		want := put(t, client, 250, 10)
		var got []string
		for page, err := range Read(t.Context(), client, Query{Stream: "s", Shard: first, Since: time.Now().Add(-time.Hour)}) {
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range page.Records {
				got = append(got, *r.SequenceNumber)
			}
			time.Sleep(6 * time.Minute)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d of %d records", len(got), len(want))
		}
	})
}

// Shards that a resharding has closed are listed with those that continue them, and
// their readings end.
func TestResharded(t *testing.T) {
	inBubble(t, 1, emulator.Options{}, func(t *testing.T, client *kinesis.Client, _ *line) {
		before := put(t, client, 3, 10)
		time.Sleep(time.Minute)
		if _, err := client.SplitShard(t.Context(), &kinesis.SplitShardInput{
			StreamName: aws.String("s"), ShardToSplit: aws.String(first), NewStartingHashKey: aws.String(fmt.Sprint(1 << 60)),
		}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		after := put(t, client, 3, 10)
		shards, err := List(t.Context(), client, "s")
		if err != nil || len(shards) != 3 {
			t.Fatal(shards, err)
		}
		var got []string
		for _, s := range shards {
			if closed := s.ID == first; s.Closed != closed || !closed && !slices.Equal(s.Parents, []string{first}) {
				t.Errorf("got %+v", s)
			}
			got = append(got, readAll(t, client, Query{Stream: "s", Shard: s.ID, Until: time.Now().Add(time.Minute)})...)
		}
		if want := append(before, after...); !slices.Equal(got, want) {
			t.Errorf("%d of %d records", len(got), len(want))
		}
		if got := readAll(t, client, Query{Stream: "s", Shard: first, Since: time.Now()}); len(got) > 0 {
			t.Errorf("%d records of a shard that was closed before", len(got))
		}
	})
}

func TestReadFails(t *testing.T) {
	inBubble(t, 1, emulator.Options{}, func(t *testing.T, client *kinesis.Client, l *line) {
		for _, err := range Read(t.Context(), client, Query{Stream: "s", Shard: "shardId-000000000007"}) {
			if err == nil || !strings.Contains(err.Error(), "reading shardId-000000000007 of s: ") {
				t.Errorf("got %v", err)
			}
		}
		if _, err := List(t.Context(), client, "none"); err == nil || !strings.Contains(err.Error(), "listing the shards of none: ") {
			t.Errorf("got %v", err)
		}
		put(t, client, 1, 10)
		ctx, cancel := context.WithCancelCause(t.Context())
		l.before = func() { cancel(errors.New("enough")) }
		for _, err := range Read(ctx, client, Query{Stream: "s", Shard: first, Until: time.Now().Add(time.Hour)}) {
			if err == nil {
				continue
			}
			if !strings.HasSuffix(err.Error(), "enough") && !strings.Contains(err.Error(), "canceled") {
				t.Errorf("got %v", err)
			}
		}
	})
}
