package delivery

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"

	"enrich/emulator"
)

const (
	shard    = "shardId-000000000001"
	sequence = "49590338271490256608559692538361571095921575989136588898"
)

var place = Place{Bucket: "records", Prefix: "enriched-data/"}

// client makes a bucket in an emulator; around may stand in between.
func client(t *testing.T, around func(http.Handler) http.Handler) *s3.Client {
	t.Helper()
	server, err := emulator.Start(t.Context(), emulator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	endpoint := server.Endpoint()
	if around != nil {
		address, err := url.Parse(endpoint)
		if err != nil {
			t.Fatal(err)
		}
		proxy := httptest.NewServer(around(httputil.NewSingleHostReverseProxy(address)))
		t.Cleanup(proxy.Close)
		endpoint = proxy.URL
	}
	// The server's shutdown waits 5 s for a connection that nothing was asked on.
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	c := s3.NewFromConfig(aws.Config{
		Region: "us-east-1", BaseEndpoint: &endpoint, HTTPClient: &http.Client{Transport: transport},
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	}, func(o *s3.Options) { o.UsePathStyle = true })
	if _, err := c.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &place.Bucket}); err != nil {
		t.Fatal(err)
	}
	return c
}

func put(t *testing.T, c *s3.Client, key string, body []byte) {
	t.Helper()
	if _, err := c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &place.Bucket, Key: &key, Body: bytes.NewReader(body)}); err != nil {
		t.Fatal(err)
	}
}

func zipped(lines ...string) []byte {
	var body bytes.Buffer
	w := gzip.NewWriter(&body)
	fmt.Fprint(w, strings.Join(lines, "\n")+"\n") //nolint:errcheck // into memory
	w.Close()                                     //nolint:errcheck // into memory
	return body.Bytes()
}

func keyAt(prefix string, at time.Time, shard, first string) string {
	return HourPrefix(prefix, at) + shard + "-" + first + ".ndjson.gz"
}

func enriched(shard, sequence string) string {
	return fmt.Sprintf(`{"user_id":"u","note":"%s","enrichment_id":"%s:%s"}`, strings.Repeat("x", 100), shard, sequence)
}

