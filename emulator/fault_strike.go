package emulator

import (
	"bytes"
	"context"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// faultInjector decides which calls go wrong. Without rules it costs a look at a
// pointer.
type faultInjector struct {
	clock    Clock
	rules    atomic.Pointer[[]*faultRule] // nil: there are none
	function func(accessKey string) *environment
}

// faultRule is a rule in force.
type faultRule struct {
	Fault
	seed uint64

	mu     sync.Mutex
	random *rand.Rand
	begins time.Time // unless calls are still to be skipped
	calls  int64
	struck int64
}

func (i *faultInjector) set(seed uint64, faults []Fault) {
	if len(faults) == 0 {
		i.rules.Store(nil)
		return
	}
	rules := make([]*faultRule, len(faults))
	for n, f := range faults {
		rules[n] = &faultRule{Fault: f, seed: seed, random: rand.New(rand.NewPCG(seed, uint64(n))), begins: i.clock.Now().Add(f.After)}
	}
	i.rules.Store(&rules)
}

// inForce gives the rules; a nil injector has none.
func (i *faultInjector) inForce() []*faultRule {
	if i == nil {
		return nil
	}
	if rules := i.rules.Load(); rules != nil {
		return *rules
	}
	return nil
}

func (i *faultInjector) counts() []FaultCount {
	var counts []FaultCount
	for _, r := range i.inForce() {
		r.mu.Lock()
		counts = append(counts, FaultCount{Fault: r.Fault, Calls: r.calls, Struck: r.struck})
		r.mu.Unlock()
	}
	return counts
}

// strikes counts a call and tells whether the rule strikes it. What is done with
// its source of chance then is done by then.
func (r *faultRule) strikes(now time.Time, then func(*rand.Rand)) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls++
	if r.calls <= int64(r.Skip) {
		r.begins = now.Add(r.After)
		return false
	}
	over := r.For > 0 && !now.Before(r.begins.Add(r.For)) || r.Limit > 0 && r.struck >= int64(r.Limit)
	if over || now.Before(r.begins) || r.random.Float64() >= r.Rate {
		return false
	}
	r.struck++
	if then != nil {
		then(r.random)
	}
	return true
}

// strike is what goes wrong with one call.
type strike struct {
	kind    FaultKind // "": nothing but the delay
	delay   time.Duration
	failure *apiError    // of FaultThrottle and FaultError
	victim  *environment // of FaultKill and FaultKillAfter
	clock   Clock
}

// strike decides about a call; input may be nil. It gives nil for calls with which
// nothing goes wrong.
func (i *faultInjector) strike(c caller, service, operation string, input any) *strike {
	rules := i.inForce()
	if rules == nil {
		return nil
	}
	service = actionPrefix(service)
	hit, now := strike{clock: i.clock}, i.clock.Now()
	for _, r := range rules {
		if r.Kind == FaultUnprocessed || !r.about(service, operation) || hit.kind != "" && r.Kind != FaultDelay {
			continue
		}
		var victim *environment
		if r.Kind == FaultKill || r.Kind == FaultKillAfter {
			if service == "lambda" && operation == "Invoke" || c.Session == nil {
				continue // of Invoke, the one that is invoked is meant: see invoked
			}
			if victim = i.function(c.AccessKey); victim == nil {
				continue
			}
		}
		coin := false
		if !r.strikes(now, func(random *rand.Rand) { coin = random.Uint64()&1 == 1 }) {
			continue
		}
		switch r.Kind {
		case FaultDelay:
			hit.delay += r.Delay
			continue
		case FaultThrottle:
			hit.failure = throttleOf(c, service, operation, input, coin)
		case FaultError:
			hit.failure = breakdownOf(service, coin)
		default: // nothing but the kind is needed
		}
		hit.kind, hit.victim = r.Kind, victim
	}
	if hit.kind == "" && hit.delay == 0 {
		return nil
	}
	return &hit
}

// invoked decides whether the process of a function that is invoked is killed, and
// when; "" if it is not.
func (i *faultInjector) invoked() FaultKind {
	for _, r := range i.inForce() {
		if (r.Kind == FaultKill || r.Kind == FaultKillAfter) && r.about("lambda", "Invoke") && r.strikes(i.clock.Now(), nil) {
			return r.Kind
		}
	}
	return ""
}

// unprocessed decides which of its n parts a batch leaves; nil is for none.
func (i *faultInjector) unprocessed(service, operation string, n int) []bool {
	var left []bool
	for _, r := range i.inForce() {
		if r.Kind != FaultUnprocessed || !r.about(service, operation) || n < 2 {
			continue
		}
		if r.strikes(i.clock.Now(), func(random *rand.Rand) {
			left = make([]bool, n)
			for _, k := range random.Perm(n)[:1+random.IntN(n-1)] {
				left[k] = true
			}
		}) {
			return left
		}
	}
	return nil
}

// before plays what happens before the call takes effect, and gives the error with
// which it ends there. It does not return when the connection is to break.
func (h *strike) before(ctx context.Context) *apiError {
	switch h.kind {
	case FaultReset:
		h.wait(ctx)
		reset(ctx)
	case FaultKill:
		h.victim.process.kill()
		reset(ctx)
	default: // the call takes place, or failure says why not
	}
	return h.failure
}

// after plays what happens once the call has taken effect or has failed, and before
// it is answered. It does not return when there is to be no answer.
func (h *strike) after(ctx context.Context) {
	h.wait(ctx)
	switch h.kind {
	case FaultLost:
		reset(ctx)
	case FaultKillAfter:
		h.victim.process.kill()
		reset(ctx)
	default: // it is answered
	}
}

func (h *strike) wait(ctx context.Context) {
	if h.delay == 0 {
		return
	}
	select {
	case <-h.clock.After(h.delay):
	case <-ctx.Done():
	}
}

// heldAnswer keeps an answer back until it is released.
type heldAnswer struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

// WriteHeader implements http.ResponseWriter.
func (h *heldAnswer) WriteHeader(status int) {
	if h.status == 0 {
		h.status = status
	}
}

// Write implements io.Writer.
func (h *heldAnswer) Write(p []byte) (int, error) {
	h.WriteHeader(http.StatusOK)
	return h.body.Write(p)
}

func (h *heldAnswer) release() {
	if h.status != 0 {
		h.ResponseWriter.WriteHeader(h.status)
	}
	_, _ = h.body.WriteTo(h.ResponseWriter) // an error means that the client has gone
}

type connKey struct{}

// withConn notes the connection that requests come by.
func withConn(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

// reset breaks the connection that a request came by, and ends its handler.
func reset(ctx context.Context) {
	if c, ok := ctx.Value(connKey{}).(*net.TCPConn); ok {
		_ = c.SetLinger(0) // closing it then sends RST; it may be closed already
	}
	panic(http.ErrAbortHandler)
}
