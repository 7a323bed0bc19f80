package state

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
)

// TestUnlock: only the lock of a holder that is no more is taken away.
func TestUnlock(t *testing.T) {
	path := statePath(t)
	living, dead := func(int) bool { return true }, func(int) bool { return false }
	must(t, Unlock(path, living)) // nothing is there

	command, out := writer(t, path)
	last := report(t, out)
	var locked *LockedError
	if err := Unlock(path, living); !errors.As(err, &locked) || locked.Holder.PID != command.Process.Pid {
		t.Fatalf("the lock of a living process: %v", err)
	}
	if _, err := Open(t.Context(), path, orders); !errors.As(err, &locked) {
		t.Fatalf("opened: %v", err)
	}

	// The lock stays while its holder is said to be dead, as on a network drive.
	must(t, Unlock(path, dead))
	must(t, open(t, path).Close())
	kill(t, command, out, last)

	must(t, os.WriteFile(lockOf(path), nil, 0o600))
	must(t, Unlock(path, dead)) // nobody holds it
	must(t, open(t, path).Close())
}

// TestUnlockOfAnotherMachine: whether its process lives, the caller says.
func TestUnlockOfAnotherMachine(t *testing.T) {
	path := statePath(t)
	command, out := writer(t, path)
	last := report(t, out)
	content, err := json.Marshal(Holder{PID: os.Getpid(), Host: "elsewhere", Program: "enrich"})
	must(t, err)
	must(t, os.WriteFile(holderOf(path), content, 0o600))
	_, err = Open(t.Context(), path, orders)
	if err == nil || !strings.Contains(err.Error(), "on elsewhere since") || !strings.Contains(err.Error(), "--force-unlock") {
		t.Errorf("the way out is not told: %v", err)
	}
	must(t, Unlock(path, func(int) bool { return true }))
	must(t, open(t, path).Close())
	kill(t, command, out, last)
}

// TestUnlockWithoutHolder: who has only just taken the lock is not named yet.
func TestUnlockWithoutHolder(t *testing.T) {
	path := statePath(t)
	s := open(t, path)
	must(t, os.Remove(holderOf(path)))
	var locked *LockedError
	if err := Unlock(path, func(int) bool { return false }); !errors.As(err, &locked) {
		t.Errorf("unlocked: %v", err)
	}
	must(t, s.Close())
}
