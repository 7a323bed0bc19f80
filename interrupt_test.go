package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"enrich/emulator"
)

// patience is how long a script waits for something that must come.
const patience = 30 * time.Second

// holdUp stands between a program and an emulator and keeps one call waiting.
type holdUp struct {
	mu        sync.Mutex
	next      http.Handler
	operation string        // "" lets everything pass
	before    int           // calls of it that pass
	arrived   chan struct{} // closed when the operation came
	released  chan struct{} // closed to let it pass
}

func (h *holdUp) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// The server only watches for the end of a connection whose request it has
	// read.
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the program is gone
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	h.mu.Lock()
	held := h.operation != "" && (strings.HasSuffix(r.Header.Get("X-Amz-Target"), "."+h.operation) || bytes.HasPrefix(body, []byte("Action="+h.operation+"&")) ||
		r.Method+r.URL.Path == h.operation) // Lambda's have no name
	if held && h.before > 0 {
		h.before--
		held = false
	}
	if held {
		h.operation = ""
		close(h.arrived)
	}
	next, released := h.next, h.released
	h.mu.Unlock()
	if held {
		select {
		case <-r.Context().Done():
			return
		case <-released:
		}
	}
	next.ServeHTTP(w, r)
}

func (h *holdUp) set(next http.Handler) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.next = next
}

// hold keeps the next call of an operation waiting, or with CreateTable:3 the third.
func (h *holdUp) hold(call string) <-chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	operation, number, numbered := strings.Cut(call, ":")
	h.before = 0
	if n, err := strconv.Atoi(number); numbered && err == nil {
		h.before = n - 1
	}
	h.operation, h.arrived, h.released = operation, make(chan struct{}), make(chan struct{})
	return h.arrived
}

// holdCall keeps the next call of an operation waiting: hold CreateTable.
func holdCall(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: emulate, then hold OPERATION")
	}
	holdUpOf(ts).hold(args[0])
}

// heldCall waits until the call came: held.
func heldCall(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: hold OPERATION, then held")
	}
	select {
	case <-holdUpOf(ts).arrived:
	case <-time.After(patience):
		ts.Fatalf("the call never came")
	}
}

// releaseCall lets the call pass: release.
func releaseCall(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: hold OPERATION, then release")
	}
	close(holdUpOf(ts).released)
}

// emulate starts an emulator as an endpoint like any other, for programs
// without --local: emulate.
func emulate(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: emulate")
	}
	server, err := emulator.Start(context.Background(), emulator.Options{Account: "123456789012", Logger: slog.New(mailboxOf(ts))})
	ts.Check(err)
	target, err := url.Parse(server.Endpoint())
	ts.Check(err)
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = r.In.Host // it is signed
	}}
	h := holdUpOf(ts)
	front := httptest.NewServer(h)
	ts.Defer(func() {
		front.Close()
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		ts.Check(server.Close(ctx))
	})
	ts.Setenv("AWS_ENDPOINT_URL", front.URL)
	ts.Setenv("AWS_ACCESS_KEY_ID", "test")
	ts.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	ts.Setenv("AWS_REGION", "us-east-1")
	h.set(proxy)
}

// holdUpOf is the script's own.
func holdUpOf(ts *testscript.TestScript) *holdUp {
	h, ok := ts.Value(holdUpKey{}).(*holdUp)
	if !ok {
		ts.Fatalf("the script was not set up")
	}
	return h
}

// holdUpKey is where a script keeps its hold-up.
type holdUpKey struct{}

// interruptions are the ways to interrupt a program when it makes a call.
var interruptions = map[string]struct {
	signal  os.Signal
	answers bool // the call is answered when the program says that it waits for that
	twice   bool // a second signal comes when it says so
	code    int  // of the exit; -1: by the signal
}{
	"SIGINT":     {syscall.SIGINT, true, false, exitInterrupted},
	"SIGTERM":    {syscall.SIGTERM, true, false, exitInterrupted},
	"SIGHUP":     {syscall.SIGHUP, true, false, exitInterrupted},
	"last":       {syscall.SIGINT, true, false, exitFailed},
	"twice":      {syscall.SIGINT, false, true, -1},
	"unanswered": {syscall.SIGINT, false, false, exitInterrupted},
}

// waitingFor is what a program says that was interrupted during a call.
const waitingFor = "interrupted: waiting for the answers to calls that are under way"

