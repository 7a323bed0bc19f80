package state

import (
	"errors"
	"fmt"
	"os"

	"github.com/gofrs/flock"
)

// Unlock takes the lock of a state file away from a holder that is no more. The
// operating system drops a dead process's lock by itself, but a network drive may
// keep the one of a machine that died. A file that nobody holds is left as it is.
//
// It answers with a *LockedError when the holder lives, by what alive says of a
// process of this machine, or is not known. Whether a process of another machine
// lives only the caller can know.
func Unlock(path string, alive func(pid int) bool) error {
	if err := regular(lockOf(path)); err != nil {
		return fmt.Errorf("unlocking state: %w", err)
	}
	if _, err := os.Lstat(lockOf(path)); err != nil {
		return ignoreMissing(err)
	}
	f := flock.New(lockOf(path), flock.SetPermissions(filePermission))
	got, err := f.TryLock()
	if err != nil {
		return fmt.Errorf("unlocking state: %w", err)
	}
	if got {
		return f.Unlock()
	}
	holder := readHolder(path)
	if holder.PID == 0 || holder.Host == hostname() && alive(holder.PID) {
		return &LockedError{Path: path, Holder: holder}
	}
	// Who comes next locks a file of its own: a lock is one of a file, not of a
	// name.
	err = errors.Join(ignoreMissing(os.Remove(lockOf(path))), ignoreMissing(os.Remove(holderOf(path))))
	if err != nil {
		return fmt.Errorf("unlocking state: %w", err)
	}
	return nil
}
