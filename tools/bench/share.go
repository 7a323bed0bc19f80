//go:build linux

package main

import (
	"syscall"
	"time"
)

const (
	// fullCPU is the memory in MB with which a function has one CPU
	// (https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html).
	fullCPU = 1769
	// period is in how long a function gets its share of the CPU.
	period = 20 * time.Millisecond
	// look is how often it is looked at what a process has had.
	look = 100 * time.Microsecond
)

// share is the part of a CPU that a function of so many MB has.
func share(megabytes int) float64 { return float64(megabytes) / fullCPU }

// hold gives a process a share of one CPU, as the kernel's bandwidth control does
// that Lambda uses: it runs until it has had its quota of a period and is stopped
// until the next one begins. What it had too much is taken from the next quotas;
// what it does not use, as while it waits for an answer, is lost. The function that
// is returned sets the process free.
func (p *process) hold(share float64) (release func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		defer p.signal(syscall.SIGCONT)
		quota := time.Duration(share * float64(period))
		balance, had := time.Duration(0), p.cpu()
		for end := time.Now().Add(period); ; {
			select {
			case <-done:
				return
			default:
			}
			balance = min(balance+quota, quota)
			had, balance = p.runUntil(end, had, balance)
			pause(time.Until(end))
			if end = end.Add(period); time.Now().After(end) {
				end = time.Now().Add(period) // this program was stopped itself
			}
		}
	}()
	return func() {
		close(done)
		<-ended
	}
}

// runUntil lets the process run until its balance is used up or the period is
// over. It answers what the process has had by then, and what is left.
func (p *process) runUntil(end time.Time, had, balance time.Duration) (time.Duration, time.Duration) {
	if balance > 0 {
		p.signal(syscall.SIGCONT)
	}
	for {
		now := p.cpu()
		balance -= now - had
		had = now
		left := time.Until(end)
		if balance <= 0 {
			p.signal(syscall.SIGSTOP)
			return had, balance
		}
		if left <= 0 {
			return had, balance
		}
		pause(min(look, left))
	}
}

func (p *process) signal(s syscall.Signal) { _ = p.command.Process.Signal(s) } // it may have ended

// pause is time.Sleep, which is not exact enough: it rounds to milliseconds.
func pause(d time.Duration) {
	if d <= 0 {
		return
	}
	t := syscall.NsecToTimespec(d.Nanoseconds())
	_ = syscall.Nanosleep(&t, nil) // an interrupted one is only shorter
}
