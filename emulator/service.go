// Package emulator is an AWS on 127.0.0.1 for the operations that an enrichment
// pipeline and its users need. It knows nothing of enrich: any SDK can use it.
package emulator

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"time"
)

// Options of a server.
type Options struct {
	Address string // default 127.0.0.1:0
	// Listener takes the place of Address: one without a network lets the emulator
	// run in a bubble of testing/synctest. Close closes it.
	Listener net.Listener
	Account  string       // default 000000000000
	Region   string       // default us-east-1; what a request's credential scope names wins
	Clock    Clock        // default: the wall clock
	Logger   *slog.Logger // default: discards
	// Directory for function code and /tmp of the functions; default: a new
	// temporary one that Close removes.
	Directory string
	// Substitutes are commands that take the place of an archive whose
	// architecture cannot run on this host, by the archive's SHA-256 in base64
	// (Lambda's CodeSha256). Any other such archive fails as in Lambda.
	Substitutes map[string][]string
	// Faults and FaultSeed are what SetFaults takes; by default nothing goes wrong.
	Faults    []Fault
	FaultSeed uint64
	// EnforceThroughput is what SetEnforceThroughput takes.
	EnforceThroughput bool
	// StreamMemory is how many bytes all streams together hold at most, 160 for each
	// record beside its data and partition key; default 1 GiB. What is put beyond it
	// is refused with EmulatorCapacityExceeded; retention makes room.
	StreamMemory int64
	// Readiness is what SetReadiness takes.
	Readiness Readiness
	// CallerPolicy is what SetCallerPolicy takes; by default callers may do
	// everything.
	CallerPolicy string
	// OnAccess is told of every permission that a call needed, at the same time as
	// of others; nil: nobody is.
	OnAccess func(Access)
}

// Clock is the emulator's only source of time.
type Clock interface {
	Now() time.Time
	// After is time.After.
	After(d time.Duration) <-chan time.Time
}

// operation is one API operation of one service, free of any wire protocol: the
// protocol in which a request came decodes its input and encodes its output.
type operation struct {
	newInput func() any
	invoke   func(ctx context.Context, input any) (any, error)
}

// op makes an operation of a method that takes and gives the SDK's own types.
func op[I, O any](f func(context.Context, *I) (*O, error)) operation {
	return operation{
		newInput: func() any { return new(I) },
		invoke:   func(ctx context.Context, input any) (any, error) { return f(ctx, input.(*I)) },
	}
}

// service answers the operations of one AWS service by their names.
type service interface {
	operations() map[string]operation
}

// apiError is an error as AWS gives it.
type apiError struct {
	Status  int    // HTTP
	Code    string // ResourceNotFoundException
	Message string
	// Sender false tells a fault of the service (query protocol's Receiver).
	Receiver bool
	Extra    map[string]any // members beside message, as Lambda's Type
	injected bool           // by a Fault: nothing is wrong with the emulator
	unsaid   bool           // refused since no policy of the caller's speaks of it, so that a resource's may allow it
	// unsupported tells that AWS would not have refused it: the emulator does not
	// have what was asked for.
	unsupported string
}

func (e *apiError) Error() string { return fmt.Sprintf("%s: %s", e.Code, e.Message) }

// failf makes an apiError.
func failf(status int, code, format string, args ...any) *apiError {
	return &apiError{Status: status, Code: code, Message: fmt.Sprintf(format, args...), Receiver: status >= 500}
}
