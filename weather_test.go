package main

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"enrich/emulator"
	"enrich/state"
)

// stormy has one of five calls go wrong, in each way that AWS and the network have.
func stormy() []emulator.Fault {
	var faults []emulator.Fault
	for _, kind := range []emulator.FaultKind{emulator.FaultThrottle, emulator.FaultError, emulator.FaultReset, emulator.FaultLost} {
		faults = append(faults, emulator.Fault{Kind: kind, Rate: 0.054}) // of those that the others spare
	}
	return faults
}

// outside is the account at the emulator's own address: only there connections
// can be reset.
func outside(t *testing.T) *account {
	t.Helper()
	a := newAccount(t)
	a.endpoint = a.server.Endpoint()
	return a
}

// calm ends all faults and gives how many calls there were, and went wrong.
func (a *account) calm(t *testing.T) (calls, struck int64) {
	t.Helper()
	for _, f := range a.server.Faults() {
		calls, struck = max(calls, f.Calls), struck+f.Struck
	}
	if err := a.server.SetFaults(0); err != nil {
		t.Fatal(err)
	}
	return calls, struck
}

// A fifth of all calls is throttled, fails or breaks off: deploy, status and destroy
// succeed all the same, each at its first try, and the account is as on a good day.
func TestWeather(t *testing.T) {
	withoutAccount(t)
	model := outside(t)
	empty := takeInventory(t, model.endpoint)
	model.well(t, "deploy")
	full, recorded := takeInventory(t, model.endpoint), model.recorded(t)

	var group errgroup.Group
	for seed := range uint64(5) {
		group.Go(func() error {
			t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
				a := outside(t)
				command := func(words ...string) {
					began := time.Now()
					if err := a.server.SetFaults(seed, stormy()...); err != nil {
						t.Fatal(err)
					}
					code, told := a.enrich(t.Context(), append(words, "-v")...)
					calls, struck := a.calm(t)
					t.Logf("%s: %d of %d calls struck, %s", words[0], struck, calls, time.Since(began).Round(time.Millisecond))
					if code != exitDone || struck == 0 {
						t.Fatalf("%s exits with %d: %s", words[0], code, told)
					}
					if !tollLine.MatchString(told) {
						t.Errorf("%s does not tell what that cost: %s", words[0], told)
					}
				}
				command("deploy")
				same(t, "after deploy", full, takeInventory(t, a.endpoint))
				same(t, "record", recorded, a.recorded(t))
				command("status")
				a.fill(t)
				command("destroy", "--yes")
				same(t, "after destroy", empty, takeInventory(t, a.endpoint))
				same(t, "record", map[state.Phase]int{}, a.recorded(t))
			})
			return nil
		})
	}
	_ = group.Wait() // no error: the tests report by themselves
}

var tollLine = regexp.MustCompile(`(?m)^\d+ AWS calls, [1-9]\d* repetitions?, \S+s spent waiting for them$`)

// What takes too long ends with what exists, and a rerun continues.
func TestTimeout(t *testing.T) {
	withoutAccount(t)
	a := outside(t)
	if err := a.server.SetReadiness(emulator.Readiness{Stream: time.Hour}); err != nil {
		t.Fatal(err)
	}
	code, told := a.enrich(t.Context(), "deploy", "--timeout", "2s")
	for _, part := range []string{
		"error: not done after 2s (--timeout)", "resources exist, ", "run enrich deploy again to continue", "a longer --timeout",
	} {
		if code != exitFailed || !strings.Contains(told, part) {
			t.Errorf("exits with %d and does not say %q: %s", code, part, told)
		}
	}
	if phases := a.recorded(t); phases[state.Creating] == 0 || phases[state.Created] == 0 {
		t.Errorf("recorded %v", phases)
	}
	// In no time at all, before anything is found out.
	t.Setenv("ENRICH_TIMEOUT", "1ns")
	for _, command := range []string{"deploy", "plan", "status", "destroy"} {
		if code, told := a.enrich(t.Context(), command); code != exitFailed || !strings.Contains(told, "not done after 1ns (--timeout)") {
			t.Errorf("%s exits with %d: %s", command, code, told)
		}
	}
}