func TestAwait(t *testing.T) {
	now := time.Now().UTC()
	before := sequence[:len(sequence)-1] + "0"
	long := strings.Repeat("9", len(sequence)-1) // lexically after, but less
	tests := []struct {
		name  string
		store func(t *testing.T, c *s3.Client)
		found Found
	}{
		{"first in its object", func(t *testing.T, c *s3.Client) {
			put(t, c, keyAt(place.Prefix, now, shard, sequence), zipped(enriched(shard, sequence), enriched(shard, sequence[:55]+"9")))
		}, Found{Record: []byte(enriched(shard, sequence)), Key: keyAt(place.Prefix, now, shard, sequence)}},
		{"within an earlier object", func(t *testing.T, c *s3.Client) {
			put(t, c, keyAt(place.Prefix, now, shard, long), zipped(enriched(shard, long), enriched(shard, sequence)))
			put(t, c, keyAt(place.Prefix, now, shard, before), zipped(enriched(shard, before)))
			put(t, c, keyAt(place.Prefix, now, "shardId-000000000002", before), zipped(enriched(shard, sequence)+"x"))
		}, Found{Record: []byte(enriched(shard, sequence)), Key: keyAt(place.Prefix, now, shard, long)}},
		{"part of an aggregated record", func(t *testing.T, c *s3.Client) {
			put(t, c, keyAt(place.Prefix, now, shard, sequence), zipped(enriched(shard, sequence+":0")))
		}, Found{Record: []byte(enriched(shard, sequence+":0")), Key: keyAt(place.Prefix, now, shard, sequence)}},
		{"names are exact", func(t *testing.T, c *s3.Client) {
			id := shard + ":" + sequence
			put(t, c, keyAt(place.Prefix, now, shard, before), zipped(
				`{"ENRICHMENT_ID":"`+id+`"}`, `{"note":"`+id+`","enrichment_id":5}`, `{"enrichment_id":"`+id+`9"}`, `broken `+id,
				`{"enrichment_id":"`+id+`","Enrichment_id":"x"}`))
		}, Found{Record: []byte(`{"enrichment_id":"` + shard + ":" + sequence + `","Enrichment_id":"x"}`), Key: keyAt(place.Prefix, now, shard, before)}},
		{"dead letter", func(t *testing.T, c *s3.Client) {
			put(t, c, keyAt(DeadLetters, now, shard, before), zipped(
				`{"reason":"x","shard_id":"shardId-000000000002","sequence_number":"`+sequence+`"}`,
				`{"reason":"not JSON","shard_id":"`+shard+`","sequence_number":"`+sequence+`"}`))
		}, Found{Record: []byte(`{"reason":"not JSON","shard_id":"` + shard + `","sequence_number":"` + sequence + `"}`), Key: keyAt(DeadLetters, now, shard, before), DeadLetter: true}},
		{"not compressed, and beside what is none of ours", func(t *testing.T, c *s3.Client) {
			put(t, c, HourPrefix(place.Prefix, now)+shard+"-notes.txt", []byte("x"))
			put(t, c, keyAt(place.Prefix, now, shard, sequence), []byte{0x1f, 0x8b, 0})
			put(t, c, keyAt(place.Prefix, now, shard, before), []byte(enriched(shard, sequence)))
		}, Found{Record: []byte(enriched(shard, sequence)), Key: keyAt(place.Prefix, now, shard, before)}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := client(t, nil)
			test.store(t, c)
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			got, err := Await(ctx, c, place, shard, sequence, now, time.Millisecond)
			if err != nil {
				t.Fatal(err)
			}
			if age := time.Since(got.StoredAt); age < -time.Minute || age > time.Minute {
				t.Errorf("stored at %s", got.StoredAt)
			}
			got.StoredAt = time.Time{}
			if diff := cmp.Diff(test.found, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The record comes while it is waited for; objects without it are read once, and
// one that is overwritten is read again.
func TestAwaitPolls(t *testing.T) {
	now := time.Now()
	var lists, gets atomic.Int32
	var c *s3.Client
	later := keyAt(place.Prefix, now, shard, sequence[:55]+"0")
	c = client(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.URL.Query().Has("list-type"):
				if n := lists.Add(1); n == 20 {
					put(t, c, later, zipped(enriched(shard, sequence))) //nolint:contextcheck // the test's own
				}
			case r.Method == http.MethodGet:
				gets.Add(1)
			}
			next.ServeHTTP(w, r)
		})
	})
	put(t, c, later, zipped(enriched(shard, sequence[:55]+"0")))
	put(t, c, keyAt(place.Prefix, now, shard, sequence[:55]+"9"), zipped(enriched(shard, sequence))) // begins behind it
	got, err := Await(t.Context(), c, place, shard, sequence, now, time.Millisecond)
	if err != nil || got.Key != later {
		t.Fatalf("got %+v, %v", got, err)
	}
	if n := gets.Load(); n != 2 {
		t.Errorf("%d objects were read", n)
	}
}

