package feed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	smithytime "github.com/aws/smithy-go/time"
)

// told is the wait for an event that is worth telling.
const told = time.Second

// ErrNoTime tells that events cannot be put by their own times.
var ErrNoTime = errors.New("there is no time")

// replay has events wait as long as lay between their own times.
type replay struct {
	speed        float64
	first, began time.Time // of the first event that has a time: its own, and when it was read
}

// wait waits until an event is due. It tells the sender of a long wait, and gives false
// when no more is wanted.
func (r *replay) wait(ctx context.Context, e *entry, give func(parsed) bool) bool {
	if e.at.IsZero() {
		return true
	}
	if r.first.IsZero() {
		r.first, r.began = e.at, time.Now()
	}
	gap := float64(e.at.Sub(r.first)) / r.speed
	due := r.began.Add(time.Duration(min(gap, math.MaxInt64/2)))
	left := time.Until(due)
	if left <= 0 {
		return true
	}
	if left >= told && !give(parsed{due: due}) {
		return false
	}
	return smithytime.SleepWithContext(ctx, left) == nil
}

// begins tells why no event may be sent: where the first one has no time, the field is
// most likely the wrong one, and all of them would be sent at once. What goes on behind
// an interruption was begun before.
func (r *replay) begins(e *entry, o Options) error {
	if !r.first.IsZero() || !e.at.IsZero() || o.Skip != nil {
		return nil
	}
	return fmt.Errorf("line %d, the first event: %w in its field %s: neither RFC 3339 nor seconds or milliseconds since 1970", e.line, ErrNoTime, o.TimeField)
}

// timeOf reads a time: RFC 3339, or seconds or milliseconds since 1970, which no year
// before 5138 lets be mixed up. It is zero if it is none.
func timeOf(value json.RawMessage) time.Time {
	text := string(value)
	if value[0] == '"' {
		if err := json.Unmarshal(value, &text); err != nil {
			return time.Time{}
		}
		if at, err := time.Parse(time.RFC3339, text); err == nil {
			return at
		}
	}
	number, err := strconv.ParseFloat(text, 64)
	switch {
	case err != nil || !(number > 0 && number < 1e14):
		return time.Time{}
	case number >= 1e11:
		number /= 1000
	}
	whole, part := math.Modf(number)
	return time.Unix(int64(whole), int64(part*1e9))
}
