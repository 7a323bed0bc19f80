package engine

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// Compare lists the fields in which two values of one struct type differ, by
// their JSON form, sorted by name: nested fields and keys of maps have dotted
// names ("tags.team"), lists are one value. Null, an absent field, an empty map
// and an empty list are all the same: nothing. Old is what was observed, New
// what is desired; numbers are json.Number.
//
// It panics on data that have no JSON form, which no input can bring about.
func Compare(desired, observed any) []Change {
	want, have := flat(desired), flat(observed)
	names := slices.Collect(maps.Keys(want))
	for name := range have {
		if _, both := want[name]; !both {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var changes []Change
	for _, name := range names {
		if !reflect.DeepEqual(want[name], have[name]) {
			changes = append(changes, Change{Field: name, Old: have[name], New: want[name]})
		}
	}
	return changes
}

// Hash identifies desired data: two values have the same hash if and only if
// Compare finds no difference. The order of struct fields does not matter. It
// panics as Compare does.
func Hash(desired any) string {
	canonical, err := json.Marshal(flat(desired)) // sorts by name
	if err != nil {
		panic(fmt.Sprintf("engine: %v", err))
	}
	sum := sha256.Sum256(canonical)
	return hex.EncodeToString(sum[:])
}

// flat gives every field that holds anything by its dotted name.
func flat(data any) map[string]any {
	text, err := json.Marshal(data)
	if err != nil {
		panic(fmt.Sprintf("engine: desired data must have a JSON form: %v", err))
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		panic(fmt.Sprintf("engine: %v", err))
	}
	fields := make(map[string]any)
	flatten("", value, fields)
	return fields
}

func flatten(name string, value any, fields map[string]any) {
	switch value := value.(type) {
	case nil:
	case []any:
		if len(value) > 0 {
			fields[name] = value
		}
	case map[string]any:
		for key, inner := range value {
			if name != "" {
				key = name + "." + key
			}
			flatten(key, inner, fields)
		}
	default:
		fields[name] = value
	}
}
