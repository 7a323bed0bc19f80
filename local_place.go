package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"time"

	smithytime "github.com/aws/smithy-go/time"
	"github.com/gofrs/flock"
	"github.com/google/renameio/v2/maybe"

	"enrich/emulator"
)

// place is where the emulator of one state directory is announced: a file with
// its address, its log, and a lock for those who start or stop it.
type place struct {
	directory string
}

func (p *program) place() place {
	return place{filepath.Join(p.globals.stateDir, "local")}
}

func (l place) file() string { return filepath.Join(l.directory, "emulator.json") }
func (l place) log() string  { return filepath.Join(l.directory, "emulator.log") }
func (l place) lock() string { return filepath.Join(l.directory, "emulator.lock") }

// emulatorHealth is what a running emulator says of itself.
type emulatorHealth struct {
	Account     string `json:"account"`
	Region      string `json:"region"`
	Version     int    `json:"version"`
	Unsupported int64  `json:"unsupported"`
	PID         int    `json:"pid"`
}

// find gives the running emulator, or nil. What the file says is believed only
// if the process lives and answers as an emulator does: after a crash its number
// or its port may be somebody else's.
func (l place) find(ctx context.Context) (*localDocument, emulatorHealth, error) {
	content, err := os.ReadFile(l.file())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, emulatorHealth{}, nil
	}
	if err != nil {
		return nil, emulatorHealth{}, fmt.Errorf("looking for the emulator: %w", err)
	}
	d, complete := parseAnnouncement(content)
	if !complete || !alive(d.PID) {
		return nil, emulatorHealth{}, nil
	}
	health, ok, err := askHealth(ctx, d.Endpoint)
	switch {
	case err != nil && ctx.Err() != nil: // the command's own time is over: that says nothing of the emulator
		return nil, emulatorHealth{}, fmt.Errorf("asking the emulator at %s: %w", d.Endpoint, context.Cause(ctx))
	case err != nil:
		return nil, emulatorHealth{}, failf("the emulator (pid %d) at %s does not answer: %w", d.PID, d.Endpoint, err).
			hint("it may be busy or stopped; if it does not come back, end process %d", d.PID)
	case !ok || (health.PID != 0 && health.PID != d.PID):
		return nil, emulatorHealth{}, nil
	}
	return &d, health, nil
}

// parseAnnouncement reads the file. A crash may have left half of one.
func parseAnnouncement(content []byte) (d localDocument, complete bool) {
	err := json.Unmarshal(content, &d)
	return d, err == nil && d.PID > 0 && d.Endpoint != ""
}

// healthLimit is how long an emulator may take to answer: it may have much to
// do, and who takes it for dead starts another one.
const healthLimit = 15 * time.Second

// askHealth tells whether an emulator answers at the endpoint. Whoever takes the
// connection but gives no answer at all may be one, so that is an error.
func askHealth(ctx context.Context, endpoint string) (health emulatorHealth, ok bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, healthLimit)
	defer cancel()
	response, err := control(ctx, http.MethodGet, endpoint+"/_enrich/health", nil)
	if err != nil {
		return health, false, ctx.Err()
	}
	defer func() { _ = response.Body.Close() }() // only read from
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<16))
	if err != nil {
		return health, false, ctx.Err()
	}
	understood := json.Unmarshal(body, &health) == nil && health.Account != "" && health.Version > 0
	return health, understood && response.StatusCode == http.StatusOK, nil
}

// askUnsupported gives what the emulator was asked for and does not have.
func askUnsupported(ctx context.Context, endpoint string) ([]emulator.UnsupportedCount, error) {
	ctx, cancel := context.WithTimeout(ctx, healthLimit)
	defer cancel()
	response, err := control(ctx, http.MethodGet, endpoint+"/_enrich/unsupported", nil)
	if err != nil {
		return nil, fmt.Errorf("asking the emulator at %s what it was missed for: %w", endpoint, err)
	}
	defer func() { _ = response.Body.Close() }() // only read from
	answer := struct {
		Unsupported []emulator.UnsupportedCount `json:"unsupported"`
	}{Unsupported: []emulator.UnsupportedCount{}}
	if response.StatusCode == http.StatusNotFound {
		return answer.Unsupported, nil // one that an older enrich started
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, 1<<20)).Decode(&answer); err != nil {
		return nil, fmt.Errorf("asking the emulator at %s what it was missed for: %w", endpoint, err)
	}
	return answer.Unsupported, nil
}

// control sends a request past any proxy.
func control(ctx context.Context, method, address string, body io.Reader) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return nil, err
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	return client.Do(request)
}

// announce writes the file by which others find the emulator.
func (l place) announce(d localDocument) error {
	content, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("announcing the emulator: %w", err)
	}
	if err := maybe.WriteFile(l.file(), append(content, '\n'), 0o600); err != nil {
		return fmt.Errorf("announcing the emulator: %w", err)
	}
	return nil
}

// announced tells whether the file still names this process.
func (l place) announced(pid int) bool {
	content, err := os.ReadFile(l.file())
	d, _ := parseAnnouncement(content)
	return err == nil && d.PID == pid
}

// withdraw removes the announcement if it is that of this process.
func (l place) withdraw(pid int) error {
	if !l.announced(pid) {
		return nil
	}
	return l.withdrawStale()
}

// exclusively runs f while no other command starts or stops the emulator.
func (l place) exclusively(ctx context.Context, f func() error) error {
	if err := os.MkdirAll(l.directory, 0o700); err != nil {
		return fmt.Errorf("making the emulator's directory: %w", err)
	}
	lock := flock.New(l.lock())
	if _, err := lock.TryLockContext(ctx, 20*time.Millisecond); err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return fmt.Errorf("taking the emulator's lock, which another command may hold: %w", err)
	}
	return errors.Join(f(), lock.Close())
}

// stopLimit is how long an emulator may take to stop its functions and itself.
const stopLimit = 40 * time.Second

// stop ends the emulator and waits until it is gone. It tells whether there was
// one.
func (l place) stop(ctx context.Context) (stopped bool, err error) {
	if _, err := os.Stat(l.directory); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	err = l.exclusively(ctx, func() error {
		running, _, err := l.find(ctx)
		if err != nil {
			return err
		}
		if running == nil {
			return l.withdrawStale()
		}
		stopped = true
		return l.shutDown(ctx, running)
	})
	return stopped, err
}

// withdrawStale removes the file of an emulator that is no more.
func (l place) withdrawStale() error {
	if err := os.Remove(l.file()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing a stale file: %w", err)
	}
	return nil
}

func (l place) shutDown(ctx context.Context, running *localDocument) error {
	ctx, cancel := context.WithTimeout(ctx, stopLimit)
	defer cancel()
	response, err := control(ctx, http.MethodPost, running.Endpoint+"/_enrich/shutdown", nil)
	if err != nil {
		return fmt.Errorf("stopping the emulator (pid %d): %w", running.PID, err)
	}
	if err := response.Body.Close(); err != nil {
		return fmt.Errorf("stopping the emulator (pid %d): %w", running.PID, err)
	}
	// Withdrawing its file is the last thing that an emulator does. A process
	// that ended may still have a number: nobody asks for its exit code in a
	// container without an init process.
	for alive(running.PID) && l.announced(running.PID) {
		if err := smithytime.SleepWithContext(ctx, 10*time.Millisecond); err != nil {
			return fmt.Errorf("the emulator (pid %d) was told to stop and has not yet: %w", running.PID, err)
		}
	}
	return l.withdraw(running.PID)
}
