package items

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Limits of DynamoDB.
const (
	maxItem  = 400 << 10 // bytes
	maxKey   = 2048      // bytes
	maxDepth = 32        // of lists and maps within each other
)

// key is the key attribute of the table.
type key struct {
	name string
	kind types.ScalarAttributeType
}

// rename makes the field from the item's key.
func (k key) rename(item map[string]types.AttributeValue, from string) (reason string) {
	if from == k.name {
		return ""
	}
	value, found := item[from]
	if !found {
		return fmt.Sprintf("no %s, which is to become %s, the table's key", from, k.name)
	}
	if _, taken := item[k.name]; taken {
		return fmt.Sprintf("has %s, the table's key, besides %s, which is to become it", k.name, from)
	}
	delete(item, from)
	item[k.name] = value
	return ""
}

// settle gives the item's key the type that the table's key has, and its
// identity. Text and numbers become each other; a binary key is base64.
func (k key) settle(item map[string]types.AttributeValue) (identity, reason string) {
	var text string
	switch value := item[k.name].(type) {
	case *types.AttributeValueMemberS:
		text = value.Value
	case *types.AttributeValueMemberN:
		text = value.Value
	case nil:
		return "", fmt.Sprintf("no %s, the table's key", k.name)
	default:
		return "", fmt.Sprintf("%s, the table's key, is neither text nor number", k.name)
	}
	if text == "" {
		return "", fmt.Sprintf("%s, the table's key, is empty", k.name)
	}
	value, reason := k.value(text)
	if reason != "" {
		return "", fmt.Sprintf("%s, the table's key, is %s", k.name, reason)
	}
	item[k.name] = value
	return identityOf(value), ""
}

func (k key) value(text string) (types.AttributeValue, string) {
	switch k.kind {
	case types.ScalarAttributeTypeN:
		value, _, reason := number(strings.TrimSpace(text))
		return &types.AttributeValueMemberN{Value: value}, reason
	case types.ScalarAttributeTypeB:
		data, err := base64.StdEncoding.DecodeString(text)
		if err != nil || len(data) == 0 {
			return nil, "not base64, as the table's binary key needs"
		}
		return &types.AttributeValueMemberB{Value: data}, tooLong(len(data))
	default:
		return &types.AttributeValueMemberS{Value: text}, tooLong(len(text))
	}
}

func tooLong(size int) string {
	if size > maxKey {
		return fmt.Sprintf("%d bytes long, of which %d are allowed", size, maxKey)
	}
	return ""
}

// identityOf is equal for keys that DynamoDB takes for the same.
func identityOf(value types.AttributeValue) string {
	switch value := value.(type) {
	case *types.AttributeValueMemberS:
		return value.Value
	case *types.AttributeValueMemberN:
		_, identity, _ := number(value.Value)
		return identity
	case *types.AttributeValueMemberB:
		return string(value.Value)
	}
	return ""
}

// parseObject makes an item of a JSON object.
func parseObject(text []byte) (map[string]types.AttributeValue, string) {
	value, reason := parseValue(text, maxDepth+1) // the item itself is no level
	if reason != "" {
		return nil, reason
	}
	object, ok := value.(*types.AttributeValueMemberM)
	if !ok {
		return nil, "not a JSON object"
	}
	return object.Value, ""
}

// parseValue makes an attribute of any JSON value that is so deep at most.
func parseValue(text []byte, depth int) (types.AttributeValue, string) {
	switch {
	case !utf8.Valid(text):
		return nil, "not valid UTF-8"
	case !json.Valid(text):
		var v any
		err := json.Unmarshal(text, &v)
		return nil, fmt.Sprintf("not valid JSON: %v", err)
	case halfSurrogate(text):
		return nil, "has half a surrogate pair (\\ud800 to \\udfff), which DynamoDB cannot store"
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, fmt.Sprintf("not valid JSON: %v", err)
	}
	return attribute("", value, depth)
}

