package emulator

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	dynamotypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// jsonOptions make decoding do what AWS's services do: member names are case
// sensitive, unknown members are ignored, of a repeated one the last counts,
// times are epoch seconds.
var jsonOptions = json.JoinOptions(
	jsontext.AllowDuplicateNames(true),
	json.WithUnmarshalers(json.JoinUnmarshalers(
		json.UnmarshalFromFunc(decodeEpoch),
		json.UnmarshalFromFunc(decodeAttribute),
	)),
)

// lowerNames is for services whose member names begin in lower case, unlike
// those of the SDK's structs: CloudWatch Logs. Case counts for nothing there.
var lowerNames = json.MatchCaseInsensitiveNames(true)

// decodeJSON decodes into an input struct of the SDK.
func decodeJSON(body []byte, into any, options ...json.Options) error {
	err := json.Unmarshal(body, into, append(options, jsonOptions)...)
	if semantic, ok := errors.AsType[*json.SemanticError](err); ok && semantic.GoType != nil && semantic.Err == nil {
		return fmt.Errorf("%s can not be converted to %s at %s", kindName(semantic.JSONKind), goName(semantic.GoType), semantic.JSONPointer)
	}
	return err
}

// kindName and goName give AWS's names of JSON and of Java types.
func kindName(k jsontext.Kind) string {
	switch k {
	case '"':
		return "STRING_VALUE"
	case '0':
		return "NUMBER_VALUE"
	case 't':
		return "TRUE_VALUE"
	case 'f':
		return "FALSE_VALUE"
	case '{':
		return "START_OBJECT"
	case '[':
		return "START_ARRAY"
	default:
		return "NULL_VALUE"
	}
}

func goName(t reflect.Type) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.String:
		return "a String"
	case reflect.Bool:
		return "a Boolean"
	case reflect.Int32:
		return "an Integer"
	case reflect.Int64:
		return "a Long"
	case reflect.Float32, reflect.Float64:
		return "a Double"
	case reflect.Slice:
		return "a list"
	default:
		return t.Name()
	}
}

func decodeEpoch(d *jsontext.Decoder, into *time.Time) error {
	var seconds float64
	if err := json.UnmarshalDecode(d, &seconds); err != nil {
		return err
	}
	t, err := epochTime(seconds)
	if err != nil {
		return err
	}
	*into = t
	return nil
}

// epochTime makes a time of epoch seconds, exact to the millisecond as AWS's are.
func epochTime(seconds float64) (time.Time, error) {
	if math.Abs(seconds) > 253402300799 { // the end of the year 9999
		return time.Time{}, fmt.Errorf("timestamp %s is out of range", strconv.FormatFloat(seconds, 'f', -1, 64))
	}
	return time.UnixMilli(int64(math.Round(seconds * 1000))).UTC(), nil
}

// decodeAttribute decodes {"S": "…"} and the like.
func decodeAttribute(d *jsontext.Decoder, into *dynamotypes.AttributeValue) error {
	if kind := d.PeekKind(); kind != '{' {
		return fmt.Errorf("%s can not be converted to an AttributeValue", kindName(kind))
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() == '"' {
		token, err := d.ReadToken()
		if err != nil {
			return err
		}
		name := token.String()
		if d.PeekKind() == 'n' {
			if err := d.SkipValue(); err != nil {
				return err
			}
			continue
		}
		value, err := decodeTyped(d, name)
		if err != nil {
			return err
		}
		if value == nil {
			continue
		}
		if *into != nil {
			*into = &invalidAttribute{}
			continue
		}
		*into = value
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	if *into == nil {
		*into = &invalidAttribute{empty: true}
	}
	return nil
}

// invalidAttribute is an attribute value with no type or several: it decodes,
// and DynamoDB's validation refuses it.
type invalidAttribute struct {
	dynamotypes.AttributeValueMemberNULL
	empty bool
}

func decodeTyped(d *jsontext.Decoder, name string) (dynamotypes.AttributeValue, error) {
	switch name {
	case "S":
		v := new(dynamotypes.AttributeValueMemberS)
		return v, json.UnmarshalDecode(d, &v.Value)
	case "N":
		v := new(dynamotypes.AttributeValueMemberN)
		return v, json.UnmarshalDecode(d, &v.Value)
	case "BOOL":
		v := new(dynamotypes.AttributeValueMemberBOOL)
		return v, json.UnmarshalDecode(d, &v.Value)
	case "NULL":
		v := new(dynamotypes.AttributeValueMemberNULL)
		return v, json.UnmarshalDecode(d, &v.Value)
	case "B":
		v := new(dynamotypes.AttributeValueMemberB)
		return v, json.UnmarshalDecode(d, &v.Value)
	case "M":
		v := &dynamotypes.AttributeValueMemberM{Value: map[string]dynamotypes.AttributeValue{}}
		return v, json.UnmarshalDecode(d, &v.Value)
	case "L":
		v := &dynamotypes.AttributeValueMemberL{Value: []dynamotypes.AttributeValue{}}
		return v, json.UnmarshalDecode(d, &v.Value)
	case "SS":
		v := new(dynamotypes.AttributeValueMemberSS)
		return v, json.UnmarshalDecode(d, &v.Value)
	case "NS":
		v := new(dynamotypes.AttributeValueMemberNS)
		return v, json.UnmarshalDecode(d, &v.Value)
	case "BS":
		v := new(dynamotypes.AttributeValueMemberBS)
		return v, json.UnmarshalDecode(d, &v.Value)
	}
	return nil, d.SkipValue()
}
