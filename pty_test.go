//go:build !windows

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"

	"enrich/emulator"
)

// terminal is a program on a terminal.
type terminal struct {
	t       *testing.T
	program *exec.Cmd
	side    *os.File

	mu     sync.Mutex
	screen bytes.Buffer
	closed chan struct{}
}

// onTerminal starts the program in a directory with its stdin, stdout and
// stderr on a terminal.
func onTerminal(t *testing.T, directory string, variables []string, words ...string) *terminal {
	t.Helper()
	return onTerminalOf(t, 120, directory, variables, "enrich", words...)
}

// onTerminalOf does the same with any program, and so many columns.
func onTerminalOf(t *testing.T, columns uint16, directory string, variables []string, name string, words ...string) *terminal {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatal(err)
	}
	program := exec.CommandContext(t.Context(), path, words...)
	program.Dir = directory
	program.Env = append(os.Environ(), "TERM=xterm-256color", "NO_COLOR=", "AWS_EC2_METADATA_DISABLED=true")
	program.Env = append(program.Env, variables...)
	side, err := pty.StartWithSize(program, &pty.Winsize{Rows: 40, Cols: columns})
	if err != nil {
		t.Fatal(err)
	}
	s := &terminal{t: t, program: program, side: side, closed: make(chan struct{})}
	go func() {
		defer close(s.closed)
		_, _ = io.Copy(s, side) // ends with an error when the program does, on Linux
	}()
	t.Cleanup(func() { _ = side.Close() })
	return s
}

func (s *terminal) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.screen.Write(b)
}

func (s *terminal) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.screen.String()
}

// expect waits until the screen has a text.
func (s *terminal) expect(text string) {
	s.t.Helper()
	s.expectAfter(0, text)
}

// expectAfter waits until it has one behind what was there before.
func (s *terminal) expectAfter(before int, text string) {
	s.t.Helper()
	for deadline := time.Now().Add(patience); !strings.Contains(s.text()[before:], text); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatalf("the terminal does not show %q:\n%s", text, s.text())
		}
	}
}

func (s *terminal) typed(text string) {
	s.t.Helper()
	if _, err := io.WriteString(s.side, text); err != nil {
		s.t.Fatal(err)
	}
}

// exits waits for the end and checks the exit code.
func (s *terminal) exits(wanted int) string {
	s.t.Helper()
	err := s.program.Wait()
	<-s.closed
	code := 0
	if failure, ok := errors.AsType[*exec.ExitError](err); ok {
		code = failure.ExitCode()
	} else if err != nil {
		s.t.Fatal(err)
	}
	if code != wanted {
		s.t.Fatalf("exit code %d, want %d:\n%s", code, wanted, s.text())
	}
	return s.text()
}

// withEmulator gives a directory whose emulator is stopped in the end.
func withEmulator(t *testing.T) string {
	t.Helper()
	directory := t.TempDir()
	t.Cleanup(func() {
		if err := stopEmulators(directory); err != nil {
			t.Error(err)
		}
	})
	return directory
}

// On a terminal there are colours, marks, a line that moves and a question that
// is answered with the pipeline's name.
func TestTerminal(t *testing.T) {
	directory := withEmulator(t)
	shown := onTerminal(t, directory, nil, "--local", "deploy").exits(exitDone)
	for _, want := range []*regexp.Regexp{
		regexp.MustCompile("\x1b\\[32m✓\x1b\\[[0-9;]*m created +data stream +data-enrichment-dev-stream"),
		regexp.MustCompile("\x1b\\[32mdeployed:"),
		regexp.MustCompile("\r\x1b\\[K"), // the moving line is erased
	} {
		if !want.MatchString(shown) {
			t.Errorf("the terminal does not show %s:\n%q", want, shown)
		}
	}

	wrong := onTerminal(t, directory, nil, "--local", "destroy")
	wrong.expect("to go on: ")
	wrong.typed("data-enrichmentt\n")
	if shown := wrong.exits(exitFailed); !strings.Contains(shown, "not confirmed; nothing was changed") {
		t.Errorf("a wrong answer shows\n%s", shown)
	}

	interrupted := onTerminal(t, directory, nil, "--local", "destroy")
	interrupted.expect("to go on: ")
	interrupted.typed("\x03") // Ctrl-C
	if shown := interrupted.exits(exitInterrupted); !strings.Contains(shown, "interrupted; nothing was changed") {
		t.Errorf("an interrupt shows\n%s", shown)
	}

	closed := onTerminal(t, directory, nil, "--local", "destroy")
	closed.expect("to go on: ")
	closed.typed("\x04") // end of input
	if shown := closed.exits(exitInterrupted); !strings.Contains(shown, "interrupted; nothing was changed") {
		t.Errorf("closed input shows\n%s", shown)
	}

	if shown := onTerminal(t, directory, nil, "--local", "status").exits(exitDone); !strings.Contains(shown, "healthy:") {
		t.Errorf("after three refusals:\n%s", shown)
	}
	right := onTerminal(t, directory, nil, "--local", "destroy")
	right.expect("to go on: ")
	right.typed("data-enrichment\n")
	if shown := right.exits(exitDone); !strings.Contains(shown, "nothing is left") {
		t.Errorf("destroy shows\n%s", shown)
	}
}