// What S3 may get over is waited out; what it will not is told at once.
func TestAwaitFaults(t *testing.T) {
	now := time.Now()
	fault := func(status int, code string) string {
		return fmt.Sprint(status) + " " + code
	}
	tests := []struct {
		fault string // of the first calls
		final bool
	}{
		{fault(503, "SlowDown"), false}, {fault(500, "InternalError"), false}, {fault(429, "TooMany"), false},
		{"cut", false}, {"truncated", false},
		{fault(403, "AccessDenied"), true}, {fault(404, "NoSuchBucket"), true},
	}
	for _, test := range tests {
		t.Run(test.fault, func(t *testing.T) {
			var calls atomic.Int32
			var armed atomic.Bool
			c := client(t, func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if !armed.Load() || calls.Add(1) > 6 {
						next.ServeHTTP(w, r)
						return
					}
					var status int
					var code string
					switch {
					case test.fault == "truncated" && strings.HasSuffix(r.URL.Path, ".gz"):
						recorder := httptest.NewRecorder()
						next.ServeHTTP(recorder, r)
						for name, values := range recorder.Header() {
							w.Header()[name] = values
						}
						w.Write(recorder.Body.Bytes()[:recorder.Body.Len()/2]) //nolint:errcheck // meant to break
						panic(http.ErrAbortHandler)
					case test.fault == "truncated":
						next.ServeHTTP(w, r)
					case test.fault == "cut":
						panic(http.ErrAbortHandler)
					default:
						fmt.Sscanf(test.fault, "%d %s", &status, &code) //nolint:errcheck // from above
						w.WriteHeader(status)
						_, _ = fmt.Fprintf(w, "<Error><Code>%s</Code><Message>told to</Message></Error>", code)
					}
				})
			})
			put(t, c, keyAt(place.Prefix, now, shard, sequence), zipped(enriched(shard, sequence)))
			armed.Store(true)
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			_, err := Await(ctx, c, place, shard, sequence, now, time.Millisecond)
			if (err != nil) != test.final {
				t.Errorf("got %v", err)
			}
			if test.final && ctx.Err() != nil {
				t.Error("it was waited out")
			}
		})
	}
}

