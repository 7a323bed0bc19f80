package pipeline

import (
	"fmt"
	"maps"
	"slices"

	"enrich/engine"
)

// Managed is the definition as another tool has it, which an export was written for.
func (p *Pipeline) Managed(by string) *Pipeline {
	other := *p
	other.tags = maps.Clone(p.tags)
	other.tags[tagManagedBy] = by
	return &other
}

// marks tells whether tags are of this pipeline, whoever manages it.
func (p *Pipeline) marks(tags map[string]string) bool {
	return tags[tagPipeline] == p.id.Name && tags[tagEnvironment] == p.id.Environment
}

// Owns tells whether a resource with these tags belongs to this pipeline.
func (p *Pipeline) Owns(tags map[string]string) bool {
	return p.marks(tags) && tags[tagManagedBy] == p.tags[tagManagedBy]
}

// Owner tells whose a resource with these tags is, if it is not this pipeline's.
func (p *Pipeline) Owner(tags map[string]string) engine.Owner {
	name, environment := tags[tagPipeline], tags[tagEnvironment]
	switch {
	case p.Owns(tags):
		return engine.Owner{}
	case p.marks(tags):
		return engine.Owner{Manager: tags[tagManagedBy]} // "" where only that tag is lost
	case name != "" && name != p.id.Name, environment != "" && environment != p.id.Environment:
		return engine.Owner{Pipeline: fmt.Sprintf("%s (%s)", name, environment)}
	}
	return engine.Owner{}
}

// Under gives the resources as another tool has them.
func (p *Pipeline) Under(manager string) []engine.Resource { return p.Managed(manager).Resources() }

// Stack is the CloudFormation stack that has made a resource, by its tags; "" if none
// has. CloudFormation takes these tags away when it lets go of a resource, but not of
// every kind, and gives none to roles.
// https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/1049
func Stack(observed *engine.Observed) string {
	if observed == nil {
		return ""
	}
	return observed.Tags["aws:cloudformation:stack-name"]
}

// Kept is a table that the configuration does not have, as it comes to this pipeline
// from another manager: nothing but its tag is changed.
func (p *Pipeline) Kept(r engine.Resource, observed *engine.Observed) engine.Resource {
	table, ok := r.(*lookupTable)
	if !ok {
		return nil
	}
	kept := *table
	kept.desired.Tags = userTags(observed.Tags)
	kept.desired.Tags[tagManagedBy] = p.tags[tagManagedBy]
	return keptTable{Resource: &kept, table: &kept}
}

// keptTable shows no desired data: no definition of it has been deployed.
type keptTable struct {
	engine.Resource
	table *lookupTable
}

func (k keptTable) Diff(observed *engine.Observed) []engine.Change {
	return slices.DeleteFunc(k.table.Diff(observed), func(c engine.Change) bool { return !tagged([]engine.Change{c}) })
}

func (k keptTable) needs() []need { return k.table.needs() }
