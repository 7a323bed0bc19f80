//go:build interop

package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestInterop runs the scripts of testdata/interop: enrich against an AWS
// emulator that we did not write, and ours against clients that we did not
// write. tools/interop/run.sh installs both.
func TestInterop(t *testing.T) {
	programs := os.Getenv("ENRICH_INTEROP_BIN")
	if programs == "" {
		t.Fatal("ENRICH_INTEROP_BIN is not set: run make interop")
	}
	source, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	server := filepath.Join(programs, "moto_server")
	moto, stop, err := startMoto(server)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if log := stop(); t.Failed() {
			t.Logf("moto:\n%s", log)
		}
	})
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/interop",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("MOTO", moto)
			env.Setenv("SOURCE", source)
			env.Setenv("ENRICH_INTEROP_TOOLS", os.Getenv("ENRICH_INTEROP_TOOLS"))
			env.Setenv("PATH", programs+string(os.PathListSeparator)+env.Getenv("PATH"))
			return setUp(env)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":   exits,
			"json":    jsonValue,
			"managed": managed,
			// A moto that no other script uses; with an argument, the one that this Python
			// program makes of it.
			"moto": func(ts *testscript.TestScript, _ bool, args []string) {
				command := []string{server}
				if len(args) > 0 {
					command = []string{filepath.Join(programs, "python3"), filepath.Join(source, args[0])}
				}
				url, stop, err := startMoto(command...)
				ts.Check(err)
				ts.Defer(func() { stop() })
				ts.Setenv("MOTO", url)
			},
		},
	})
}

// startMoto runs moto's server until it is stopped, which gives its log, and tells
// its URL.
func startMoto(command ...string) (url string, stop func() []byte, err error) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	address := free.Addr().String()
	if err := free.Close(); err != nil {
		return "", nil, err
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	server := exec.CommandContext(ctx, command[0], append(command[1:], "-H", "127.0.0.1", "-p", port)...)
	server.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
	var log bytes.Buffer
	server.Stdout, server.Stderr = &log, &log
	if err := server.Start(); err != nil {
		cancel()
		return "", nil, err
	}
	stop = func() []byte {
		cancel()
		_ = server.Wait() // killed: that is its answer
		return log.Bytes()
	}
	url = fmt.Sprintf("http://%s", address)
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		answer, err := http.Get(url + "/moto-api/data.json")
		if err == nil {
			_ = answer.Body.Close()
			return url, stop, nil
		}
		if time.Now().After(deadline) {
			return "", nil, fmt.Errorf("moto does not answer: %w\n%s", err, stop())
		}
	}
}
