package emulator

import (
	"bytes"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

func (b both) holds(item attributes) bool     { return b.left.holds(item) && b.right.holds(item) }
func (o oneOf) holds(item attributes) bool    { return o.left.holds(item) || o.right.holds(item) }
func (n negation) holds(item attributes) bool { return !n.inner.holds(item) }

// holds compares; with an absent attribute only <> is true.
func (c comparison) holds(item attributes) bool {
	left, right := c.left.of(item), c.right.of(item)
	if left == nil || right == nil {
		return c.operator == "<>" && (left != nil || right != nil)
	}
	switch c.operator {
	case "=":
		return equalValues(left, right)
	case "<>":
		return !equalValues(left, right)
	}
	order, ok := compareValues(left, right)
	return ok && ordered(c.operator, order)
}

func ordered(operator string, order int) bool {
	switch operator {
	case "=":
		return order == 0
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	}
	return order >= 0
}

func (b between) holds(item attributes) bool {
	value, low, high := b.value.of(item), b.low.of(item), b.high.of(item)
	if value == nil || low == nil || high == nil {
		return false
	}
	below, ok := compareValues(value, low)
	above, ok2 := compareValues(value, high)
	return ok && ok2 && below >= 0 && above <= 0
}

func (m membership) holds(item attributes) bool {
	value := m.value.of(item)
	return value != nil && slices.ContainsFunc(m.list, func(o operand) bool {
		other := o.of(item)
		return other != nil && equalValues(value, other)
	})
}

func (c call) holds(item attributes) bool {
	value := c.path.of(item)
	switch c.function {
	case "attribute_exists":
		return value != nil
	case "attribute_not_exists":
		return value == nil
	}
	argument := c.argument.of(item)
	if value == nil || argument == nil {
		return false
	}
	switch c.function {
	case "attribute_type":
		name, ok := argument.(*types.AttributeValueMemberS)
		return ok && typeName(value) == name.Value
	case "begins_with":
		return beginsWith(value, argument)
	}
	return containsValue(value, argument)
}

func beginsWith(value, prefix types.AttributeValue) bool {
	switch v := value.(type) {
	case *types.AttributeValueMemberS:
		p, ok := prefix.(*types.AttributeValueMemberS)
		return ok && strings.HasPrefix(v.Value, p.Value)
	case *types.AttributeValueMemberB:
		p, ok := prefix.(*types.AttributeValueMemberB)
		return ok && bytes.HasPrefix(v.Value, p.Value)
	}
	return false
}

// containsValue is the function contains: a part of a string, a member of a set
// or list.
func containsValue(value, part types.AttributeValue) bool {
	switch v := value.(type) {
	case *types.AttributeValueMemberS:
		p, ok := part.(*types.AttributeValueMemberS)
		return ok && strings.Contains(v.Value, p.Value)
	case *types.AttributeValueMemberB:
		p, ok := part.(*types.AttributeValueMemberB)
		return ok && bytes.Contains(v.Value, p.Value)
	case *types.AttributeValueMemberL:
		return slices.ContainsFunc(v.Value, func(member types.AttributeValue) bool { return equalValues(member, part) })
	case *types.AttributeValueMemberSS:
		p, ok := part.(*types.AttributeValueMemberS)
		return ok && slices.Contains(v.Value, p.Value)
	case *types.AttributeValueMemberNS:
		p, ok := part.(*types.AttributeValueMemberN)
		return ok && slices.Contains(v.Value, p.Value)
	case *types.AttributeValueMemberBS:
		p, ok := part.(*types.AttributeValueMemberB)
		return ok && slices.ContainsFunc(v.Value, func(b []byte) bool { return bytes.Equal(b, p.Value) })
	}
	return false
}
