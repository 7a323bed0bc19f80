package engine

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"enrich/state"
)

func entry(key string, phase state.Phase) state.Resource {
	return state.Resource{Key: key, Kind: "thing", Name: key, Phase: phase}
}

// What is found and what is recorded decide what is done, and what is there
// afterwards is the same.
func TestPlanAndApply(t *testing.T) {
	want := spec{Size: 1, Fixed: "x"}
	tests := []struct {
		name     string
		exists   *thing // named r
		recorded state.Phase
		action   Action
		fields   []string
		phase    Phase
		calls    []string // that change anything
	}{
		{name: "nothing", action: Create, phase: Created, calls: []string{"create", "tag", "configure"}},
		{name: "recorded but gone", recorded: state.Created, action: Create, phase: Created, calls: []string{"create", "tag", "configure"}},
		{name: "begun but not there", recorded: state.Creating, action: Create, phase: Created, calls: []string{"create", "tag", "configure"}},
		{name: "deletion ended unrecorded", recorded: state.Deleting, action: Create, phase: Created, calls: []string{"create", "tag", "configure"}},
		{name: "as it should be", exists: &thing{tags: tags, spec: want}, recorded: state.Created, action: None, phase: Unchanged},
		{name: "record lost", exists: &thing{tags: tags, spec: want}, action: None, phase: Unchanged},
		{name: "deletion never came to it", exists: &thing{tags: tags, spec: want}, recorded: state.Deleting, action: None, phase: Unchanged},
		{name: "differs", exists: &thing{tags: tags, spec: spec{Size: 2, Fixed: "x"}}, recorded: state.Created, action: Update, fields: []string{"size"}, phase: Updated, calls: []string{"update"}},
		{name: "differs, record lost", exists: &thing{tags: tags, spec: spec{Fixed: "x"}}, action: Update, fields: []string{"size"}, phase: Updated, calls: []string{"update"}},
		{name: "cannot be changed", exists: &thing{tags: tags, spec: spec{Size: 2, Fixed: "y"}}, recorded: state.Created, action: Replace, fields: []string{"fixed", "size"}, phase: Replaced, calls: []string{"empty", "delete", "create", "tag", "configure"}},
		{name: "begun, without tags", exists: &thing{spec: spec{Fixed: "x"}}, recorded: state.Creating, action: Resume, fields: []string{"size"}, phase: Created, calls: []string{"create", "tag", "configure"}},
		{name: "begun, all there", exists: &thing{tags: tags, spec: want}, recorded: state.Creating, action: Resume, phase: Created, calls: []string{"create", "tag", "configure"}},
		{name: "begun as another", exists: &thing{spec: spec{Fixed: "y"}}, recorded: state.Creating, action: Replace, fields: []string{"fixed", "size"}, phase: Replaced, calls: []string{"empty", "delete", "create", "tag", "configure"}},
		{name: "on its way", exists: &thing{tags: tags, spec: want, reads: 3}, recorded: state.Created, action: None, phase: Unchanged},
		{name: "on its way, record lost", exists: &thing{tags: tags, spec: want, reads: 3}, action: None, phase: Unchanged},
		{name: "on its way, differs", exists: &thing{tags: tags, spec: spec{Size: 2, Fixed: "x"}, reads: 3}, recorded: state.Created, action: Update, fields: []string{"size"}, phase: Updated, calls: []string{"update"}},
		{name: "on its way, cannot be changed", exists: &thing{tags: tags, spec: spec{Size: 1, Fixed: "y"}, reads: 3}, recorded: state.Created, action: Replace, fields: []string{"fixed"}, phase: Replaced, calls: []string{"empty", "delete", "create", "tag", "configure"}},
		{name: "begun, on its way", exists: &thing{tags: tags, spec: want, reads: 3}, recorded: state.Creating, action: Resume, phase: Created, calls: []string{"create", "tag", "configure"}},
		{name: "on its way, deletion never came to it", exists: &thing{tags: tags, spec: want, reads: 1}, recorded: state.Deleting, action: None, phase: Unchanged},
		{name: "on its way out", exists: &thing{tags: tags, spec: want, reads: 1, leaving: true}, recorded: state.Deleting, action: Create, phase: Created, calls: []string{"empty", "delete", "create", "tag", "configure"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCloud(t)
				if test.exists != nil {
					existing := *test.exists
					existing.name, existing.tags = "r", maps.Clone(existing.tags)
					c.things["r"] = &existing
				}
				f := &fake{cloud: c, key: "r", name: "r", spec: want}
				with(t, file(t), func(store *state.Store) {
					if test.recorded != "" {
						if err := store.Put(entry("r", test.recorded)); err != nil {
							t.Fatal(err)
						}
					}
					seen := &log{}
					e := &Engine{Resources: []Resource{f}, Record: store, Owns: owns, Observe: seen.observe}
					plan, err := e.Plan(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					step := plan.Steps[0]
					var fields []string
					for _, change := range step.Changes {
						fields = append(fields, change.Field)
					}
					if step.Action != test.action || !slices.Equal(fields, test.fields) || plan.Empty() != (test.action == None) || plan.Counts()[test.action] != 1 {
						t.Errorf("got %s %v", step.Action, fields)
					}
					report, err := e.Apply(t.Context(), plan)
					if err != nil {
						t.Fatal(err)
					}
					if phase := report.Results[0].Phase; phase != test.phase {
						t.Errorf("ended as %s", phase)
					}
					if phases := seen.of("r"); phases[len(phases)-1] != test.phase {
						t.Errorf("observed %v", phases)
					}
					var calls []string
					for _, call := range c.calls {
						if name, _, _ := strings.Cut(call, " "); name != "read" {
							calls = append(calls, name)
						}
					}
					if diff := cmp.Diff(test.calls, calls); diff != "" {
						t.Error(diff)
					}
					got, _ := store.Get("r")
					if got.Phase != state.Created || got.ID != "r" || got.ARN != "arn:r" || got.Hash != Hash(want) {
						t.Errorf("recorded %+v", got)
					}
					if thing := c.things["r"]; Compare(want, thing.spec) != nil || !owns(thing.tags) {
						t.Errorf("there is %+v", thing)
					}
				})
			})
		})
	}
}

