package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
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
	arrived   chan struct{} // closed when the operation came
	released  chan struct{} // closed to let it pass
}

func (h *holdUp) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	held := h.operation != "" && strings.HasSuffix(r.Header.Get("X-Amz-Target"), "."+h.operation)
	if held {
		h.operation = ""
		close(h.arrived)
	}
	next, released := h.next, h.released
	h.mu.Unlock()
	if held {
		// The server only watches for the end of a connection whose request it
		// has read.
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the program is gone
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
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

// hold keeps the next call of an operation waiting.
func (h *holdUp) hold(operation string) <-chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
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
	server, err := emulator.Start(context.Background(), emulator.Options{Account: "123456789012"})
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

// interrupt sends SIGINT to a program when it makes a call, which is never
// answered: interrupt CreateStream enrich deploy. The exit code must be 130.
func interrupt(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: emulate, then interrupt OPERATION PROGRAM [ARGUMENTS]")
	}
	path, err := exec.LookPath(args[1])
	ts.Check(err)
	arrived := holdUpOf(ts).hold(args[0])
	program := exec.Command(path, args[2:]...)
	program.Dir = ts.MkAbs(".")
	for _, name := range []string{
		"HOME", "PATH", "TMPDIR", archivesVariable, "GOCOVERDIR", "AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID",
		"AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE",
	} {
		program.Env = append(program.Env, name+"="+ts.Getenv(name))
	}
	var stdout, stderr bytes.Buffer
	program.Stdout, program.Stderr = &stdout, &stderr
	ts.Check(program.Start())
	ended := make(chan error, 1)
	go func() { ended <- program.Wait() }()
	select {
	case <-arrived:
	case err := <-ended:
		ts.Fatalf("ended before %s: %v\n%s", args[0], err, stderr.Bytes())
	case <-time.After(patience):
		_ = program.Process.Kill() // the script fails anyway
		ts.Fatalf("%s never came\n%s", args[0], stderr.Bytes())
	}
	ts.Check(program.Process.Signal(syscall.SIGINT))
	err = <-ended
	ts.Logf("%s%s", stdout.Bytes(), stderr.Bytes())
	failure, ok := errors.AsType[*exec.ExitError](err)
	if !ok || failure.ExitCode() != exitInterrupted {
		ts.Fatalf("interrupted: %v, want exit code %d", err, exitInterrupted)
	}
	ts.Check(os.WriteFile(ts.MkAbs("interrupted.out"), stdout.Bytes(), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs("interrupted.err"), stderr.Bytes(), 0o600))
}
