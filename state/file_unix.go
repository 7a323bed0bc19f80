//go:build !windows

package state

import (
	"errors"
	"os"
	"syscall"
)

// hasPermissions tells that the mode bits of files mean something here.
const hasPermissions = true

func rename(from, to string) error { return os.Rename(from, to) }

// syncDirectory makes a rename in a directory last through a power cut. Some
// file systems cannot and do not need to.
func syncDirectory(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		err = nil
	}
	return errors.Join(err, d.Close())
}
