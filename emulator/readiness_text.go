package emulator

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// readinessOfAWS is about how long AWS takes: a role and its policies are in force
// everywhere after some seconds, a stream is the slowest of all.
var readinessOfAWS = Readiness{
	Role: 8 * time.Second, Policy: 5 * time.Second, Stream: 15 * time.Second, Table: 6 * time.Second,
	Function: 3 * time.Second, Mapping: 10 * time.Second, Visible: time.Second, Busy: 2 * time.Second,
}

// readinessTime is one of the times by the name that it has in text and JSON.
type readinessTime struct {
	name string
	d    *time.Duration
}

// times are all of them, in their order.
func (r *Readiness) times() []readinessTime {
	return []readinessTime{
		{"role", &r.Role}, {"policy", &r.Policy}, {"stream", &r.Stream}, {"table", &r.Table},
		{"function", &r.Function}, {"mapping", &r.Mapping}, {"visible", &r.Visible}, {"busy", &r.Busy},
	}
}

// put takes one time by its name.
func (r *Readiness) put(name, value string) error {
	var names []string
	for _, one := range r.times() {
		if one.name == name {
			d, err := time.ParseDuration(value)
			if err != nil || d < 0 {
				return fmt.Errorf("%s: %q is not a time, as 8s", name, value)
			}
			*one.d = d
			return nil
		}
		names = append(names, one.name)
	}
	return fmt.Errorf("%q is none of %s", name, strings.Join(names, ", "))
}

// ParseReadiness reads times as String writes them: role=8s,stream=15s. What is not
// named takes no time; "aws" is about what AWS takes, and may be followed by times
// that differ from that. The error names everything that cannot be read.
func ParseReadiness(text string) (Readiness, error) {
	var r Readiness
	var problems []error
	given := map[string]bool{}
	for i, word := range strings.Split(text, ",") {
		if i == 0 && word == "aws" {
			r = readinessOfAWS
			continue
		}
		name, value, ok := strings.Cut(word, "=")
		if !ok {
			problems = append(problems, fmt.Errorf("%q is not NAME=TIME, as role=8s", word))
			continue
		}
		if given[name] {
			problems = append(problems, fmt.Errorf("%s is there twice", name))
		}
		given[name] = true
		problems = append(problems, r.put(name, value))
	}
	return r, errors.Join(problems...)
}

// String writes the times that are not zero, which ParseReadiness reads; "" for none.
func (r Readiness) String() string {
	var words []string
	for _, one := range r.times() {
		if *one.d != 0 {
			words = append(words, one.name+"="+one.d.String())
		}
	}
	return strings.Join(words, ",")
}
