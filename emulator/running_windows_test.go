package emulator

import "os"

// running tells whether there is a process.
func running(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	return p.Release() != nil
}
