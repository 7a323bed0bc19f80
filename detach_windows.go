package main

import (
	"os/exec"
	"syscall"
)

// Of processthreadsapi.h; the syscall package does not name them all.
const (
	detachedProcess         = 0x00000008
	processQueryInformation = 0x1000 // PROCESS_QUERY_LIMITED_INFORMATION
	stillActive             = 259
)

// detach has a command live without this console: neither Ctrl-C nor the end of
// the window reaches it.
func detach(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{
		CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP | detachedProcess,
		HideWindow:    true,
	}
}

// alive tells whether a process exists and has not ended.
func alive(pid int) bool {
	handle, err := syscall.OpenProcess(processQueryInformation, false, uint32(pid))
	if err != nil {
		return false
	}
	defer func() { _ = syscall.CloseHandle(handle) }() // only read from
	var code uint32
	return syscall.GetExitCodeProcess(handle, &code) == nil && code == stillActive
}
