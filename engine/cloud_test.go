package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"enrich/state"
)

// cloud is where the tests' resources exist. It refuses what a real one would:
// a creation before what it needs, a deletion before what needs it.
type cloud struct {
	t *testing.T

	mu     sync.Mutex
	things map[string]*thing // by ID
	made   map[string]int    // by name: how often something was begun
	serial int
	calls  []string
	// fault decides about call number n; see before and after. nil: none.
	fault func(n int, call string) fault
	then  func(call string) // runs after a call's effect; may be nil
	// dead: nothing is answered any more.
	dead bool
	died func()
}

// fault is what happens to one call.
type fault struct {
	before error // the call has no effect
	after  error // it has, but the answer is lost
	kill   bool  // nothing after it is answered either
}

type thing struct {
	name string
	tags map[string]string
	spec spec
	// reads is how many more reads show it as on its way.
	reads   int
	leaving bool // on its way out
}

type spec struct {
	Size  int               `json:"size"`
	Fixed string            `json:"fixed,omitempty"` // cannot be changed in place
	Tags  map[string]string `json:"tags,omitempty"`
}

var (
	errKilled = errors.New("killed")
	errOurs   = errors.New("a fault")
)

func newCloud(t *testing.T) *cloud {
	return &cloud{t: t, things: make(map[string]*thing), made: make(map[string]int)}
}

