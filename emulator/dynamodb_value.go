package emulator

import (
	"bytes"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

const (
	nestingLimit = 32
	itemLimit    = 400 << 10 // bytes
	hashKeyLimit = 2048      // bytes
	sortKeyLimit = 1024      // bytes
)

// checkItem validates all values of an item of a request and brings its numbers
// to DynamoDB's form.
func checkItem(item attributes) error {
	for name, value := range item {
		if len(name) > 65535 {
			return dynamoInvalid("One or more parameter values were invalid: Attribute name is too large, must be less than 65536 bytes")
		}
		checked, err := checkValue(value, 1)
		if err != nil {
			return err
		}
		item[name] = checked
	}
	return nil
}

// checkValue validates one value of a request and everything in it, in place.
func checkValue(value types.AttributeValue, depth int) (types.AttributeValue, error) {
	if depth > nestingLimit {
		return nil, tooDeep()
	}
	var err error
	switch v := value.(type) {
	case *types.AttributeValueMemberS, *types.AttributeValueMemberB, *types.AttributeValueMemberBOOL:
		return v, nil
	case *types.AttributeValueMemberNULL:
		if !v.Value {
			err = dynamoInvalid("One or more parameter values were invalid: Null attribute value types must have the value of true")
		}
		return v, err
	case *types.AttributeValueMemberN:
		d, err := parseDecimal(v.Value)
		return &types.AttributeValueMemberN{Value: d.String()}, err
	case *types.AttributeValueMemberM:
		for name, member := range v.Value {
			if v.Value[name], err = checkValue(member, depth+1); err != nil {
				return nil, err
			}
		}
		return v, nil
	case *types.AttributeValueMemberL:
		for i, member := range v.Value {
			if v.Value[i], err = checkValue(member, depth+1); err != nil {
				return nil, err
			}
		}
		return v, nil
	case *types.AttributeValueMemberSS, *types.AttributeValueMemberNS, *types.AttributeValueMemberBS:
		return v, checkSet(v)
	case *invalidAttribute:
		if !v.empty {
			return nil, dynamoInvalid("Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes")
		}
	}
	return nil, dynamoInvalid("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes")
}

func tooDeep() error {
	return dynamoInvalid("Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit")
}

func checkSet(set types.AttributeValue) error {
	switch v := set.(type) {
	case *types.AttributeValueMemberSS:
		switch {
		case len(v.Value) == 0:
			return dynamoInvalid("One or more parameter values were invalid: An string set  may not be empty")
		case slices.Contains(v.Value, ""):
			return dynamoInvalid("One or more parameter values were invalid: An string set may not have a empty string as a member")
		case hasTwice(v.Value):
			return dynamoInvalid("One or more parameter values were invalid: Input collection [%s] contains duplicates.", strings.Join(v.Value, ", "))
		}
	case *types.AttributeValueMemberNS:
		if len(v.Value) == 0 {
			return dynamoInvalid("One or more parameter values were invalid: An number set  may not be empty")
		}
		for i, s := range v.Value {
			d, err := parseDecimal(s)
			if err != nil {
				return err
			}
			v.Value[i] = d.String()
		}
		if hasTwice(v.Value) {
			return dynamoInvalid("Input collection contains duplicates")
		}
	case *types.AttributeValueMemberBS:
		switch members := setMembers(v); {
		case len(members) == 0:
			return dynamoInvalid("One or more parameter values were invalid: Binary sets should not be empty")
		case members[0] == "":
			return dynamoInvalid("One or more parameter values were invalid: Binary sets may not contain an empty value")
		case hasTwice(members):
			return dynamoInvalid("One or more parameter values were invalid: Input collection of type BS contains duplicates.")
		}
	}
	return nil
}

// itemSize gives the size of a checked item in bytes, as DynamoDB counts.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
func itemSize(item attributes) (int, error) {
	size := 0
	for name, value := range item {
		n, err := valueSize(value, 1)
		if err != nil {
			return 0, err
		}
		size += len(name) + n
	}
	return size, nil
}

// valueSize gives the size of a value. It changes nothing: the value may belong
// to a stored item.
func valueSize(value types.AttributeValue, depth int) (size int, err error) {
	if depth > nestingLimit {
		return 0, tooDeep()
	}
	n := 0
	switch v := value.(type) {
	case *types.AttributeValueMemberS:
		return len(v.Value), nil
	case *types.AttributeValueMemberB:
		return len(v.Value), nil
	case *types.AttributeValueMemberN:
		d, err := parseDecimal(v.Value)
		return d.size(), err
	case *types.AttributeValueMemberM:
		size = 3
		for name, member := range v.Value {
			if n, err = valueSize(member, depth+1); err != nil {
				return 0, err
			}
			size += len(name) + n + 1
		}
		return size, nil
	case *types.AttributeValueMemberL:
		size = 3
		for _, member := range v.Value {
			if n, err = valueSize(member, depth+1); err != nil {
				return 0, err
			}
			size += n + 1
		}
		return size, nil
	case *types.AttributeValueMemberNS:
		for _, s := range v.Value {
			d, err := parseDecimal(s)
			if err != nil {
				return 0, err
			}
			size += d.size()
		}
		return size, nil
	case *types.AttributeValueMemberSS, *types.AttributeValueMemberBS:
		for _, s := range setMembers(v) {
			size += len(s)
		}
		return size, nil
	}
	return 1, nil // a boolean or null
}

func hasTwice(list []string) bool {
	sorted := slices.Sorted(slices.Values(list))
	return len(slices.Compact(sorted)) != len(list)
}

// typeName gives a value's type as it is written in JSON.
func typeName(value types.AttributeValue) string {
	switch value.(type) {
	case *types.AttributeValueMemberS:
		return "S"
	case *types.AttributeValueMemberN:
		return "N"
	case *types.AttributeValueMemberB:
		return "B"
	case *types.AttributeValueMemberBOOL:
		return "BOOL"
	case *types.AttributeValueMemberNULL:
		return "NULL"
	case *types.AttributeValueMemberM:
		return "M"
	case *types.AttributeValueMemberL:
		return "L"
	case *types.AttributeValueMemberSS:
		return "SS"
	case *types.AttributeValueMemberNS:
		return "NS"
	case *types.AttributeValueMemberBS:
		return "BS"
	}
	return ""
}

// equalValues compares two checked values; sets are equal in any order.
func equalValues(a, b types.AttributeValue) bool {
	if typeName(a) != typeName(b) {
		return false
	}
	switch x := a.(type) {
	case *types.AttributeValueMemberBOOL:
		return x.Value == b.(*types.AttributeValueMemberBOOL).Value
	case *types.AttributeValueMemberNULL:
		return true
	case *types.AttributeValueMemberM:
		y := b.(*types.AttributeValueMemberM)
		if len(x.Value) != len(y.Value) {
			return false
		}
		for name, value := range x.Value {
			if other, ok := y.Value[name]; !ok || !equalValues(value, other) {
				return false
			}
		}
		return true
	case *types.AttributeValueMemberL:
		return slices.EqualFunc(x.Value, b.(*types.AttributeValueMemberL).Value, equalValues)
	case *types.AttributeValueMemberSS, *types.AttributeValueMemberNS, *types.AttributeValueMemberBS:
		return slices.Equal(setMembers(a), setMembers(b))
	}
	order, ok := compareValues(a, b)
	return ok && order == 0
}

// setMembers gives the members of a set in order; nil for anything else.
func setMembers(value types.AttributeValue) []string {
	switch v := value.(type) {
	case *types.AttributeValueMemberSS:
		return slices.Sorted(slices.Values(v.Value))
	case *types.AttributeValueMemberNS:
		return slices.Sorted(slices.Values(v.Value))
	case *types.AttributeValueMemberBS:
		members := make([]string, len(v.Value))
		for i, b := range v.Value {
			members[i] = string(b)
		}
		slices.Sort(members)
		return members
	}
	return nil
}

// compareValues orders two strings, two numbers or two binaries; of anything
// else it says that there is no order.
func compareValues(a, b types.AttributeValue) (int, bool) {
	switch x := a.(type) {
	case *types.AttributeValueMemberS:
		if y, ok := b.(*types.AttributeValueMemberS); ok {
			return strings.Compare(x.Value, y.Value), true
		}
	case *types.AttributeValueMemberB:
		if y, ok := b.(*types.AttributeValueMemberB); ok {
			return bytes.Compare(x.Value, y.Value), true
		}
	case *types.AttributeValueMemberN:
		if y, ok := b.(*types.AttributeValueMemberN); ok {
			m, errM := parseDecimal(x.Value)
			n, errN := parseDecimal(y.Value)
			return m.compare(n), errM == nil && errN == nil
		}
	}
	return 0, false
}
