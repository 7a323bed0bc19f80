package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tree turns a Config into what a file would have, keyed by the yaml names.
func tree(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Struct:
		section := map[string]any{}
		for i := range v.NumField() {
			name, value := v.Type().Field(i).Tag.Get("yaml"), v.Field(i)
			if value.Kind() == reflect.Pointer && value.IsNil() || name == "region" && value.Len() == 0 {
				continue // not given
			}
			section[name] = tree(value)
		}
		return section
	case reflect.Pointer:
		return tree(v.Elem())
	case reflect.Slice:
		list := make([]any, v.Len())
		for i := range list {
			list[i] = tree(v.Index(i))
		}
		return list
	}
	return v.Interface()
}

// FuzzLoad: nothing panics, problems stand in lines that the file has, and a
// configuration that is accepted is accepted again when it is written out, as
// the same, and every value of it has a source.
func FuzzLoad(f *testing.F) {
	for _, seed := range []string{
		"", "name: a\n", "stream: {shards: 3}\nenvironments:\n  dev: {stream: {shards: 4}}\n", "a: [1, {b: c}]\n", "name: a\n---\n",
		"lookups:\n- name: a\n  key: a.b\n  fields: [x, {from: y, to: z}]\n  table: {mode: provisioned}\n",
		"tags: {a: b, \"c:d\": 'e'}\n", "name: |\n  a\n", "mapping: {maximum_record_age_seconds: -1}\r\n", "stream:\n", "? a\n: b\n", "{}", "output: {prefix: \"a/\\u0062/\"}",
		"alarms: {notify: ['arn:aws:sns:us-east-1:123456789012:alarms']}\n", "environments: {prod: {lookups: [{name: b, key: b, fields: [c]}]}}\n",
	} {
		f.Add([]byte(seed))
	}
	workdir := f.TempDir()
	f.Fuzz(func(t *testing.T, content []byte) {
		path := filepath.Join(workdir, FileName)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := Load(Flags{}, environ(), workdir)
		if err != nil {
			var problems *Problems
			if !errors.As(err, &problems) || len(problems.List) == 0 {
				t.Fatalf("%#v", err)
			}
			lines := bytes.Count(content, []byte("\n")) + bytes.Count(content, []byte("\r")) + 1
			for _, p := range problems.List {
				if p.Message == "" || p.File != FileName || p.Line < 0 || p.Line > lines {
					t.Fatalf("%+v of %d lines", p, lines)
				}
			}
			return
		}
		if values, _, err := Effective(Flags{}, environ(), workdir); err != nil || len(values) < len(Keys())-2 { // without lookups and environments
			t.Fatalf("%d values, %v", len(values), err)
		}
		text, err := json.Marshal(tree(reflect.ValueOf(c)))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		again, err := Load(Flags{}, environ(), workdir)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if diff := cmp.Diff(c, again); diff != "" {
			t.Fatalf("%s\n%s", diff, text)
		}
	})
}
