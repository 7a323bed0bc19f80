package state

import (
	"errors"
	"os"
	"syscall"
	"time"
)

// errSharingViolation is ERROR_SHARING_VIOLATION, which package syscall lacks.
const errSharingViolation syscall.Errno = 32

// hasPermissions tells that the mode bits of files mean nothing here: who may
// read a file follows from the directory's access list.
const hasPermissions = false

// rename replaces the target, which Windows refuses while somebody, a virus
// scanner for one, has it open for a moment.
func rename(from, to string) error {
	err := os.Rename(from, to)
	for deadline := time.Now().Add(2 * time.Second); busy(err) && time.Now().Before(deadline); {
		time.Sleep(5 * time.Millisecond)
		err = os.Rename(from, to)
	}
	return err
}

func busy(err error) bool {
	return errors.Is(err, syscall.ERROR_ACCESS_DENIED) || errors.Is(err, errSharingViolation)
}

// syncDirectory has nothing to do: directories cannot be flushed here, and NTFS
// keeps its own journal of renames.
func syncDirectory(string) error { return nil }