// What the next run finds has to be written down before it is needed.
func TestRecordIsAheadOfTheCloud(t *testing.T) {
	c := newCloud(t)
	f := &fake{cloud: c, key: "r", name: "r", serial: true, spec: spec{Size: 1}}
	with(t, file(t), func(store *state.Store) {
		var seen []string
		c.fault = func(_ int, call string) fault {
			got, known := store.Get("r")
			seen = append(seen, fmt.Sprintf("%s: %v %s %s", call, known, got.Phase, got.ID))
			return fault{}
		}
		e := &Engine{Resources: []Resource{f}, Record: store, Owns: owns}
		if _, err := deploy(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		if _, err := e.Destroy(t.Context()); err != nil {
			t.Fatal(err)
		}
		want := []string{
			"read r: false  ", "create r: true creating r", "tag r: true creating id-1", "configure r: true creating id-1",
			"read r: true created id-1", "empty r: true deleting id-1", "delete r: true deleting id-1", "read r: false  ",
		}
		if diff := cmp.Diff(want, seen); diff != "" {
			t.Error(diff)
		}
	})
}

// Where nothing can be recorded, nothing is created or deleted.
func TestNoRecordNoCall(t *testing.T) {
	c, path := newCloud(t), file(t)
	e := &Engine{Resources: []Resource{&fake{cloud: c, key: "r", name: "r"}}, Owns: owns}
	with(t, path, func(store *state.Store) { e.Record = store })
	plan := &Plan{Steps: []Step{{Resource: e.Resources[0], Action: Create}}}
	if _, err := e.Apply(t.Context(), plan); err == nil || len(c.calls) != 0 {
		t.Errorf("got %v, calls %v", err, c.calls)
	}
}

func TestForeign(t *testing.T) {
	other := map[string]string{"owner": "somebody"}
	tests := []struct {
		name     string
		tags     map[string]string
		untagged bool
		leaving  bool
		recorded state.Phase
		foreign  bool
	}{
		{name: "ours", tags: tags},
		{name: "somebody's", tags: other, foreign: true},
		{name: "no tags", foreign: true},
		{name: "no tags, recorded as created", recorded: state.Created, foreign: true},
		{name: "no tags, recorded as begun", recorded: state.Creating},
		{name: "somebody's after our creation failed", tags: other, recorded: state.Creating, foreign: true},
		{name: "no tags, deletion begun", recorded: state.Deleting},
		{name: "somebody's after our deletion", tags: other, recorded: state.Deleting, foreign: true},
		{name: "somebody's, on its way out after our deletion", tags: other, leaving: true, recorded: state.Deleting},
		{name: "cannot have tags", untagged: true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := newCloud(t)
			c.things["r"] = &thing{name: "r", tags: test.tags, leaving: test.leaving}
			ours := &fake{cloud: c, key: "a", name: "a"}
			f := &fake{cloud: c, key: "r", name: "r", untagged: test.untagged, after: []string{"a"}}
			with(t, file(t), func(store *state.Store) {
				if test.recorded != "" {
					if err := store.Put(entry("r", test.recorded)); err != nil {
						t.Fatal(err)
					}
				}
				e := &Engine{Resources: []Resource{f, ours}, Record: store, Owns: owns}
				found, err := e.Inspect(t.Context())
				if err != nil || found[1].Foreign != test.foreign {
					t.Errorf("inspected: %+v, %v", found[1], err)
				}
				for name, run := range map[string]func() error{
					"plan":    func() error { _, err := e.Plan(t.Context()); return err },
					"destroy": func() error { _, err := e.Destroy(t.Context()); return err },
				} {
					var foreign *ForeignError
					err := run()
					if errors.As(err, &foreign) != test.foreign {
						t.Errorf("%s: got %v", name, err)
					}
					if !test.foreign {
						continue
					}
					if !strings.Contains(err.Error(), "thing (r)") || len(foreign.Found) != 1 {
						t.Errorf("%s: got %q", name, err)
					}
					for _, call := range c.calls {
						if !strings.HasPrefix(call, "read ") {
							t.Errorf("%s: called %s", name, call)
						}
					}
				}
			})
		})
	}
}

