package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// plainPattern is what YAML takes for a text without quotes, but for a few words.
var plainPattern = compiled(`^[A-Za-z][A-Za-z0-9_./=+@-]*$`)

// written is a value in one line, as enrich.yaml has it.
func written(value any) string {
	switch v := value.(type) {
	case string:
		return writtenText(v)
	case []string:
		return writtenList(v, writtenText)
	case []Field:
		return writtenList(v, writtenField)
	case map[string]string:
		var entries []string
		for name, text := range v {
			entries = append(entries, writtenText(name)+": "+writtenText(text))
		}
		slices.Sort(entries)
		return "{" + strings.Join(entries, ", ") + "}"
	}
	return fmt.Sprint(value)
}

func writtenList[T any](list []T, one func(T) string) string {
	texts := make([]string, len(list))
	for i, v := range list {
		texts[i] = one(v)
	}
	return "[" + strings.Join(texts, ", ") + "]"
}

func writtenField(f Field) string {
	if f.From == f.To {
		return writtenText(f.From)
	}
	return fmt.Sprintf("{from: %s, to: %s}", writtenText(f.From), writtenText(f.To))
}

// writtenText puts a text in quotes where YAML, also that of 2005, would take it for
// something else.
func writtenText(text string) string {
	words := []string{"null", "true", "false", "yes", "no", "on", "off", "y", "n"}
	if plainPattern().MatchString(text) && !slices.Contains(words, strings.ToLower(text)) {
		return text
	}
	return strconv.Quote(text) // whose escapes YAML has too
}
