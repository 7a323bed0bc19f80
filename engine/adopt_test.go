package engine

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"enrich/state"
)

// What is not ours is planned as a change when that is wished, and still refused
// when it would have to be replaced: what is in it is not ours to lose.
func TestAdopt(t *testing.T) {
	c := newCloud(t)
	c.things["r"] = &thing{name: "r", spec: spec{Size: 1, Fixed: "a"}}
	f := &fake{cloud: c, key: "r", name: "r", spec: spec{Size: 2, Fixed: "a"}}
	e := &Engine{Resources: []Resource{f}, Owns: owns, Adopt: true}
	plan, err := e.Plan(t.Context())
	if err != nil || len(plan.Steps) != 1 {
		t.Fatalf("%+v, %v", plan, err)
	}
	if step := plan.Steps[0]; !step.Adopted || step.Action != Update || len(step.Changes) != 1 {
		t.Errorf("planned %+v", step)
	}
	report, err := e.Apply(t.Context(), plan)
	if err != nil || !report.Results[0].Adopted || report.Results[0].Phase != Updated || c.things["r"].spec.Size != 2 {
		t.Errorf("%+v, %v", report.Results, err)
	}
	c.things["r"].tags = tags
	if plan, err := e.Plan(t.Context()); err != nil || plan.Steps[0].Adopted {
		t.Errorf("ours is adopted: %+v, %v", plan, err)
	}

	c.things["r"].tags, f.spec.Fixed = nil, "b"
	var foreign *ForeignError
	if _, err := e.Plan(t.Context()); !errors.As(err, &foreign) || !foreign.Fixed() || !strings.Contains(err.Error(), "thing (r) differs in fixed") {
		t.Errorf("got %v", err)
	}
	if _, err := (&Engine{Resources: []Resource{f}, Owns: owns}).Plan(t.Context()); !errors.As(err, &foreign) || foreign.Fixed() {
		t.Errorf("got %v", err)
	}
	if slices.ContainsFunc(c.calls, isDelete) {
		t.Errorf("called %v", c.calls)
	}
}

// A difference is drift if and only if the definition is the one that was deployed
// last.
func TestDrift(t *testing.T) {
	c := newCloud(t)
	f := &fake{cloud: c, key: "r", name: "r", spec: spec{Size: 1}}
	with(t, file(t), func(store *state.Store) {
		e := &Engine{Resources: []Resource{f}, Record: store, Owns: owns}
		step := func() Step {
			plan, err := e.Plan(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return plan.Steps[0]
		}
		if step().Drift {
			t.Error("what never was has not been deleted by somebody")
		}
		if _, err := deploy(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		if step().Drift {
			t.Error("nothing differs")
		}
		c.things["r"].spec.Size = 3
		if s := step(); s.Action != Update || !s.Drift {
			t.Errorf("changed by somebody: %+v", s)
		}
		f.spec.Size = 2
		if s := step(); s.Action != Update || s.Drift {
			t.Errorf("changed by us: %+v", s)
		}
		report, err := deploy(t.Context(), e)
		if err != nil || report.Results[0].Drift || len(report.Results[0].Changes) != 1 {
			t.Errorf("%+v, %v", report, err)
		}
		delete(c.things, "r")
		if s := step(); s.Action != Create || !s.Drift {
			t.Errorf("deleted by somebody: %+v", s)
		}
	})
}
