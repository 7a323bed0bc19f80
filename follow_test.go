package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// until is a writer that calls enough once it holds so many lines.
type until struct {
	bytes.Buffer
	lines  int
	enough func()
}

func (u *until) Write(p []byte) (int, error) {
	n, err := u.Buffer.Write(p)
	if bytes.Count(u.Bytes(), []byte("\n")) >= u.lines {
		u.enough()
	}
	return n, err
}

// Following prints what is there and then what comes, each line a document, and
// ends well with Ctrl-C.
func TestLogsFollow(t *testing.T) {
	withoutAccount(t)
	a := outside(t)
	for _, architecture := range architectures() { // one that works
		name := "function-linux-" + architecture + ".zip"
		data, err := os.ReadFile(filepath.Join(os.Getenv(archivesVariable), name))
		if err != nil {
			t.Fatal(err)
		}
		a.archives[name] = &fstest.MapFile{Data: data}
	}
	// For this host: nothing stands in for an archive here.
	here := map[string]string{"amd64": "x86_64", "arm64": "arm64"}[runtime.GOARCH]
	file := filepath.Join(t.TempDir(), "enrich.yaml")
	if err := os.WriteFile(file, []byte("function: {architecture: "+here+"}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	a.well(t, "deploy", "-c", file)
	follow := func(lines int, meanwhile func()) []string {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		out := &until{lines: lines, enough: cancel}
		ended := make(chan int, 1)
		go func() {
			words := []string{"logs", "-f", "-o", "json", "--filter", "batch", "-c", file, "--endpoint-url", a.endpoint, "--state-dir", a.directory}
			ended <- run(ctx, words, streams{in: strings.NewReader(""), out: out, err: io.Discard}, a.archives)
		}()
		meanwhile()
		if code := <-ended; code != exitDone {
			t.Errorf("exits with %d", code)
		}
		var ids []string
		for line := range strings.Lines(out.String()) {
			var d logLineDocument
			if err := json.Unmarshal([]byte(line), &d); err != nil || d.Text != "batch" {
				t.Errorf("%v: %s", err, line)
			}
			ids = append(ids, d.Fields["request_id"])
		}
		return ids
	}
	event := func() {
		if code, told := a.enrich(t.Context(), "test-event", "-c", file); code != exitDone {
			t.Errorf("test-event exits with %d: %s", code, told)
		}
	}
	first := follow(2, func() { event(); event() })
	all := follow(3, event)
	if len(first) != 2 || len(all) != 3 || first[0] != all[0] || first[1] != all[1] || all[2] == all[1] {
		t.Errorf("followed %q and then %q", first, all)
	}
}

// Watching prints the status again and again, and ends well with Ctrl-C.
func TestStatusWatch(t *testing.T) {
	withoutAccount(t)
	a := outside(t)
	a.well(t, "deploy")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out := &until{lines: 2, enough: cancel}
	words := []string{"status", "--watch", "--interval", "1s", "-o", "json", "--endpoint-url", a.endpoint, "--state-dir", a.directory}
	if code := run(ctx, words, streams{in: strings.NewReader(""), out: out, err: io.Discard}, a.archives); code != exitDone {
		t.Errorf("exits with %d", code)
	}
	for line := range strings.Lines(out.String()) {
		var d statusDocument
		if err := json.Unmarshal([]byte(line), &d); err != nil || !d.Healthy || len(d.Activity) == 0 {
			t.Errorf("%v: %s", err, line)
		}
	}
}
