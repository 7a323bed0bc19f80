package emulator

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// Readiness is how long AWS takes to finish what it has accepted, on the emulator's
// clock. The zero value is an AWS that is done when it answers.
type Readiness struct {
	Role     time.Duration // until a service can assume a new role
	Policy   time.Duration // until a change of a role's policies is in force
	Stream   time.Duration // CREATING, UPDATING and DELETING
	Table    time.Duration // CREATING, UPDATING and DELETING
	Function time.Duration // Pending, and LastUpdateStatus InProgress
	Mapping  time.Duration // Creating, Updating, Enabling, Disabling and Deleting
	// Visible is how long calls miss what has been created: they answer that there
	// is no such resource, and lists leave it out. Creating it again finds it.
	Visible time.Duration
	// Busy is how long a bucket or a log group refuses calls (OperationAborted) after
	// it was created, and its name after it was deleted.
	Busy time.Duration
}

// SetReadiness has what is accepted from now on take so long. What is under way
// keeps the time that it began with. The error names the times that are negative,
// and then nothing is changed.
func (s *Server) SetReadiness(r Readiness) error {
	var problems []error
	for _, one := range r.times() {
		if *one.d < 0 {
			problems = append(problems, fmt.Errorf("readiness: %s is negative: %s", one.name, *one.d))
		}
	}
	if err := errors.Join(problems...); err != nil {
		return err
	}
	s.readiness.delays.Store(&r)
	return nil
}

// Readiness tells what SetReadiness was last given.
func (s *Server) Readiness() Readiness { return s.readiness.inForce() }

// readiness tells the services how long things take. A nil one says that nothing
// takes any time.
type readiness struct {
	clock  Clock
	delays atomic.Pointer[Readiness]
}

func (r *readiness) inForce() Readiness {
	if r == nil {
		return Readiness{}
	}
	if delays := r.delays.Load(); delays != nil {
		return *delays
	}
	return Readiness{}
}

// until is when something that begins now and takes d is over; zero: it is already.
func (r *readiness) until(d time.Duration) time.Time {
	if d == 0 {
		return time.Time{}
	}
	return r.clock.Now().Add(d)
}

// visible is when calls find what is created now.
func (r *readiness) visible() time.Time { return r.until(r.inForce().Visible) }

// before tells whether a moment that until gave is still to come.
func (r *readiness) before(moment time.Time) bool {
	return !moment.IsZero() && r.clock.Now().Before(moment)
}
