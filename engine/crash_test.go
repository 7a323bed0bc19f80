package engine

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"

	"enrich/state"
)

// graph makes resources that depend on earlier ones at random.
func graph(c *cloud, random *rand.Rand, count int) []*fake {
	var fakes []*fake
	for i := range count {
		f := &fake{cloud: c, key: fmt.Sprintf("r%d", i), name: fmt.Sprintf("r%d", i), spec: spec{Size: i + 1}}
		f.serial, f.untagged = random.IntN(3) == 0, random.IntN(4) == 0
		for j := range i {
			if random.IntN(3) == 0 {
				f.after = append(f.after, fmt.Sprintf("r%d", j))
			}
		}
		fakes = append(fakes, f)
	}
	return fakes
}

// same proves that the cloud holds each resource exactly once, as desired.
func same(t *testing.T, c *cloud, fakes []*fake) {
	t.Helper()
	var want []string
	for _, f := range fakes {
		want = append(want, f.name)
		if _, found := c.find(f.name); found != nil && Compare(f.spec, found.spec) != nil {
			t.Errorf("%s is %+v, want %+v", f.name, found.spec, f.spec)
		}
		if _, found := c.find(f.name); found != nil && !maps.Equal(found.tags, tags) {
			t.Errorf("%s has the tags %v", f.name, found.tags)
		}
		if c.made[f.name] != 1 {
			t.Errorf("%s was made %d times", f.name, c.made[f.name])
		}
	}
	slices.Sort(want)
	if got := c.names(); !slices.Equal(got, want) {
		t.Errorf("there is %v, want %v", got, want)
	}
}

// crash is one run that is killed in one call: the process ends there, so what
// the engine still does while it unwinds must not count.
func crash(t *testing.T, path string, c *cloud, at int, effective bool, run func(*state.Store) error) (died bool) {
	t.Helper()
	restore := func() {}
	first := len(c.calls)
	c.died = func() { restore = snapshot(t, path) }
	c.fault = func(n int, _ string) fault {
		if n-first != at {
			return fault{}
		}
		if effective {
			return fault{kill: true}
		}
		return fault{kill: true, before: errKilled}
	}
	var err error
	with(t, path, func(store *state.Store) { err = run(store) })
	died = c.dead
	if died {
		if err == nil {
			t.Errorf("killed in call %d, and nothing is reported", at)
		}
		restore()
	} else if err != nil {
		t.Errorf("not killed in call %d, but: %v", at, err)
	}
	c.dead, c.fault = false, nil
	return died
}

// Kill deploy before or after any call has taken effect and run it again: each
// resource exists exactly once. Kill destroy likewise: nothing is left.
func TestKilledAnywhere(t *testing.T) {
	for seed := range uint64(3) {
		for _, effective := range []bool{false, true} {
			t.Run(fmt.Sprintf("seed %d, effective %v", seed, effective), func(t *testing.T) {
				t.Parallel()
				for at := 0; ; at++ {
					if !killed(t, seed, at, effective) {
						if at < 20 {
							t.Errorf("only %d positions were tried", at)
						}
						return
					}
				}
			})
		}
	}
}

// killed kills one deploy and one destroy at a position; false: both ended
// before they got there.
func killed(t *testing.T, seed uint64, at int, effective bool) (reached bool) {
	synctest.Test(t, func(t *testing.T) {
		c, path := newCloud(t), file(t)
		fakes := graph(c, rand.New(rand.NewPCG(seed, 7)), 5)
		engine := func(store *state.Store) *Engine {
			return &Engine{Resources: resources(fakes), Record: store, Owns: owns}
		}
		up := func(store *state.Store) error {
			_, err := deploy(t.Context(), engine(store))
			return err
		}
		down := func(store *state.Store) error {
			_, err := engine(store).Destroy(t.Context())
			return err
		}
		reached = crash(t, path, c, at, effective, up)
		with(t, path, func(store *state.Store) {
			if err := up(store); err != nil {
				t.Fatalf("killed at call %d (%v), then: %v", at, c.calls, err)
			}
			for key, phase := range recorded(store) {
				if phase != state.Created {
					t.Errorf("%s is recorded as %s", key, phase)
				}
			}
			if n := len(recorded(store)); n != len(fakes) {
				t.Errorf("%d resources are recorded", n)
			}
			plan, err := engine(store).Plan(t.Context())
			if err != nil || !plan.Empty() {
				t.Errorf("a third run would not be empty: %+v, %v", plan, err)
			}
		})
		same(t, c, fakes)

		reached = crash(t, path, c, at, effective, down) || reached
		with(t, path, func(store *state.Store) {
			if err := down(store); err != nil {
				t.Fatalf("destroy killed at call %d, then: %v", at, err)
			}
			if left := recorded(store); len(left) != 0 {
				t.Errorf("still recorded: %v", left)
			}
		})
		if left := c.names(); len(left) != 0 {
			t.Errorf("destroy killed at call %d: %v left", at, left)
		}
	})
	return reached
}

// Calls fail at random, before or after they have taken effect: each run does
// what it can, some rerun gets through, and the result is the same.
func TestFailingAnywhere(t *testing.T) {
	for seed := range uint64(25) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				random := rand.New(rand.NewPCG(seed, 9))
				c, path := newCloud(t), file(t)
				fakes := graph(c, random, 3+random.IntN(8))
				rate := 0.05 + random.Float64()*0.2
				c.fault = func(int, string) fault {
					switch draw := random.Float64(); {
					case draw < rate/2:
						return fault{before: errOurs}
					case draw < rate:
						return fault{after: errOurs}
					}
					return fault{}
				}
				repeat := func(run func(*Engine) error) {
					for attempt := 0; ; attempt++ {
						var err error
						with(t, path, func(store *state.Store) {
							err = run(&Engine{Resources: resources(fakes), Record: store, Owns: owns})
						})
						if err == nil {
							return
						}
						if attempt == 300 {
							t.Fatalf("does not converge: %v", err)
						}
					}
				}
				repeat(func(e *Engine) error { _, err := deploy(t.Context(), e); return err })
				same(t, c, fakes)
				repeat(func(e *Engine) error { _, err := e.Destroy(t.Context()); return err })
				if left := c.names(); len(left) != 0 {
					t.Errorf("%v left", left)
				}
			})
		})
	}
}
