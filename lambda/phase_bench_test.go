//go:build unix

package lambda

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/klauspost/compress/gzip"

	"enrich/enrichment"
)

// perRecord runs f again and again and reports what it costs for each record.
func perRecord(b *testing.B, records int, f func() error) {
	b.Helper()
	if err := f(); err != nil { // buffers get their size
		b.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := processorTime(b)
	for b.Loop() {
		if err := f(); err != nil {
			b.Fatal(err)
		}
	}
	took := processorTime(b) - began
	runtime.ReadMemStats(&after)
	n := float64(b.N) * float64(records)
	b.ReportMetric(float64(took.Nanoseconds())/n, "cpu-ns/record")
	b.ReportMetric(float64(after.Mallocs-before.Mallocs)/n, "allocs/record")
}

// processorTime is what the process has had so far, its garbage collector included.
// Unlike the time on the clock it hardly depends on what else the machine does.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// clicks is an event of Lambda's with 1,000 records of 400 bytes by so many users.
// Identifiers are random, as real ones are: an event that only repeats another
// costs the compressor nothing.
func clicks(b *testing.B, users int) []byte {
	random := rand.New(rand.NewPCG(1, 2))
	records := make([]given, 1000)
	for i := range records {
		records[i] = good(i, "", beforeHour)
		records[i].data = fmt.Sprintf(`{"event_id":"%016x%016x","user_id":"user%d","event_type":"page_view","timestamp":"2026-11-23T15:04:%02d.%03dZ",`+
			`"page":"/products/widgets/blue-widget-%d","referrer":"https://www.example.com/search?q=blue+widget","session_id":"%016x%016x",`+
			`"user_agent":"Mozilla/5.0 (X11; Linux x86_64)","properties":{"price":%d.99,"quantity":%d,"tags":["a","b"],"in_stock":true}}`,
			random.Uint64(), random.Uint64(), i%users, random.IntN(60), random.IntN(1000), random.IntN(5000),
			random.Uint64(), random.Uint64(), random.IntN(500), random.IntN(9))
	}
	return eventOf(b, records...)
}

func profiles() memory {
	items := memory{}
	for user := range 1000 {
		items[fmt.Sprint("user", user)] = enrichment.Item{
			"name": fmt.Appendf(nil, `"Name Surname%d"`, user), "email": fmt.Appendf(nil, `"name.surname%d@example.com"`, user),
			"segment": json.RawMessage(`"premium"`), "location": json.RawMessage(`"Springfield"`),
		}
	}
	return items
}

// BenchmarkInvoke is all that the function itself does for a batch: from the
// event's bytes to the objects' bytes, without the AWS SDK and the network. Items
// are kept from batch to batch, or found anew.
func BenchmarkInvoke(b *testing.B) {
	for _, tt := range []struct {
		name  string
		users int
		cache enrichment.Cache
	}{
		{"kept/200-users", 200, enrichment.DefaultCache()},
		{"kept/1000-users", 1000, enrichment.DefaultCache()},
		{"found/1000-users", 1000, enrichment.Cache{}},
	} {
		b.Run(tt.name, func(b *testing.B) {
			lookup := enrichment.DefaultLookup("users")
			lookup.Cache = tt.cache
			h, err := New(Options{Lookups: []enrichment.Lookup{lookup}, Finder: profiles(), Sink: &nowhere{}})
			if err != nil {
				b.Fatal(err)
			}
			payload, ctx := clicks(b, tt.users), b.Context()
			perRecord(b, 1000, func() error {
				response, err := h.Invoke(ctx, payload)
				if err == nil && string(response) != `{"batchItemFailures":[]}` {
					err = fmt.Errorf("the answer is %s", response)
				}
				return err
			})
		})
	}
}

// BenchmarkEnvelope is the decoding of Lambda's event, by the function and as
// others do it.
func BenchmarkEnvelope(b *testing.B) {
	payload := clicks(b, 200)
	b.Run("decoder", func(b *testing.B) {
		var d decoder
		b.SetBytes(int64(len(payload)))
		perRecord(b, 1000, func() error {
			_, err := d.decode(payload)
			return err
		})
	})
	b.Run("encoding/json", func(b *testing.B) {
		b.SetBytes(int64(len(payload)))
		perRecord(b, 1000, func() error {
			var event events.KinesisEvent
			return json.Unmarshal(payload, &event)
		})
	})
}

// BenchmarkCore is the checking of events and the adding of fields to them.
func BenchmarkCore(b *testing.B) {
	e, err := enrichment.New([]enrichment.Lookup{enrichment.DefaultLookup("users")}, "")
	if err != nil {
		b.Fatal(err)
	}
	answer, err := e.Hit(0, profiles()["user1"])
	if err != nil {
		b.Fatal(err)
	}
	var d decoder
	deliveries, err := d.decode(clicks(b, 200))
	if err != nil {
		b.Fatal(err)
	}
	parsed := make([]enrichment.Event, len(deliveries))
	parse := func() error {
		for i := range deliveries {
			if err := e.Parse(&parsed[i], deliveries[i].data); err != nil {
				return err
			}
		}
		return nil
	}
	b.Run("parse", func(b *testing.B) { perRecord(b, len(parsed), parse) })
	b.Run("splice", func(b *testing.B) {
		if err := parse(); err != nil {
			b.Fatal(err)
		}
		var line []byte
		answers, stamp := []*enrichment.Answer{answer}, enrichment.Stamp{Time: "2026-11-23T15:04:05.000Z", ID: []byte("shardId-000000000000:1")}
		perRecord(b, len(parsed), func() (err error) {
			for i := range parsed {
				if line, err = e.Append(line[:0], &parsed[i], answers, stamp); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// BenchmarkCompress is the compression of the enriched events, as the function does
// it and at other levels.
func BenchmarkCompress(b *testing.B) {
	lines := enrichedLines(b)
	for _, compression := range []string{Gzip, Zstd} {
		b.Run(compression, func(b *testing.B) {
			codec, _ := codecOf(compression)
			c, err := codec.make()
			if err != nil {
				b.Fatal(err)
			}
			compress(b, c, lines)
		})
	}
	for _, level := range []int{1, 3, 9} {
		b.Run(fmt.Sprintf("gzip-%d", level), func(b *testing.B) {
			w, err := gzip.NewWriterLevel(nil, level)
			if err != nil {
				b.Fatal(err)
			}
			compress(b, w, lines)
		})
	}
}

func compress(b *testing.B, c compressor, lines []byte) {
	var body bytes.Buffer
	b.SetBytes(int64(len(lines)))
	perRecord(b, 1000, func() error {
		body.Reset()
		c.Reset(&body)
		for rest := lines; len(rest) > 0; {
			n := min(flushAt, len(rest))
			if _, err := c.Write(rest[:n]); err != nil {
				return err
			}
			rest = rest[n:]
		}
		return c.Close()
	})
	b.ReportMetric(float64(body.Len())/1000, "stored-B/record")
}

// enrichedLines is what 1,000 clicks become, before it is compressed.
func enrichedLines(b *testing.B) (lines []byte) {
	h, err := New(Options{
		Lookups: []enrichment.Lookup{enrichment.DefaultLookup("users")}, Finder: profiles(), Output: Output{Compression: None},
		Sink: sinkOf(func(_ string, body []byte) error {
			lines = bytes.Clone(body)
			return nil
		}),
	})
	if err != nil {
		b.Fatal(err)
	}
	if response, err := h.Invoke(b.Context(), clicks(b, 200)); err != nil || len(lines) == 0 {
		b.Fatal(string(response), err)
	}
	return lines
}

// sinkOf makes a sink of a function.
type sinkOf func(key string, body []byte) error

func (f sinkOf) Store(_ context.Context, key string, body []byte) error { return f(key, body) }

// canned answers every request with the same.
type canned struct{ body string }

func (c canned) RoundTrip(r *http.Request) (*http.Response, error) {
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r, ContentLength: int64(len(c.body)),
		Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}}, Body: io.NopCloser(strings.NewReader(c.body)),
	}, nil
}

// BenchmarkFind is a lookup of 100 keys through the AWS SDK, without the network.
// A record here is a key.
func BenchmarkFind(b *testing.B) {
	cfg, err := configOf(environment("http://127.0.0.1:1"))
	if err != nil {
		b.Fatal(err)
	}
	var keys, found []string
	for user := range 100 {
		keys = append(keys, fmt.Sprint("user", user))
		found = append(found, fmt.Sprintf(`{"user_id":{"S":"user%d"},"name":{"S":"Name Surname%d"},"email":{"S":"name.surname%d@example.com"},"segment":{"S":"premium"},"location":{"S":"Springfield"}}`, user, user, user))
	}
	cfg.HTTPClient = &http.Client{Transport: canned{`{"Responses":{"users":[` + strings.Join(found, ",") + `]},"UnprocessedKeys":{}}`}}
	t, lookup, ctx := newTables(cfg, slog.New(slog.DiscardHandler)), enrichment.DefaultLookup("users"), b.Context()
	perRecord(b, 100, func() error {
		got, err := t.Find(ctx, &lookup, keys, enrichment.Once)
		if err == nil && len(got.Items) != 100 {
			err = fmt.Errorf("%d items", len(got.Items))
		}
		return err
	})
}
