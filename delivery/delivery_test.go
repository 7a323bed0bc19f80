package delivery

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
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
	"github.com/klauspost/compress/zstd"

	"enrich/emulator"
)

const (
	shard    = "shardId-000000000001"
	sequence = "49590338271490256608559692538361571095921575989136588898"
)

var place = Place{Bucket: "records", Prefix: "enriched-data/"}

// fixture is an emulator with a bucket.
func fixture(t testing.TB) (*emulator.Server, *s3.Client) {
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
	c := at(t, server.Endpoint())
	if _, err := c.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &place.Bucket}); err != nil {
		t.Fatal(err)
	}
	return server, c
}

// client makes a bucket in an emulator; around may stand in between.
func client(t *testing.T, around func(http.Handler) http.Handler) *s3.Client {
	t.Helper()
	server, c := fixture(t)
	if around == nil {
		return c
	}
	address, err := url.Parse(server.Endpoint())
	if err != nil {
		t.Fatal(err)
	}
	proxy := httptest.NewServer(around(httputil.NewSingleHostReverseProxy(address)))
	t.Cleanup(proxy.Close)
	return at(t, proxy.URL)
}

func at(t testing.TB, endpoint string) *s3.Client {
	// The server's shutdown waits 5 s for a connection that nothing was asked on.
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return s3.NewFromConfig(aws.Config{
		Region: "us-east-1", BaseEndpoint: &endpoint, HTTPClient: &http.Client{Transport: transport},
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	}, func(o *s3.Options) { o.UsePathStyle = true })
}

func put(t testing.TB, c *s3.Client, key string, body []byte) {
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

// squeezed is zstd, a frame a line.
func squeezed(t *testing.T, lines ...string) []byte {
	t.Helper()
	var body bytes.Buffer
	w, err := zstd.NewWriter(&body)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range lines {
		w.Reset(&body)
		fmt.Fprintln(w, line) //nolint:errcheck // into memory
		w.Close()             //nolint:errcheck // into memory
	}
	return body.Bytes()
}

func keyAt(prefix string, at time.Time, shard, first string) string {
	return prefix + at.UTC().Format("2006/01/02/15/") + shard + "-" + first + ".ndjson.gz"
}

func hiveKeyAt(at time.Time, folder, shard, first, ending string) string {
	return place.Prefix + at.UTC().Format("year=2006/month=01/day=02/hour=15/") + folder + shard + "-" + first + ending
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
			put(t, c, place.Prefix+now.Format("2006/01/02/15/")+shard+"-notes.txt", []byte("x"))
			put(t, c, keyAt(place.Prefix, now, shard, sequence), []byte{0x1f, 0x8b, 0})
			put(t, c, keyAt(place.Prefix, now, shard, before), []byte(enriched(shard, sequence)))
		}, Found{Record: []byte(enriched(shard, sequence)), Key: keyAt(place.Prefix, now, shard, before)}},
		{"zstd, in the folders of Hive", func(t *testing.T, c *s3.Client) {
			put(t, c, keyAt(place.Prefix, now, shard, before), zipped(enriched(shard, before)))
			put(t, c, hiveKeyAt(now, "", shard, before, ".ndjson.zst"), squeezed(t, enriched(shard, before), enriched(shard, sequence)))
		}, Found{Record: []byte(enriched(shard, sequence)), Key: hiveKeyAt(now, "", shard, before, ".ndjson.zst")}},
		{"in the folder of its value", func(t *testing.T, c *s3.Client) {
			put(t, c, hiveKeyAt(now, "type=a%2Fü/", shard, before, ".ndjson"), []byte(enriched(shard, before)+"\n"+enriched(shard, sequence)+"\n"))
			put(t, c, hiveKeyAt(now, "type=b/", shard, sequence, ".ndjson"), []byte("not read"))
		}, Found{Record: []byte(enriched(shard, sequence)), Key: hiveKeyAt(now, "type=a%2Fü/", shard, before, ".ndjson")}},
		{"dead letters have no folder", func(t *testing.T, c *s3.Client) {
			put(t, c, keyAt(DeadLetters, now, shard, sequence), zipped(`{"shard_id":"`+shard+`","sequence_number":"`+sequence+`"}`))
		}, Found{Record: []byte(`{"shard_id":"` + shard + `","sequence_number":"` + sequence + `"}`), Key: keyAt(DeadLetters, now, shard, sequence), DeadLetter: true}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := client(t, nil)
			test.store(t, c)
			place := place
			if strings.Contains(test.name, "folder of its value") || strings.Contains(test.name, "no folder") {
				place.Folder = "type=a%2Fü/"
			}
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
