package emulator

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// condition is one operator on one key; all of a statement's must hold.
type condition struct {
	operator string // as StringLike, without IfExists
	ifExists bool
	key      string // in lower case: keys are not case sensitive
	values   []string
}

// conditionOperators are those that evaluation knows. Each tells whether one
// value of the request fits one value of the policy.
var conditionOperators = map[string]func(policy, actual string) bool{
	"StringEquals":              func(p, a string) bool { return p == a },
	"StringNotEquals":           func(p, a string) bool { return p == a },
	"StringEqualsIgnoreCase":    strings.EqualFold,
	"StringNotEqualsIgnoreCase": strings.EqualFold,
	"StringLike":                wildcardMatch,
	"StringNotLike":             wildcardMatch,
	"ArnEquals":                 arnMatch,
	"ArnLike":                   arnMatch,
	"ArnNotEquals":              arnMatch,
	"ArnNotLike":                arnMatch,
	"Bool":                      strings.EqualFold,
	"Null":                      nil, // looks at whether the key is there, not at values
}

// conditionKeys are those that the emulator knows the value of. A policy with
// any other is refused, not ignored.
var conditionKeys = map[string]bool{
	"aws:securetransport":  true, // evaluates true, although the emulator speaks HTTP
	"aws:sourceaccount":    true,
	"aws:sourcearn":        true,
	"aws:sourceowner":      true, // of what AWS's services do for an account
	"aws:principalarn":     true,
	"aws:principalaccount": true,
	"aws:requestedregion":  true,
	"aws:resourceaccount":  true,
	"s3:resourceaccount":   true,
	"iam:passedtoservice":  true,
	"lambda:functionarn":   true,
	"kms:viaservice":       true, // never there: the emulator has no KMS
}

// scalars is a condition's value: a string, number or boolean, or a list of them.
type scalars []string

func (s *scalars) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	if d.PeekKind() != '[' {
		value, err := scalar(d)
		*s = scalars{value}
		return err
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() != ']' {
		value, err := scalar(d)
		if err != nil {
			return err
		}
		*s = append(*s, value)
	}
	_, err := d.ReadToken()
	return err
}

func scalar(d *jsontext.Decoder) (string, error) {
	switch d.PeekKind() {
	case '"', '0', 't', 'f':
		token, err := d.ReadToken()
		return token.String(), err
	default:
		return "", errPolicySyntax
	}
}

func parseConditions(wire wireConditions) ([]condition, error) {
	var conditions []condition
	for _, name := range slices.Sorted(maps.Keys(wire)) {
		operator, ifExists := strings.CutSuffix(name, "IfExists")
		if _, known := conditionOperators[operator]; !known || operator == "Null" && ifExists {
			return nil, refuse("The emulator does not support the condition operator %s.", name)
		}
		for _, key := range slices.Sorted(maps.Keys(wire[name])) {
			values := wire[name][key]
			if !conditionKeys[strings.ToLower(key)] {
				return nil, refuse("The emulator does not support the condition key %s.", key)
			}
			if len(values) == 0 {
				return nil, errPolicySyntax
			}
			if slices.ContainsFunc(values, func(v string) bool { return strings.Contains(v, "${") }) {
				return nil, refuse("The emulator does not support policy variables (%s).", key)
			}
			if operator == "Bool" || operator == "Null" {
				for _, v := range values {
					if !strings.EqualFold(v, "true") && !strings.EqualFold(v, "false") {
						return nil, refuse("The value %q of %s must be true or false.", v, operator)
					}
				}
			}
			conditions = append(conditions, condition{operator: operator, ifExists: ifExists, key: strings.ToLower(key), values: values})
		}
	}
	return conditions, nil
}

// holds tells whether the condition is true for a request with these keys, which
// are in lower case.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
func (c condition) holds(keys map[string]string) bool {
	actual, present := keys[c.key]
	if c.operator == "Null" {
		return slices.ContainsFunc(c.values, func(v string) bool { return strings.EqualFold(v, strconv.FormatBool(!present)) })
	}
	negated := strings.Contains(c.operator, "Not")
	if !present {
		return c.ifExists || negated
	}
	match := conditionOperators[c.operator]
	found := slices.ContainsFunc(c.values, func(v string) bool { return match(v, actual) })
	return found != negated
}
