package emulator

import (
	"errors"
	"time"
)

// memoryUse is what a program and all that it started hold of the host's
// memory, in bytes.
type memoryUse struct {
	now  int64
	peak int64 // since the program began, as far as the system tells; never less than now
}

// watchMemory measures the program until stop is called, and kills it when it
// takes more than limit bytes. What the system cannot measure it tells with
// errors.ErrUnsupported to unknown.
//
// The time between two looks is the host's: what a program takes does not wait
// for the emulator's clock.
func (p *process) watchMemory(limit int64, unknown func(error)) (stop func()) {
	ended, finished := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(finished)
		ticker := time.NewTicker(memoryInterval) //nolint:forbidigo // the host's time, as above
		defer ticker.Stop()
		for p.checkMemory(limit, unknown) {
			select {
			case <-ticker.C:
			case <-p.exited:
				return
			case <-ended:
				if memoryAtEnd {
					p.checkMemory(limit, unknown)
				}
				return
			}
		}
	}()
	return func() {
		close(ended)
		<-finished
	}
}

// checkMemory measures once. It gives false when there is nothing more to
// measure.
func (p *process) checkMemory(limit int64, unknown func(error)) bool {
	p.killing.Lock()
	if p.ended {
		p.killing.Unlock()
		return false
	}
	use, err := measureMemory(p.command.Process.Pid)
	p.killing.Unlock()
	if errors.Is(err, errors.ErrUnsupported) {
		unknown(err)
		return false
	}
	if err != nil {
		return true // it ends just now, or does not have a memory yet
	}
	p.peak.Store(max(p.peak.Load(), use.peak))
	if use.peak <= limit {
		return true
	}
	p.exhausted.Store(true)
	p.kill()
	return false
}
