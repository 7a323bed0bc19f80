//go:build linux

package main

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// load is what a function is given: batches of one shard, in the order in which a
// mapping would deliver them.
type load struct {
	name    string
	batches int
	size    int  // records of a batch
	bytes   int  // of an event
	users   int  // that the events of a batch are of, in turn; 0: each event has its own
	others  bool // in each batch other ones
}

// userOf is the user of the load's event n.
func (l load) userOf(n int) string {
	switch {
	case l.users > 0 && l.others:
		n = n/l.size*l.users + n%l.users
	case l.users > 0:
		n %= l.users
	}
	return fmt.Sprintf("user%06d", n)
}

// user is one item of the lookup table as a line of NDJSON.
func user(n int) string {
	segment := []string{"premium", "standard", "trial"}[n%3]
	return fmt.Sprintf(`{"user_id":"user%06d","name":"Name Surname%d","email":"name.surname%d@example.com","segment":%q,"location":"Springfield"}`, n, n, n, segment) + "\n"
}

// make writes the events of all batches, the same ones at each call.
func (l load) make(now time.Time) [][]byte {
	random := rand.New(rand.NewPCG(1, 2))
	var batches [][]byte
	for i := range l.batches {
		b := []byte(`{"Records":[`)
		for j := range l.size {
			if j > 0 {
				b = append(b, ',')
			}
			n := i*l.size + j
			b = appendRecord(b, n, now, l.userOf(n), click(random, l.userOf(n), l.bytes))
		}
		batches = append(batches, append(b, `]}`...))
	}
	return batches
}

// appendRecord appends a record as an event source mapping writes it.
func appendRecord(dst []byte, n int, arrived time.Time, partitionKey string, data []byte) []byte {
	sequence := fmt.Sprintf("4968049749599538298025%034d", n)
	return fmt.Appendf(dst, `{"kinesis":{"kinesisSchemaVersion":"1.0","partitionKey":%q,"sequenceNumber":%q,"data":%q,"approximateArrivalTimestamp":%d.%03d},`+
		`"eventSource":"aws:kinesis","eventVersion":"1.0","eventID":"shardId-000000000000:%s","eventName":"aws:kinesis:record",`+
		`"invokeIdentityArn":"arn:aws:iam::%s:role/bench-dev-%s-role","awsRegion":%q,"eventSourceARN":"arn:aws:kinesis:%s:%s:stream/bench-dev-stream"}`,
		partitionKey, sequence, base64.StdEncoding.EncodeToString(data), arrived.Unix(), arrived.Nanosecond()/1e6,
		sequence, account, region, region, region, account)
}

// click is an event of a shop's visitor. Its identifiers are random, as real ones
// are: an event that only repeats another costs the compressor nothing.
func click(random *rand.Rand, user string, size int) []byte {
	pages := []string{"/products/widgets/blue-widget", "/cart", "/checkout/payment", "/search", "/account/orders"}
	kinds := []string{"page_view", "add_to_cart", "purchase", "search"}
	e := fmt.Appendf(nil, `{"event_id":"%s","user_id":%q,"event_type":%q,"timestamp":"2026-11-23T15:04:%02d.%03dZ","page":"%s-%d",`+
		`"referrer":"https://example.com/search?q=widget+%d","session_id":"%s","user_agent":"Mozilla/5.0 (Linux)",`+
		`"properties":{"price":%d.%02d,"quantity":%d,"in_stock":%t,"note":"`,
		uuid(random), user, kinds[random.IntN(len(kinds))], random.IntN(60), random.IntN(1000), pages[random.IntN(len(pages))], random.IntN(5000),
		random.IntN(5000), uuid(random), random.IntN(500), random.IntN(100), random.IntN(9)+1, random.IntN(2) == 0)
	const end = `"}}`
	e = append(e, strings.Repeat("some words ", size/11)[:max(0, size-len(e)-len(end))]...)
	return append(e, end...)
}

func uuid(random *rand.Rand) string {
	a, b := random.Uint64(), random.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x", a>>32, a>>16&0xffff, a&0xfff, b>>48&0x3fff|0x8000, b&0xffffffffffff)
}
