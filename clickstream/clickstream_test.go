package clickstream

import (
	"encoding/json"
	"testing"
	"time"
)

// The same seed gives the same events, each of them as long as was asked for, and
// another seed others.
func TestStream(t *testing.T) {
	at := time.Date(2026, 11, 28, 1, 2, 3, 4_005_000, time.UTC)
	mark := `"bench":{"run":"0123456789abcdef","n":123456789}`
	one, same, other := New(7, 3, MinBytes), New(7, 3, MinBytes), New(8, 3, MinBytes)
	users := map[string]int{}
	for range 2000 {
		event := one.Next(at, mark)
		if again := same.Next(at, mark); string(event) != string(again) {
			t.Fatalf("%s\n%s", event, again)
		}
		if different := other.Next(at, mark); string(event) == string(different) {
			t.Fatalf("of another seed: %s", event)
		}
		var fields struct {
			Timestamp time.Time
			UserID    string `json:"user_id"`
			Bench     struct{ N int }
		}
		if err := json.Unmarshal(event, &fields); err != nil || len(event) != MinBytes || !fields.Timestamp.Equal(at) || fields.Bench.N != 123456789 {
			t.Fatalf("%d bytes, %v: %s", len(event), err, event)
		}
		users[fields.UserID]++
	}
	if len(users) != 3 || users["user1"] < 500 || users["user3"] < 500 {
		t.Errorf("got %v", users)
	}
}