// attribute makes an attribute of decoded JSON. path is where it lies.
func attribute(path string, value any, depth int) (types.AttributeValue, string) {
	switch value := value.(type) {
	case nil:
		return &types.AttributeValueMemberNULL{Value: true}, ""
	case bool:
		return &types.AttributeValueMemberBOOL{Value: value}, ""
	case string:
		return &types.AttributeValueMemberS{Value: value}, ""
	case json.Number:
		digits, _, reason := number(string(value))
		if reason != "" {
			return nil, at(path, reason)
		}
		return &types.AttributeValueMemberN{Value: digits}, ""
	}
	if object, ok := value.(map[string]any); ok {
		switch name, inner := markOf(object); name {
		case "":
		case markMap:
			if value, ok = inner.(map[string]any); !ok {
				return nil, at(path, markMap+" holds no object")
			}
		default:
			return unmark(path, name, inner)
		}
	}
	if depth == 0 {
		return nil, at(path, "lists and objects more than 32 deep")
	}
	switch value := value.(type) {
	case []any:
		list := make([]types.AttributeValue, len(value))
		for i, inner := range value {
			element, reason := attribute(fmt.Sprintf("%s[%d]", path, i), inner, depth-1)
			if reason != "" {
				return nil, reason
			}
			list[i] = element
		}
		return &types.AttributeValueMemberL{Value: list}, ""
	case map[string]any:
		fields := make(map[string]types.AttributeValue, len(value))
		for name, inner := range value {
			if name == "" {
				return nil, at(path, "a field without a name")
			}
			field, reason := attribute(strings.TrimPrefix(path+"."+name, "."), inner, depth-1)
			if reason != "" {
				return nil, reason
			}
			fields[name] = field
		}
		return &types.AttributeValueMemberM{Value: fields}, ""
	}
	return nil, at(path, fmt.Sprintf("a %T", value)) // encoding/json has no more types
}

func at(path, reason string) string {
	if path == "" {
		return reason
	}
	return path + ": " + reason
}

// halfSurrogate looks for an escape that is one half of a UTF-16 surrogate pair
// without the other: encoding/json would silently replace it. The text is valid
// JSON.
func halfSurrogate(text []byte) bool {
	for i := 0; i < len(text)-1; i++ {
		if text[i] != '\\' {
			continue
		}
		i++
		if text[i] != 'u' {
			continue
		}
		first := unit(text[i+1:])
		i += 4
		switch {
		case first < 0xd800 || first > 0xdfff:
		case first > 0xdbff, !bytes.HasPrefix(text[i+1:], []byte(`\u`)):
			return true
		default:
			if second := unit(text[i+3:]); second < 0xdc00 || second > 0xdfff {
				return true
			}
			i += 6
		}
	}
	return false
}

// unit reads the four hexadecimal digits of an escape.
func unit(text []byte) int {
	value := 0
	for _, c := range text[:4] {
		value <<= 4
		switch {
		case c <= '9':
			value |= int(c - '0')
		default:
			value |= int(c|0x20-'a') + 10
		}
	}
	return value
}

// tooLarge counts an item's bytes as DynamoDB does.
func tooLarge(item map[string]types.AttributeValue) string {
	if n := sizeOf(&types.AttributeValueMemberM{Value: item}) - 3 - len(item); n > maxItem {
		return fmt.Sprintf("an item of %d bytes, of which %d are allowed", n, maxItem)
	}
	return ""
}

// sizeOf follows the developer guide's "DynamoDB item sizes and formats": names
// and texts by their UTF-8 bytes, numbers by half their digits, lists and maps
// with 3 bytes and 1 more an element.
func sizeOf(value types.AttributeValue) int {
	switch value := value.(type) {
	case *types.AttributeValueMemberS:
		return len(value.Value)
	case *types.AttributeValueMemberN:
		return len(value.Value)/2 + 1
	case *types.AttributeValueMemberB:
		return len(value.Value)
	case *types.AttributeValueMemberSS:
		return sizeOfAll(value.Value, func(s string) int { return len(s) })
	case *types.AttributeValueMemberNS:
		return sizeOfAll(value.Value, func(n string) int { return len(n)/2 + 1 })
	case *types.AttributeValueMemberBS:
		return sizeOfAll(value.Value, func(b []byte) int { return len(b) })
	case *types.AttributeValueMemberL:
		size := 3
		for _, element := range value.Value {
			size += 1 + sizeOf(element)
		}
		return size
	case *types.AttributeValueMemberM:
		size := 3
		for name, field := range value.Value {
			size += 1 + len(name) + sizeOf(field)
		}
		return size
	default:
		return 1
	}
}

func sizeOfAll[T any](elements []T, size func(T) int) int {
	sum := 0
	for _, element := range elements {
		sum += size(element)
	}
	return sum
}
