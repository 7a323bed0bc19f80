package logs

import (
	"fmt"
	"testing"
	"time"
)

// A first reading that goes far back is not remembered as a whole, and what the next one
// meets of it is known.
func TestRecentForgets(t *testing.T) {
	since := time.Unix(1_700_000_000, 0)
	r := newRecent(since)
	event := func(i int) Event {
		return Event{At: since.Add(time.Duration(i) * 100 * time.Millisecond), id: fmt.Sprint(i)}
	}
	const count, second = 24 * 60 * 60 * 10, 10
	most := 0
	for i := range count {
		if !r.add(event(i)) {
			t.Fatalf("event %d is not new", i)
		}
		most = max(most, len(r.seen))
	}
	inOverlap := int(overlap/time.Second) * second
	if most > 2*inOverlap+2 {
		t.Errorf("%d events were remembered, of which %d can come again", most, inOverlap)
	}
	if want := event(count - 1).At.Add(-overlap); !r.from().Equal(want) {
		t.Errorf("goes on from %s, not from %s", r.from(), want)
	}
	for i := count - 1; !event(i).At.Before(r.from()); i-- {
		if r.add(event(i)) {
			t.Errorf("event %d is new once more", i)
		}
	}
	late := Event{At: r.from(), id: "late"}
	if !r.add(late) || r.add(late) {
		t.Error("a late event is not told once")
	}
}
