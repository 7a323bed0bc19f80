//go:build unix && !linux

package emulator

import "testing"

func TestMemoryOfAGroupIsTheSumOfItsProcesses(t *testing.T) {
	held, err := memoryOfGroup([]byte("    1   9000\n  501   2048\n  502     12\n  501   1024\n"), 501)
	if err != nil || held != 3*mib {
		t.Errorf("%d bytes, %v", held, err)
	}
	if _, err := memoryOfGroup([]byte("  501 -\n"), 501); err == nil {
		t.Error("a line without a figure was taken")
	}
}
