//go:build linux

package main

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

func TestLoad(t *testing.T) {
	for _, tt := range []struct {
		load  load
		users int
	}{
		{load{batches: 2, size: 50, bytes: 400, users: 30}, 30},
		{load{batches: 2, size: 50, bytes: 400, users: 30, others: true}, 60},
		{load{batches: 2, size: 50, bytes: 600}, 100},
	} {
		users, sequences := map[string]bool{}, map[string]bool{}
		for _, batch := range tt.load.make(time.Now()) {
			var event events.KinesisEvent
			if err := json.Unmarshal(batch, &event); err != nil {
				t.Fatal(err)
			}
			if len(event.Records) != tt.load.size {
				t.Errorf("%d records in a batch, want %d", len(event.Records), tt.load.size)
			}
			for _, r := range event.Records {
				var data struct {
					User string `json:"user_id"`
				}
				if err := json.Unmarshal(r.Kinesis.Data, &data); err != nil || len(r.Kinesis.Data) != tt.load.bytes {
					t.Fatalf("an event of %d bytes, want %d: %s: %v", len(r.Kinesis.Data), tt.load.bytes, r.Kinesis.Data, err)
				}
				users[data.User], sequences[r.Kinesis.SequenceNumber] = true, true
			}
		}
		if len(users) != tt.users || len(sequences) != 100 {
			t.Errorf("%d users and %d sequence numbers, want %d and 100", len(users), len(sequences), tt.users)
		}
	}
}
