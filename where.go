package main

import (
	"bytes"
	"encoding/json"
	"strings"

	"enrich/enrichment"
)

// condition is one --where: a field that must have a value.
type condition struct{ field, value string }

// parseConditions parses FIELD=VALUE, and reports all that are none.
func parseConditions(given []string) ([]condition, error) {
	var all []condition
	var wrong []string
	for _, text := range given {
		field, value, found := strings.Cut(text, "=")
		if !found || field == "" {
			wrong = append(wrong, text)
		}
		all = append(all, condition{field, value})
	}
	if len(wrong) > 0 {
		return nil, failf("--where %s: a condition is FIELD=VALUE, such as user_id=ada or page.title=Home", strings.Join(wrong, ", --where "))
	}
	return all, nil
}

// meets tells whether a record meets every condition. What is no JSON object meets
// none.
func meets(record []byte, conditions []condition) bool {
	if len(conditions) == 0 {
		return true
	}
	decoder := json.NewDecoder(bytes.NewReader(record))
	decoder.UseNumber()
	var event map[string]any
	if err := decoder.Decode(&event); err != nil {
		return false
	}
	for _, c := range conditions {
		value, found := follow(event, c.field)
		if !found || !equals(value, c.value) {
			return false
		}
	}
	return true
}

// follow takes a dotted path to its value, as a lookup's key does: the field that
// has the whole path for its name counts only where the path leads nowhere.
func follow(event map[string]any, path string) (any, bool) {
	var value any = event
	for name := range strings.SplitSeq(path, ".") {
		object, ok := value.(map[string]any)
		if ok {
			value, ok = object[name]
		}
		if !ok {
			value, ok = event[path]
			return value, ok
		}
	}
	return value, true
}

// equals compares a value with a text: strings by their characters, numbers by what
// they are worth.
func equals(value any, text string) bool {
	switch value := value.(type) {
	case nil:
		return text == "null"
	case bool:
		return text == "true" && value || text == "false" && !value
	case string:
		return value == text
	case json.Number:
		a, wrong := enrichment.AppendNumber(nil, string(value))
		b, reason := enrichment.AppendNumber(nil, text)
		return string(value) == text || wrong == "" && reason == "" && bytes.Equal(a, b)
	}
	return false
}