// Who wants no colours gets none, on a terminal too.
func TestTerminalWithoutColours(t *testing.T) {
	directory := withEmulator(t)
	colour := regexp.MustCompile("\x1b\\[[0-9;]*m")
	for name, test := range map[string]struct{ variables, words []string }{
		"NO_COLOR":   {[]string{"NO_COLOR=1"}, []string{"--local", "status", "-q"}},
		"--no-color": {nil, []string{"--local", "status", "-q", "--no-color"}},
		"TERM=dumb":  {[]string{"TERM=dumb"}, []string{"--local", "status"}},
		"an error":   {[]string{"NO_COLOR=1"}, []string{"--lcoal"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := onTerminal(t, directory, test.variables, test.words...)
			code := exitDone
			if name == "an error" {
				code = exitFailed
			}
			if shown := s.exits(code); colour.MatchString(shown) {
				t.Errorf("colours: %q", shown)
			}
		})
	}
	if shown := onTerminal(t, directory, nil, "--lcoal").exits(exitFailed); !colour.MatchString(shown) {
		t.Errorf("no colours, so this test proves nothing: %q", shown)
	}
}

// The emulator outlives the terminal from which it was started.
func TestEmulatorOutlivesTerminal(t *testing.T) {
	directory := withEmulator(t)
	s := onTerminal(t, directory, nil, "local", "start")
	s.exits(exitDone)
	if err := s.side.Close(); err != nil {
		t.Fatal(err)
	}
	running, _, err := place{filepath.Join(directory, ".enrich", "local")}.find(t.Context())
	if err != nil || running == nil {
		t.Fatalf("the emulator is gone: %v, %v", running, err)
	}
}

// The second Ctrl-C ends the program at once, whatever it is waiting for: here
// for a request whose end never comes.
func TestSecondInterrupt(t *testing.T) {
	directory := withEmulator(t)
	s := onTerminal(t, directory, nil, "local", "run")
	s.expect("the emulator is listening")
	running, _, err := place{filepath.Join(directory, ".enrich", "local")}.find(t.Context())
	if err != nil || running == nil {
		t.Fatalf("%v, %v", running, err)
	}
	connection, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(running.Endpoint, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close() }()
	if _, err := io.WriteString(connection, "POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: Kinesis_20131202.ListStreams\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	// The server asks for the body as soon as somebody wants to read it.
	answer := make([]byte, len("HTTP/1.1 100 Continue"))
	if _, err := io.ReadFull(connection, answer); err != nil || string(answer) != "HTTP/1.1 100 Continue" {
		t.Fatalf("%q, %v", answer, err)
	}
	s.typed("\x03")
	s.expect("the emulator is stopping")
	s.typed("\x03")
	err = s.program.Wait()
	failure, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		t.Fatalf("ended with %v", err)
	}
	if status, ok := failure.Sys().(syscall.WaitStatus); !ok || !status.Signaled() || status.Signal() != syscall.SIGINT {
		t.Errorf("ended with %v, not by the signal", err)
	}
}

