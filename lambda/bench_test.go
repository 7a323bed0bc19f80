package lambda

import (
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"
	"testing"

	"enrich/enrichment"
)

// clickstream is an event of about 400 bytes.
const clickstream = `{"event_id":"5f0c2b1e-9d5b-4f0e-8a53-6f6a6a1f%04d","user_id":"user%d","event_type":"page_view","timestamp":"2026-11-23T15:04:05.678Z",` +
	`"page":"/products/widgets/blue-widget-%d","referrer":"https://www.example.com/search?q=blue+widget","session_id":"3b7c0c9a-0f4f-4a7e-9d7e-1c2d3e4f%04d",` +
	`"user_agent":"Mozilla/5.0 (X11; Linux x86_64)","properties":{"price":%d.99,"quantity":2,"tags":["a","b"],"in_stock":true}}`

// nowhere is a sink that costs nothing.
type nowhere struct{ bytes atomic.Int64 }

func (n *nowhere) Store(_ context.Context, _ string, body []byte) error {
	n.bytes.Add(int64(len(body)))
	return nil
}

// memory is a finder that costs nothing but its answer.
type memory map[string]enrichment.Item

func (m memory) Find(context.Context, *enrichment.Lookup, []string, enrichment.Effort) (enrichment.Found, error) {
	return enrichment.Found{Items: m, Calls: 1}, nil
}

// BenchmarkBatch is the function's own cost of a batch of 1,000 records, from the
// event's bytes to the objects' bytes: all but the network.
func BenchmarkBatch(b *testing.B) { benchmarkBatch(b, Output{}) }

// BenchmarkBatchOfManyValues is the same for records that go to 200 objects.
func BenchmarkBatchOfManyValues(b *testing.B) {
	for _, compression := range []string{Gzip, Zstd, None} {
		b.Run(compression, func(b *testing.B) {
			benchmarkBatch(b, Output{Compression: compression, PartitionBy: "user_id", MaxPartitions: 200})
		})
	}
}

func benchmarkBatch(b *testing.B, output Output) {
	const size = 1000
	items := memory{}
	var records []given
	for i := range size {
		user := i % 200
		items[fmt.Sprint("user", user)] = enrichment.Item{
			"name": json.RawMessage(`"John Doe"`), "email": json.RawMessage(`"john@example.com"`),
			"segment": json.RawMessage(`"premium"`), "location": json.RawMessage(`"New York"`),
		}
		r := good(i, "", beforeHour)
		r.data = fmt.Sprintf(clickstream, i, user, i*7919%1000, i, i%100)
		records = append(records, r)
	}
	sink := &nowhere{}
	h, err := New(Options{Lookups: []enrichment.Lookup{enrichment.DefaultLookup("users")}, Finder: items, Sink: sink, Output: output})
	if err != nil {
		b.Fatal(err)
	}
	payload := eventOf(b, records...)
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		if response, err := h.Invoke(ctx, payload); err != nil || checkpointOf(b, response) != "" {
			b.Fatal(string(response), err)
		}
	}
	perRecord := float64(b.Elapsed().Nanoseconds()) / float64(b.N) / size
	b.ReportMetric(perRecord, "ns/record")
	b.ReportMetric(float64(sink.bytes.Load())/float64(b.N)/size, "stored-B/record")
}
