package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"enrich/state"
)

// When the context ends, what runs is told and nothing new starts.
func TestCancel(t *testing.T) {
	for _, deleting := range []bool{false, true} {
		t.Run(fmt.Sprint("deleting ", deleting), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCloud(t)
				var fakes []*fake
				for _, r := range chain("a b c:b d:c e:a") {
					f := r.(*fake)
					f.cloud, f.spec, f.takes = c, spec{Size: 1}, 10*time.Second
					fakes = append(fakes, f)
				}
				fakes[0].takes = 30 * time.Second // a
				why := errors.New("Ctrl-C")
				ctx, cancel := context.WithCancelCause(t.Context())
				with(t, file(t), func(store *state.Store) {
					seen := &log{}
					e := &Engine{Resources: resources(fakes), Record: store, Owns: owns, Observe: seen.observe}
					run := func() (*Report, error) { return deploy(ctx, e) }
					want := map[string]Phase{"a": Failed, "b": Created, "c": Failed, "d": NotStarted, "e": NotStarted}
					left := map[string]state.Phase{"a": state.Creating, "b": state.Created, "c": state.Creating}
					if deleting {
						if _, err := deploy(t.Context(), e); err != nil { //nolint:contextcheck // only the next run is cancelled
							t.Fatal(err)
						}
						run = func() (*Report, error) { return e.Destroy(ctx) }
						want = map[string]Phase{"a": Failed, "b": NotStarted, "c": Failed, "d": Deleted, "e": Deleted}
						left = map[string]state.Phase{"a": state.Deleting, "b": state.Created, "c": state.Deleting}
					}
					time.AfterFunc(15*time.Second, func() { cancel(why) })
					began := time.Now()
					report, err := run()
					if took := time.Since(began); took != 15*time.Second {
						t.Errorf("took %s", took)
					}
					var failed *FailedError
					if !errors.Is(err, why) || !errors.As(err, &failed) || !strings.HasPrefix(err.Error(), "interrupted; ") {
						t.Errorf("got %v", err)
					}
					check(t, report, seen, want)
					if diff := cmp.Diff(left, recorded(store)); diff != "" {
						t.Error(diff)
					}
					if deleting {
						_, err = e.Destroy(t.Context()) //nolint:contextcheck // the first one has ended
					} else {
						_, err = deploy(t.Context(), e) //nolint:contextcheck // the first one has ended
					}
					if err != nil {
						t.Errorf("rerun: %v", err)
					}
				})
			})
		})
	}
}

// A context that has ended already starts nothing at all.
func TestCancelledBefore(t *testing.T) {
	c := newCloud(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	e := &Engine{Resources: resources([]*fake{{cloud: c, key: "r", name: "r"}})}
	for name, run := range map[string]func() error{
		"inspect": func() error { _, err := e.Inspect(ctx); return err },
		"plan":    func() error { _, err := e.Plan(ctx); return err },
		"destroy": func() error { _, err := e.Destroy(ctx); return err },
		"apply": func() error {
			_, err := e.Apply(ctx, &Plan{Steps: []Step{{Resource: e.Resources[0], Action: Create}}})
			return err
		},
	} {
		if err := run(); !errors.Is(err, context.Canceled) || len(c.calls) > 0 {
			t.Errorf("%s: got %v, calls %v", name, err, c.calls)
		}
	}
}

// What was on its way turns out to need what nobody has agreed to.
func TestResumeDoesNotReplace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(t)
		f := &fake{cloud: c, key: "r", name: "r", spec: spec{Fixed: "x"}}
		c.things["r"] = &thing{name: "r", tags: tags, spec: spec{Fixed: "y"}, reads: 2}
		begun := &state.Document{Resources: []state.Resource{entry("r", state.Creating)}}
		e := &Engine{Resources: []Resource{f}, Recorded: begun, Owns: owns}
		_, err := deploy(t.Context(), e)
		if err == nil || !strings.Contains(err.Error(), "replaced to change fixed") {
			t.Fatalf("got %v", err)
		}
		plan, err := e.Plan(t.Context())
		if err != nil || plan.Steps[0].Action != Replace {
			t.Errorf("then planned %+v, %v", plan, err)
		}
	})
}

// A resource that does not show after its creation is waited for, not forever.
func TestResumeWaitsUntilItShows(t *testing.T) {
	for _, lag := range []int{3, 1000} {
		synctest.Test(t, func(t *testing.T) {
			c := newCloud(t)
			f := &fake{cloud: c, key: "r", name: "r", spec: spec{Size: 1}}
			c.things["r"] = &thing{name: "r", tags: tags, reads: 1}
			reads := 0
			c.fault = func(_ int, call string) fault {
				if call != "read r" {
					return fault{}
				}
				if reads++; reads > 1 && reads <= 1+lag {
					return fault{before: fmt.Errorf("lagging: %w", ErrNotFound)}
				}
				return fault{}
			}
			begun := &state.Document{Resources: []state.Resource{entry("r", state.Creating)}}
			_, err := deploy(t.Context(), &Engine{Resources: []Resource{f}, Recorded: begun, Owns: owns})
			if (lag > 100) != errors.Is(err, ErrNotFound) || lag < 100 && err != nil {
				t.Errorf("lag %d: got %v", lag, err)
			}
		})
	}
}

// What never comes to rest, or cannot be read in the meantime, ends the wait of a
// plan, and nothing is changed.
func TestPlanWaitsUntilItRests(t *testing.T) {
	tests := []struct {
		name    string
		foreign bool
		fault   error // of the second read
		says    string
	}{
		{name: "never", says: "thing (r) is still OK after 10m0s"},
		{name: "unreadable", fault: errOurs, says: errOurs.Error()},
		{name: "interrupted", fault: context.Canceled, says: errOurs.Error()},
		{name: "somebody's", foreign: true, says: "not made by this pipeline"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				c := newCloud(t)
				c.things["r"] = &thing{name: "r", reads: 1000}
				if !test.foreign {
					c.things["r"].tags = tags
				}
				c.fault = func(n int, _ string) fault {
					if n == 1 && errors.Is(test.fault, context.Canceled) {
						cancel(errOurs)
					}
					if n == 1 {
						return fault{before: test.fault}
					}
					return fault{}
				}
				_, err := (&Engine{Resources: []Resource{&fake{cloud: c, key: "r", name: "r"}}, Owns: owns}).Plan(ctx)
				if err == nil || !strings.Contains(err.Error(), test.says) {
					t.Errorf("got %v", err)
				}
				if test.foreign && len(c.calls) != 1 {
					t.Errorf("waited for what is not ours: %v", c.calls)
				}
				if slices.ContainsFunc(c.calls, func(call string) bool { return !strings.HasPrefix(call, "read ") }) {
					t.Errorf("called %v", c.calls)
				}
				cancel(nil)
			})
		})
	}
}
