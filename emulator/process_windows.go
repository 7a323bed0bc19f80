package emulator

import (
	"os"
	"os/exec"
	"syscall"
)

// ownGroup keeps the console's Ctrl-C from the program: it ends when its
// environment does.
func ownGroup(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// killGroup ends the program. What it started itself is not reached here.
func killGroup(command *exec.Cmd) { _ = command.Process.Kill() }

func peakMemory(int) int64 { return 0 }

// systemEnvironment are variables without which programs cannot open sockets.
func systemEnvironment() []string {
	return []string{"SYSTEMROOT=" + os.Getenv("SYSTEMROOT")}
}
