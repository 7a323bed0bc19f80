package engine

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"enrich/state"
)

func isDelete(call string) bool { return strings.HasPrefix(call, "delete ") }

// What comes back after its deletion, with or without its tags, is found and
// deleted again; what nobody waits for costs no pause.
func TestDestroyFindsWhatComesBack(t *testing.T) {
	tests := []struct {
		name    string
		recurs  time.Duration // declared
		after   time.Duration // it really comes back
		times   int
		elapsed time.Duration
		left    bool
	}{
		{name: "nothing declared, nothing happens", elapsed: 0},
		{name: "declared, nothing happens", recurs: 2 * time.Second, elapsed: 2 * time.Second},
		{name: "declared and happens", recurs: 2 * time.Second, after: time.Second, times: 1, elapsed: 3 * time.Second},
		{name: "not declared but at once", times: 1, elapsed: time.Second},
		{name: "again and again", times: 1000, left: true, elapsed: 5 * time.Second},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCloud(t)
				f := &fake{cloud: c, key: "r", name: "r", spec: spec{Size: 1}, recurs: test.recurs}
				times := test.times
				c.then = func(call string) {
					if !isDelete(call) || times == 0 {
						return
					}
					times--
					if test.after == 0 {
						c.things["r"] = &thing{name: "r"}
						return
					}
					time.AfterFunc(test.after, func() {
						c.mu.Lock()
						defer c.mu.Unlock()
						c.things["r"] = &thing{name: "r"}
					})
				}
				with(t, file(t), func(store *state.Store) {
					e := &Engine{Resources: []Resource{f}, Record: store, Owns: owns}
					if _, err := deploy(t.Context(), e); err != nil {
						t.Fatal(err)
					}
					report, err := e.Destroy(t.Context())
					var left *LeftError
					if errors.As(err, &left) != test.left || !test.left && err != nil {
						t.Fatalf("got %v", err)
					}
					if test.left {
						if err.Error() != "still there: thing (r)" || recorded(store)["r"] != state.Deleting {
							t.Errorf("got %v, recorded %v", err, recorded(store))
						}
					} else if len(c.names()) > 0 || len(recorded(store)) > 0 {
						t.Errorf("left: %v, recorded: %v", c.names(), recorded(store))
					}
					if got := report.Elapsed.Truncate(time.Second); got != test.elapsed {
						t.Errorf("took %s, want %s", got, test.elapsed)
					}
				})
			})
		})
	}
}

// What somebody else makes under a name that has just been freed is not deleted again,
// but named.
func TestDestroyLeavesWhatOthersMakeMeanwhile(t *testing.T) {
	for whose, made := range map[string]map[string]string{"tool": {"manager": "tool"}, "pipeline": {"pipeline": "clicks (dev)"}} {
		synctest.Test(t, func(t *testing.T) {
			c := newCloud(t)
			c.things["r"] = &thing{name: "r", tags: tags}
			c.then = func(call string) {
				if isDelete(call) {
					c.things["r"] = &thing{name: "r", tags: made}
				}
			}
			e := &Engine{Resources: []Resource{&fake{cloud: c, key: "r", name: "r"}}, Owns: owns, Owner: ownerOf}
			_, err := e.Destroy(t.Context())
			deletions := slices.DeleteFunc(slices.Clone(c.calls), func(call string) bool { return !isDelete(call) })
			var left *LeftError
			if !errors.As(err, &left) || len(deletions) != 1 || len(c.things) != 1 {
				t.Errorf("%s: called %v, %v", whose, c.calls, err)
			}
		})
	}
}

// A creation that was cut off may not show yet: the record says that it has to
// be deleted all the same.
func TestDestroyDeletesWhatDoesNotShow(t *testing.T) {
	synctest.Test(t, destroyWhatDoesNotShow)
}

