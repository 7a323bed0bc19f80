package pipeline

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"

	"enrich/config"
	"enrich/engine"
)

// Exported is a resource as a program sees it that writes the definition down for
// another tool.
type Exported struct {
	Key, Kind, Name string
	ARN             string // "" where it cannot be derived
	DependsOn       []string
	Settings        any // the data that deploy sets: DataStream, LookupTable …

	// StandIn is what settings of other resources have in the place of the ID, where
	// AWS chooses that.
	StandIn string
	// Trust and Policy are the documents of a kind that has some, with their statements
	// in the order in which deploy sends them.
	Trust, Policy Policy
	Source        string // ARN of what an event source mapping reads
	Target        string // name of the function that it invokes
	Body          Body   // of a dashboard
}

// Kinds are the words of all kinds of resources.
func Kinds() []string {
	return []string{
		kindRole, kindStream, kindTable, kindBucket, kindLogGroup, kindFunction, kindMapping,
		kindTopic, kindSubscription, kindAlarm, kindComposite, kindDashboard,
	}
}

// Export gives the definition's resources in the order in which they can be created,
// tagged as those of another manager than this program.
func Export(cfg config.Config, id Identity, code Code, manager string) ([]Exported, error) {
	p, err := New(cfg, id, aws.Config{}, code)
	if err != nil {
		return nil, err
	}
	resources := p.Managed(manager).Resources()
	list := make([]Exported, 0, len(resources))
	for _, r := range resources {
		e := Exported{Key: r.Key(), Kind: r.Kind(), Name: r.Name(), ARN: r.ARN(), DependsOn: slices.Clone(r.DependsOn())}
		if desirer, ok := r.(engine.Desirer); ok {
			e.Settings = desirer.Desired()
		}
		switch r := r.(type) {
		case *executionRole:
			e.Trust, e.Policy = r.trust, r.policy
		case *deliveryBucket:
			e.Policy = r.policy
		case *alarmTopic:
			e.Policy = r.policy
		case *eventSourceMapping:
			e.Source, e.Target, e.StandIn = r.stream, r.function, theMapping
		case *dashboard:
			e.Body = r.body
		}
		list = append(list, e)
	}
	return list, nil
}
