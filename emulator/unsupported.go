package emulator

import (
	"cmp"
	"maps"
	"slices"
	"sync"
)

// unsupportedKinds bounds how many kinds of request are counted by name: what a
// client may ask for is without end.
const unsupportedKinds = 1000

// UnsupportedCount tells how often something was asked for that the emulator
// does not have.
type UnsupportedCount struct {
	Service string `json:"service"` // the signing name, as kinesis; "" when the request had none
	// Operation is the name as AWS has it, as PutResourcePolicy; the method and the
	// path of a REST request that leads to no operation.
	Operation string `json:"operation"`
	// Member is what the emulator does not have of an operation that it has; ""
	// when it has nothing of it.
	Member string `json:"member,omitempty"`
	Count  int64  `json:"count"` // requests
}

// unsupportedCounts counts requests for what the emulator does not have.
type unsupportedCounts struct {
	mu    sync.Mutex
	total int64
	kinds map[UnsupportedCount]int64 // by what is asked for; the key's own count is 0
}

func (u *unsupportedCounts) add(kind UnsupportedCount) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.total++
	if u.kinds == nil {
		u.kinds = map[UnsupportedCount]int64{}
	}
	if _, known := u.kinds[kind]; known || len(u.kinds) < unsupportedKinds {
		u.kinds[kind]++
	}
}

func (u *unsupportedCounts) sum() int64 {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.total
}

// Unsupported tells what was asked for that the emulator does not have, by
// service, operation and member. Of more than a thousand kinds the later ones
// are in the log alone.
func (s *Server) Unsupported() []UnsupportedCount {
	s.unsupported.mu.Lock()
	counts := maps.Clone(s.unsupported.kinds)
	s.unsupported.mu.Unlock()
	list := make([]UnsupportedCount, 0, len(counts))
	for kind, count := range counts {
		kind.Count = count
		list = append(list, kind)
	}
	slices.SortFunc(list, func(a, b UnsupportedCount) int {
		return cmp.Or(cmp.Compare(a.Service, b.Service), cmp.Compare(a.Operation, b.Operation), cmp.Compare(a.Member, b.Member))
	})
	return list
}

// notHad marks an error as one that AWS would not have given: what the request
// asks for is not in the emulator.
func notHad(failure *apiError, what string) *apiError {
	failure.unsupported = what
	return failure
}

// notServed counts and logs an operation that the emulator does not have.
func (s *Server) notServed(c caller, service, operation string) {
	s.unsupported.add(UnsupportedCount{Service: service, Operation: operation})
	s.options.Logger.Warn("unsupported operation", "service", service, "operation", operation, "request", c.RequestID)
}

// notHeeded counts and logs a member, or a value of one, that the emulator does
// not have of an operation that it has.
func (s *Server) notHeeded(c caller, service, operation, member string) {
	s.unsupported.add(UnsupportedCount{Service: service, Operation: operation, Member: member})
	s.options.Logger.Warn("unsupported member", "service", service, "operation", operation, "member", member, "request", c.RequestID)
}

// countRefused counts a member that was refused as the request was decoded.
func (s *Server) countRefused(c caller, service, operation string, failure *apiError) {
	if failure != nil && failure.unsupported != "" {
		s.notHeeded(c, service, operation, failure.unsupported)
	}
}
