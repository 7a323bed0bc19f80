package pipeline

import (
	"path/filepath"
	"testing"

	"enrich/config"
	"enrich/engine"
	"enrich/state"
)

// The whole pipeline is deployed at once, found complete, changed, and taken
// away without a trace.
func TestWholePipeline(t *testing.T) {
	c := newCloud(t)
	store, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "orders-dev.json"), state.Binding{
		Name: "orders", Environment: "dev", Account: c.id.Account, Region: c.id.Region, Endpoint: *c.sdk.BaseEndpoint,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	work := func(p *Pipeline) *engine.Engine {
		return &engine.Engine{Resources: p.Resources(), Record: store, Owns: p.Owns}
	}
	deploy := func(p *Pipeline) map[engine.Action]int {
		t.Helper()
		e := work(p)
		plan, err := e.Plan(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := e.Apply(t.Context(), plan); err != nil {
			t.Fatal(err)
		}
		return plan.Counts()
	}
	small, big := c.pipeline(t), c.pipeline(t, func(c *config.Config) {
		c.Stream.Shards, c.Function.Memory, c.Tags = 4, 512, map[string]string{"team": "web"}
	})
	all := len(small.Resources())
	if counts := deploy(small); counts[engine.Create] != all {
		t.Errorf("first: %v", counts)
	}
	if counts := deploy(small); counts[engine.None] != all {
		t.Errorf("again: %v", counts)
	}
	counts := deploy(big)
	if untagged := counts[engine.None]; untagged > 0 && c.emulated || counts[engine.Update]+untagged != all {
		t.Errorf("changed: %v", counts)
	}
	if counts := deploy(big); counts[engine.None] != all {
		t.Errorf("changed again: %v", counts)
	}
	if _, err := work(big).Destroy(t.Context()); err != nil {
		t.Fatal(err)
	}
	inspections, err := work(big).Inspect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range inspections {
		if i.Observed != nil || i.Err != nil {
			t.Errorf("%s is left: %+v, %v", i.Resource.Key(), i.Observed, i.Err)
		}
	}
}
