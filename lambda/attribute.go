package lambda

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"enrich/enrichment"
)

// itemOf writes an item's attributes as JSON.
func itemOf(attributes map[string]types.AttributeValue) (enrichment.Item, error) {
	item := make(enrichment.Item, len(attributes))
	for name, value := range attributes {
		text, err := appendValue(nil, value)
		if err != nil {
			return nil, fmt.Errorf("attribute %s: %w", name, err)
		}
		item[name] = text
	}
	return item, nil
}

// appendValue writes a value so that its type is kept: numbers by their exact
// digits, binary data in base64, sets as arrays in the order of their text.
func appendValue(dst []byte, value types.AttributeValue) ([]byte, error) {
	switch v := value.(type) {
	case *types.AttributeValueMemberS:
		return enrichment.AppendString(dst, v.Value), nil
	case *types.AttributeValueMemberN:
		return appendNumber(dst, v.Value), nil
	case *types.AttributeValueMemberBOOL:
		if v.Value {
			return append(dst, "true"...), nil
		}
		return append(dst, "false"...), nil
	case *types.AttributeValueMemberNULL:
		return append(dst, "null"...), nil
	case *types.AttributeValueMemberB:
		return appendBinary(dst, v.Value), nil
	case *types.AttributeValueMemberSS:
		return appendSet(dst, v.Value, enrichment.AppendString[string]), nil
	case *types.AttributeValueMemberNS:
		return appendSet(dst, v.Value, appendNumber), nil
	case *types.AttributeValueMemberBS:
		texts := make([]string, len(v.Value))
		for i, b := range v.Value {
			texts[i] = base64.StdEncoding.EncodeToString(b)
		}
		return appendSet(dst, texts, enrichment.AppendString[string]), nil
	case *types.AttributeValueMemberL:
		return appendList(dst, v.Value)
	case *types.AttributeValueMemberM:
		return appendMap(dst, v.Value)
	default:
		return dst, fmt.Errorf("a value of the unknown type %T", value)
	}
}

// appendNumber writes a number as DynamoDB spells it, which is how JSON does. A
// spelling that JSON does not have would become a string, not another number.
func appendNumber(dst []byte, text string) []byte {
	if !json.Valid([]byte(text)) || text[0] != '-' && (text[0] < '0' || text[0] > '9') {
		return enrichment.AppendString(dst, text)
	}
	return append(dst, text...)
}

func appendBinary(dst, data []byte) []byte {
	return append(base64.StdEncoding.AppendEncode(append(dst, '"'), data), '"')
}

func appendSet(dst []byte, elements []string, element func([]byte, string) []byte) []byte {
	dst = append(dst, '[')
	for i, e := range slices.Sorted(slices.Values(elements)) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = element(dst, e)
	}
	return append(dst, ']')
}

func appendList(dst []byte, elements []types.AttributeValue) ([]byte, error) {
	dst = append(dst, '[')
	var err error
	for i, e := range elements {
		if i > 0 {
			dst = append(dst, ',')
		}
		if dst, err = appendValue(dst, e); err != nil {
			return dst, err
		}
	}
	return append(dst, ']'), nil
}

func appendMap(dst []byte, members map[string]types.AttributeValue) ([]byte, error) {
	dst = append(dst, '{')
	var err error
	for i, name := range slices.Sorted(maps.Keys(members)) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(enrichment.AppendString(dst, name), ':')
		if dst, err = appendValue(dst, members[name]); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}
