package pipeline

import (
	"slices"

	"enrich/engine"
)

// codeOnly is the function for those who change its code and nothing else. It
// waits for no other resource, and shows no desired data: the record then goes on
// to say which definition was deployed last.
type codeOnly struct{ engine.Resource }

// CodeOnly is the function, of which only the code is compared and changed.
func (p *Pipeline) CodeOnly() engine.Resource { return codeOnly{p.function()} }

func (codeOnly) DependsOn() []string { return nil }

func (c codeOnly) Diff(observed *engine.Observed) []engine.Change {
	changes := c.Resource.Diff(observed)
	return slices.DeleteFunc(changes, func(change engine.Change) bool { return !ofCode(change) })
}

// ofCode: code of another architecture is other code.
func ofCode(change engine.Change) bool {
	return changed([]engine.Change{change}, "code_sha256", "architecture")
}

// configurationFields are those that UpdateFunctionConfiguration sets.
func configurationFields() []string {
	return []string{"runtime", "handler", "memory", "timeout", "role", "environment", "logging"}
}

// BesidesCode lists in what else the function differs from the definition.
func (p *Pipeline) BesidesCode(observed *engine.Observed) []engine.Change {
	return slices.DeleteFunc(p.function().Diff(observed), ofCode)
}
