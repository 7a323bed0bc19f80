package emulator

import (
	"errors"
	"fmt"
	"time"
)

// FaultKind is what goes wrong with a call.
type FaultKind string

// The kinds of faults. The connection is reset by TCP RST, so that a client sees
// "connection reset by peer".
const (
	FaultThrottle FaultKind = "throttle" // refused for its rate, in the service's own words
	FaultError    FaultKind = "error"    // the service fails: 500 or 503
	FaultReset    FaultKind = "reset"    // the connection is reset before the call takes effect
	FaultLost     FaultKind = "lost"     // the call takes effect, then the connection is reset
	FaultDelay    FaultKind = "delay"    // the answer, an error's too, comes later by Delay
	// FaultUnprocessed has a batch done in part: BatchGetItem leaves some of its keys,
	// BatchWriteItem some of its writes, and PutRecords refuses some of its records for
	// their rate. Never all of them: of one alone it leaves none.
	FaultUnprocessed FaultKind = "unprocessed"
	// FaultKill ends the process (SIGKILL) of the function that makes the call
	// before the call takes effect; calls of others it lets pass. Of Lambda's
	// Invoke it is the function that is invoked, once it has the event.
	FaultKill FaultKind = "kill"
	// FaultKillAfter is FaultKill after the call took effect, and of Lambda's Invoke
	// when the function has done its work and answered: the answer does not count.
	FaultKillAfter FaultKind = "kill-after"
)

// Fault is a rule of what goes wrong with the calls of some operations. An event
// source mapping's invocations are calls of Lambda's Invoke as well: one that is
// throttled, fails or is reset does not count as a retry, one that is lost is a
// function error. Its reads that find records are calls of Kinesis' GetRecords; one
// that goes wrong is repeated.
type Fault struct {
	// Service is the prefix that the service has in IAM actions, as dynamodb, s3 or
	// cloudwatch; "" is all services.
	Service   string
	Operation string // as BatchGetItem; "" is all operations of the service
	Kind      FaultKind
	Rate      float64       // share of the calls that it strikes: above 0, at most 1
	Delay     time.Duration // of FaultDelay, on the emulator's clock
	Skip      int           // how many calls are let through before the rule begins
	Limit     int           // how often it strikes at most; 0: there is no limit
	// The rule begins After so long, counted from when it was set or from the last
	// call that it skips, and ends when it has been in force For so long; 0: it does
	// not end. Both are on the emulator's clock.
	After, For time.Duration
}

// FaultCount is a rule with what has come of it.
type FaultCount struct {
	Fault
	Calls  int64 // that it was asked about
	Struck int64 // calls with which it made something go wrong
}

// SetFaults puts rules in the place of all that there were; none ends all faults.
// They are asked in their order: the first that strikes decides what becomes of a
// call, only delays come on top. Each draws from a source of chance of its own, made
// of seed and its place, so that the same calls in the same order have the same
// fate. The error names everything that is wrong, and then nothing is changed.
func (s *Server) SetFaults(seed uint64, faults ...Fault) error {
	var problems []error
	for i, f := range faults {
		for _, problem := range s.checkFault(f) {
			problems = append(problems, fmt.Errorf("fault %d, %s: %w", i+1, f, problem))
		}
	}
	if err := errors.Join(problems...); err != nil {
		return err
	}
	s.faults.set(seed, faults)
	return nil
}

// Faults tells the rules that are in force, in their order, with their counts so far.
func (s *Server) Faults() []FaultCount { return s.faults.counts() }

// FaultSeed is the seed of the rules that are in force; 0 without any.
func (s *Server) FaultSeed() uint64 {
	for _, r := range s.faults.inForce() {
		return r.seed
	}
	return 0
}

func (s *Server) checkFault(f Fault) []error {
	var problems []error
	report := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	switch f.Kind {
	case FaultThrottle, FaultError, FaultReset, FaultLost, FaultDelay, FaultUnprocessed, FaultKill, FaultKillAfter:
	default:
		report("the emulator does not have the kind %q: the kinds are throttle, error, reset, lost, delay, unprocessed, kill and kill-after", f.Kind)
	}
	if operations, ok := s.operationsOf(f.Service); !ok {
		report("the emulator does not have the service %q", f.Service)
	} else if f.Operation != "" && !operations[f.Operation] {
		report("the emulator does not have the operation %q of service %q", f.Operation, f.Service)
	}
	if f.Kind == FaultUnprocessed && !f.about("dynamodb", "BatchGetItem") && !f.about("dynamodb", "BatchWriteItem") && !f.about("kinesis", "PutRecords") {
		report("only dynamodb BatchGetItem, dynamodb BatchWriteItem and kinesis PutRecords leave a part unprocessed")
	}
	if !(f.Rate > 0 && f.Rate <= 1) {
		report("the rate %v is not above 0 and at most 1", f.Rate)
	}
	if (f.Kind == FaultDelay) != (f.Delay != 0) {
		report("a delay of %s for the kind %q", f.Delay, f.Kind)
	}
	if f.Delay < 0 || f.Skip < 0 || f.Limit < 0 || f.After < 0 || f.For < 0 {
		report("a negative number or time")
	}
	return problems
}

// about tells whether a rule is about the calls of an operation.
func (f *Fault) about(service, operation string) bool {
	return (f.Service == "" || f.Service == service) && (f.Operation == "" || f.Operation == operation)
}

// operationsOf gives the names of a service's operations, of all services for "".
func (s *Server) operationsOf(service string) (map[string]bool, bool) {
	names := map[string]bool{}
	add := func(name string, operations map[string]operation) {
		if service == "" || service == actionPrefix(name) {
			for operation := range operations {
				names[operation] = true
			}
		}
	}
	for _, j := range s.targets {
		add(j.name, j.operations)
	}
	for _, q := range s.queries {
		add(q.name, q.operations)
	}
	add("lambda", s.lambda.table)
	if service == "" || service == "s3" {
		names["ListBuckets"] = true
		for _, routes := range []map[string]methods{s.s3.routes.bucket, s.s3.routes.object} {
			for _, methods := range routes {
				for _, operation := range methods {
					names[operation.name] = true
				}
			}
		}
	}
	return names, len(names) > 0
}