func destroyWhatDoesNotShow(t *testing.T) {
	c := newCloud(t)
	f := &fake{cloud: c, key: "r", name: "r"}
	never := &fake{cloud: c, key: "n", name: "n"}
	with(t, file(t), func(store *state.Store) {
		if err := store.Put(entry("r", state.Creating)); err != nil {
			t.Fatal(err)
		}
		report, err := (&Engine{Resources: []Resource{f, never}, Record: store, Owns: owns}).Destroy(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(c.calls, "delete r") || slices.Contains(c.calls, "delete n") {
			t.Errorf("called %v", c.calls)
		}
		if report.Results[0].Phase != Unchanged || report.Results[1].Phase != Deleted || len(recorded(store)) != 0 {
			t.Errorf("got %+v, recorded %v", report.Results, recorded(store))
		}
	})
}

// What was begun a moment ago may show late: it is not missed.
func TestDestroyFindsWhatShowsLate(t *testing.T) {
	for lag, left := range map[int]bool{2: false, 100: true} {
		synctest.Test(t, func(t *testing.T) {
			c := newCloud(t)
			c.things["r"] = &thing{name: "r"}
			reads := 0
			c.fault = func(_ int, call string) fault {
				switch {
				case call == "read r":
					reads++
				case call == "delete r" && reads > lag:
					return fault{}
				}
				if reads <= lag { // it does not show to anybody
					return fault{before: ErrNotFound}
				}
				return fault{}
			}
			with(t, file(t), func(store *state.Store) {
				if err := store.Put(entry("r", state.Creating)); err != nil {
					t.Fatal(err)
				}
				began := time.Now()
				e := &Engine{Resources: []Resource{&fake{cloud: c, key: "r", name: "r"}}, Record: store, Owns: owns}
				_, err := e.Destroy(t.Context())
				if (len(c.names()) > 0) != left || !left && err != nil {
					t.Errorf("lag %d: left %v, %v", lag, c.names(), err)
				}
				if took := time.Since(began); took > showLimit+settlePause {
					t.Errorf("lag %d: it took %s", lag, took)
				}
			})
		})
	}
}

// What cannot be read cannot be shown to be ours, so it stays, and so does what
// it depends on; what cannot be read at the end is not proven to be gone.
func TestDestroyWithoutReading(t *testing.T) {
	t.Run("at first", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			c := newCloud(t)
			a := &fake{cloud: c, key: "a", name: "a"}
			b := &fake{cloud: c, key: "b", name: "b", after: []string{"a"}}
			d := &fake{cloud: c, key: "d", name: "d"}
			e := &Engine{Resources: []Resource{a, b, d}, Owns: owns}
			if _, err := deploy(t.Context(), e); err != nil {
				t.Fatal(err)
			}
			c.fault = func(_ int, call string) fault {
				if call == "read b" {
					return fault{before: errOurs}
				}
				return fault{}
			}
			_, err := e.Destroy(t.Context())
			var left *LeftError
			if !errors.Is(err, errOurs) || !errors.As(err, &left) || !slices.Equal(c.names(), []string{"a", "b"}) {
				t.Errorf("got %v, left %v", err, c.names())
			}
		})
	})
	t.Run("at last", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			c := newCloud(t)
			e := &Engine{Resources: []Resource{&fake{cloud: c, key: "r", name: "r"}}, Owns: owns}
			if _, err := deploy(t.Context(), e); err != nil {
				t.Fatal(err)
			}
			gone := false
			c.fault = func(_ int, call string) fault {
				gone = gone || isDelete(call)
				if gone && call == "read r" {
					return fault{before: errOurs}
				}
				return fault{}
			}
			_, err := e.Destroy(t.Context())
			var left *LeftError
			if !errors.As(err, &left) || !errors.Is(err, errOurs) || !strings.Contains(err.Error(), "not known to be gone: thing (r)") {
				t.Errorf("got %v", err)
			}
		})
	})
}

