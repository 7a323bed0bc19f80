package emulator

import (
	"iter"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

const queryUnsupported = "Query key condition not supported"

// queried gives the items of a key condition in the order asked for. The table
// must be locked while they are gone through.
func (t *table) queried(keys, filter predicate, forward bool, start attributes) (iter.Seq[storedItem], error) {
	hash, sort, err := t.keyCondition(keys)
	if err != nil {
		return nil, err
	}
	for _, path := range pathsOf(filter) {
		if t.isKey(path[0].name) {
			return nil, dynamoInvalid("Filter Expression can only contain non-primary key attributes: Primary key attribute: %s", path[0].name)
		}
	}
	after, err := t.startAfter(start)
	if err != nil {
		return nil, err
	}
	prefix := newPrimaryKey(hash, nil)
	return func(yield func(storedItem) bool) {
		for item := range t.items.partition(prefix, forward) {
			passed := after == "" || forward && item.key > after || !forward && item.key < after
			if passed && (sort == nil || sort.holds(item.attributes)) && !yield(item) {
				return
			}
		}
	}, nil
}

// keyCondition finds in a key condition the one value of the hash key, encoded,
// and what is asked of the sort key.
func (t *table) keyCondition(keys predicate) (hash []byte, sort predicate, err error) {
	for _, part := range conjuncts(keys) {
		name, values, err := keyPart(part)
		if err != nil {
			return nil, nil, err
		}
		switch {
		case name == t.hash.name && hash == nil:
			c, ok := part.(comparison)
			if !ok || c.operator != "=" {
				return nil, nil, dynamoInvalid(queryUnsupported)
			}
			if hash, err = encodeKeyValue(t.hash, values[0], wrongKeyType); err != nil {
				return nil, nil, err
			}
		case t.sort != nil && name == t.sort.name && sort == nil:
			if c, ok := part.(comparison); ok && c.operator == "<>" {
				return nil, nil, dynamoInvalid(queryUnsupported)
			}
			for _, value := range values {
				if _, err := encodeKeyValue(*t.sort, value, wrongKeyType); err != nil {
					return nil, nil, err
				}
			}
			sort = part
		case t.isKey(name):
			return nil, nil, dynamoInvalid("KeyConditionExpressions must only contain one condition per key")
		case t.sort != nil && sort == nil && hash != nil:
			return nil, nil, dynamoInvalid("Query condition missed key schema element: %s", t.sort.name)
		default:
			return nil, nil, dynamoInvalid("Query condition missed key schema element: %s", t.hash.name)
		}
	}
	if hash == nil {
		return nil, nil, dynamoInvalid("Query condition missed key schema element: %s", t.hash.name)
	}
	return hash, sort, nil
}

func wrongKeyType(keyAttribute, types.AttributeValue) error {
	return dynamoInvalid("One or more parameter values were invalid: Condition parameter type does not match schema type")
}

// conjuncts takes an AND apart.
func conjuncts(p predicate) []predicate {
	if b, ok := p.(both); ok {
		return append(conjuncts(b.left), conjuncts(b.right)...)
	}
	return []predicate{p}
}

// keyPart gives the attribute and the values of one part of a key condition.
func keyPart(p predicate) (name string, values []types.AttributeValue, err error) {
	var path operand
	var others []operand
	switch c := p.(type) {
	case comparison:
		path, others = c.left, []operand{c.right}
	case between:
		path, others = c.value, []operand{c.low, c.high}
	case call:
		if c.function != "begins_with" {
			return "", nil, dynamoInvalid("Invalid operator used in KeyConditionExpression: %s", c.function)
		}
		path, others = c.path, []operand{c.argument}
	default:
		return "", nil, dynamoInvalid("Invalid operator used in KeyConditionExpression: OR, NOT and IN are not allowed")
	}
	if len(path.path) != 1 || path.size {
		return "", nil, dynamoInvalid(queryUnsupported)
	}
	for _, other := range others {
		if other.value == nil {
			return "", nil, dynamoInvalid(queryUnsupported)
		}
		values = append(values, other.value)
	}
	return path.path[0].name, values, nil
}

// pathsOf gives all document paths in a condition.
func pathsOf(p predicate) []documentPath {
	var operands []operand
	switch c := p.(type) {
	case both:
		return append(pathsOf(c.left), pathsOf(c.right)...)
	case oneOf:
		return append(pathsOf(c.left), pathsOf(c.right)...)
	case negation:
		return pathsOf(c.inner)
	case comparison:
		operands = []operand{c.left, c.right}
	case between:
		operands = []operand{c.value, c.low, c.high}
	case membership:
		operands = append(c.list, c.value)
	case call:
		operands = []operand{c.path, c.argument}
	}
	var paths []documentPath
	for _, o := range operands {
		if o.path != nil {
			paths = append(paths, o.path)
		}
	}
	return paths
}
