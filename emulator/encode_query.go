package emulator

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"time"
)

// encodeQuery writes an output of the SDK as the query protocol's XML.
func encodeQuery(namespace, action, requestID string, output any) ([]byte, error) {
	x := &xmlWriter{}
	fmt.Fprintf(&x.Buffer, `<%sResponse xmlns="%s">`, action, namespace)
	x.open(action + "Result")
	v := reflect.ValueOf(output)
	if v.Kind() == reflect.Pointer && !v.IsNil() {
		if err := x.members(v.Elem()); err != nil {
			return nil, fmt.Errorf("encoding %s: %w", action, err)
		}
	}
	x.close(action + "Result")
	x.open("ResponseMetadata")
	x.text("RequestId", requestID)
	x.close("ResponseMetadata")
	x.close(action + "Response")
	return x.Bytes(), nil
}

type xmlWriter struct{ bytes.Buffer }

func (x *xmlWriter) open(name string)  { x.WriteString("<" + name + ">") }
func (x *xmlWriter) close(name string) { x.WriteString("</" + name + ">") }

func (x *xmlWriter) text(name, value string) {
	x.open(name)
	_ = xml.EscapeText(&x.Buffer, []byte(value)) // a buffer takes everything
	x.close(name)
}

func (x *xmlWriter) members(v reflect.Value) error {
	for field := range exported(v.Type()) {
		if err := x.element(field.Name, v.FieldByIndex(field.Index)); err != nil {
			return err
		}
	}
	return nil
}

// element writes one member; what is nil, or an enum without a value, is absent.
func (x *xmlWriter) element(name string, v reflect.Value) error {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface: // an interface is a union of the SDK
		if v.IsNil() {
			return nil
		}
		if v.Kind() == reflect.Interface {
			return fmt.Errorf("%s: unions are not supported", name)
		}
		return x.element(name, v.Elem())
	case reflect.Slice:
		return x.list(name, v)
	case reflect.Map:
		return x.mapping(name, v)
	case reflect.Struct:
		if t, ok := v.Interface().(time.Time); ok {
			x.text(name, queryTime(t))
			return nil
		}
		x.open(name)
		defer x.close(name)
		return x.members(v)
	case reflect.String:
		if v.String() != "" || v.Type() == reflect.TypeFor[string]() {
			x.text(name, v.String())
		}
	case reflect.Bool:
		x.text(name, strconv.FormatBool(v.Bool()))
	case reflect.Int32, reflect.Int64:
		x.text(name, strconv.FormatInt(v.Int(), 10))
	case reflect.Float32, reflect.Float64:
		x.text(name, strconv.FormatFloat(v.Float(), 'g', -1, v.Type().Bits()))
	default:
		return fmt.Errorf("%s: the query protocol has no %s", name, v.Type())
	}
	return nil
}

func (x *xmlWriter) list(name string, v reflect.Value) error {
	if v.IsNil() {
		return nil
	}
	if raw, ok := v.Interface().([]byte); ok {
		x.text(name, base64.StdEncoding.EncodeToString(raw))
		return nil
	}
	x.open(name)
	defer x.close(name)
	for i := range v.Len() {
		if err := x.element("member", v.Index(i)); err != nil {
			return err
		}
	}
	return nil
}

func (x *xmlWriter) mapping(name string, v reflect.Value) error {
	if v.IsNil() {
		return nil
	}
	keys := map[string]reflect.Value{}
	for _, key := range v.MapKeys() {
		keys[key.String()] = v.MapIndex(key)
	}
	x.open(name)
	defer x.close(name)
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		x.open("entry")
		x.text("key", key)
		if err := x.element("value", keys[key]); err != nil {
			return err
		}
		x.close("entry")
	}
	return nil
}

// queryTime writes a time as IAM, STS and CloudWatch do: whole seconds without
// a fraction.
func queryTime(t time.Time) string {
	if t.Nanosecond() == 0 {
		return t.UTC().Format("2006-01-02T15:04:05Z")
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}
