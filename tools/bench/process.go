//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// process is a function as Lambda runs it: a program that takes one event after
// the other from the Runtime API.
type process struct {
	command *exec.Cmd
	api     *runtimeAPI
	server  *httptest.Server
	log     bytes.Buffer  // what the function prints; to be read after the exit
	exited  chan struct{} // closed when the program has ended
	started spent         // from the start until the first question for an event
}

// spent is what something took.
type spent struct{ wall, cpu time.Duration }

// start runs a program and waits until it asks for its first event.
func start(ctx context.Context, argv, variables []string) (*process, error) {
	api := newRuntimeAPI()
	p := &process{api: api, server: httptest.NewServer(api), exited: make(chan struct{})}
	p.command = exec.CommandContext(ctx, argv[0], argv[1:]...)
	p.command.Stdout, p.command.Stderr = &p.log, &p.log
	p.command.Env = append([]string{"AWS_LAMBDA_RUNTIME_API=" + strings.TrimPrefix(p.server.URL, "http://")}, variables...)
	p.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	began := time.Now()
	if err := p.command.Start(); err != nil {
		p.server.Close()
		return nil, fmt.Errorf("starting %s: %w", argv[0], err)
	}
	go func() {
		defer close(p.exited)
		_ = p.command.Wait() // it is killed in the end; why it ends before is in its log
	}()
	select {
	case <-api.ready:
		p.started.wall = time.Since(began)
		p.started.cpu = p.cpu()
		return p, nil
	case <-p.exited:
		p.stop()
		return nil, fmt.Errorf("%s ended before it asked for an event:\n%s", argv[0], &p.log)
	}
}

// invoke hands over an event and waits for the answer.
func (p *process) invoke(event []byte) (answer []byte, took time.Duration, err error) {
	began := time.Now()
	select {
	case p.api.events <- event:
	case <-p.exited:
		return nil, 0, fmt.Errorf("the function has ended:\n%s", &p.log)
	}
	select {
	case a := <-p.api.answers:
		if a.failed {
			return nil, 0, fmt.Errorf("the function failed: %s", a.body)
		}
		return a.body, time.Since(began), nil
	case <-p.exited:
		return nil, 0, fmt.Errorf("the function ended over an event:\n%s", &p.log)
	}
}

// cpu is the time, of users and of the system, that all threads have had so far.
// https://man7.org/linux/man-pages/man3/clock_getcpuclockid.3.html
func (p *process) cpu() time.Duration {
	const ofScheduler = 2
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^p.command.Process.Pid<<3|ofScheduler), &t); err != nil {
		return 0 // it has ended
	}
	return time.Duration(t.Nano())
}

// peakMemory is the most memory that was resident at a time, in bytes. The rusage
// of a child will not do: it counts what the parent had when it forked.
func (p *process) peakMemory() (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.command.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kilobytes, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			return kilobytes << 10, err
		}
	}
	return 0, fmt.Errorf("process %d shows no VmHWM", p.command.Process.Pid)
}

// stop ends the program and the API that it talks to.
func (p *process) stop() {
	_ = p.command.Process.Kill() // it may have ended
	<-p.exited
	p.server.CloseClientConnections()
	p.server.Close()
}
