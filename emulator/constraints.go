package emulator

import (
	"fmt"
	"net/http"
	"regexp"
	"unicode/utf8"
)

// constraints collects what is wrong with an input, in the words of AWS's
// request validation, so that one answer names all of it.
type constraints struct{ problems []string }

func (c *constraints) add(value any, member, constraint string) {
	c.problems = append(c.problems, fmt.Sprintf("Value '%v' at '%s' failed to satisfy constraint: %s", value, member, constraint))
}

func (c *constraints) null(member string) {
	c.problems = append(c.problems, fmt.Sprintf("Value null at '%s' failed to satisfy constraint: Member must not be null", member))
}

// between checks a number that may be absent.
func (c *constraints) between(value *int32, member string, low, high int32) {
	switch {
	case value == nil:
	case *value < low:
		c.add(*value, member, fmt.Sprintf("Member must have value greater than or equal to %d", low))
	case *value > high:
		c.add(*value, member, fmt.Sprintf("Member must have value less than or equal to %d", high))
	}
}

// text checks a string that may be absent: its length in characters and its
// form; pattern may be nil.
func (c *constraints) text(value *string, member string, low, high int, pattern func() *regexp.Regexp) {
	if value == nil {
		return
	}
	n := utf8.RuneCountInString(*value)
	if n < low {
		c.add(*value, member, fmt.Sprintf("Member must have length greater than or equal to %d", low))
	}
	if n > high {
		c.add(*value, member, fmt.Sprintf("Member must have length less than or equal to %d", high))
	}
	if pattern != nil && !pattern().MatchString(*value) {
		c.add(*value, member, "Member must satisfy regular expression pattern: "+trimAnchors(pattern().String()))
	}
}

// trimAnchors takes away what makes Go match the whole string, as AWS does
// without saying so.
func trimAnchors(pattern string) string {
	if n := len(pattern); n > 2 && pattern[0] == '^' && pattern[n-1] == '$' {
		return pattern[1 : n-1]
	}
	return pattern
}

// err is nil when nothing is wrong.
func (c *constraints) err() error {
	if len(c.problems) == 0 {
		return nil
	}
	return failf(http.StatusBadRequest, "ValidationException", "%s", validationErrors(c.problems))
}

// invalidMember is the error of one member.
func invalidMember(value any, member, constraint string) error {
	var c constraints
	c.add(value, member, constraint)
	return c.err()
}

// nullMember is the error of one required member that is absent.
func nullMember(member string) error {
	var c constraints
	c.null(member)
	return c.err()
}

// unsupportedMember refuses what this emulator does not have: accepted and
// ignored it would be a lie.
func unsupportedMember(code, member string) error {
	return notHad(failf(http.StatusBadRequest, code, "%s is not supported by this emulator.", member), member)
}
