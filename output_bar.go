package main

import (
	"fmt"
	"strings"
	"time"
)

// bar shows on a terminal how far a transfer is: as a part of its input where the
// input's size is known, and as what was done so far otherwise.
type bar struct {
	verb  string
	total int64 // bytes of the input; 0: not known
	began time.Time
	set   func(string)
	stop  func()
}

// bar begins to show a transfer.
func (o *output) bar(verb string, total int64) *bar {
	b := &bar{verb: verb, total: total, began: time.Now()}
	b.set, b.stop = o.spinner(verb)
	return b
}

// transferred is what a transfer has done so far.
type transferred struct {
	input     int64  // bytes of it that are done with
	thing     string // what it moves
	count     int
	bytes     int64
	throttled int // and done again
	rejected  int
	due       time.Time // of the next one; zero: at once
}

func (b *bar) show(t transferred) { b.set(b.text(t, time.Since(b.began))) }

// barWidth leaves room for the figures on a narrow terminal.
const barWidth = 20

func (b *bar) text(t transferred, took time.Duration) string {
	var s strings.Builder
	s.WriteString(b.verb)
	if b.total > 0 {
		s.WriteString(" " + gauge(float64(t.input)/float64(b.total)))
	}
	fmt.Fprintf(&s, "  %s, %s%s", count(t.count, t.thing), bytesText(t.bytes), rate(t.count, took))
	if t.throttled > 0 {
		fmt.Fprintf(&s, ", %d throttled", t.throttled)
	}
	if t.rejected > 0 {
		fmt.Fprintf(&s, ", %d rejected", t.rejected)
	}
	if !t.due.IsZero() {
		layout := time.TimeOnly
		if time.Until(t.due) > 12*time.Hour {
			layout = time.DateTime
		}
		fmt.Fprintf(&s, ", the next one at %s", t.due.Local().Format(layout))
	}
	return s.String()
}

// gauge shows a part of 1, which is full when all is done and not before.
func gauge(part float64) string {
	part = min(max(part, 0), 1)
	full := int(part * barWidth)
	return fmt.Sprintf("%s%s %3d%%", strings.Repeat("█", full), strings.Repeat("░", barWidth-full), int(part*100))
}

// rate is how many a second were done.
func rate(n int, took time.Duration) string {
	if n < 2 || took <= 0 {
		return ""
	}
	return fmt.Sprintf(" (%.0f a second)", float64(n)/took.Seconds())
}

// bytesText is a size for people.
func bytesText(n int64) string {
	switch {
	case n < 1_000:
		return fmt.Sprintf("%d B", n)
	case n < 1_000_000:
		return fmt.Sprintf("%.1f kB", float64(n)/1_000)
	default:
		return fmt.Sprintf("%.1f MB", float64(n)/1_000_000)
	}
}
