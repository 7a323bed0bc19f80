package emulator

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// What a shard takes and gives in a second.
// https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html
const (
	shardRecordsIn = 1000
	shardBytesIn   = mib
	shardReads     = 5
	shardBytesOut  = 2 * mib
)

// SetEnforceThroughput has each shard take and give no more than AWS's do: 1 MiB or
// 1,000 records a second in, 5 reads or 2 MiB a second out, those of event source
// mappings included. By default there is no limit. What is beyond gets a
// ProvisionedThroughputExceededException; a second's worth may come at once.
func (s *Server) SetEnforceThroughput(on bool) { s.kinesis.enforced.Store(on) }

// allowance is what may still be used of something that comes back by the second.
// The zero value is full.
type allowance struct {
	used float64 // of what a second gives
	last time.Time
	over bool // more was used than there was: nothing is left until all has come back
}

// left tells how much of what a second gives is left at a time.
func (a *allowance) left(now time.Time, rate float64) float64 {
	if passed := now.Sub(a.last).Seconds(); passed > 0 {
		a.used = max(0, a.used-passed*rate)
	}
	a.last = now
	if a.over && a.used > 0 {
		return 0
	}
	a.over = false
	return rate - a.used
}

func (a *allowance) spend(n, rate float64) {
	a.used += n
	a.over = a.over || a.used > rate
}

// allowances are those of a shard; its mutex guards them.
type allowances struct{ records, bytesIn, reads, bytesOut allowance }

// admits tells whether a shard takes a record now, and counts it if so. One that is
// larger than what a second gives needs all of that.
func (sh *shard) admits(now time.Time, size int) bool {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	a := &sh.allowances
	if a.records.left(now, shardRecordsIn) < 1 || a.bytesIn.left(now, shardBytesIn) < float64(min(size, shardBytesIn)) {
		return false
	}
	a.records.spend(1, shardRecordsIn)
	a.bytesIn.spend(float64(size), shardBytesIn)
	return true
}

// serves tells whether a shard lets itself be read now, and counts a reading, or a
// part of one, if so.
func (sh *shard) serves(now time.Time, reading float64) bool {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	a := &sh.allowances
	if a.reads.left(now, shardReads) < reading || a.bytesOut.left(now, shardBytesOut) <= 0 {
		return false
	}
	a.reads.spend(reading, shardReads)
	return true
}

// served counts what a reading gave. A single one may give more than two seconds'
// worth; then there is none until that is paid off.
func (sh *shard) served(bytes int) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sh.bytesOut.spend(float64(bytes), shardBytesOut)
}

// countServed counts what a mapping has read.
func (ln *lane) countServed(records []*record) {
	if !ln.lambda.kinesis.enforced.Load() {
		return
	}
	bytes := 0
	for _, r := range records {
		bytes += len(r.data)
	}
	ln.shard.served(bytes)
}

// exceeded words the refusal of a shard.
func exceeded(st *stream, sh *shard) string {
	return fmt.Sprintf("Rate exceeded for shard %s in stream %s under account %s.", sh.id, st.name, st.account)
}

func throughputExceeded(st *stream, sh *shard) error {
	return failf(http.StatusBadRequest, tooMuchThroughput, "%s", exceeded(st, sh))
}

// mayRead is serves for a mapping, whose lanes share the readings of their shard.
// When it may not it has waited.
func (ln *lane) mayRead(ctx context.Context) bool {
	if !ln.lambda.kinesis.enforced.Load() || ln.shard.serves(ln.lambda.clock.Now(), 1/float64(ln.of)) {
		return true
	}
	ln.lambda.metrics.record("AWS/Kinesis", "ReadProvisionedThroughputExceeded", map[string]string{"StreamName": ln.stream.name}, 1, "Count")
	ln.run.pause(ctx, pollPause)
	return false
}