// The end of the context tells what kept the record away.
func TestAwaitEnds(t *testing.T) {
	var down atomic.Bool
	c := client(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if down.Load() {
				w.WriteHeader(http.StatusServiceUnavailable)
				_, _ = fmt.Fprint(w, "<Error><Code>SlowDown</Code><Message>told to</Message></Error>")
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	down.Store(true)
	why := errors.New("enough")
	ctx, cancel := context.WithTimeoutCause(t.Context(), 300*time.Millisecond, why)
	defer cancel()
	_, err := Await(ctx, c, place, shard, sequence, time.Now(), time.Millisecond)
	if !errors.Is(err, why) || !strings.Contains(err.Error(), "SlowDown") || !strings.Contains(err.Error(), shard+":"+sequence) {
		t.Errorf("got %v", err)
	}
}

func TestList(t *testing.T) {
	c := client(t, nil)
	hour := time.Date(2026, 3, 1, 23, 59, 0, 0, time.FixedZone("", 3600))
	var want []string
	for n := range 1234 { // more than a page
		key := keyAt(place.Prefix, hour, shard, fmt.Sprint(1000+n))
		put(t, c, key, []byte("x"))
		want = append(want, key)
	}
	put(t, c, keyAt(place.Prefix, hour.Add(time.Hour), shard, "5"), nil)
	put(t, c, keyAt(place.Prefix, hour, "shardId-000000000002", "5"), nil)
	count := func(shard string) (keys []string) {
		for o, err := range List(t.Context(), c, place, place.Prefix, hour, shard) {
			if err != nil {
				t.Fatal(err)
			}
			if o.Hour.Hour() != 22 || o.ETag == "" || o.StoredAt.IsZero() {
				t.Errorf("got %+v", o)
			}
			keys = append(keys, o.Key)
		}
		return keys
	}
	if got := count(shard); !slices.Equal(got, want) {
		t.Errorf("%d of %d", len(got), len(want))
	}
	if got := count(""); len(got) != len(want)+1 {
		t.Errorf("%d of %d", len(got), len(want)+1)
	}
	for _, err := range List(t.Context(), c, Place{Bucket: "none"}, "", hour, "") {
		if err == nil || !strings.Contains(err.Error(), "listing s3://none/2026/03/01/22/") {
			t.Errorf("got %v", err)
		}
	}
}

func TestLines(t *testing.T) {
	c := client(t, nil)
	put(t, c, "a", zipped("one", "", "three"))
	put(t, c, "bad", []byte{0x1f, 0x8b, 1})
	read := func(key string) (lines []string, last error) {
		for text, err := range Lines(t.Context(), c, place, key) {
			if last = err; err == nil {
				lines = append(lines, string(text))
			}
		}
		return lines, last
	}
	if lines, err := read("a"); err != nil || !slices.Equal(lines, []string{"one", "", "three"}) {
		t.Errorf("got %q, %v", lines, err)
	}
	if _, err := read("none"); !errors.Is(err, ErrGone) || !strings.Contains(err.Error(), "s3://records/none") {
		t.Errorf("got %v", err)
	}
	if _, err := read("bad"); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v", err)
	}
}

func TestParseKey(t *testing.T) {
	hour := time.Date(2026, 3, 1, 4, 0, 0, 0, time.UTC)
	tests := []struct {
		prefix, key string
		want        Object
		ok          bool
	}{
		{"e/", "e/2026/03/01/04/shardId-000000000001-495.ndjson.gz", Object{Hour: hour, ShardID: shard, SequenceNumber: "495"}, true},
		{"", "2026/03/01/04/s-1.ndjson.gz", Object{Hour: hour, ShardID: "s", SequenceNumber: "1"}, true},
		{DeadLetters, "dead-letter/2026/03/01/04/s-1.ndjson.gz", Object{Hour: hour, ShardID: "s", SequenceNumber: "1", DeadLetter: true}, true},
		{"e/", "x/2026/03/01/04/s-1.ndjson.gz", Object{}, false},
		{"e/", "e/2026/03/01/24/s-1.ndjson.gz", Object{}, false},
		{"e/", "e/2026/03/01/04/s-1.ndjson", Object{}, false},
		{"e/", "e/2026/03/01/04/s-.ndjson.gz", Object{}, false},
		{"e/", "e/2026/03/01/04/-1.ndjson.gz", Object{}, false},
		{"e/", "e/2026/03/01/04/s-1x.ndjson.gz", Object{}, false},
		{"e/", "e/2026/03/01/04/s/t-1.ndjson.gz", Object{}, false},
		{"e/", "e/2026/03/01/04/.ndjson.gz", Object{}, false},
	}
	for _, test := range tests {
		if test.ok {
			test.want.Key = test.key
		}
		if got, ok := ParseKey(test.prefix, test.key); ok != test.ok || got != test.want {
			t.Errorf("%s: %+v, %v", test.key, got, ok)
		}
	}
}

func FuzzParseKey(f *testing.F) {
	f.Add("e/", "e/2026/03/01/04/shardId-000000000001-495.ndjson.gz")
	f.Fuzz(func(t *testing.T, prefix, key string) {
		if o, ok := ParseKey(prefix, key); ok && keyAt(prefix, o.Hour, o.ShardID, o.SequenceNumber) != key {
			t.Errorf("%q is taken for %+v", key, o)
		}
	})
}

func TestHours(t *testing.T) {
	at := func(minute int) []time.Time {
		return (&search{arrival: time.Date(2026, 3, 1, 4, minute, 0, 0, time.UTC)}).hours()
	}
	hour := func(n int) time.Time { return time.Date(2026, 3, 1, n, 0, 0, 0, time.UTC) }
	for minute, want := range map[int][]time.Time{30: {hour(4)}, 2: {hour(3), hour(4)}, 58: {hour(4), hour(5)}} {
		if got := at(minute); !slices.Equal(got, want) {
			t.Errorf("minute %d: %v", minute, got)
		}
	}
}

func TestCompareSequence(t *testing.T) {
	ordered := []string{"0", "1", "9", "10", "099", "100", sequence[:55] + "7", sequence}
	for i, a := range ordered {
		for j, b := range ordered {
			if got := CompareSequence(a, b); (got < 0) != (i < j) || (got == 0) != (i == j) {
				t.Errorf("CompareSequence(%s, %s) = %d", a, b, got)
			}
		}
	}
}
