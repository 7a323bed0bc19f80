package engine

import (
	"errors"
	"strings"
	"testing"
)

// ownerOf is whose a thing is in these tests.
func ownerOf(tags map[string]string) Owner {
	return Owner{Manager: tags["manager"], Pipeline: tags["pipeline"]}
}

// shared is an engine with things of several owners: mine, another tool's, another
// pipeline's and nobody's, as far as they are named. Each differs in its size from ours,
// and the tool's from how the tool sets it up in nothing.
func shared(t *testing.T, names ...string) *Engine {
	t.Helper()
	c := newCloud(t)
	e := &Engine{Owns: owns, Owner: ownerOf}
	owners := map[string]map[string]string{
		"mine": tags, "theirs": {"manager": "tool"}, "another": {"pipeline": "clicks (dev)"}, "nobody": {},
	}
	for _, name := range names {
		c.things[name] = &thing{name: name, tags: owners[name], spec: spec{Size: 1}}
		e.Resources = append(e.Resources, &fake{cloud: c, key: name, name: name, spec: spec{Size: 2}})
	}
	e.Under = func(manager string) []Resource {
		if manager != "tool" {
			t.Errorf("asked for what %q sets up", manager)
		}
		return []Resource{&fake{cloud: c, key: "theirs", name: "theirs", spec: spec{Size: 1}}}
	}
	return e
}

// A run names whose everything is that it refuses.
func TestRefusalNamesOwners(t *testing.T) {
	for _, test := range []struct {
		names []string
		adopt bool
		want  string // "": is not refused
	}{
		{names: []string{"mine"}},
		{names: []string{"mine", "theirs"}, want: "managed by tool, so nothing was touched: thing (theirs)"},
		{names: []string{"nobody"}, want: "not made by this pipeline, so nothing was touched: thing (nobody)"},
		{names: []string{"another"}, want: "of the pipeline clicks (dev), so nothing was touched: thing (another)"},
		{
			names: []string{"mine", "theirs", "nobody", "another"},
			want:  "managed by tool: thing (theirs); not made by this pipeline: thing (nobody); of the pipeline clicks (dev): thing (another); nothing was touched",
		},
		{names: []string{"mine", "theirs"}, adopt: true},
		{names: []string{"mine", "nobody"}, adopt: true},
		{names: []string{"another"}, adopt: true, want: "of the pipeline clicks (dev), so nothing was touched: thing (another)"},
		{names: []string{"theirs", "nobody"}, adopt: true, want: "not made by this pipeline, so nothing was touched: thing (nobody)"},
	} {
		e := shared(t, test.names...)
		e.Adopt = test.adopt
		_, err := e.Plan(t.Context())
		if test.want == "" && err == nil {
			continue
		}
		var foreign *ForeignError
		if !errors.As(err, &foreign) || err.Error() != test.want {
			t.Errorf("%v, adopt %v: %v, want %s", test.names, test.adopt, err, test.want)
			continue
		}
		if strings.Contains(test.want, "managed by") && (len(foreign.Managers()) != 1 || foreign.Ours != 1) {
			t.Errorf("%v: managers %v, %d ours", test.names, foreign.Managers(), foreign.Ours)
		}
		if foreign.Exported != (len(test.names) == 2 && test.adopt) {
			t.Errorf("%v: exported %v", test.names, foreign.Exported)
		}
	}
}

// What another tool manages is compared with how that sets it up, by those who only
// look, and with how we do, by who takes it over.
func TestManagedIsCompared(t *testing.T) {
	e := shared(t, "mine", "theirs")
	found, err := e.Inspect(t.Context())
	if err != nil || len(found[0].Changes) != 1 || found[1].Owner.Manager != "tool" || len(found[1].Changes) != 0 {
		t.Errorf("found %+v, %v", found, err)
	}
	e.Regard = true
	plan, err := e.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if step := plan.Steps[1]; step.Manager != "tool" || step.Adopted || step.Action != None {
		t.Errorf("looked at: %+v", step)
	}
	e.Regard, e.Adopt = false, true
	if plan, err = e.Plan(t.Context()); err != nil {
		t.Fatal(err)
	}
	if step := plan.Steps[1]; step.Manager != "tool" || !step.Adopted || step.Action != Update || len(step.Changes) != 1 {
		t.Errorf("taken over: %+v", step)
	}
	e.Regard, e.Adopt = true, false
	e.Resources = shared(t, "theirs", "nobody").Resources
	if _, err := e.Plan(t.Context()); err == nil || !strings.Contains(err.Error(), "thing (nobody)") {
		t.Errorf("looked at what is nobody's: %v", err)
	}
}

// Retire takes away what another tool manages if that is taken over, and marks it.
func TestRetireManaged(t *testing.T) {
	e := shared(t, "theirs")
	found, err := e.Inspect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Retire(&Plan{}, found); err == nil {
		t.Error("retires what another tool manages")
	}
	e.Adopt = true
	plan := &Plan{}
	if err := e.Retire(plan, found); err != nil || len(plan.Steps) != 1 || plan.Steps[0].Action != Delete || !plan.Steps[0].Adopted || plan.Steps[0].Manager != "tool" {
		t.Errorf("%+v, %v", plan.Steps, err)
	}
}

// What has come into other hands since it was read is refused, and nothing else is.
func TestSameHands(t *testing.T) {
	e := shared(t, "mine", "theirs", "nobody")
	found, err := e.Inspect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := e.SameHands(t.Context(), found); err != nil {
		t.Error(err)
	}
	c := e.Resources[0].(*fake).cloud
	for name, test := range map[string]struct {
		now  map[string]string
		want string // "": is not refused
	}{
		"mine":   {map[string]string{"manager": "tool"}, "managed by tool, so nothing was touched: thing (mine)"},
		"theirs": {map[string]string{"manager": "another"}, "managed by another, so nothing was touched: thing (theirs)"},
		"nobody": {tags, ""},
	} {
		before := c.things[name]
		c.things[name] = &thing{name: name, tags: test.now}
		if err := e.SameHands(t.Context(), found); (err == nil) != (test.want == "") || err != nil && err.Error() != test.want {
			t.Errorf("%s: %v", name, err)
		}
		c.things[name] = before
	}
	refused := errors.New("refused")
	c.fault = func(_ int, call string) fault {
		if call == "read mine" {
			return fault{before: refused}
		}
		return fault{}
	}
	if err := e.SameHands(t.Context(), found); !errors.Is(err, refused) {
		t.Errorf("what cannot be read passes: %v", err)
	}
	found[0].Err = refused
	if err := e.SameHands(t.Context(), found); err != nil {
		t.Errorf("what could not be read before either: %v", err)
	}
}