// interrupt interrupts a program when it makes a call: interrupt SIGINT
// CreateStream enrich deploy. The call is then answered, and the exit code must be
// 130; with last, after whose call there is nothing left to do, 1. With twice the
// second signal must end the program, and with unanswered it must end although no
// answer comes.
func interrupt(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: emulate, then interrupt WAY OPERATION PROGRAM [ARGUMENTS]")
	}
	way, known := interruptions[args[0]]
	if !known {
		ts.Fatalf("there is no way %s to interrupt", args[0])
	}
	h := holdUpOf(ts)
	arrived := h.hold(args[1])
	p := begin(ts, args[2:])
	p.until(ts, arrived, args[1]+" never came")
	ts.Check(p.command.Process.Signal(way.signal))
	switch {
	case way.answers:
		p.until(ts, p.stderr.shows(waitingFor), "it does not say that it waits")
		releaseCall(ts, false, nil)
	case way.twice:
		p.until(ts, p.stderr.shows(waitingFor), "it does not say that it waits")
		ts.Check(p.command.Process.Signal(way.signal))
	}
	err := <-p.ended
	ts.Logf("%s%s", p.stdout.text(), p.stderr.text())
	if failure, ok := errors.AsType[*exec.ExitError](err); !ok || failure.ExitCode() != way.code {
		ts.Fatalf("interrupted: %v, want exit code %d", err, way.code)
	}
	ts.Check(os.WriteFile(ts.MkAbs("interrupted.out"), []byte(p.stdout.text()), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs("interrupted.err"), []byte(p.stderr.text()), 0o600))
}

// followUntil runs a program that goes on until it is told to end, which it is when it has
// printed a text: follow TEXT PROGRAM [ARGUMENTS]. What it printed is in followed.out.
func followUntil(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: follow TEXT PROGRAM [ARGUMENTS]")
	}
	p := begin(ts, args[1:])
	p.until(ts, p.stdout.shows(args[0]), "it does not print "+args[0])
	ts.Check(p.command.Process.Signal(os.Interrupt))
	err := <-p.ended
	ts.Logf("%s%s", p.stdout.text(), p.stderr.text())
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("followed.out"), []byte(p.stdout.text()), 0o600))
}

// running is a program that a script has begun.
type running struct {
	command *exec.Cmd
	stdout  watchedText
	stderr  watchedText
	ended   chan error
}

func begin(ts *testscript.TestScript, words []string) *running {
	path, err := exec.LookPath(words[0])
	ts.Check(err)
	p := &running{command: exec.Command(path, words[1:]...), ended: make(chan error, 1)}
	p.command.Dir = ts.MkAbs(".")
	for _, name := range []string{
		"HOME", "PATH", "TMPDIR", archivesVariable, documentsVariable, "GORACE", "ENRICH_LOCAL", "GOCOVERDIR", "AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID",
		"AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE",
	} {
		p.command.Env = append(p.command.Env, name+"="+ts.Getenv(name))
	}
	p.command.Stdout, p.command.Stderr = &p.stdout, &p.stderr
	ts.Check(p.command.Start())
	go func() { p.ended <- p.command.Wait() }()
	return p
}

// until waits for something that must come before the program ends.
func (p *running) until(ts *testscript.TestScript, event <-chan struct{}, otherwise string) {
	select {
	case <-event:
	case err := <-p.ended:
		ts.Fatalf("%s: ended with %v\n%s", otherwise, err, p.stderr.text())
	case <-time.After(patience):
		_ = p.command.Process.Kill() // the script fails anyway
		ts.Fatalf("%s\n%s", otherwise, p.stderr.text())
	}
}

// watchedText is what a program prints, and tells when a text has come.
type watchedText struct {
	mu     sync.Mutex
	buffer bytes.Buffer
	wanted string
	shown  chan struct{}
}

func (w *watchedText) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n, err := w.buffer.Write(b)
	w.look()
	return n, err
}

func (w *watchedText) look() {
	if w.shown != nil && strings.Contains(w.buffer.String(), w.wanted) {
		close(w.shown)
		w.shown = nil
	}
}

func (w *watchedText) shows(text string) <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	shown := make(chan struct{})
	w.wanted, w.shown = text, shown
	w.look()
	return shown
}

func (w *watchedText) text() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buffer.String()
}
