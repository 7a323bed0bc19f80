//go:build !windows

package main

import (
	"errors"
	"os/exec"
	"syscall"
)

// detach has a command live in a session of its own: neither Ctrl-C nor the end
// of the terminal reaches it.
func detach(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
}

// alive tells whether a process exists. One of another user's counts: it
// exists, and whether it is the right one is asked elsewhere.
func alive(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}
