package export

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"enrich/config"
	"enrich/pipeline"
)

// elsewhere are settings that a project has by way of something else.
func elsewhere() map[string]string {
	return map[string]string{
		"execution role.Settings.Trust":   "Trust, which keeps the order of the statements",
		"execution role.Settings.Policy":  "Policy, which keeps the order of the statements",
		"delivery bucket.Settings.Policy": "Policy, which keeps the order of the statements",
		"alarm topic.Settings.Policy":     "Policy, which keeps the order of the statements",
		"function.Settings.CodeSHA256":    "the archive",
		"dashboard.Settings.Body":         "Body, of which it is the digest",
	}
}

// granted are settings that dialects take for granted, as every pipeline has them so.
func granted() map[string]any {
	return map[string]any{
		"execution role.Settings.OtherPolicies":    []string(nil),
		"execution role.Settings.AttachedPolicies": []string(nil),
		"delivery bucket.Settings.Lifecycle.Other": "",
		// With SSE by KMS and without a key of its own a table has this one.
		"lookup table.Settings.Encryption": "alias/aws/dynamodb",
	}
}

// unsettable are settings that a dialect has no words for, by what its README says of it.
func unsettable() map[string]string {
	return map[string]string{"terraform dashboard.Settings.Tags": "It gives the dashboard no tags"}
}

// Whoever adds a setting to what deploy sets tells each dialect how to express it: with
// another value of it the project is another one, or there is none.
func TestEverySettingInEveryDialect(t *testing.T) {
	there := map[string]bool{}
	for _, d := range Dialects() {
		for _, kind := range pipeline.Kinds() {
			t.Run(d.Name+"/"+kind, func(t *testing.T) {
				maps.Copy(there, settingsOf(t, d, kind))
			})
		}
	}
	for path := range granted() {
		if _, ok := there[path]; !ok {
			t.Errorf("nothing has the setting %s any more", path)
		}
	}
}

// settingsOf gives the settings of a kind, and fails for those that a dialect forgets.
func settingsOf(t *testing.T, d Dialect, kind string) map[string]bool {
	configs := settings(t, everything(t))
	before, resources := printed(t, d, configs, nil)
	written := map[string]bool{}
	for i, r := range resources {
		if r.Kind != kind {
			continue
		}
		for _, m := range exportedMutants(r) {
			if want, ok := granted()[m.path]; ok && !reflect.DeepEqual(m.was.Interface(), want) {
				t.Errorf("%s is %v, which dialects take for granted to be %v", m.path, m.was, want)
			}
			if !written[m.path] {
				after, _ := printed(t, d, configs, func(list []pipeline.Exported) { list[i] = m.value.Interface().(pipeline.Exported) })
				written[m.path] = after != before
			}
		}
	}
	for path, is := range written {
		told, ok := unsettable()[d.Name+" "+path]
		if _, taken := granted()[path]; !is && !taken && !ok {
			t.Errorf("%s does not write %s", d.Name, path)
		}
		if ok && !strings.Contains(before, told) {
			t.Errorf("the README of %s does not say: %s", d.Name, told)
		}
	}
	return written
}

// printed is the whole project or why there is none. change gets
// the resources of the first environment.
func printed(t *testing.T, d Dialect, configs []config.Config, change func([]pipeline.Exported)) (string, []pipeline.Exported) {
	t.Helper()
	p, err := New(d, configs, "dev", code)
	if err != nil {
		t.Fatal(err)
	}
	resources := p.variants[0].resources
	if change != nil {
		change(resources)
	}
	var b strings.Builder
	files, err := d.Files(p, "")
	if err != nil {
		return err.Error(), resources
	}
	for _, f := range files {
		fmt.Fprintf(&b, "%s %v\n%s\n", f.Name, f.Executable, f.Content)
	}
	return b.String(), resources
}

