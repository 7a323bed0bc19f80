package state

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/gofrs/flock"
)

// Holder is the process that has a state file open.
type Holder struct {
	PID     int       `json:"pid"`
	Host    string    `json:"host"`
	Program string    `json:"program"`
	Since   time.Time `json:"since"`
}

// LockedError tells that another process has the state file open.
type LockedError struct {
	Path   string
	Holder Holder // zero where it is not known yet
}

func (e *LockedError) Error() string {
	who := "another process"
	if e.Holder.PID != 0 {
		who = fmt.Sprintf("process %d (%s) on %s since %s", e.Holder.PID, e.Holder.Program, e.Holder.Host,
			e.Holder.Since.Local().Format(time.DateTime))
	}
	way := "wait until it ends, or end it; its lock ends with it"
	if e.Holder.PID != 0 && e.Holder.Host != hostname() {
		way += ". If that process is no more, and the lock lies on a network drive that keeps it, --force-unlock takes it away"
	}
	return fmt.Sprintf("the state file %s is in use by %s: %s", e.Path, who, way)
}

// lock is a held lock. The operating system holds it for the process and drops
// it when the process dies, so nobody has to judge whether a holder is alive.
type lock struct {
	flock  *flock.Flock
	holder string // path of the file that tells who holds it
}

// The holder is told in a file of its own: on Windows a locked file cannot be
// read.
func lockOf(path string) string   { return path + ".lock" }
func holderOf(path string) string { return path + ".holder" }

// acquire locks the state file or tells who has it.
func acquire(path string) (*lock, error) {
	// A holder removes the lock file when it is done. Who opened it just before
	// locks a file that is gone, and starts over; each turn another holder has
	// finished, so few are needed.
	for range 100 {
		if err := regular(lockOf(path)); err != nil {
			return nil, fmt.Errorf("locking state: %w", err)
		}
		f := flock.New(lockOf(path), flock.SetPermissions(filePermission))
		got, err := f.TryLock()
		if err != nil {
			return nil, fmt.Errorf("locking state: %w", err)
		}
		if !got {
			return nil, &LockedError{Path: path, Holder: readHolder(path)}
		}
		if current(f) {
			held := &lock{flock: f, holder: holderOf(path)}
			if err := held.sign(); err != nil {
				return nil, errors.Join(fmt.Errorf("locking state: %w", err), held.release())
			}
			return held, nil
		}
		if err := f.Unlock(); err != nil {
			return nil, fmt.Errorf("locking state: %w", err)
		}
	}
	return nil, &LockedError{Path: path, Holder: readHolder(path)}
}

// current tells whether the locked file is still the one at its path.
func current(f *flock.Flock) bool {
	locked, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Lstat(f.Path())
	return err == nil && os.SameFile(locked, there)
}

// sign tells others who holds the lock.
func (l *lock) sign() error {
	content, err := json.Marshal(Holder{
		PID: os.Getpid(), Host: hostname(), Program: filepath.Base(os.Args[0]), Since: time.Now().UTC().Truncate(time.Second),
	})
	if err != nil {
		return err
	}
	temporary, err := writeTemporary(l.holder, append(content, '\n'))
	if err != nil {
		return err
	}
	if err := rename(temporary, l.holder); err != nil {
		return errors.Join(err, os.Remove(temporary))
	}
	return nil
}

func hostname() string {
	host, err := os.Hostname()
	if err != nil {
		return "this host"
	}
	return host
}

// readHolder gives who holds the lock; zero where that cannot be told, because
// it has only just taken it.
func readHolder(path string) Holder {
	var h Holder
	content, err := read(holderOf(path))
	if err != nil || json.Unmarshal(content, &h) != nil {
		return Holder{}
	}
	return h
}

// release removes the lock's files and drops the lock.
func (l *lock) release() error {
	err := os.Remove(l.holder)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if runtime.GOOS != "windows" {
		// While it is held, so that nobody else's is removed.
		return errors.Join(err, ignoreMissing(os.Remove(l.flock.Path())), l.flock.Unlock())
	}
	// Windows removes no open file: here and not one that somebody else has
	// opened meanwhile, which may stay.
	err = errors.Join(err, l.flock.Unlock())
	_ = os.Remove(l.flock.Path())
	return err
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