// What the definition no longer has goes when everything else has worked.
func TestSurplus(t *testing.T) {
	c := newCloud(t)
	some := func(key string, size int, after ...string) *fake {
		return &fake{cloud: c, key: key, name: key, spec: spec{Size: size}, after: after}
	}
	with(t, file(t), func(store *state.Store) {
		old := &Engine{Resources: []Resource{some("a", 1), some("x", 1), some("y", 1, "x")}, Record: store, Owns: owns}
		if _, err := deploy(t.Context(), old); err != nil {
			t.Fatal(err)
		}
		e := &Engine{Resources: []Resource{some("a", 2), some("b", 1, "a")}, Record: store, Owns: owns}
		gone := &Engine{Resources: []Resource{some("x", 1), some("y", 1, "x"), some("never", 1)}, Owns: owns}
		planned := func() *Plan {
			plan, err := e.Plan(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			found, err := gone.Inspect(t.Context())
			if err := errors.Join(err, e.Retire(plan, found)); err != nil {
				t.Fatal(err)
			}
			return plan
		}
		plan := planned()
		var steps []string
		for _, step := range plan.Steps {
			steps = append(steps, string(step.Action)+" "+step.Resource.Key())
		}
		if want := []string{"update a", "create b", "delete y", "delete x"}; !slices.Equal(steps, want) {
			t.Errorf("planned %v", steps)
		}
		c.fault = func(_ int, call string) fault {
			if call == "tag b" {
				return fault{before: errOurs}
			}
			return fault{}
		}
		if _, err := e.Apply(t.Context(), plan); !errors.Is(err, errOurs) || slices.ContainsFunc(c.calls, isDelete) {
			t.Errorf("got %v, called %v", err, c.calls)
		}
		c.fault, c.calls = nil, nil
		if _, err := e.Apply(t.Context(), planned()); err != nil {
			t.Fatal(err)
		}
		if got := c.names(); !slices.Equal(got, []string{"a", "b"}) {
			t.Errorf("there is %v", got)
		}
		if at := slices.Index(c.calls, "delete y"); at < slices.Index(c.calls, "configure b") || at > slices.Index(c.calls, "delete x") {
			t.Errorf("called %v", c.calls)
		}
		if got := recorded(store); len(got) != 2 {
			t.Errorf("recorded %v", got)
		}
		if plan := planned(); !plan.Empty() {
			t.Errorf("then planned %+v", plan)
		}
		c.things["x"] = &thing{name: "x"}
		found, err := gone.Inspect(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Retire(&Plan{}, found); !errors.As(err, new(*ForeignError)) {
			t.Errorf("somebody's is to go: %v", err)
		}
	})
}

// A plan needs to know everything.
func TestPlanReadsFail(t *testing.T) {
	c := newCloud(t)
	c.fault = func(_ int, call string) fault {
		if call != "read b" {
			return fault{before: errors.New("failed to " + call)}
		}
		return fault{}
	}
	e := &Engine{Resources: chain("a b c")}
	for _, r := range e.Resources {
		r.(*fake).cloud = c
	}
	if _, err := e.Plan(t.Context()); err == nil || err.Error() != "failed to read a\nfailed to read c" {
		t.Errorf("got %v", err)
	}
	found, err := e.Inspect(t.Context())
	if err != nil || found[0].Err == nil || found[1].Err != nil || found[2].Err == nil {
		t.Errorf("got %+v, %v", found, err)
	}
}

// Dependencies reach through what needs nothing done.
func TestBlockedThroughTheMiddle(t *testing.T) {
	c := newCloud(t)
	list := chain("a b:a c:b")
	for _, r := range list {
		r.(*fake).cloud = c
	}
	fail := func(call string) func(int, string) fault {
		return func(_ int, got string) fault {
			if got == call {
				return fault{before: errOurs}
			}
			return fault{}
		}
	}
	e := &Engine{Resources: list, Owns: owns}
	c.things["b"] = &thing{name: "b", tags: tags}
	c.fault = fail("create a")
	report, err := deploy(t.Context(), e)
	if !errors.Is(err, errOurs) || report.Results[1].Phase != Unchanged || report.Results[2].Phase != NotStarted {
		t.Errorf("got %+v, %v", report, err)
	}
	c.things = map[string]*thing{"a": {name: "a", tags: tags}, "c": {name: "c", tags: tags}}
	c.fault = fail("delete c")
	report, err = e.Destroy(t.Context())
	if !errors.Is(err, errOurs) || !slices.Equal(c.names(), []string{"a", "c"}) || report.Results[2].Phase != NotStarted {
		t.Errorf("got %+v, %v, left %v", report, err, c.names())
	}
}
