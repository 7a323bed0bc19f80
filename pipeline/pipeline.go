// Package pipeline is the definition of an enrichment pipeline: which resources
// it consists of, how each is set up and how each is read, compared, created,
// changed and deleted. Every command reads this one definition.
package pipeline

import (
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"enrich/config"
	"enrich/engine"
)

// Pipeline is the definition for one configuration in one account and region.
type Pipeline struct {
	// Force lets Delete take away what is protected against deletion.
	Force bool

	cfg         config.Config
	id          Identity
	sdk         aws.Config
	code        Code
	names       Names
	tags        map[string]string
	environment map[string]string // of the function
}

// Code is the function's archive for the configured architecture.
type Code struct {
	Zip    []byte // empty in a build without archives
	SHA256 string // base64, as Lambda's CodeSha256
}

// New makes the definition. It fails when a derived name is not one that AWS
// takes, or when the lookups do not fit into the function's environment.
func New(cfg config.Config, id Identity, sdk aws.Config, code Code) (*Pipeline, error) {
	if problems := problemsOf(id, cfg.Lookups); len(problems) > 0 {
		return nil, fmt.Errorf("names: %s", strings.Join(problems, "; "))
	}
	p := &Pipeline{
		cfg:   cfg,
		id:    id,
		sdk:   ControlPlane(sdk),
		code:  code,
		names: namesOf(id, cfg.Lookups),
		tags:  tagsOf(id, cfg.Tags),
	}
	var err error
	if p.environment, err = functionEnvironment(cfg, p.names); err != nil {
		return nil, fmt.Errorf("lookups: %w", err)
	}
	return p, nil
}

// Resources is the architecture, in the order in which it can be created. What
// depends on what is declared by each resource; everything else happens at the
// same time.
func (p *Pipeline) Resources() []engine.Resource {
	resources := []engine.Resource{
		p.executionRole(),  // what the function may do, by exact ARNs
		p.dataStream(),     // events come in
		p.deliveryBucket(), // enriched events go out, and what could not be enriched
		p.logGroup(),       // made by us, so that nothing makes it again after a destroy
	}
	for _, lookup := range p.cfg.Lookups {
		resources = append(resources, p.lookupTable(lookup)) // what events are enriched with
	}
	resources = append(resources,
		p.function(),           // after role, log group and tables
		p.eventSourceMapping(), // after function, role, stream and bucket: from here on records flow
	)
	resources = append(resources, p.notification()...)
	resources = append(resources, p.alarms()...) // by names that are known beforehand, but for the one after the mapping
	return append(resources, p.Dashboard())
}

// Restore makes a recorded resource that the configuration no longer has, for
// its deletion. The kind, the name and the ID are those of the record.
func (p *Pipeline) Restore(key, kind, name, id string) (engine.Resource, error) {
	switch kind {
	case kindRole:
		return p.namedRole(key, name), nil
	case kindStream:
		return p.namedStream(key, name), nil
	case kindTable:
		return p.namedTable(key, name), nil
	case kindBucket:
		return p.namedBucket(key, name), nil
	case kindLogGroup:
		return p.namedLogGroup(key, name), nil
	case kindFunction:
		return p.namedFunction(key, name), nil
	case kindMapping:
		return p.recordedMapping(key, name, id), nil
	case kindTopic:
		return p.namedTopic(key, name), nil
	case kindSubscription:
		return p.addressed(key, name), nil
	case kindAlarm:
		return p.namedAlarm(key, name), nil
	case kindComposite:
		return p.namedComposite(key, name), nil
	case kindDashboard:
		return p.namedDashboard(key, name), nil
	}
	return nil, fmt.Errorf("the record has %s (%s) of the kind %q, which this version does not know", key, name, kind)
}

// Names that the resources have.
func (p *Pipeline) Names() Names { return p.names }

// Outputs are what users and programs need to reach the pipeline.
func (p *Pipeline) Outputs() map[string]string {
	table := p.firstTable()
	outputs := map[string]string{
		"account":      p.id.Account,
		"region":       p.id.Region,
		"stream":       p.names.Stream,
		"stream_arn":   p.id.streamARN(p.names.Stream),
		"function":     p.names.Function,
		"function_arn": p.id.functionARN(p.names.Function),
		"table":        table,
		"table_arn":    p.id.tableARN(table),
		"bucket":       p.names.Bucket,
		"bucket_arn":   p.id.bucketARN(p.names.Bucket),
		"role":         p.names.Role,
		"role_arn":     p.id.roleARN(p.names.Role),
		"log_group":    p.names.LogGroup,
		"dashboard":    p.names.Dashboard,
	}
	if len(p.cfg.Lookups) > 1 {
		for lookup, name := range p.names.Tables {
			outputs["table_"+lookup] = name
		}
	}
	return outputs
}

// firstTable is the table that scripts mean when they know of only one.
func (p *Pipeline) firstTable() string {
	if len(p.cfg.Lookups) == 0 {
		return ""
	}
	return p.names.Tables[p.cfg.Lookups[0].Name]
}

// production tells whether losing data would hurt.
func (p *Pipeline) production() bool { return p.cfg.Environment == "prod" }

// development tells whether people try things here.
func (p *Pipeline) development() bool { return p.cfg.Environment == "dev" }
