package state

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// TestMain lets this binary be a second process that has a state file open.
func TestMain(m *testing.M) {
	if path := os.Getenv("STATE_TEST_PATH"); path != "" {
		os.Exit(second(path))
	}
	os.Exit(m.Run())
}

// second opens a state file and writes it until it is killed. It prints each
// serial that Put has promised to be stored.
func second(path string) int {
	s, err := Open(context.Background(), path, orders)
	if err != nil {
		fmt.Println(err)
		return 1
	}
	for i := 0; ; i++ {
		if err := s.Put(Resource{Key: fmt.Sprint(i % 20), Kind: "k", Name: strings.Repeat("x", i%3000), Phase: Created}); err != nil {
			fmt.Println(err)
			return 1
		}
		fmt.Println(s.Document().Serial)
	}
}

// writer starts a second process and gives the serials that it reports.
func writer(t *testing.T, path string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	command := exec.CommandContext(t.Context(), os.Args[0])
	command.Env = append(os.Environ(), "STATE_TEST_PATH="+path)
	out, err := command.StdoutPipe()
	must(t, err)
	must(t, command.Start())
	return command, bufio.NewScanner(out)
}

// kill ends the process without a chance to clear up, and gives the last serial
// that it reported.
func kill(t *testing.T, command *exec.Cmd, out *bufio.Scanner, last int64) int64 {
	t.Helper()
	must(t, command.Process.Kill())
	for out.Scan() {
		if serial, err := strconv.ParseInt(out.Text(), 10, 64); err == nil {
			last = serial
		}
	}
	if command.Wait() == nil {
		t.Fatal("the killed process ended well")
	}
	return last
}

func report(t *testing.T, out *bufio.Scanner) int64 {
	t.Helper()
	if !out.Scan() {
		t.Fatal("the second process reports nothing")
	}
	serial, err := strconv.ParseInt(out.Text(), 10, 64)
	if err != nil {
		t.Fatalf("the second process says %q", out.Text())
	}
	return serial
}

// TestKilledWriter: whenever a process is killed, the file is whole, has all
// that was promised, and the next process can go on at once.
func TestKilledWriter(t *testing.T) {
	path := statePath(t)
	var promised int64
	for range 15 {
		command, out := writer(t, path)
		for range rand.IntN(40) + 1 {
			promised = report(t, out)
		}
		promised = kill(t, command, out, promised)
		d, err := Load(path, orders)
		must(t, err)
		if d == nil || d.Serial < promised {
			t.Fatalf("read %+v after serial %d", d, promised)
		}
	}
	s := open(t, path)
	must(t, s.Put(stream(Created)))
	for _, name := range names(t, filepath.Dir(path)) {
		if strings.HasSuffix(name, temporarySuffix) {
			t.Errorf("left: %s", name)
		}
	}
}

func TestLockNamesItsHolder(t *testing.T) {
	path := statePath(t)
	command, out := writer(t, path)
	last := report(t, out)

	s, err := Open(t.Context(), path, orders)
	var locked *LockedError
	if !errors.As(err, &locked) {
		t.Fatalf("opened %v, %v", s, err)
	}
	host, _ := os.Hostname()
	if h := locked.Holder; h.PID != command.Process.Pid || h.Host != host || h.Since.IsZero() {
		t.Errorf("holder %+v, want process %d on %s", h, command.Process.Pid, host)
	}
	if !strings.Contains(err.Error(), strconv.Itoa(command.Process.Pid)) {
		t.Errorf("the error does not name the process: %v", err)
	}
	if _, err := Load(path, orders); err != nil {
		t.Errorf("a reader is refused: %v", err)
	}

	kill(t, command, out, last)
	must(t, open(t, path).Close())
}

// TestLockPassesOn: of many that want the file one at a time has it, although
// each removes the lock file when it is done.
func TestLockPassesOn(t *testing.T) {
	path := statePath(t)
	const rivals, turns = 6, 15
	var holding, won atomic.Int32
	var all sync.WaitGroup
	for range rivals {
		all.Go(func() {
			for got := 0; got < turns; {
				s, err := Open(t.Context(), path, orders)
				if locked := (*LockedError)(nil); errors.As(err, &locked) {
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				if holding.Add(1) != 1 {
					t.Error("two have the file open")
				}
				err = s.Put(Resource{Key: "k", Kind: "k", Phase: Created})
				holding.Add(-1)
				if err = errors.Join(err, s.Close()); err != nil {
					t.Error(err)
					return
				}
				got++
				won.Add(1)
			}
		})
	}
	all.Wait()
	d, err := Load(path, orders)
	must(t, err)
	if d.Serial != int64(won.Load()) || won.Load() != rivals*turns {
		t.Errorf("serial %d after %d writes", d.Serial, won.Load())
	}
	if got := names(t, filepath.Dir(path)); len(got) != 2 { // file and backup
		t.Errorf("left: %q", got)
	}
}
