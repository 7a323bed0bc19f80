package emulator

import (
	"net/http"
	"slices"
	"sync"
	"time"
)

// accountConcurrency is how many invocations an account may run at once.
const accountConcurrency = 1000

// pool keeps a function's environments: one for each event that is handled at
// the same time.
type pool struct {
	lambda   *lambdaService
	function *function

	mu         sync.Mutex
	closed     bool
	generation int            // grows with every change of the function
	idle       []*environment // the most recently used last
	live       map[*environment]bool
	busy       int
}

func newPool(l *lambdaService, f *function) *pool {
	return &pool{lambda: l, function: f, live: map[*environment]bool{}}
}

// enter takes a place for one invocation, and an idle environment if there is
// one. The error is Lambda's when the concurrency is used up.
func (p *pool) enter() (*environment, error) {
	p.function.mu.RLock()
	reserved := p.function.reserved
	p.function.mu.RUnlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, functionNotFound(p.function.arn)
	}
	if reserved != nil && p.busy >= int(*reserved) {
		return nil, throttled("ReservedFunctionConcurrentInvocationLimitExceeded")
	}
	if !p.lambda.takeSlot() {
		return nil, throttled("ConcurrentInvocationLimitExceeded")
	}
	p.busy++
	for len(p.idle) > 0 {
		e := p.idle[len(p.idle)-1]
		p.idle = p.idle[:len(p.idle)-1]
		if e.alive() {
			return e, nil
		}
		p.endLater(e) // it ended between two events
	}
	return nil, nil //nolint:nilnil // a place without an environment is what a cold start begins with
}

func throttled(reason string) *apiError {
	e := lambdaFail(http.StatusTooManyRequests, "TooManyRequestsException", "Rate Exceeded.")
	e.Extra["Reason"] = reason
	return e
}

// leave gives the place back, and the environment if it can handle more.
func (p *pool) leave(e *environment, reusable bool) {
	p.lambda.giveSlot()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.busy--
	if e == nil {
		return
	}
	if !reusable || p.closed || e.generation != p.generation {
		p.endLater(e)
		return
	}
	e.idleSince = p.lambda.clock.Now()
	p.idle = append(p.idle, e)
}

// adopt notes an environment that has begun; false when the function has been
// deleted meanwhile and it must end.
func (p *pool) adopt(e *environment) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || !p.lambda.begin() {
		return false
	}
	p.live[e] = true
	return true
}

// disown ends an adopted environment whose init failed; its log lives on.
func (p *pool) disown(e *environment) {
	defer p.lambda.running.Done()
	p.end(e)
}

func (p *pool) end(e *environment) {
	e.stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.live, e)
}

// current is the generation that new environments belong to.
func (p *pool) current() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.generation
}

// endLater ends an adopted environment beside the caller, who holds the mutex.
func (p *pool) endLater(e *environment) {
	go func() {
		defer p.lambda.running.Done() // of adopt
		p.end(e)
		e.abandon()
	}()
}

// holding gives the live environment that has an access key; nil if none has.
func (p *pool) holding(accessKey string) *environment {
	p.mu.Lock()
	defer p.mu.Unlock()
	for e := range p.live {
		if e.credentials.AccessKeyID == accessKey {
			return e
		}
	}
	return nil
}

// retire lets no environment handle another event: those that are idle end now,
// the others after the event they handle.
func (p *pool) retire() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.generation++
	for _, e := range p.idle {
		p.endLater(e)
	}
	p.idle = nil
}

// close ends every environment, events in hand or not.
func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	idle := p.idle
	p.idle = nil
	var busy []*environment
	for e := range p.live {
		if !slices.Contains(idle, e) {
			busy = append(busy, e)
		}
	}
	for _, e := range idle {
		p.endLater(e)
	}
	p.mu.Unlock()
	for _, e := range busy {
		e.process.kill() // who waits for its answer sees the exit and ends the rest
	}
}

// reap ends the environments that have been idle since before a time.
func (p *pool) reap(before time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = slices.DeleteFunc(p.idle, func(e *environment) bool {
		old := e.idleSince.Before(before)
		if old {
			p.endLater(e)
		}
		return old
	})
}

// reapIdle ends idle environments until the service stops.
func (l *lambdaService) reapIdle() {
	for {
		select {
		case <-l.stopped.Done():
			return
		case now := <-l.clock.After(time.Minute):
			for _, f := range l.allFunctions() {
				f.pool.reap(now.Add(-idleLimit))
			}
		}
	}
}

func (l *lambdaService) takeSlot() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.busy >= accountConcurrency {
		return false
	}
	l.busy++
	return true
}

func (l *lambdaService) giveSlot() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.busy--
}
