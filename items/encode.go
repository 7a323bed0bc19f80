package items

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// encode writes an item as Load reads it: the key first, the other attributes by
// name.
func (k key) encode(item map[string]types.AttributeValue) ([]byte, error) {
	names := slices.Sorted(maps.Keys(item))
	slices.SortStableFunc(names, func(a, b string) int {
		switch k.name {
		case a:
			return -1
		case b:
			return 1
		}
		return 0
	})
	w := bytes.NewBufferString("{")
	for i, name := range names {
		value := any(item[name])
		if data, binary := item[name].(*types.AttributeValueMemberB); binary && name == k.name {
			value = data.Value // a binary key needs no mark
		}
		if err := member(w, i, name, value); err != nil {
			return nil, err
		}
	}
	w.WriteByte('}')
	if name, _ := markOf(item); name != "" {
		return []byte(`{"` + markMap + `":` + w.String() + "}"), nil
	}
	return w.Bytes(), nil
}

func member(w *bytes.Buffer, i int, name string, value any) error {
	if i > 0 {
		w.WriteByte(',')
	}
	if err := text(w, name); err != nil {
		return err
	}
	w.WriteByte(':')
	return encode(w, value)
}

// encode writes an attribute, or bytes as base64.
func encode(w *bytes.Buffer, value any) error {
	switch value := value.(type) {
	case *types.AttributeValueMemberS:
		return text(w, value.Value)
	case *types.AttributeValueMemberN:
		return text(w, json.Number(value.Value))
	case *types.AttributeValueMemberBOOL:
		return text(w, value.Value)
	case *types.AttributeValueMemberNULL:
		return text(w, nil)
	case *types.AttributeValueMemberB:
		return text(w, map[string][]byte{markBinary: value.Value})
	case *types.AttributeValueMemberBS:
		return text(w, map[string][][]byte{markBinarySet: value.Value})
	case *types.AttributeValueMemberSS:
		return text(w, map[string][]string{markStringSet: value.Value})
	case *types.AttributeValueMemberNS:
		numbers := make([]json.Number, len(value.Value))
		for i, n := range value.Value {
			numbers[i] = json.Number(n)
		}
		return text(w, map[string][]json.Number{markNumberSet: numbers})
	case *types.AttributeValueMemberL:
		w.WriteByte('[')
		for i, element := range value.Value {
			if i > 0 {
				w.WriteByte(',')
			}
			if err := encode(w, element); err != nil {
				return err
			}
		}
		w.WriteByte(']')
		return nil
	case *types.AttributeValueMemberM:
		inner, err := key{}.encode(value.Value)
		w.Write(inner)
		return err
	case []byte:
		return text(w, value)
	}
	return fmt.Errorf("an attribute of the unknown kind %T", value)
}

// text writes what encoding/json knows.
func text(w *bytes.Buffer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return fmt.Errorf("encoding an item: %w", err)
	}
	w.Truncate(w.Len() - 1) // the end of line
	return nil
}