// exportedMutants are those of what dialects read, where a kind has it.
func exportedMutants(r pipeline.Exported) []mutant {
	var list []mutant
	whole := reflect.ValueOf(r)
	for _, name := range []string{"Settings", "Trust", "Policy", "Source", "Target", "Body"} {
		field := whole.FieldByName(name)
		if field.IsZero() {
			continue
		}
		list = append(list, rebuilt(mutants(r.Kind+"."+name, field), whole, func(copied, part reflect.Value) {
			copied.Set(whole)
			copied.FieldByName(name).Set(part)
		})...)
	}
	return slices.DeleteFunc(list, func(m mutant) bool {
		for path := range elsewhere() {
			if m.path == path || strings.HasPrefix(m.path, path+".") {
				return true
			}
		}
		return false
	})
}

// mutant is a value of which one part is another one.
type mutant struct {
	path  string // of the part's fields; parts of a list or a map count as one
	was   reflect.Value
	value reflect.Value
}

func mutants(path string, v reflect.Value) []mutant {
	with := func(value any) []mutant {
		return []mutant{{path, v, reflect.ValueOf(value).Convert(v.Type())}}
	}
	switch v.Kind() {
	case reflect.String:
		if v.String() == "provisioned" {
			return with("on-demand") // other words mean the same as provisioned
		}
		return with(v.String() + "x")
	case reflect.Bool:
		return with(!v.Bool())
	case reflect.Int:
		return with(v.Int() + 1)
	case reflect.Float64:
		return with(v.Float() + 1)
	case reflect.Interface:
		return rebuilt(mutants(path, v.Elem()), v, func(copied, part reflect.Value) { copied.Set(part) })
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return rebuilt(mutants(path, v.Elem()), v, func(copied, part reflect.Value) {
			copied.Set(reflect.New(v.Type().Elem()))
			copied.Elem().Set(part)
		})
	case reflect.Struct:
		var list []mutant
		for i := range v.NumField() {
			list = append(list, rebuilt(mutants(path+"."+v.Type().Field(i).Name, v.Field(i)), v, func(copied, part reflect.Value) {
				copied.Set(v)
				copied.Field(i).Set(part)
			})...)
		}
		return list
	case reflect.Slice:
		return mutantLists(path, v)
	case reflect.Map:
		return mutantMaps(path, v)
	}
	panic(fmt.Sprintf("a setting of the type %s", v.Type()))
}

// rebuilt makes of mutants of a part those of the whole.
func rebuilt(parts []mutant, whole reflect.Value, set func(copied, part reflect.Value)) []mutant {
	list := make([]mutant, 0, len(parts))
	for _, part := range parts {
		copied := reflect.New(whole.Type()).Elem()
		set(copied, part.value)
		list = append(list, mutant{part.path, part.was, copied})
	}
	return list
}

func mutantLists(path string, v reflect.Value) []mutant {
	more := reflect.New(v.Type()).Elem()
	more.Set(reflect.Append(reflect.AppendSlice(reflect.MakeSlice(v.Type(), 0, v.Len()+1), v), sample(v.Type().Elem())))
	list := []mutant{{path, v, more}}
	for i := range v.Len() {
		list = append(list, rebuilt(mutants(path, v.Index(i)), v, func(copied, part reflect.Value) {
			copied.Set(reflect.AppendSlice(reflect.MakeSlice(v.Type(), 0, v.Len()), v))
			copied.Index(i).Set(part)
		})...)
	}
	return list
}

func mutantMaps(path string, v reflect.Value) []mutant {
	with := func(key, value reflect.Value) reflect.Value {
		copied := reflect.MakeMap(v.Type())
		for _, k := range v.MapKeys() {
			copied.SetMapIndex(k, v.MapIndex(k))
		}
		copied.SetMapIndex(key, value)
		return copied
	}
	list := []mutant{{path, v, with(reflect.ValueOf("another").Convert(v.Type().Key()), sample(v.Type().Elem()))}}
	for _, k := range v.MapKeys() {
		for _, part := range mutants(path, v.MapIndex(k)) {
			list = append(list, mutant{part.path, part.was, with(k, part.value)})
		}
	}
	return list
}

// sample is a value of a type that is not its zero.
func sample(of reflect.Type) reflect.Value {
	v := reflect.New(of).Elem()
	if of.Kind() == reflect.String {
		v.SetString("another")
	}
	return v
}
