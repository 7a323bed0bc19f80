//go:build unix && !linux

package emulator

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"syscall"
	"time"
)

const (
	// memoryInterval is how often a function's memory is looked at: each time
	// costs a program that is started.
	memoryInterval = 500 * time.Millisecond
	memoryAtEnd    = false
)

// ownGroup puts a program into a process group of its own.
func ownGroup(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}

// measureMemory adds what the processes of a group hold. These systems tell it
// to programs that are linked with their libraries only, as ps is.
func measureMemory(group int) (memoryUse, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	table, err := exec.CommandContext(ctx, "/bin/ps", "-ax", "-o", "pgid=", "-o", "rss=").Output()
	if err != nil {
		return memoryUse{}, fmt.Errorf("listing processes: %w", err)
	}
	held, err := memoryOfGroup(table, group)
	return memoryUse{now: held, peak: held}, err
}

// memoryOfGroup reads a table of process groups and resident kilobytes.
func memoryOfGroup(table []byte, group int) (int64, error) {
	held := int64(0)
	for lines := bufio.NewScanner(bytes.NewReader(table)); lines.Scan(); {
		var of int
		var kilobytes int64
		if _, err := fmt.Sscan(lines.Text(), &of, &kilobytes); err != nil {
			return 0, fmt.Errorf("reading the line %q of ps: %w", lines.Text(), err)
		}
		if of == group {
			held += kilobytes * kib
		}
	}
	return held, nil
}
