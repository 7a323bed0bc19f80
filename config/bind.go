package config

import (
	"reflect"
	"strconv"
	"strings"
)

// merged lays an environment's section over the file's: sections merge key by
// key, everything else replaces.
func merged(base, over *node) *node {
	if over == nil {
		return base
	}
	if base == nil || base.kind != mapNode || over.kind != mapNode {
		return over
	}
	result := *base
	result.entries = make([]entry, 0, len(base.entries)+len(over.entries))
	for _, e := range base.entries {
		e.value = merged(e.value, over.get(e.key))
		result.entries = append(result.entries, e)
	}
	for _, e := range over.entries {
		if base.get(e.key) == nil {
			result.entries = append(result.entries, e)
		}
	}
	return &result
}

// bind sets the struct's fields, found by their yaml names, to the values of a
// section that was checked. What the check marked is left at its default.
func bind(into reflect.Value, n *node) {
	for _, e := range n.entries {
		if target := member(into, e.key); target.IsValid() && !e.value.bad {
			set(target, e.value)
		}
	}
}

func set(target reflect.Value, n *node) {
	switch target.Kind() {
	case reflect.String:
		target.SetString(n.text)
	case reflect.Bool:
		if on, err := strconv.ParseBool(n.text); err == nil { // the check refuses others
			target.SetBool(on)
		}
	case reflect.Int:
		if number, err := strconv.Atoi(n.text); err == nil { // the check refuses others
			target.SetInt(int64(number))
		}
	case reflect.Pointer:
		if len(n.entries) == 0 {
			return
		}
		target.Set(reflect.New(target.Type().Elem()))
		bind(target.Elem(), n)
	case reflect.Slice:
		list := reflect.MakeSlice(target.Type(), len(n.items), len(n.items))
		for i, item := range n.items {
			set(list.Index(i), item)
		}
		target.Set(list)
	case reflect.Map:
		texts := map[string]string{}
		for _, e := range n.entries {
			texts[e.key] = e.value.text
		}
		target.Set(reflect.ValueOf(texts))
	case reflect.Struct:
		if target.Type() == reflect.TypeFor[Field]() && n.kind == textNode {
			target.Set(reflect.ValueOf(field(n.text)))
			return
		}
		bind(target, n)
	}
}

// member is the field of a struct with this yaml name.
func member(of reflect.Value, name string) reflect.Value {
	for i := range of.NumField() {
		if of.Type().Field(i).Tag.Get("yaml") == name {
			return of.Field(i)
		}
	}
	return reflect.Value{}
}

// Default is the configuration of an environment for which nothing is given.
func Default(environment string) Config {
	var c Config
	for _, k := range Keys() {
		value := k.Default
		if other, ok := k.DefaultIn[environment]; ok {
			value = other
		}
		if value == nil || strings.Contains(k.Path, "[]") {
			continue
		}
		inside(reflect.ValueOf(&c), k.Path).Set(reflect.ValueOf(value))
	}
	c.Environment = environment
	derive(&c, &node{kind: mapNode})
	return c
}
