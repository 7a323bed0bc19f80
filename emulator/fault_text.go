package emulator

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ParseFault reads a rule as String writes it:
//
//	dynamodb.BatchGetItem:throttle,rate=0.2
//	s3:error,after=10s,for=30s
//	*:delay=80ms
//
// Before the colon stands a service, or a service and an operation, with * for all
// of them; behind it the kind (delay with its time) and then, in any order, rate
// (without it each call is struck), skip, limit, after and for, as the members of
// Fault. The error names everything that cannot be read. Whether the emulator has
// such a service, operation or kind is for SetFaults to say.
func ParseFault(text string) (Fault, error) {
	whom, what, ok := strings.Cut(text, ":")
	if !ok {
		return Fault{}, errors.New("a fault is SERVICE[.OPERATION]:KIND[,NAME=VALUE…], as s3.PutObject:error,rate=0.1")
	}
	f := Fault{Rate: 1}
	var problems []error
	var dotted bool
	f.Service, f.Operation, dotted = strings.Cut(whom, ".")
	if f.Service == "" || dotted && f.Operation == "" {
		problems = append(problems, fmt.Errorf("%q names no calls: it is SERVICE, SERVICE.OPERATION or * for all", whom))
	}
	if f.Service == "*" {
		f.Service = ""
	}
	if f.Operation == "*" {
		f.Operation = ""
	}
	words := strings.Split(what, ",")
	kind, value, timed := strings.Cut(words[0], "=")
	f.Kind = FaultKind(kind)
	switch {
	case kind == "":
		problems = append(problems, errors.New("there is no kind behind the colon"))
	case f.Kind == FaultDelay:
		problems = append(problems, parseDuration(&f.Delay, "delay", value))
	case timed:
		problems = append(problems, fmt.Errorf("the kind %s has no value", kind))
	}
	given := map[string]bool{}
	for _, word := range words[1:] {
		name, value, _ := strings.Cut(word, "=")
		if given[name] {
			problems = append(problems, fmt.Errorf("%s is there twice", name))
		}
		given[name] = true
		problems = append(problems, f.put(name, value))
	}
	return f, errors.Join(problems...)
}

// put takes one of the values behind the kind.
func (f *Fault) put(name, value string) error {
	switch name {
	case "rate":
		rate, err := strconv.ParseFloat(value, 64)
		if err != nil || !(rate > 0 && rate <= 1) {
			return fmt.Errorf("rate: %q is not a number above 0 and at most 1", value)
		}
		f.Rate = rate
	case "skip":
		return parseCount(&f.Skip, name, value)
	case "limit":
		return parseCount(&f.Limit, name, value)
	case "after":
		return parseDuration(&f.After, name, value)
	case "for":
		return parseDuration(&f.For, name, value)
	default:
		return fmt.Errorf("%q is none of rate, skip, limit, after and for", name)
	}
	return nil
}

func parseCount(n *int, name, value string) error {
	parsed, err := strconv.Atoi(value)
	if err != nil || parsed < 1 {
		return fmt.Errorf("%s: %q is not a whole number of 1 or more", name, value)
	}
	*n = parsed
	return nil
}

func parseDuration(d *time.Duration, name, value string) error {
	parsed, err := time.ParseDuration(value)
	if err != nil || parsed <= 0 {
		return fmt.Errorf("%s: %q is not a time of more than 0, as 80ms or 30s", name, value)
	}
	*d = parsed
	return nil
}

// String writes the rule on one line, which ParseFault reads.
func (f Fault) String() string {
	var b strings.Builder
	switch {
	case f.Service == "" && f.Operation == "":
		b.WriteString("*")
	case f.Service == "":
		b.WriteString("*." + f.Operation)
	case f.Operation == "":
		b.WriteString(f.Service)
	default:
		b.WriteString(f.Service + "." + f.Operation)
	}
	b.WriteString(":" + string(f.Kind))
	if f.Delay != 0 {
		b.WriteString("=" + f.Delay.String())
	}
	if f.Rate != 1 {
		b.WriteString(",rate=" + strconv.FormatFloat(f.Rate, 'g', -1, 64))
	}
	for _, count := range []struct {
		name string
		n    int
	}{{"skip", f.Skip}, {"limit", f.Limit}} {
		if count.n != 0 {
			fmt.Fprintf(&b, ",%s=%d", count.name, count.n)
		}
	}
	for _, span := range []struct {
		name string
		d    time.Duration
	}{{"after", f.After}, {"for", f.For}} {
		if span.d != 0 {
			b.WriteString("," + span.name + "=" + span.d.String())
		}
	}
	return b.String()
}
