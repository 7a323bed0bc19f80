package emulator

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// queryDepth bounds how deep the parameters of a form may nest; AWS's inputs
// nest less than ten levels.
const queryDepth = 32

// formNode is one level of a form's parameters: a.member.1.b is a path in a tree.
type formNode struct {
	value    string
	set      bool
	children map[string]*formNode
}

// decodeQuery decodes the parameters of the query protocol into an input of the
// SDK. Parameters that the input does not have are ignored, as AWS does.
func decodeQuery(form url.Values, input any) *apiError {
	root, err := formTree(form)
	if err == nil {
		err = assign(root, reflect.ValueOf(input).Elem(), "")
	}
	if union, ok := errors.AsType[unionError](err); ok {
		return notHad(failf(http.StatusBadRequest, "InvalidInput", "%s is not supported by this emulator.", union), string(union))
	}
	if err != nil {
		return failf(http.StatusBadRequest, "MalformedInput", "%s", err.Error())
	}
	return nil
}

// unionError names a member that is a union, an interface in Go: nothing that is
// supported has one.
type unionError string

func (e unionError) Error() string { return string(e) + " is a union" }

func formTree(form url.Values) (*formNode, error) {
	root := &formNode{}
	for name, values := range form {
		if len(values) > 1 {
			return nil, fmt.Errorf("parameter %s is given %d times", name, len(values))
		}
		parts := strings.Split(name, ".")
		if len(parts) > queryDepth {
			return nil, fmt.Errorf("parameter %.80s… nests too deep", name)
		}
		node := root
		for _, part := range parts {
			if node.children == nil {
				node.children = map[string]*formNode{}
			}
			next, ok := node.children[part]
			if !ok {
				next = &formNode{}
				node.children[part] = next
			}
			node = next
		}
		node.value, node.set = values[0], true
	}
	return root, nil
}

// assign sets v to what a node and those under it say.
func assign(node *formNode, v reflect.Value, path string) error {
	switch {
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return assign(node, v.Elem(), path)
	case v.Type() == reflect.TypeFor[time.Time]():
		return assignTime(node, v, path)
	case v.Type() == reflect.TypeFor[[]byte]():
		raw, err := base64.StdEncoding.DecodeString(node.value)
		v.SetBytes(raw)
		return describe(err, path, node.value, "base64")
	case v.Kind() == reflect.Struct:
		return assignStruct(node, v, path)
	case v.Kind() == reflect.Slice:
		return assignList(node, v, path)
	case v.Kind() == reflect.Map:
		return assignMap(node, v, path)
	}
	return assignScalar(node, v, path)
}

func assignScalar(node *formNode, v reflect.Value, path string) error {
	if v.Kind() == reflect.Interface {
		return unionError(path)
	}
	if !node.set {
		return fmt.Errorf("parameter %s has members but is a %s", path, v.Kind())
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(node.value)
		return nil
	case reflect.Bool:
		b, err := strconv.ParseBool(strings.ToLower(node.value))
		v.SetBool(b)
		return describe(err, path, node.value, "Boolean")
	case reflect.Int32, reflect.Int64:
		n, err := strconv.ParseInt(node.value, 10, v.Type().Bits())
		v.SetInt(n)
		return describe(err, path, node.value, "Integer")
	case reflect.Float32, reflect.Float64:
		f, err := strconv.ParseFloat(node.value, v.Type().Bits())
		v.SetFloat(f)
		return describe(err, path, node.value, "Double")
	}
	return fmt.Errorf("parameter %s: the query protocol has no %s", path, v.Type())
}

func describe(err error, path, value, kind string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("parameter %s: %.80q is not a %s", path, value, kind)
}

// assignTime takes ISO 8601, with or without a fraction, and epoch seconds,
// which AWS accepts too.
func assignTime(node *formNode, v reflect.Value, path string) error {
	t, err := time.Parse(time.RFC3339Nano, node.value)
	if err != nil {
		if t, err = time.Parse("2006-01-02T15:04:05.999999999", node.value); err != nil {
			t, err = time.Parse(time.DateOnly, node.value)
		}
	}
	if err != nil {
		seconds, notNumber := strconv.ParseFloat(node.value, 64)
		if notNumber != nil {
			return describe(err, path, node.value, "timestamp")
		}
		if t, err = epochTime(seconds); err != nil {
			return describe(err, path, node.value, "timestamp")
		}
	}
	v.Set(reflect.ValueOf(t.UTC()))
	return nil
}

func assignStruct(node *formNode, v reflect.Value, path string) error {
	for field := range exported(v.Type()) {
		child, ok := node.children[field.Name]
		if !ok {
			continue
		}
		if err := assign(child, v.FieldByIndex(field.Index), memberOf(path, field.Name)); err != nil {
			return err
		}
	}
	return nil
}

func memberOf(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// assignList takes Name.member.1, Name.member.2 …, in the order of the numbers;
// gaps are closed. An empty list is written as Name= by the SDKs.
func assignList(node *formNode, v reflect.Value, path string) error {
	v.Set(reflect.MakeSlice(v.Type(), 0, 0))
	members, ok := node.children["member"]
	if !ok {
		return nil
	}
	numbers, err := numbered(members, path+".member")
	if err != nil {
		return err
	}
	list := reflect.MakeSlice(v.Type(), len(numbers), len(numbers))
	for i, number := range numbers {
		name := strconv.Itoa(number)
		if err := assign(members.children[name], list.Index(i), path+".member."+name); err != nil {
			return err
		}
	}
	v.Set(list)
	return nil
}

// assignMap takes Name.entry.1.key and Name.entry.1.value; SNS calls them Name
// and Value in one of its maps.
func assignMap(node *formNode, v reflect.Value, path string) error {
	v.Set(reflect.MakeMap(v.Type()))
	entries, ok := node.children["entry"]
	if !ok {
		return nil
	}
	numbers, err := numbered(entries, path+".entry")
	if err != nil {
		return err
	}
	for _, number := range numbers {
		entry := entries.children[strconv.Itoa(number)]
		key, value := entry.children["key"], entry.children["value"]
		if key == nil && value == nil {
			key, value = entry.children["Name"], entry.children["Value"]
		}
		if key == nil || value == nil {
			return fmt.Errorf("parameter %s.entry.%d needs key and value", path, number)
		}
		element := reflect.New(v.Type().Elem()).Elem()
		if err := assign(value, element, path+".entry.value"); err != nil {
			return err
		}
		v.SetMapIndex(reflect.ValueOf(key.value).Convert(v.Type().Key()), element)
	}
	return nil
}

// numbered gives the numbers under a list, in order.
func numbered(node *formNode, path string) ([]int, error) {
	numbers := make([]int, 0, len(node.children))
	for name := range node.children {
		number, err := strconv.Atoi(name)
		if err != nil || number < 1 || strconv.Itoa(number) != name {
			return nil, fmt.Errorf("parameter %s.%.20s: the members of a list are numbered from 1", path, name)
		}
		numbers = append(numbers, number)
	}
	slices.Sort(numbers)
	return numbers, nil
}
