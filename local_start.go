package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

// ensureEmulator gives the running emulator and starts one if there is none.
func (p *program) ensureEmulator(ctx context.Context) (running localDocument, started bool, err error) {
	running, started, err = p.startEmulator(ctx, nil)
	if started {
		p.out.note("started the local emulator at %s (enrich local stop ends it)", running.Endpoint)
	}
	return running, started, err
}

// startEmulator gives the running emulator; if there is none it starts one with
// these flags of `enrich local run`.
func (p *program) startEmulator(ctx context.Context, settings []string) (running localDocument, started bool, err error) {
	l := p.place()
	if found, _, err := l.find(ctx); err != nil || found != nil {
		if err == nil {
			running = *found
		}
		return running, false, err
	}
	err = l.exclusively(ctx, func() error {
		found, _, err := l.find(ctx) // somebody may have been faster
		if err != nil {
			return err
		}
		if found != nil {
			running = *found
			return nil
		}
		running, err = l.spawn(ctx, settings)
		started = err == nil
		return err
	})
	return running, started, err
}

// startLimit is how long an emulator may take until it answers.
const startLimit = 20 * time.Second

// spawn starts this program again, detached from the terminal, and waits until
// it answers.
func (l place) spawn(ctx context.Context, settings []string) (localDocument, error) {
	if err := l.withdrawStale(); err != nil {
		return localDocument{}, err
	}
	program, err := os.Executable()
	if err != nil {
		return localDocument{}, fmt.Errorf("starting the emulator: %w", err)
	}
	// The emulator works in a directory of its own, so the path must not depend
	// on the present one.
	stateDir, err := filepath.Abs(filepath.Dir(l.directory))
	if err != nil {
		return localDocument{}, fmt.Errorf("starting the emulator: %w", err)
	}
	log, err := os.OpenFile(l.log(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return localDocument{}, fmt.Errorf("opening the emulator's log: %w", err)
	}
	defer func() { _ = log.Close() }() // the emulator has its own handle
	// Not CommandContext: the emulator outlives this command.
	words := append([]string{"local", "run", "--state-dir", stateDir}, settings...)
	command := exec.Command(program, words...) //nolint:noctx // see above
	command.Stderr = log
	command.Dir = filepath.Join(stateDir, "local")
	detach(command)
	if err := command.Start(); err != nil {
		return localDocument{}, fmt.Errorf("starting the emulator: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	return l.awaitStart(ctx, command.Process.Pid, ended)
}

func (l place) awaitStart(ctx context.Context, pid int, ended <-chan error) (localDocument, error) {
	limited, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	for {
		running, _, err := l.find(limited)
		if err != nil {
			return localDocument{}, fmt.Errorf("waiting for the emulator: %w", err)
		}
		if running != nil && running.PID == pid {
			return *running, nil
		}
		select {
		case err := <-ended:
			return localDocument{}, failf("the emulator ended while it started: %w", exitText(err)).hint("its log tells why: %s", l.log())
		case <-ctx.Done():
			return localDocument{}, fmt.Errorf("waiting for the emulator (pid %d): %w", pid, context.Cause(ctx))
		case <-limited.Done():
			return localDocument{}, failf("waiting for the emulator (pid %d): %w", pid, limited.Err()).hint("its log may tell why: %s", l.log())
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func exitText(err error) error {
	if err == nil {
		return exit(exitDone)
	}
	return err
}

// portOf is the port of a listening address.
func portOf(address string) (int, error) {
	_, text, err := net.SplitHostPort(address)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(text)
}
