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
	moto := startMoto(t, filepath.Join(programs, "moto_server"))
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/interop",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("MOTO", moto)
			env.Setenv("SOURCE", source)
			env.Setenv("PATH", programs+string(os.PathListSeparator)+env.Getenv("PATH"))
			return setUp(env)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "json": jsonValue, "managed": managed},
	})
}

// startMoto runs moto's server until the test ends and gives its URL.
func startMoto(t *testing.T, program string) string {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	server := exec.CommandContext(ctx, program, "-H", "127.0.0.1", "-p", port)
	var log bytes.Buffer
	server.Stdout, server.Stderr = &log, &log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = server.Wait() // killed: that is its answer
		if t.Failed() {
			t.Logf("moto:\n%s", log.Bytes())
		}
	})
	url := fmt.Sprintf("http://%s", address)
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		answer, err := http.Get(url + "/moto-api/data.json")
		if err == nil {
			_ = answer.Body.Close()
			return url
		}
		if time.Now().After(deadline) {
			t.Fatalf("moto does not answer: %v\n%s", err, log.Bytes())
		}
	}
}
