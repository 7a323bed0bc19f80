package engine

import (
	"slices"
	"testing"
)

type yielder struct{ *fake }

func (yielder) Yields([]Change) bool { return true }

// What only loses something comes after its users, unless one of them has to wait
// for it or it depends on others itself.
func TestPrecedenceOfWhatYields(t *testing.T) {
	for name, test := range map[string]struct {
		role, function Action
		after          []string // what the role depends on
		last           bool
	}{
		"both change":          {Update, Update, nil, true},
		"the user stays":       {Update, None, nil, true},
		"the user is new":      {Update, Create, nil, false},
		"the user is resumed":  {Update, Resume, nil, false},
		"it is new":            {Create, Update, nil, false},
		"it depends on others": {Update, Update, []string{"other"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			after := precedence([]Step{
				{Resource: &fake{key: "other"}, Action: None},
				{Resource: yielder{&fake{key: "role", after: test.after}}, Action: test.role},
				{Resource: &fake{key: "function", after: []string{"role", "other"}}, Action: test.function},
			})
			if slices.Contains(after["role"], "function") != test.last || slices.Contains(after["function"], "role") == test.last ||
				!slices.Contains(after["function"], "other") {
				t.Errorf("the role comes after %q, the function after %q", after["role"], after["function"])
			}
		})
	}
}
