package emulator

import (
	"net/http"
	"sync/atomic"
)

// capacity is how many bytes of something the emulator holds in memory at most.
type capacity struct {
	limit int64
	used  atomic.Int64
}

// take takes n bytes of it, unless they are not there.
func (c *capacity) take(n int64) bool {
	if c.used.Add(n) > c.limit {
		c.used.Add(-n)
		return false
	}
	return true
}

// exceeded is the answer to what there is no room for. AWS has no such error; its
// code is one that SDKs do not repeat.
func (c *capacity) exceeded(what string) error {
	return failf(http.StatusBadRequest, "EmulatorCapacityExceeded",
		"The emulator holds at most %d bytes of %s in memory, and there is no room for this.", c.limit, what)
}

func (c *capacity) free(n int64) { c.used.Add(-n) }
