package emulator

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

const (
	// windowStateLimit is what the state of a window may have, in bytes; a window
	// whose state has more is terminated early.
	windowStateLimit = mib
	// windowGrace is how long after its end a window is kept open, while no record
	// tells that the next one has begun.
	windowGrace = 2 * time.Minute
	freshState  = "{}"
)

// tumblingWindow is the open window of a shard, with what the function has made
// of its records so far. It is not changed, but replaced.
// https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-windows.html
type tumblingWindow struct {
	start, end int64 // ms since 1970
	state      json.RawMessage
}

// newTumblingWindow is the window that a time falls into. Windows of a length
// follow one another from 1970 on.
func newTumblingWindow(at int64, length time.Duration) *tumblingWindow {
	ms := length.Milliseconds()
	start := at - at%ms
	return &tumblingWindow{start: start, end: start + ms, state: json.RawMessage(freshState)}
}

func (w *tumblingWindow) with(state json.RawMessage) *tumblingWindow {
	return &tumblingWindow{start: w.start, end: w.end, state: state}
}

func (w *tumblingWindow) length() time.Duration {
	return time.Duration(w.end-w.start) * time.Millisecond
}

// members are what an event has beside its records, with a comma before each.
func (w *tumblingWindow) members(shard, streamARN string, final, early bool) []byte {
	b := append([]byte(`,"window":{"start":"`), windowTime(w.start)...)
	b = append(append(b, `","end":"`...), windowTime(w.end)...)
	b = append(append(b, `"},"state":`...), w.state...)
	b = append(b, `,"shardId":"`+shard+`","eventSourceARN":"`+streamARN+`","isFinalInvokeForWindow":`...)
	b = append(strconv.AppendBool(b, final), `,"isWindowTerminatedEarly":`...)
	return strconv.AppendBool(b, early)
}

func windowTime(ms int64) string { return time.UnixMilli(ms).UTC().Format(time.RFC3339) }

// checkTumblingWindow refuses what is documented nowhere: whether batches of a
// shard that run at once share a window or have one each.
func checkTumblingWindow(c *types.EventSourceMappingConfiguration) error {
	if *c.TumblingWindowInSeconds > 0 && *c.ParallelizationFactor > 1 {
		return invalidParameter("This emulator has TumblingWindowInSeconds together with a ParallelizationFactor of 1 alone.")
	}
	return nil
}

func (ln *lane) windowLength() time.Duration {
	return time.Duration(deref(ln.run.config.TumblingWindowInSeconds)) * time.Second
}

// windowWatch tells while a batch is gathered when its window is over. Without
// tumbling windows it never is.
type windowWatch struct {
	length time.Duration
	end    int64 // ms; 0 until a window is open
	over   <-chan time.Time
}

func (ln *lane) watchWindow() *windowWatch {
	watch := &windowWatch{length: ln.windowLength()}
	if ln.window != nil {
		watch.end = ln.window.end
	}
	return watch
}

// open notes the first record of a window.
func (w *windowWatch) open(arrived int64) {
	if w.length > 0 && w.end == 0 {
		w.end = newTumblingWindow(arrived, w.length).end
	}
}

// isOver tells whether a record belongs to a later window.
func (w *windowWatch) isOver(arrived int64) bool { return w.end != 0 && arrived >= w.end }

// assumedOver fires when no more records of the window are waited for.
func (w *windowWatch) assumedOver(clock Clock) <-chan time.Time {
	if w.over == nil && w.end != 0 {
		w.over = clock.After(time.UnixMilli(w.end).Add(windowGrace).Sub(clock.Now()))
	}
	return w.over
}

// windowSize is how many bytes the window takes in the next event.
func (ln *lane) windowSize() int {
	w := ln.window
	if w == nil {
		if ln.windowLength() == 0 {
			return 0
		}
		w = newTumblingWindow(0, ln.windowLength())
	}
	return len(w.members(ln.shard.id, ln.stream.arn, false, false))
}

// enterWindow puts the window of a record, an open one or a fresh one, into the
// next event.
func (ln *lane) enterWindow(r *record) {
	if ln.window == nil && ln.windowLength() > 0 {
		ln.window = newTumblingWindow(r.arrived, ln.windowLength())
	}
	ln.writer.window = nil
	if ln.window != nil {
		ln.writer.window = ln.window.members(ln.shard.id, ln.stream.arn, false, false)
	}
}

// aggregate takes the state out of an answer. Without one the invocation has failed.
func (ln *lane) aggregate(v verdict, answer functionAnswer) verdict {
	if ln.window == nil || answer.failed {
		return v
	}
	state, ok := windowState(answer.payload)
	if !ok {
		return verdict{status: v.status, counted: true, split: deref(ln.run.config.BisectBatchOnFunctionError)}
	}
	if v.done > 0 {
		ln.window = ln.window.with(state)
	}
	return v
}

func windowState(payload []byte) (json.RawMessage, bool) {
	var response map[string]json.RawMessage
	if err := json.Unmarshal(payload, &response); err != nil {
		return nil, false
	}
	state, ok := response["state"]
	return state, ok
}

// leaveStaleWindow ends a window of another length than windows have now. Where
// there are none any more, the function need not know of states: it is dropped.
func (ln *lane) leaveStaleWindow(ctx context.Context) bool {
	switch {
	case ln.window == nil || ln.window.length() == ln.windowLength():
		return true
	case ln.windowLength() == 0:
		ln.window = nil
		ln.commit(ln.at)
		return true
	}
	return ln.finishWindow(ctx)
}

// finishWindow gives the function the final state of the window and drops it. It
// gives false when ctx ended before that.
func (ln *lane) finishWindow(ctx context.Context) bool {
	if ln.window == nil {
		return true
	}
	if !ln.conclude(ctx, true) {
		return false
	}
	ln.window = nil
	ln.commit(ln.at)
	return true
}

// terminateFullWindow gives the function a state that is too large to be kept;
// the window goes on with a fresh one. It gives false when ctx ended before that.
func (ln *lane) terminateFullWindow(ctx context.Context) bool {
	if ln.window == nil || len(ln.window.state) <= windowStateLimit {
		return true
	}
	if !ln.conclude(ctx, false) {
		return false
	}
	ln.window = ln.window.with(json.RawMessage(freshState))
	ln.commit(ln.at)
	return true
}

// conclude invokes the function without records until it succeeds: unlike
// records a state is never given up.
func (ln *lane) conclude(ctx context.Context, final bool) bool {
	for pause := firstPause; ctx.Err() == nil; pause = min(2*pause, longestPause) {
		if ln.invokeWithState(final) {
			return true
		}
		select {
		case <-ln.lambda.clock.After(pause):
		case <-ctx.Done():
		}
	}
	return false
}

func (ln *lane) invokeWithState(final bool) bool {
	m := ln.run.mapping
	f, role, ok := ln.callee()
	if !ok {
		return false
	}
	ln.writer.window = ln.window.members(ln.shard.id, ln.stream.arn, final, !final)
	o, err := ln.lambda.executeFor(f, event{payload: ln.writer.event(nil, role)})
	if err != nil {
		m.report("PROBLEM: " + err.Error())
		return false
	}
	if _, ok := windowState(o.answer.payload); !ok || o.answer.failed {
		m.report(resultFailed)
		return false
	}
	m.report(resultOK)
	return true
}
