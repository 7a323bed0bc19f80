package cost

import (
	"fmt"
	"strings"
)

// Hours and seconds of a month, as AWS's own calculator has it.
const (
	Hours   = 730.0
	Seconds = Hours * 3600
)

// GB is what AWS calls one.
const GB = 1 << 30

// maxEvent is the largest record that a stream takes unless it is told otherwise.
const maxEvent = 1 << 20

// Traffic is the assumption about what comes in, evenly over shards and time.
type Traffic struct {
	EventsPerSecond float64
	EventBytes      int
	// HitRate is the share of events whose key needs no read: the function remembers
	// it, or another event of the batch has it.
	HitRate float64
}

// Ordinary is the traffic that is assumed when nothing is said.
func Ordinary() Traffic { return Traffic{EventsPerSecond: 100, EventBytes: 400, HitRate: 0.9} }

// Check lists all that is wrong, each by the name that flags have.
func (t Traffic) Check() error {
	var wrong []string
	// Written so that NaN fails too.
	if !(t.EventsPerSecond > 0 && t.EventsPerSecond <= 1e7) {
		wrong = append(wrong, fmt.Sprintf("--events-per-second %g: more than 0 and at most 10000000", t.EventsPerSecond))
	}
	if t.EventBytes < 1 || t.EventBytes > maxEvent {
		wrong = append(wrong, fmt.Sprintf("--event-bytes %d: 1 to %d", t.EventBytes, maxEvent))
	}
	if !(t.HitRate >= 0 && t.HitRate <= 1) {
		wrong = append(wrong, fmt.Sprintf("--hit-rate %g: 0 to 1", t.HitRate))
	}
	if len(wrong) > 0 {
		return fmt.Errorf("%s", strings.Join(wrong, "; "))
	}
	return nil
}

// Events of a month.
func (t Traffic) Events() float64 { return t.EventsPerSecond * Seconds }

// Bytes of a month's events.
func (t Traffic) Bytes() float64 { return t.Events() * float64(t.EventBytes) }
