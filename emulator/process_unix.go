//go:build unix

package emulator

import (
	"os/exec"
	"syscall"
)

// killGroup ends a program's whole process group. That the group may be empty
// already is what is wanted.
func killGroup(command *exec.Cmd) {
	_ = syscall.Kill(-command.Process.Pid, syscall.SIGKILL)
}

// systemEnvironment are variables without which programs do not start.
func systemEnvironment() []string { return nil }
