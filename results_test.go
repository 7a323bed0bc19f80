package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"enrich/emulator"
)

// Whoever interrupts the reading is told so, not of the call that this ended.
func TestResultsAreInterrupted(t *testing.T) {
	withoutAccount(t)
	a := outside(t)
	a.well(t, "deploy")
	for _, words := range [][]string{{"results"}, {"results", "--format", "table"}, {"results", "--failed-batches"}, {"results", "-o", "json"}} {
		if err := a.server.SetFaults(1, emulator.Fault{Service: "s3", Kind: emulator.FaultDelay, Delay: time.Minute, Rate: 1}); err != nil {
			t.Fatal(err)
		}
		ctx, interrupt := context.WithCancelCause(t.Context())
		defer interrupt(nil)
		var out, told bytes.Buffer
		ended := make(chan int, 1)
		go func() {
			words := append(words, "--endpoint-url", a.endpoint, "--state-dir", a.directory)
			ended <- run(ctx, words, streams{in: strings.NewReader(""), out: &out, err: &told}, a.archives)
		}()
		for a.server.Faults()[0].Calls == 0 && t.Context().Err() == nil {
			time.Sleep(time.Millisecond)
		}
		interrupt(errInterrupted)
		if code := <-ended; code != exitInterrupted {
			t.Errorf("%q exits with %d", words, code)
		}
		text := told.String()
		if words[len(words)-1] == "json" {
			text = out.String()
		}
		if !strings.Contains(text, "interrupted") || strings.Contains(text, "ListObjects") {
			t.Errorf("%q tells %s", words, text)
		}
	}
}
