package emulator

import (
	"fmt"
	"math"
	"net/http"
	"time"
)

// event is what a function is invoked with.
type event struct {
	payload       []byte
	clientContext string
}

// outcome is what came of an invocation.
type outcome struct {
	requestID string
	answer    functionAnswer
	tail      []byte // of the log
}

// execute runs a function once. An error means that the function was not
// invoked; what goes wrong within it is part of the outcome.
func (l *lambdaService) execute(f *function, ev event) (*outcome, error) {
	f.mu.RLock()
	pending := f.created && l.readiness.before(f.until)
	f.mu.RUnlock()
	if pending {
		return nil, lambdaFail(http.StatusConflict, "ResourceConflictException",
			"The operation cannot be performed at this time. The function is currently in the following state: Pending")
	}
	e, err := f.pool.enter()
	if err != nil {
		if isThrottle(err) {
			l.count(f, "Throttles", 1, "Count")
		}
		return nil, err
	}
	l.countStart(f)
	in := &invocation{
		id: newRequestID(), arn: f.arn, payload: ev.payload, clientContext: ev.clientContext,
		trace: traceID(l.clock.Now()), answered: make(chan functionAnswer, 1),
	}
	o, took := l.attend(f, e, in)
	l.countEnd(f, o.answer.failed, took)
	return o, nil
}

// traceID is an X-Ray header that is not sampled.
// https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
func traceID(now time.Time) string {
	return fmt.Sprintf("Root=1-%08x-%s;Parent=%s;Sampled=0", uint32(now.Unix()), randomHex(12), randomHex(8))
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// attend brings one event through an environment, a new one if e is nil.
func (l *lambdaService) attend(f *function, e *environment, in *invocation) (*outcome, time.Duration) {
	var s *sandbox
	if e != nil {
		s = e.sandbox
	} else {
		var err error
		if s, err = l.newSandbox(f); err != nil {
			f.pool.leave(nil, false)
			l.logger.Error("making an execution environment", "function", f.name, "error", err)
			failure := &runtimeFailure{kind: "Sandbox.Failure", message: err.Error()}
			return &outcome{requestID: in.id, answer: failure.answer(in.id)}, 0
		}
		e, _ = s.start(l.clock.After(initLimit), "init") // a failure is tried once more below
	}
	s.log.begin()
	s.log.platform(fmt.Sprintf("START RequestId: %s Version: %s", in.id, latestVersion), "platform.start",
		map[string]any{"requestId": in.id, "version": latestVersion})
	r := report{started: l.clock.Now(), memory: int(*s.config.MemorySize)}
	in.deadline = r.started.Add(s.timeout())
	late := l.clock.After(s.timeout())
	var failure *runtimeFailure
	if e == nil {
		// As in Lambda, a failed init phase is repeated as part of the invocation.
		e, failure = s.start(late, "invoke")
	}
	var answer functionAnswer
	if failure == nil {
		r.init, e.initTook = e.initTook, 0
		release := e.holdMemory()
		answer, failure = e.handle(in, late)
		release()
		if failure == nil && e.process.exhausted.Load() {
			failure = e.exitFailure() // it answered before the limit was seen to be passed
		}
		r.used = e.process.peak.Load()
		if failure != nil {
			e.process.kill()
		}
	}
	s.log.flush()
	r.ended = l.clock.Now()
	if failure != nil {
		failure.describe(s, in.id)
		answer = failure.answer(in.id)
	}
	r.write(s.log, in.id, failure, answer)
	o := &outcome{requestID: in.id, answer: answer, tail: s.log.last()}
	if e == nil {
		s.abandon()
	}
	f.pool.leave(e, failure == nil)
	return o, r.ended.Sub(r.started)
}

// handle gives the event to the runtime and waits for what it makes of it.
func (e *environment) handle(in *invocation, late <-chan time.Time) (functionAnswer, *runtimeFailure) {
	fault := e.lambda.faults.invoked()
	if e.api.give(in, e.process.exited, late) {
		if fault == FaultKill {
			e.process.kill()
			return functionAnswer{}, e.exitFailure()
		}
		select {
		case answer := <-in.answered:
			if fault == FaultKillAfter {
				e.process.kill()
				return functionAnswer{}, e.exitFailure()
			}
			return answer, nil
		case <-e.process.exited:
			select {
			case answer := <-in.answered: // it answered, then exited
				return answer, nil
			default:
			}
		case <-late:
		}
	}
	if !e.alive() {
		return functionAnswer{}, e.exitFailure()
	}
	return functionAnswer{}, &runtimeFailure{kind: "Sandbox.Timedout", status: "timeout"}
}

// describe writes the line that Lambda has for a failure, and words a timeout.
func (f *runtimeFailure) describe(s *sandbox, requestID string) {
	switch {
	case f.status == "timeout":
		f.message = fmt.Sprintf("Task timed out after %.2f seconds", s.timeout().Seconds())
		s.log.platform(fmt.Sprintf("%s %s %s\n", isoTime(s.lambda.clock.Now()), requestID, f.message), "platform.runtimeDone",
			map[string]any{"requestId": requestID, "status": f.status})
	case f.payload == nil:
		kind := f.kind
		if kind == outOfMemory {
			kind = "Runtime.ExitError" // only the report and the answer tell the reason
		}
		s.log.platform(fmt.Sprintf("RequestId: %s Error: %s\n%s", requestID, f.message, kind), "platform.runtimeDone",
			map[string]any{"requestId": requestID, "status": f.status, "errorType": f.kind})
	}
}

// report is the last line of every invocation.
type report struct {
	started, ended time.Time
	init           time.Duration
	memory         int   // MB
	used           int64 // bytes; 0 when unknown
}

func (r report) write(log *functionLog, requestID string, failure *runtimeFailure, answer functionAnswer) {
	took := r.ended.Sub(r.started)
	billed := int(math.Ceil(milliseconds(took + r.init)))      // init is billed too since August 2025
	used := min(int(math.Ceil(float64(r.used)/mib)), r.memory) // Lambda never shows more
	text := fmt.Sprintf("REPORT RequestId: %s\tDuration: %.2f ms\tBilled Duration: %d ms\tMemory Size: %d MB\tMax Memory Used: %d MB\t",
		requestID, milliseconds(took), billed, r.memory, used)
	figures := map[string]any{"durationMs": milliseconds(took), "billedDurationMs": billed, "memorySizeMB": r.memory, "maxMemoryUsedMB": used}
	if r.init > 0 {
		text += fmt.Sprintf("Init Duration: %.2f ms\t", milliseconds(r.init))
		figures["initDurationMs"] = milliseconds(r.init)
	}
	record := map[string]any{"requestId": requestID, "metrics": figures, "status": "success"}
	switch {
	case failure != nil && failure.status == "timeout":
		text += "Status: timeout"
		record["status"] = "timeout"
	case answer.failed:
		text += "Status: error\tError Type: " + answer.kind
		record["status"], record["errorType"] = "error", answer.kind
	}
	if !log.asJSON {
		log.platform("END RequestId: "+requestID, "", nil)
	}
	log.platform(text, "platform.report", record)
}
