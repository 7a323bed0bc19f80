//go:build linux

package main

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"time"

	"enrich/clickstream"
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
	minute := time.Date(2026, 11, 23, 15, 4, 0, 0, time.UTC)
	var batches [][]byte
	for i := range l.batches {
		b := []byte(`{"Records":[`)
		for j := range l.size {
			if j > 0 {
				b = append(b, ',')
			}
			n := i*l.size + j
			at := minute.Add(time.Duration(random.IntN(60_000)) * time.Millisecond)
			b = appendRecord(b, n, now, l.userOf(n), clickstream.Event(random, l.userOf(n), at, l.bytes, ""))
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
