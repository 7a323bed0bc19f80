package enrichment

import (
	"strings"
	"testing"
)

// clickstream is an event of about 400 bytes.
const clickstream = `{"event_id":"5f0c2b1e-9d5b-4f0e-8a53-6f6a6a1f0c11","user_id":"user123","event_type":"page_view","timestamp":"2026-11-23T15:04:05.678Z",` +
	`"page":"/products/widgets/blue-widget","referrer":"https://www.example.com/search?q=blue+widget","session_id":"3b7c0c9a-0f4f-4a7e-9d7e-1c2d3e4f5a6b",` +
	`"user_agent":"Mozilla/5.0 (X11; Linux x86_64)","properties":{"price":19.99,"quantity":2,"tags":["a","b"],"in_stock":true}}`

// BenchmarkRecord is what one record costs in the core, with its item at hand.
func BenchmarkRecord(b *testing.B) {
	broken := strings.ReplaceAll(clickstream, ",", ",\n")
	there := strings.Replace(clickstream, "{", `{"user_name":"x",`, 1)
	for _, bench := range []struct{ name, event, partitionBy string }{
		{"plain", clickstream, ""}, {"line-breaks", broken, ""}, {"replaced", there, ""}, {"folder", clickstream, "event_type"},
	} {
		b.Run(bench.name, func(b *testing.B) {
			e, err := New([]Lookup{DefaultLookup("users")}, bench.partitionBy)
			if err != nil {
				b.Fatal(err)
			}
			answer, err := e.Hit(0, john)
			if err != nil {
				b.Fatal(err)
			}
			var ev Event
			var line []byte
			data, answers := []byte(bench.event), []*Answer{answer}
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				if err := e.Parse(&ev, data); err != nil {
					b.Fatal(err)
				}
				if line, err = e.Append(line[:0], &ev, answers, stamp); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