// call runs the effect of one API call unless there is a fault.
func (c *cloud) call(ctx context.Context, name string, effect func() error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dead {
		return errKilled
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	n := len(c.calls)
	c.calls = append(c.calls, name)
	var f fault
	if c.fault != nil {
		f = c.fault(n, name)
	}
	err := f.before
	if err == nil {
		err = effect()
	}
	if err == nil && c.then != nil {
		c.then(name)
	}
	if err == nil {
		err = f.after
	}
	if f.kill {
		c.dead = true
		c.died()
		return errKilled
	}
	return err
}

// find gives what exists under a name.
func (c *cloud) find(name string) (string, *thing) {
	for id, t := range c.things {
		if t.name == name {
			return id, t
		}
	}
	return "", nil
}

func (c *cloud) names() []string {
	names := []string{}
	for _, t := range c.things {
		names = append(names, t.name)
	}
	slices.Sort(names)
	return names
}

// fake is a resource in the cloud. Its creation takes three calls, after each of
// which it may be interrupted.
type fake struct {
	cloud    *cloud
	key      string
	name     string
	after    []string
	spec     spec
	untagged bool // the kind carries no tags
	serial   bool // its ID is made by the cloud, which makes any number of it
	recurs   time.Duration
	takes    time.Duration                                // to create, update or delete
	during   func(ctx context.Context, what string) error // within each of those
}

var tags = map[string]string{"owner": "tests"}

func owns(tags map[string]string) bool { return tags["owner"] == "tests" }

func (f *fake) Key() string           { return f.key }
func (f *fake) Kind() string          { return "thing" }
func (f *fake) Name() string          { return f.name }
func (f *fake) ARN() string           { return "arn:" + f.name }
func (f *fake) DependsOn() []string   { return f.after }
func (f *fake) Desired() any          { return f.spec }
func (f *fake) Recurs() time.Duration { return f.recurs }

func (f *fake) Read(ctx context.Context) (*Observed, error) {
	var observed *Observed
	err := f.cloud.call(ctx, "read "+f.name, func() error {
		id, found := f.cloud.find(f.name)
		if found == nil {
			return fmt.Errorf("reading %s: %w", f.name, ErrNotFound)
		}
		observed = &Observed{ID: id, ARN: "arn:" + id, Status: "OK", Spec: found.spec, Transient: found.reads > 0, Deleting: found.leaving}
		found.reads = max(0, found.reads-1)
		if !f.untagged {
			observed.Tags = maps.Clone(found.tags)
			if observed.Tags == nil {
				observed.Tags = map[string]string{}
			}
		}
		return nil
	})
	return observed, err
}

func (f *fake) Diff(observed *Observed) []Change {
	changes := Compare(f.spec, observed.Spec)
	for i := range changes {
		changes[i].Replace = changes[i].Field == "fixed"
	}
	return changes
}

func (f *fake) pass(ctx context.Context, what string) error {
	if f.during != nil {
		if err := f.during(ctx, what); err != nil {
			return err
		}
	}
	if f.takes > 0 {
		return sleep(ctx, f.takes)
	}
	return nil
}

func (f *fake) Create(ctx context.Context, progress Progress) error {
	var id string
	if err := f.cloud.call(ctx, "create "+f.name, func() error {
		for _, dependency := range f.after {
			if _, found := f.cloud.find(dependency); found == nil {
				f.cloud.t.Errorf("%s is created before %s", f.name, dependency)
			}
		}
		var found *thing
		if id, found = f.cloud.find(f.name); found != nil {
			return nil // exists already
		}
		id = f.name
		if f.serial {
			f.cloud.serial++
			id = fmt.Sprintf("id-%d", f.cloud.serial)
		}
		f.cloud.made[f.name]++
		f.cloud.things[id] = &thing{name: f.name, spec: spec{Fixed: f.spec.Fixed}}
		return nil
	}); err != nil {
		return err
	}
	progress.Identified(id, "arn:"+id)
	progress.Status("waiting for OK")
	done := progress.Waits()
	err := f.pass(ctx, "create")
	done()
	if err != nil {
		return err
	}
	if err := f.cloud.call(ctx, "tag "+f.name, func() error {
		f.cloud.things[id].tags = maps.Clone(tags)
		return nil
	}); err != nil {
		return err
	}
	return f.cloud.call(ctx, "configure "+f.name, func() error {
		f.cloud.things[id].spec.Size = f.spec.Size
		f.cloud.things[id].spec.Tags = f.spec.Tags
		return nil
	})
}

func (f *fake) Update(ctx context.Context, observed *Observed, changes []Change, _ Progress) error {
	if err := f.pass(ctx, "update"); err != nil {
		return err
	}
	return f.cloud.call(ctx, "update "+f.name, func() error {
		for _, change := range changes {
			if change.Replace {
				f.cloud.t.Errorf("%s: %s changed in place", f.name, change.Field)
			}
		}
		f.cloud.things[observed.ID].spec = f.spec
		return nil
	})
}

func (f *fake) Delete(ctx context.Context, _ Progress) error {
	if err := f.pass(ctx, "delete"); err != nil {
		return err
	}
	if err := f.cloud.call(ctx, "empty "+f.name, func() error { return nil }); err != nil {
		return err
	}
	return f.cloud.call(ctx, "delete "+f.name, func() error {
		id, _ := f.cloud.find(f.name)
		delete(f.cloud.things, id)
		return nil
	})
}

// log is an observer that remembers.
type log struct{ events []Event }

func (l *log) observe(e Event) { l.events = append(l.events, e) }

func (l *log) of(key string) []Phase {
	var phases []Phase
	for _, e := range l.events {
		if e.Key == key && e.Phase != Reading && e.Phase != Waiting {
			phases = append(phases, e.Phase)
		}
	}
	return phases
}

var binding = state.Binding{Name: "tests", Environment: "dev", Account: "000000000000", Region: "us-east-1", Endpoint: "local"}

// file is a state file of one test.
func file(t *testing.T) string { return filepath.Join(t.TempDir(), "state.json") }

// with opens the state file around f.
func with(t *testing.T, path string, f func(*state.Store)) {
	t.Helper()
	store, err := state.Open(t.Context(), path, binding)
	if err != nil {
		t.Fatal(err)
	}
	f(store)
	if err := store.Close(); err != nil {
		t.Error(err)
	}
}

// snapshot remembers a file and gives what brings it back as it is now.
func snapshot(t *testing.T, path string) (restore func()) {
	content, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		t.Error(err)
	}
	return func() {
		if content == nil {
			if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
				t.Error(err)
			}
			return
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Error(err)
		}
	}
}

func resources(fakes []*fake) []Resource {
	list := make([]Resource, len(fakes))
	for i, f := range fakes {
		list[i] = f
	}
	return list
}

// deploy plans and applies.
func deploy(ctx context.Context, e *Engine) (*Report, error) {
	plan, err := e.Plan(ctx)
	if err != nil {
		return nil, err
	}
	return e.Apply(ctx, plan)
}

// phases of the record by key.
func recorded(store *state.Store) map[string]state.Phase {
	found := make(map[string]state.Phase)
	for _, r := range store.Document().Resources {
		found[r.Key] = r.Phase
	}
	return found
}
