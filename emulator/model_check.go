package emulator

import (
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"
)

// invalidCodes are the codes with which services refuse what breaks a constraint
// of their models; the others have ValidationException.
var invalidCodes = map[string]string{
	"iam": "ValidationError", "sns": "ValidationError", "sts": "ValidationError",
	"logs": "InvalidParameterException", "tagging": "InvalidParameterException",
}

// checkModel refuses an input that breaks a constraint of AWS's model.
func (s *Server) checkModel(service, operation string, input any) *apiError {
	limits := s.limits[service+"."+operation]
	if len(limits) == 0 {
		return nil
	}
	var c constraints
	for i := range limits {
		limits[i].check(&c, reflect.ValueOf(input), limits[i].member, "")
	}
	if len(c.problems) == 0 {
		return nil
	}
	code := invalidCodes[service]
	if code == "" {
		code = "ValidationException"
	}
	return failf(http.StatusBadRequest, code, "%s", validationErrors(c.problems))
}

// check follows the rest of the limit's path from v, which lies at a path.
func (l *limit) check(c *constraints, v reflect.Value, rest, at string) {
	for v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	if rest == "" {
		l.judge(c, v, at)
		return
	}
	if v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		return // absent; whether it may be is another limit's
	}
	step, further, _ := strings.Cut(rest, ".")
	name, each := strings.CutSuffix(step, "[]")
	member := v.FieldByName(name)
	at = memberPath(at, name)
	if !each {
		l.check(c, member, further, at)
		return
	}
	if member.Kind() == reflect.Map {
		for _, key := range member.MapKeys() {
			l.check(c, member.MapIndex(key), further, at+"."+key.String()+".member")
		}
		return
	}
	for i := range member.Len() {
		l.check(c, member.Index(i), further, at+"."+strconv.Itoa(i+1)+".member")
	}
}

// judge holds one value to the limit.
func (l *limit) judge(c *constraints, v reflect.Value, at string) {
	if isAbsent(v) {
		if l.required {
			c.null(at)
		}
		return
	}
	switch v.Kind() {
	case reflect.String:
		l.size(c, v.String(), at, "length", int64(utf8.RuneCountInString(v.String())))
		if l.pattern != nil && !l.pattern().MatchString(v.String()) {
			c.add(v.String(), at, "Member must satisfy regular expression pattern: "+trimAnchors(l.pattern().String()))
		}
	case reflect.Slice, reflect.Map:
		l.size(c, fmt.Sprint(v), at, "length", int64(v.Len()))
	case reflect.Int32, reflect.Int64:
		l.size(c, strconv.FormatInt(v.Int(), 10), at, "value", v.Int())
	}
}

func (l *limit) size(c *constraints, value, at, what string, size int64) {
	if size < l.low {
		c.add(value, at, fmt.Sprintf("Member must have %s greater than or equal to %d", what, l.low))
	}
	if l.high > 0 && size > l.high {
		c.add(value, at, fmt.Sprintf("Member must have %s less than or equal to %d", what, l.high))
	}
}

// isAbsent tells a member that the request does not have.
func isAbsent(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.String: // an enum is no pointer, and none has an empty value
		return v.Type() != reflect.TypeFor[string]() && v.Len() == 0
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface:
		return v.IsNil()
	default:
		return false
	}
}
