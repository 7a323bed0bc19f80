package emulator

import (
	"testing"
	"time"
)

// A function's credentials end only after the calls that were made with them, and
// later calls find them expired: nothing that a killed function sent takes effect
// after its event is delivered again.
func TestSessionEndsAfterItsCalls(t *testing.T) {
	i := newIAM(Options{Account: "123456789012", Clock: NewManualClock(time.Unix(1_800_000_000, 0))})
	key := i.sessionFor("arn:aws:iam::123456789012:role/r", "f").AccessKeyID
	s, leave := i.enter(key)
	if s == nil || !s.expires.IsZero() {
		t.Fatalf("%+v", s)
	}
	ended := make(chan struct{})
	go func() { i.endSession(key); close(ended) }()
	for s.calls.TryRLock() { // until it waits for the call
		s.calls.RUnlock()
	}
	select {
	case <-ended:
		t.Fatal("it ended before its call")
	default:
	}
	leave()
	<-ended
	again, leave := i.enter(key)
	defer leave()
	if again == nil || again.expires.IsZero() {
		t.Errorf("after the end: %+v", again)
	}
}
