package main

import (
	"strings"
	"testing"

	"enrich/config"
	"enrich/engine"
	"enrich/pipeline"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// A table that somebody protected by hand stops a destroy before anything goes,
// in every environment.
func TestDestroyRefusesProtectedTables(t *testing.T) {
	p, err := pipeline.New(config.Default("dev"), pipeline.Identity{
		Name: "data-enrichment", Environment: "dev", Partition: "aws", Account: "123456789012", Region: "us-east-1",
	}, aws.Config{}, pipeline.Code{})
	if err != nil {
		t.Fatal(err)
	}
	var found []engine.Inspection
	for _, r := range p.Resources() {
		observed := &engine.Observed{}
		if r.Kind() == "lookup table" {
			observed.Spec = pipeline.LookupTable{DeletionProtection: true}
		}
		found = append(found, engine.Inspection{Resource: r, Observed: observed})
	}
	found = append(found, engine.Inspection{Resource: found[0].Resource}) // could not be read
	s := &session{pipeline: p}
	err = refuseProtected(s, found)
	if err == nil || !strings.Contains(err.Error(), "data-enrichment-dev-users is protected") {
		t.Errorf("got %v", err)
	}
	p.Force = true
	if err := refuseProtected(s, found); err != nil {
		t.Errorf("with --force: %v", err)
	}
}
