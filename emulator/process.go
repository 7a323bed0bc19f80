package emulator

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
)

// process is a program that runs in a process group of its own, so that it can
// be ended together with whatever it started.
type process struct {
	command *exec.Cmd
	exited  chan struct{} // closed when the program has ended and err is set
	err     error
	killing sync.Mutex
	ended   bool // guarded by killing: the process ID may belong to another by now

	peak      atomic.Int64 // the most memory that was seen, in bytes; 0 where the system does not tell
	exhausted atomic.Bool  // killed because of its memory
}

// startProcess starts a program with exactly the given environment; its output
// goes to a pipe's end.
func startProcess(argv []string, directory string, environment []string, output *os.File) (*process, error) {
	command := exec.Command(argv[0], argv[1:]...) //nolint:noctx // it outlives the request that starts it; kill ends it
	command.Dir, command.Env = directory, environment
	command.Stdout, command.Stderr = output, output
	ownGroup(command)
	p := &process{command: command, exited: make(chan struct{})}
	if err := command.Start(); err != nil {
		return nil, err
	}
	go p.wait()
	return p, nil
}

func (p *process) wait() {
	err := p.command.Wait()
	p.killing.Lock()
	p.ended = true
	p.killing.Unlock()
	// What it left running in its group must not outlive it.
	killGroup(p.command)
	p.err = exitReason(err)
	close(p.exited)
}

// exitReason words the end of a program as Lambda does.
func exitReason(err error) error {
	if err == nil {
		return errors.New("Runtime exited without providing a reason") //nolint:staticcheck // Lambda's words
	}
	return fmt.Errorf("Runtime exited with error: %w", err) //nolint:staticcheck // Lambda's words
}

// kill ends the program and all that it started, and waits for it.
func (p *process) kill() {
	p.killing.Lock()
	if !p.ended {
		killGroup(p.command)
	}
	p.killing.Unlock()
	<-p.exited
}