// A failure keeps back what depends on it and nothing else.
func TestFailureIsolation(t *testing.T) {
	c := newCloud(t)
	var fakes []*fake
	for _, r := range chain("a b c:a d:c e:b f:a,b g:d,e") {
		f := r.(*fake)
		f.cloud, f.spec = c, spec{Size: 1}
		fakes = append(fakes, f)
	}
	fail := func(call string) func(int, string) fault {
		return func(_ int, got string) fault {
			if got == call {
				return fault{before: errOurs}
			}
			return fault{}
		}
	}
	with(t, file(t), func(store *state.Store) {
		seen := &log{}
		e := &Engine{Resources: resources(fakes), Record: store, Owns: owns, Observe: seen.observe}
		c.fault = fail("tag c")
		report, err := deploy(t.Context(), e)
		var failed *FailedError
		if !errors.As(err, &failed) || !errors.Is(err, errOurs) || len(failed.Failed) != 1 || len(failed.NotStarted) != 2 {
			t.Fatalf("got %v", err)
		}
		want := map[string]Phase{"a": Created, "b": Created, "c": Failed, "d": NotStarted, "e": Created, "f": Created, "g": NotStarted}
		check(t, report, seen, want)
		if got := recorded(store); got["c"] != state.Creating || got["d"] != "" || got["e"] != state.Created {
			t.Errorf("recorded %v", got)
		}

		c.fault = nil
		if report, err = deploy(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		check(t, report, seen, map[string]Phase{"a": Unchanged, "b": Unchanged, "c": Created, "d": Created, "e": Unchanged, "f": Unchanged, "g": Created})

		c.fault = fail("delete d")
		report, err = e.Destroy(t.Context())
		var left *LeftError
		if !errors.As(err, &failed) || !errors.As(err, &left) || len(left.Left) != 3 {
			t.Fatalf("got %v", err)
		}
		check(t, report, seen, map[string]Phase{"g": Deleted, "d": Failed, "e": Deleted, "f": Deleted, "b": Deleted, "c": NotStarted, "a": NotStarted})
		if got := c.names(); !slices.Equal(got, []string{"a", "c", "d"}) {
			t.Errorf("left: %v", got)
		}
		if got := recorded(store); len(got) != 3 || got["d"] != state.Deleting {
			t.Errorf("recorded %v", got)
		}

		c.fault = nil
		if _, err = e.Destroy(t.Context()); err != nil || len(recorded(store)) != 0 {
			t.Errorf("got %v, %v", err, recorded(store))
		}
	})
}

func check(t *testing.T, report *Report, seen *log, want map[string]Phase) {
	t.Helper()
	got := make(map[string]Phase)
	for _, r := range report.Results {
		got[r.Key] = r.Phase
		if phases := seen.of(r.Key); len(phases) == 0 || phases[len(phases)-1] != r.Phase {
			t.Errorf("%s: reported %s, observed %v", r.Key, r.Phase, phases)
		}
		if (r.Phase == Failed) != (r.Err != nil) {
			t.Errorf("%s: %s with %v", r.Key, r.Phase, r.Err)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// The observer is never called by two at a time.
func TestObserverIsSerial(t *testing.T) {
	c := newCloud(t)
	fakes := graph(c, newRandom(), 30)
	busy := false
	e := &Engine{Resources: resources(fakes), Owns: owns, Observe: func(Event) {
		if busy {
			t.Error("called while it was running")
		}
		busy = true
		time.Sleep(time.Microsecond)
		busy = false
	}}
	if _, err := deploy(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Destroy(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// Without a lock the loaded document tells what was begun.
func TestPlanFromLoadedRecord(t *testing.T) {
	c := newCloud(t)
	c.things["r"] = &thing{name: "r"}
	e := &Engine{
		Resources: []Resource{&fake{cloud: c, key: "r", name: "r"}}, Owns: owns,
		Recorded: &state.Document{Resources: []state.Resource{entry("other", state.Created), entry("r", state.Creating)}},
	}
	plan, err := e.Plan(t.Context())
	if err != nil || plan.Steps[0].Action != Resume {
		t.Errorf("got %+v, %v", plan, err)
	}
}
