package pipeline

import (
	"maps"
	"testing"

	"enrich/engine"
)

// What carries the pipeline's tags is a part of it, whoever manages it; whatever else
// has marked something, it is no part.
func TestOwner(t *testing.T) {
	p := offline(t, "dev", "aws", "us-east-1")
	for name, test := range map[string]struct {
		tags map[string]string
		want engine.Owner
	}{
		"ours":                {nil, engine.Owner{}},
		"another manager":     {map[string]string{tagManagedBy: "terraform"}, engine.Owner{Manager: "terraform"}},
		"no manager":          {map[string]string{tagManagedBy: ""}, engine.Owner{}},
		"another pipeline":    {map[string]string{tagPipeline: "clicks"}, engine.Owner{Pipeline: "clicks (dev)"}},
		"another environment": {map[string]string{tagEnvironment: "prod", tagManagedBy: "bash"}, engine.Owner{Pipeline: "orders (prod)"}},
		"no pipeline":         {map[string]string{tagPipeline: "", tagEnvironment: ""}, engine.Owner{}},
	} {
		tags := maps.Clone(p.tags)
		maps.Copy(tags, test.tags)
		if got := p.Owner(tags); got != test.want {
			t.Errorf("%s: got %+v, want %+v", name, got, test.want)
		}
	}
	if got := p.Owner(nil); got != (engine.Owner{}) {
		t.Errorf("without tags: %+v", got)
	}
	if theirs := p.Managed("bash"); !theirs.Owns(theirs.tags) || theirs.Owns(p.tags) || p.tags[tagManagedBy] != Manager {
		t.Error("the definition of another manager does not keep apart")
	}
}
