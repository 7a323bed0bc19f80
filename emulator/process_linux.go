package emulator

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	memoryInterval = 50 * time.Millisecond
	// memoryAtEnd: the kernel keeps the peak, so a look at the end misses nothing
	// that a program took in between.
	memoryAtEnd = true
)

// ownGroup puts a program into a process group of its own, and lets the kernel
// end it when this process is killed without a chance to do it.
func ownGroup(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// measureMemory tells what a process and its descendants hold. A page that
// several of them share is counted once.
// https://docs.kernel.org/filesystems/proc.html
func measureMemory(pid int) (memoryUse, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return memoryUse{}, err
	}
	use := memoryUse{now: kilobytesOf(status, "VmRSS:"), peak: kilobytesOf(status, "VmHWM:")}
	if family := descendants(pid); len(family) > 0 {
		use.now = 0
		for _, member := range append(family, pid) {
			// One that has ended meanwhile holds nothing.
			shares, _ := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", member))
			use.now += kilobytesOf(shares, "Pss:")
		}
	}
	use.peak = max(use.peak, use.now)
	return use, nil
}

// descendants gives the processes that a process has started, and those that
// they have. One whose parent has ended is nobody's.
func descendants(pid int) []int {
	tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		return nil
	}
	var all []int
	for _, task := range tasks {
		list, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/children", pid, task.Name()))
		if err != nil {
			continue
		}
		for _, word := range strings.Fields(string(list)) {
			if child, err := strconv.Atoi(word); err == nil {
				all = append(append(all, child), descendants(child)...)
			}
		}
	}
	return all
}

// kilobytesOf gives the bytes of a line of /proc that tells kB; 0 without one.
func kilobytesOf(text []byte, name string) int64 {
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		rest, ok := bytes.CutPrefix(lines.Bytes(), []byte(name))
		if !ok {
			continue
		}
		kilobytes, err := strconv.ParseInt(string(bytes.TrimSpace(bytes.TrimSuffix(rest, []byte(" kB")))), 10, 64)
		if err != nil {
			return 0
		}
		return kilobytes * kib
	}
	return 0
}
