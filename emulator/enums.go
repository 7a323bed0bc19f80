package emulator

import (
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// enumIndex tells which types of the SDK's inputs can hold an enum, so that a
// batch of records, which holds none, costs nothing to check.
type enumIndex map[reflect.Type]bool

// newEnumIndex looks at the inputs of all operations.
func newEnumIndex(services ...service) enumIndex {
	index := enumIndex{}
	for _, s := range services {
		for _, o := range s.operations() {
			index.collect(reflect.TypeOf(o.newInput()))
		}
	}
	// Types may hold each other in a circle, so the answer grows until it stands.
	for grown := true; grown; {
		grown = false
		for t, has := range index {
			if !has && index.holds(t) {
				index[t], grown = true, true
			}
		}
	}
	return index
}

func (e enumIndex) collect(t reflect.Type) {
	if _, seen := e[t]; seen {
		return
	}
	_, e[t] = t.MethodByName("Values")
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		e.collect(t.Elem())
	case reflect.Struct:
		for field := range exported(t) {
			e.collect(field.Type)
		}
	}
}

func (e enumIndex) holds(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		return e[t.Elem()]
	case reflect.Struct:
		for field := range exported(t) {
			if e[field.Type] {
				return true
			}
		}
	}
	return false
}

// exported gives the members of a struct of the SDK that are part of its shape.
func exported(t reflect.Type) func(func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for i := range t.NumField() {
			field := t.Field(i)
			if field.IsExported() && field.Name != "ResultMetadata" && !yield(field) {
				return
			}
		}
	}
}

// check refuses a value that is none of its enum's under the given error code,
// with the text of AWS's services.
func (e enumIndex) check(input any, code string) *apiError {
	var problems []string
	e.walk(reflect.ValueOf(input), "", &problems)
	if len(problems) == 0 {
		return nil
	}
	return failf(http.StatusBadRequest, code, "%s", validationErrors(problems))
}

// validationErrors joins the problems of one input as AWS does.
func validationErrors(problems []string) string {
	plural := "s"
	if len(problems) == 1 {
		plural = ""
	}
	return fmt.Sprintf("%d validation error%s detected: %s", len(problems), plural, strings.Join(problems, "; "))
}

func (e enumIndex) walk(v reflect.Value, path string, problems *[]string) {
	if !e[v.Type()] {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			e.walk(v.Elem(), path, problems)
		}
	case reflect.Struct:
		for field := range exported(v.Type()) {
			e.walk(v.FieldByIndex(field.Index), memberPath(path, field.Name), problems)
		}
	case reflect.Slice:
		for i := range v.Len() {
			e.walk(v.Index(i), fmt.Sprintf("%s.%d.member", path, i+1), problems)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			e.walk(v.MapIndex(key), path+"."+key.String()+".member", problems)
		}
	case reflect.String:
		if allowed := enumValues(v); v.String() != "" && !slices.Contains(allowed, v.String()) {
			*problems = append(*problems, fmt.Sprintf(
				"Value '%s' at '%s' failed to satisfy constraint: Member must satisfy enum value set: [%s]",
				v.String(), path, strings.Join(allowed, ", ")))
		}
	}
}

// memberPath names a member as AWS's messages do: in camel case.
func memberPath(path, name string) string {
	first, size := utf8.DecodeRuneInString(name)
	name = string(unicode.ToLower(first)) + name[size:]
	if path == "" {
		return name
	}
	return path + "." + name
}

// enumValues calls the Values method that the SDK gives each of its enums.
func enumValues(v reflect.Value) []string {
	list := v.MethodByName("Values").Call(nil)[0]
	values := make([]string, list.Len())
	for i := range values {
		values[i] = list.Index(i).String()
	}
	return values
}
