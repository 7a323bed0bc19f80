package emulator

import (
	"strings"
)

// pattern decides which log events a filter lets through.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
type pattern interface {
	matches(message string) bool
}

// maxPattern is the longest filter pattern in bytes.
const maxPattern = 1024

// terms are words and phrases: all of must, none of never, and, if nothing must
// be there, one of any.
type terms struct {
	must, any, never []string
}

func (t terms) matches(message string) bool {
	for _, term := range t.never {
		if strings.Contains(message, term) {
			return false
		}
	}
	for _, term := range t.must {
		if !strings.Contains(message, term) {
			return false
		}
	}
	if len(t.any) == 0 || len(t.must) > 0 { // ?terms count for nothing beside others
		return true
	}
	for _, term := range t.any {
		if strings.Contains(message, term) {
			return true
		}
	}
	return false
}

var plainTerm = compiled(`^[\pL\pN_]+$`)

// parsePattern reads a filter pattern. Patterns for fields between brackets and
// regular expressions are refused.
func parsePattern(text string) (pattern, error) {
	text = strings.TrimSpace(text)
	switch {
	case len(text) > maxPattern:
		return nil, logsInvalid("1 validation error detected: Value at 'filterPattern' failed to satisfy constraint: Member must have length less than or equal to %d", maxPattern)
	case strings.HasPrefix(text, "{"):
		return parseSelector(text)
	case strings.HasPrefix(text, "["):
		return nil, logsUnsupported("A filter pattern for space-delimited fields [ … ]")
	}
	var t terms
	for rest := text; rest != ""; rest = strings.TrimLeft(rest, " \t") {
		list := &t.must
		switch rest[0] {
		case '?':
			list, rest = &t.any, rest[1:]
		case '-':
			list, rest = &t.never, rest[1:]
		}
		term, after, err := cutTerm(rest)
		if err != nil {
			return nil, err
		}
		*list, rest = append(*list, term), after
	}
	return t, nil
}

// cutTerm takes a word or a quoted phrase from the beginning of a text.
func cutTerm(text string) (term, rest string, err error) {
	if strings.HasPrefix(text, "%") {
		return "", "", logsUnsupported("A regular expression in a filter pattern")
	}
	if strings.HasPrefix(text, `"`) {
		phrase, rest, ok := cutQuoted(text)
		if !ok || phrase == "" || rest != "" && rest[0] != ' ' && rest[0] != '\t' {
			return "", "", logsInvalid("Invalid filter pattern: an opening quote has no closing one")
		}
		return phrase, rest, nil
	}
	end := strings.IndexAny(text, " \t")
	if end < 0 {
		end = len(text)
	}
	if !plainTerm().MatchString(text[:end]) {
		return "", "", logsInvalid("Invalid character(s) in term '%s'", text[:end])
	}
	return text[:end], text[end:], nil
}

// cutQuoted takes a text in double quotes, in which \" stands for a quote and
// \\ for a backslash.
func cutQuoted(text string) (content, rest string, ok bool) {
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '"':
			return b.String(), text[i+1:], true
		case '\\':
			if i+1 < len(text) && (text[i+1] == '"' || text[i+1] == '\\') {
				i++
			}
		}
		b.WriteByte(text[i])
	}
	return "", "", false
}
