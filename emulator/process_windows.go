package emulator

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

const (
	memoryInterval = time.Second
	memoryAtEnd    = false
)

// ownGroup keeps the console's Ctrl-C from the program: it ends when its
// environment does.
func ownGroup(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// killGroup ends the program. What it started itself is not reached here.
func killGroup(command *exec.Cmd) { _ = command.Process.Kill() }

func measureMemory(int) (memoryUse, error) {
	return memoryUse{}, fmt.Errorf("measuring a function's memory on Windows: %w", errors.ErrUnsupported)
}

// systemEnvironment are variables without which programs cannot open sockets.
func systemEnvironment() []string {
	return []string{"SYSTEMROOT=" + os.Getenv("SYSTEMROOT")}
}
