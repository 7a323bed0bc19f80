package emulator

import (
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

const keyMismatch = "The provided key element does not match the schema"

// keyOf gives the primary key that a request names. It must have exactly the
// attributes of the key schema.
func (t *table) keyOf(key attributes) (primaryKey, error) {
	if err := checkItem(key); err != nil {
		return "", err
	}
	attributes := 1
	if t.sort != nil {
		attributes = 2
	}
	if len(key) != attributes {
		return "", dynamoInvalid("%s", keyMismatch)
	}
	return t.encodeKey(key, func(keyAttribute, types.AttributeValue) error {
		return dynamoInvalid("%s", keyMismatch)
	})
}

// keyIn gives the primary key of a whole item.
func (t *table) keyIn(item attributes) (primaryKey, error) {
	return t.encodeKey(item, func(a keyAttribute, value types.AttributeValue) error {
		if value == nil {
			return dynamoInvalid("One or more parameter values were invalid: Missing the key %s in the item", a.name)
		}
		return dynamoInvalid("One or more parameter values were invalid: Type mismatch for key %s expected: %s actual: %s", a.name, a.kind, typeName(value))
	})
}

// encodeKey encodes the key attributes; mismatch words the error for one that is
// absent or of another type.
func (t *table) encodeKey(item attributes, mismatch func(keyAttribute, types.AttributeValue) error) (primaryKey, error) {
	hash, err := encodeKeyValue(t.hash, item[t.hash.name], mismatch)
	if err != nil {
		return "", err
	}
	if len(hash) > hashKeyLimit {
		return "", dynamoInvalid("One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of%d bytes", hashKeyLimit)
	}
	if t.sort == nil {
		return newPrimaryKey(hash, nil), nil
	}
	sort, err := encodeKeyValue(*t.sort, item[t.sort.name], mismatch)
	if err != nil {
		return "", err
	}
	if len(sort) > sortKeyLimit {
		return "", dynamoInvalid("One or more parameter values were invalid: Aggregated size of all range keys has exceeded the size limit of %d bytes", sortKeyLimit)
	}
	return newPrimaryKey(hash, sort), nil
}

// encodeKeyValue gives bytes that sort as the values do.
func encodeKeyValue(a keyAttribute, value types.AttributeValue, mismatch func(keyAttribute, types.AttributeValue) error) ([]byte, error) {
	if value == nil || typeName(value) != string(a.kind) {
		return nil, mismatch(a, value)
	}
	var encoded []byte
	switch v := value.(type) {
	case *types.AttributeValueMemberS:
		encoded = []byte(v.Value)
	case *types.AttributeValueMemberB:
		encoded = v.Value
	case *types.AttributeValueMemberN:
		d, err := parseDecimal(v.Value)
		if err != nil {
			return nil, err
		}
		encoded = d.ordered()
	}
	if len(encoded) == 0 {
		kind := "string"
		if a.kind == types.ScalarAttributeTypeB {
			kind = "binary"
		}
		return nil, dynamoInvalid("One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty %s value. Key: %s", kind, a.name)
	}
	return encoded, nil
}

// keyAttributes gives the key's attributes of an item.
func (t *table) keyAttributes(item attributes) attributes {
	key := attributes{t.hash.name: item[t.hash.name]}
	if t.sort != nil {
		key[t.sort.name] = item[t.sort.name]
	}
	return key
}

// isKey tells whether an attribute is part of the primary key.
func (t *table) isKey(name string) bool {
	return name == t.hash.name || t.sort != nil && name == t.sort.name
}
