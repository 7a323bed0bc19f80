package main

import (
	"errors"
	"path/filepath"
	"slices"
	"testing"

	"enrich/engine"
	"enrich/state"
)

// What the configuration no longer has leaves the record when it is gone, but not
// before it may show.
func TestSettleComparison(t *testing.T) {
	s := offline(t)
	s.binding = state.Binding{Name: "x", Environment: "dev", Account: "1", Region: "us-east-1", Endpoint: "local"}
	s.statePath = filepath.Join(t.TempDir(), "state.json")
	store, err := s.lock(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }() // the directory goes with the test
	c := &comparison{}
	for key, phase := range map[string]state.Phase{"a": state.Created, "b": state.Deleting, "c": state.Creating, "kept": ""} {
		key = "lookup-table/" + key
		r, err := s.pipeline.Restore(key, "lookup table", "x-"+key, "")
		if err == nil && phase != "" {
			err = store.Put(state.Resource{Key: key, Kind: r.Kind(), Name: r.Name(), ID: r.Name(), Phase: phase})
		}
		if err != nil {
			t.Fatal(err)
		}
		if phase == "" {
			c.kept = []engine.Resource{r}
		} else {
			c.gone = append(c.gone, r)
		}
	}
	if err := errors.Join(c.settle(store), c.settle(store)); err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, r := range store.Document().Resources {
		left = append(left, r.Key)
	}
	slices.Sort(left)
	if !slices.Equal(left, []string{"lookup-table/c", "lookup-table/kept"}) {
		t.Errorf("recorded: %v", left)
	}
}
