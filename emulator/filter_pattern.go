package emulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// filterPattern is an event pattern as EventBridge and Lambda have them: all its
// fields have to match, and of each $or one branch.
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html#filtering-syntax
type filterPattern struct {
	fields []filterField
	either [][]*filterPattern
}

// filterField is what is asked of one field: a pattern of its own, or one of the
// rules.
type filterField struct {
	name   string
	path   []string // from the top, name included
	nested *filterPattern
	rules  []filterRule
	absent bool // it matches too when there is no such field
}

// filterRule tells whether a value matches: a string, a json.Number, a bool or nil.
type filterRule func(value any) bool

// numericBound is how far from zero a number in a numeric rule may be.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html#filtering-numeric-matching
const numericBound = 5e9

// parseFilterPattern reads a pattern with the operators that Lambda documents;
// those that only rules of EventBridge are said to have are errors.
func parseFilterPattern(text []byte) (*filterPattern, error) {
	v, ok := jsonValue(text)
	if !ok {
		return nil, errors.New("not JSON")
	}
	return newFilterPattern(v, nil)
}

func newFilterPattern(v any, path []string) (*filterPattern, error) {
	members, ok := v.(map[string]any)
	if !ok || len(members) == 0 {
		return nil, fmt.Errorf("%s is not an object with fields", strings.Join(path, "."))
	}
	p := &filterPattern{}
	for name, member := range members {
		if name == "$or" {
			branches, err := newBranches(member, path)
			if err != nil {
				return nil, err
			}
			p.either = append(p.either, branches)
			continue
		}
		field, err := newFilterField(name, member, path)
		if err != nil {
			return nil, err
		}
		p.fields = append(p.fields, field)
	}
	return p, nil
}

func newBranches(v any, path []string) ([]*filterPattern, error) {
	list, ok := v.([]any)
	if !ok || len(list) < 2 {
		return nil, errors.New("$or needs two patterns at least")
	}
	var branches []*filterPattern
	for _, member := range list {
		branch, err := newFilterPattern(member, path)
		if err != nil {
			return nil, err
		}
		branches = append(branches, branch)
	}
	return branches, nil
}

func newFilterField(name string, v any, above []string) (filterField, error) {
	f := filterField{name: name, path: append(slices.Clone(above), name)}
	list, ok := v.([]any)
	if !ok {
		var err error
		f.nested, err = newFilterPattern(v, f.path)
		return f, err
	}
	if len(list) == 0 {
		return f, fmt.Errorf("%s has no rules", strings.Join(f.path, "."))
	}
	for _, member := range list {
		if exists, ok := existsRule(member); ok {
			if !exists {
				f.absent = true
				continue
			}
			f.rules = append(f.rules, func(any) bool { return true })
			continue
		}
		rule, err := newFilterRule(member)
		if err != nil {
			return f, fmt.Errorf("%s: %w", strings.Join(f.path, "."), err)
		}
		f.rules = append(f.rules, rule)
	}
	return f, nil
}

func existsRule(v any) (exists, ok bool) {
	operator, argument, _ := singleOperator(v)
	if operator != "exists" {
		return false, false
	}
	exists, ok = argument.(bool)
	return exists, ok
}

// singleOperator takes {"operator": argument} apart.
func singleOperator(v any) (operator string, argument any, ok bool) {
	members, ok := v.(map[string]any)
	if !ok || len(members) != 1 {
		return "", nil, false
	}
	for name, value := range members {
		operator, argument = name, value
	}
	return operator, argument, true
}

func newFilterRule(v any) (filterRule, error) {
	if isLeaf(v) {
		return func(value any) bool { return value == v }, nil
	}
	operator, argument, ok := singleOperator(v)
	if !ok {
		return nil, errors.New("a rule is a value or an object with one operator")
	}
	switch operator {
	case "anything-but":
		return anythingBut(argument)
	case "numeric":
		return numericRule(argument)
	}
	text, ok := argument.(string)
	if !ok {
		return nil, fmt.Errorf("%s needs a string", operator)
	}
	switch operator {
	case "prefix":
		return ofStrings(func(s string) bool { return strings.HasPrefix(s, text) }), nil
	case "suffix":
		return ofStrings(func(s string) bool { return strings.HasSuffix(s, text) }), nil
	case "equals-ignore-case":
		return ofStrings(func(s string) bool { return strings.EqualFold(s, text) }), nil
	}
	return nil, fmt.Errorf("no operator %s", operator)
}

// isLeaf tells whether values can be compared with v as it stands. A json.Number
// equals another that is written alike: 300 is not 3e2, as in Lambda.
func isLeaf(v any) bool {
	switch v.(type) {
	case nil, string, bool, json.Number:
		return true
	}
	return false
}

func ofStrings(test func(string) bool) filterRule {
	return func(value any) bool {
		s, ok := value.(string)
		return ok && test(s)
	}
}

// anythingBut takes a string or a number, or a list of either.
func anythingBut(argument any) (filterRule, error) {
	list, ok := argument.([]any)
	if !ok {
		list = []any{argument}
	}
	texts, figures := 0, 0
	for _, v := range list {
		switch v.(type) {
		case string:
			texts++
		case json.Number:
			figures++
		}
	}
	if len(list) == 0 || texts != len(list) && figures != len(list) {
		return nil, errors.New("anything-but needs strings or numbers")
	}
	return func(value any) bool { return !slices.Contains(list, value) }, nil
}

// numericRule takes one comparison, or a lower and an upper bound.
func numericRule(argument any) (filterRule, error) {
	list, _ := argument.([]any)
	if len(list) != 2 && len(list) != 4 {
		return nil, errors.New("numeric needs one or two comparisons")
	}
	var tests []func(float64) bool
	var bounds []float64
	for i := 0; i < len(list); i += 2 {
		operator, _ := list[i].(string)
		bound, ok := numericValue(list[i+1])
		if !ok {
			return nil, errors.New("numeric compares with numbers from -5e9 to 5e9")
		}
		test := numericTest(operator, bound)
		if test == nil || len(list) == 4 && (operator == "=" || (operator[0] == '<') != (i == 2)) {
			return nil, fmt.Errorf("numeric cannot have %q there", operator)
		}
		tests, bounds = append(tests, test), append(bounds, bound)
	}
	if len(bounds) == 2 && bounds[0] >= bounds[1] {
		return nil, errors.New("numeric has a lower bound that is not below its upper")
	}
	return func(value any) bool {
		n, ok := numericValue(value)
		return ok && !slices.ContainsFunc(tests, func(test func(float64) bool) bool { return !test(n) })
	}, nil
}

func numericValue(v any) (float64, bool) {
	number, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	n, err := number.Float64()
	return n, err == nil && math.Abs(n) <= numericBound
}

func numericTest(operator string, bound float64) func(float64) bool {
	switch operator {
	case "=":
		return func(n float64) bool { return n == bound }
	case "<":
		return func(n float64) bool { return n < bound }
	case "<=":
		return func(n float64) bool { return n <= bound }
	case ">":
		return func(n float64) bool { return n > bound }
	case ">=":
		return func(n float64) bool { return n >= bound }
	}
	return nil
}
