package main

import (
	"context"
	"errors"
	"slices"
	"testing"

	"enrich/config"
	"enrich/engine"
	"enrich/pipeline"
	"enrich/state"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// offline is a session that asks nobody.
func offline(t *testing.T) *session {
	t.Helper()
	cfg := config.Default("dev")
	id := pipeline.Identity{Name: cfg.Name, Environment: "dev", Partition: "aws", Account: "123456789012", Region: "us-east-1"}
	sdk := aws.Config{Region: id.Region}
	p, err := pipeline.New(cfg, id, sdk, pipeline.Code{})
	if err != nil {
		t.Fatal(err)
	}
	return &session{cfg: cfg, id: id, sdk: sdk, pipeline: p}
}

// found says the same of every resource.
func found(s *session, each func(*engine.Inspection)) []engine.Inspection {
	var all []engine.Inspection
	for _, r := range s.pipeline.Resources() {
		f := engine.Inspection{Resource: r}
		each(&f)
		all = append(all, f)
	}
	return all
}

func well(f *engine.Inspection) {
	f.Observed = &engine.Observed{ID: f.Resource.Name(), Status: "ACTIVE"}
}

func TestJudge(t *testing.T) {
	s := offline(t)
	document := &state.Document{Resources: []state.Resource{{Key: "data-stream", Kind: "data stream", Phase: state.Created}}}
	changing := func(change func(*engine.Inspection)) []engine.Inspection {
		all := found(s, well)
		i := slices.IndexFunc(all, func(f engine.Inspection) bool { return f.Resource.Key() == "function" })
		change(&all[i])
		return all
	}
	nothing := found(s, func(*engine.Inspection) {})
	alone := func(key string) []engine.Inspection {
		return found(s, func(f *engine.Inspection) {
			if f.Resource.Key() == key {
				well(f)
			}
		})
	}
	bucket := state.Resource{Key: "delivery-bucket", Kind: "delivery bucket", Phase: state.Created}
	keeping := &state.Document{Resources: []state.Resource{bucket}}
	begun := &state.Document{Resources: []state.Resource{bucket, {Key: "data-stream", Kind: "data stream", Phase: state.Creating}}}
	for name, test := range map[string]struct {
		recorded          *state.Document
		found             []engine.Inspection
		deployed, healthy bool
		problems          int
		status            string // of the function
	}{
		"never deployed":                             {nil, nothing, false, false, 0, "missing"},
		"all well":                                   {document, found(s, well), true, true, 0, "ACTIVE"},
		"record lost":                                {nil, found(s, well), true, true, 0, "ACTIVE"},
		"one missing":                                {document, changing(func(f *engine.Inspection) { f.Observed = nil }), true, false, 1, "missing"},
		"one unhealthy":                              {document, changing(func(f *engine.Inspection) { f.Observed.Unhealthy = "broken" }), true, false, 1, "ACTIVE"},
		"one drifted":                                {document, changing(func(f *engine.Inspection) { f.Changes = []engine.Change{{Field: "memory", Old: 1, New: 2}} }), true, false, 1, "ACTIVE"},
		"one on its way":                             {document, changing(func(f *engine.Inspection) { f.Observed.Transient = true }), true, false, 1, "ACTIVE"},
		"one foreign":                                {document, changing(func(f *engine.Inspection) { f.Foreign = true }), true, false, 1, "foreign"},
		"one unread":                                 {document, changing(func(f *engine.Inspection) { f.Observed, f.Err = nil, errors.New("throttled") }), true, false, 1, "unknown"},
		"recorded, but all gone":                     {document, nothing, false, false, 1, "missing"},
		"destroyed but for the bucket":               {keeping, alone("delivery-bucket"), false, false, 0, "missing"},
		"another one than the kept exists":           {keeping, alone("log-group"), true, false, len(nothing) - 1, "missing"},
		"destroyed, and the kept is gone":            {keeping, nothing, false, false, 1, "missing"},
		"all deleted by hand but the bucket":         {document, alone("delivery-bucket"), true, false, len(nothing) - 1, "missing"},
		"stopped when only the bucket was there yet": {begun, alone("delivery-bucket"), true, false, len(nothing) - 1, "missing"},
		"nothing can be read": {nil, found(s, func(f *engine.Inspection) { f.Err = errors.New("denied") }),
			false, false, len(nothing), "unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			d := judge(s, test.recorded, test.found)
			d.conclude(words)
			if d.Deployed != test.deployed || d.Healthy != test.healthy || len(d.Problems) != test.problems {
				t.Errorf("deployed %v, healthy %v, problems %q", d.Deployed, d.Healthy, d.Problems)
			}
			for _, r := range d.Resources {
				if r.Key == "function" && r.Status != test.status {
					t.Errorf("the function is %s, want %s", r.Status, test.status)
				}
				if r.Drift == nil {
					t.Errorf("%s: drift is null, not a list", r.Key)
				}
			}
			if len(d.Resources) != len(nothing) {
				t.Errorf("%d resources, want %d", len(d.Resources), len(nothing))
			}
			for _, key := range []string{"account", "region", "endpoint"} {
				if _, ok := d.Outputs[key]; !ok {
					t.Errorf("output %s is missing", key)
				}
			}
			if _, ok := d.Outputs["stream"]; ok != test.deployed {
				t.Errorf("outputs %v", d.Outputs)
			}
		})
	}
}

// words are those of a command, as they are told.
func words(command string) string { return "enrich " + command }

// What the configuration no longer has is shown as long as it exists, and is no
// illness.
func TestJudgeLeft(t *testing.T) {
	s := offline(t)
	document := &state.Document{Resources: []state.Resource{{Key: "lookup-table/old", Kind: "lookup table", Name: "x-old", Phase: state.Created}}}
	left, err := s.left(document)
	if err != nil || len(left) != 1 || left[0].Name() != "x-old" {
		t.Fatalf("%v, %v", left, err)
	}
	kept := engine.Inspection{Resource: left[0], Observed: &engine.Observed{Status: "ACTIVE"}}
	d := judge(s, document, append(found(s, well), kept))
	if d.conclude(words); !d.Healthy || d.Resources[len(d.Resources)-1].Key != "lookup-table/old" {
		t.Errorf("healthy %v, problems %q", d.Healthy, d.Problems)
	}
	kept.Observed = nil
	d = judge(s, document, append(found(s, well), kept))
	if d.conclude(words); !d.Healthy || len(d.Resources) != len(s.pipeline.Resources()) {
		t.Errorf("healthy %v, %d resources", d.Healthy, len(d.Resources))
	}
	if _, err := s.left(&state.Document{Resources: []state.Resource{{Key: "queue", Kind: "queue"}}}); err == nil {
		t.Error("an unknown kind is dropped without a word")
	}
	if _, err := s.mapping(withoutTime(t)); err == nil {
		t.Error("the mapping was read without a connection")
	}
}

// withoutTime is a context that has ended.
func withoutTime(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}
