package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/sync/errgroup"

	"enrich/state"
)

// kill runs a command as a process of its own and kills it when it loses a call.
func (a *account) kill(t *testing.T, call string, how cut, words ...string) {
	t.Helper()
	path, err := exec.LookPath("enrich")
	if err != nil {
		t.Fatal(err)
	}
	archives := t.TempDir()
	for name, file := range a.archives {
		if err := os.WriteFile(filepath.Join(archives, name), file.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	a.set(call, how)
	var told bytes.Buffer
	program := exec.CommandContext(t.Context(), path, append(words, "--endpoint-url", a.endpoint, "--state-dir", a.directory, "--config", a.config)...)
	program.Env = append(os.Environ(), archivesVariable+"="+archives)
	program.Stderr = &told
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- program.Wait() }()
	select {
	case <-a.lost:
	case err := <-ended:
		t.Fatalf("the call never came; ended with %v: %s", err, told.Bytes())
	}
	if err := program.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err == nil {
		t.Fatal("ended well although it was killed")
	}
}

// The same as TestConvergesFromEveryCall with processes that are really killed, at
// some of the calls: their records and locks are what the system leaves of them.
func TestConvergesAfterSIGKILL(t *testing.T) {
	withoutAccount(t)
	model := newFullAccount(t)
	empty := takeInventory(t, model.endpoint)
	deploys := model.well(t, "deploy")
	full, recorded := takeInventory(t, model.endpoint), model.recorded(t)
	model.fill(t)
	destroys := model.well(t, "destroy", "--yes")

	const step = 6
	var group errgroup.Group
	group.SetLimit(atOnce)
	for i := range max(len(deploys), len(destroys)) / step {
		how := []cut{cutBefore, cutAfter}[i%2]
		group.Go(func() error {
			t.Run(fmt.Sprintf("%s/%d", how, i*step), func(t *testing.T) {
				a := newFullAccount(t)
				if i*step < len(deploys) {
					a.kill(t, deploys[i*step], how, "deploy")
				}
				a.well(t, "deploy")
				same(t, "after deploy", full, takeInventory(t, a.endpoint))
				same(t, "record", recorded, a.recorded(t))
				a.fill(t)
				if i*step < len(destroys) {
					a.kill(t, destroys[i*step], how, "destroy", "--yes")
				}
				a.well(t, "destroy", "--yes")
				same(t, "after destroy", empty, takeInventory(t, a.endpoint))
				same(t, "record", map[state.Phase]int{}, a.recorded(t))
			})
			return nil
		})
	}
	_ = group.Wait() // no error: the tests report by themselves
}
