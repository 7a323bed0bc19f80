package items

import (
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Marks are the names of the single member of an object that stands for what JSON
// has no type for.
const (
	markBinary    = "$binary"
	markBinarySet = "$binary_set"
	markNumberSet = "$number_set"
	markStringSet = "$string_set"
	markMap       = "$map" // an object that would be taken for a mark
)

// markOf finds the mark of an object; "": it is an object like others.
func markOf[T any](object map[string]T) (name string, inner T) {
	if len(object) == 1 {
		for name, inner = range object {
			switch name {
			case markBinary, markBinarySet, markNumberSet, markStringSet, markMap:
				return name, inner
			}
		}
	}
	var none T
	return "", none
}

// unmark makes an attribute of what a mark other than markMap holds.
func unmark(path, name string, inner any) (types.AttributeValue, string) {
	where := strings.TrimPrefix(path+"."+name, ".")
	if name == markBinary {
		data, ok := binary(inner)
		if !ok {
			return nil, at(where, "not base64")
		}
		return &types.AttributeValueMemberB{Value: data}, ""
	}
	elements, ok := inner.([]any)
	if !ok || len(elements) == 0 {
		return nil, at(where, "not a list of one or more elements")
	}
	var texts []string
	var datas [][]byte
	for _, element := range elements {
		text, isText := element.(string)
		digits, isNumber := element.(json.Number)
		switch {
		case name == markBinarySet:
			data, ok := binary(element)
			if !ok {
				return nil, at(where, "an element is not base64")
			}
			datas = append(datas, data)
		case name == markNumberSet && isNumber:
			value, _, reason := number(string(digits))
			if reason != "" {
				return nil, at(where, reason)
			}
			texts = append(texts, value)
		case name == markStringSet && isText:
			texts = append(texts, text)
		default:
			return nil, at(where, "an element has another type than the set")
		}
	}
	switch name {
	case markBinarySet:
		return &types.AttributeValueMemberBS{Value: datas}, ""
	case markNumberSet:
		return &types.AttributeValueMemberNS{Value: texts}, ""
	default:
		return &types.AttributeValueMemberSS{Value: texts}, ""
	}
}

func binary(value any) ([]byte, bool) {
	text, ok := value.(string)
	data, err := base64.StdEncoding.DecodeString(text)
	return data, ok && err == nil
}