// A deploy that touches what exists shows what it would do and asks; one that only
// creates does not.
func TestTerminalDeploy(t *testing.T) {
	directory := withEmulator(t)
	onTerminal(t, directory, nil, "--local", "deploy", "-q").exits(exitDone)
	configure := func(memory string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(directory, "enrich.yaml"), []byte("function: {memory: "+memory+"}\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	configure("512")
	for answer, code := range map[string]int{"no\n": exitFailed, "\x04": exitInterrupted, "\x03": exitInterrupted} {
		asked := onTerminal(t, directory, nil, "--local", "deploy", "-q")
		asked.expect(" to go on: ")
		if shown := asked.text(); !strings.Contains(shown, "memory: 256 → 512") || !strings.Contains(shown, "1 to update") {
			t.Errorf("asks without the plan:\n%s", shown)
		}
		asked.typed(answer)
		if shown := asked.exits(code); !strings.Contains(shown, "nothing was changed") {
			t.Errorf("%q shows\n%s", answer, shown)
		}
	}
	right := onTerminal(t, directory, nil, "--local", "deploy", "-o", "json")
	right.expect(" to go on: ")
	right.typed("yes\n")
	if shown := right.exits(exitDone); !strings.Contains(shown, `"field": "memory"`) {
		t.Errorf("three refusals have changed something:\n%s", shown)
	}
	configure("256")
	if shown := onTerminal(t, directory, nil, "--local", "deploy", "--yes").exits(exitDone); strings.Contains(shown, "to go on") || !strings.Contains(shown, "memory: 512 → 256") {
		t.Errorf("confirmed beforehand:\n%s", shown)
	}
	if shown := onTerminal(t, directory, nil, "--local", "deploy").exits(exitDone); !strings.Contains(shown, "nothing to change") {
		t.Errorf("a second deploy shows\n%s", shown)
	}
	longer := filepath.Join(directory, "longer.yaml")
	if err := os.WriteFile(longer, []byte("stream: {retention_hours: 48}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	onTerminal(t, directory, nil, "--local", "deploy", "-q", "--yes", "-c", longer).exits(exitDone)
	for answer, code := range map[string]int{"yes\n": exitFailed, "lower\n": exitDone} {
		asked := onTerminal(t, directory, nil, "--local", "deploy", "-q")
		asked.expect(" to go on: ")
		asked.typed(answer)
		if shown := asked.exits(code); !strings.Contains(shown, "lower") {
			t.Errorf("%q shows\n%s", answer, shown)
		}
		if code == exitDone {
			onTerminal(t, directory, nil, "--local", "deploy", "-q", "--yes", "-c", longer).exits(exitDone)
		}
	}
}

// Whoever closes the terminal interrupts: what exists is recorded, and a rerun
// continues.
func TestTerminalIsClosed(t *testing.T) {
	directory := t.TempDir()
	h, variables := heldUp(t)
	arrived := h.hold("CreateTable")
	s := onTerminal(t, directory, variables, "deploy")
	<-arrived
	if err := s.side.Close(); err != nil {
		t.Fatal(err)
	}
	close(h.released)
	s.exits(exitInterrupted)
	document, err := os.ReadFile(filepath.Join(directory, ".enrich", "data-enrichment-dev.json"))
	if err != nil || !bytes.Contains(document, []byte(`"lookup-table/users"`)) || bytes.Contains(document, []byte(`"event-source-mapping"`)) {
		t.Errorf("the record: %v\n%s", err, document)
	}
	if shown := onTerminal(t, directory, variables, "deploy").exits(exitDone); !strings.Contains(shown, "event source mapping") {
		t.Errorf("the next run shows\n%s", shown)
	}
}

// heldUp starts an emulator behind a hold-up, and gives the variables of programs that
// work on it.
func heldUp(t *testing.T) (*holdUp, []string) {
	t.Helper()
	server, err := emulator.Start(t.Context(), emulator.Options{Account: "123456789012"})
	if err != nil {
		t.Fatal(err)
	}
	h := &holdUp{next: server}
	front := httptest.NewServer(h)
	t.Cleanup(func() {
		front.CloseClientConnections()
		front.Close()
		if err := server.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return h, []string{"AWS_ENDPOINT_URL=" + front.URL, "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_REGION=us-east-1"}
}

// On a terminal a bar shows how far the input is done with, or where its size is not
// known, how much.
func TestTerminalShowsTransfers(t *testing.T) {
	directory := t.TempDir()
	h, variables := heldUp(t)
	onTerminal(t, directory, variables, "deploy", "-q").exits(exitDone)
	events := strings.Repeat("{\"user_id\":\"ada\"}\n", 3) + "broken\n" // a request each
	rows := "user_id\n"
	for i := range 200 {
		rows += fmt.Sprintf("user%d\n", i)
	}
	for name, content := range map[string]string{"events.ndjson": events, "items.csv": rows} {
		if err := os.WriteFile(filepath.Join(directory, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		call, shows string
		code        int
		words       []string
	}{
		{"PutRecords:2", "sending ████░░░░░░░░░░░░░░░░  24%  1 event, 17 B", exitFailed, []string{"put", "events.ndjson"}},
		{"PutRecords:3", "sending  2 events, 34 B (", exitFailed, []string{"put", "-"}},
		{"BatchWriteItem:8", "loading ████████████████████ 100%  ", exitDone, []string{"lookup", "load", "items.csv"}},
	} {
		arrived := h.hold(test.call)
		s := onTerminal(t, directory, variables, test.words...)
		if test.words[1] == "-" {
			s.typed(events + "\x04")
		}
		<-arrived
		s.expect(test.shows)
		close(h.released)
		s.exits(test.code)
	}
}
