//go:build unix

package emulator

import "syscall"

// running tells whether there is a process.
func running(pid int) bool { return syscall.Kill(pid, 0) == nil }
