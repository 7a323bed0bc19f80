package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"
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
	a.well(t, "deploy")
	follow := func(lines int, meanwhile func()) []string {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		out := &until{lines: lines, enough: cancel}
		ended := make(chan int, 1)
		go func() {
			words := []string{"logs", "-f", "-o", "json", "--filter", "batch", "--endpoint-url", a.endpoint, "--state-dir", a.directory}
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
		if code, told := a.enrich(t.Context(), "test-event"); code != exitDone {
			t.Errorf("test-event exits with %d: %s", code, told)
		}
	}
	first := follow(2, func() { event(); event() })
	all := follow(3, event)
	if len(first) != 2 || len(all) != 3 || first[0] != all[0] || first[1] != all[1] || all[2] == all[1] {
		t.Errorf("followed %q and then %q", first, all)
	}
}
