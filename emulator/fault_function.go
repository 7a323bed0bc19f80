package emulator

import "errors"

// environmentOf gives the live environment of the function that was given an access
// key; nil if it is none.
func (l *lambdaService) environmentOf(accessKey string) *environment {
	for _, f := range l.allFunctions() {
		if e := f.pool.holding(accessKey); e != nil {
			return e
		}
	}
	return nil
}

// executeFor is execute for an event source mapping, whose invocations suffer the
// faults of Lambda's Invoke.
func (l *lambdaService) executeFor(f *function, ev event) (*outcome, error) {
	hit := l.faults.strike(caller{}, "lambda", "Invoke", nil)
	if hit == nil {
		return l.execute(f, ev)
	}
	var o *outcome
	var err error
	switch hit.kind {
	case FaultThrottle:
		l.count(f, "Throttles", 1, "Count")
		err = hit.failure
	case FaultError:
		err = hit.failure
	case FaultReset:
		err = errors.New("the connection was reset")
	default:
		o, err = l.execute(f, ev)
	}
	hit.wait(l.stopped)
	if err == nil && hit.kind == FaultLost {
		failure := &runtimeFailure{kind: "Sandbox.Failure", message: "the answer was lost"}
		o.answer = failure.answer(o.requestID)
	}
	return o, err
}
