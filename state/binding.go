package state

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// Binding is what a state file belongs to. A state file is used with nothing
// else.
type Binding struct {
	Name, Environment, Account, Region string
	Endpoint                           string // "" is AWS itself, "local" the embedded emulator, else the URL
}

// normal drops what makes two spellings of one endpoint differ, and whatever
// could be a secret in a URL.
func (b Binding) normal() Binding {
	if u, err := url.Parse(b.Endpoint); err == nil && u.Host != "" {
		u.User, u.RawQuery, u.Fragment = nil, "", ""
		u.Scheme, u.Host = strings.ToLower(u.Scheme), strings.ToLower(u.Host)
		b.Endpoint = strings.TrimRight(u.String(), "/")
	}
	return b
}

// complete refuses a binding that could not tell two pipelines apart.
func (b Binding) complete() error {
	if b.Name == "" || b.Environment == "" || b.Account == "" || b.Region == "" {
		return errors.New("opening state: name, environment, account and region have to be known")
	}
	return nil
}

// check compares what is recorded with what was given.
func (b Binding) check(path string, d *Document) error {
	mismatch := &MismatchError{Path: path}
	for _, pair := range []Difference{
		{"name", d.Name, b.Name},
		{"environment", d.Environment, b.Environment},
		{"account", d.Account, b.Account},
		{"region", d.Region, b.Region},
		{"endpoint", d.Endpoint, b.Endpoint},
	} {
		if pair.Recorded != pair.Given {
			mismatch.Differences = append(mismatch.Differences, pair)
		}
	}
	if len(mismatch.Differences) > 0 {
		return mismatch
	}
	return nil
}

// Difference is a setting that the state file has otherwise.
type Difference struct {
	Field, Recorded, Given string
}

func (d Difference) String() string {
	recorded, given := d.Recorded, d.Given
	if d.Field == "endpoint" {
		recorded, given = endpointName(recorded), endpointName(given)
	}
	return fmt.Sprintf("%s %s, not %s", d.Field, recorded, given)
}

func endpointName(endpoint string) string {
	switch endpoint {
	case "":
		return "AWS"
	case "local":
		return "local (the embedded emulator)"
	}
	return endpoint
}

// MismatchError tells that a state file belongs to something else.
type MismatchError struct {
	Path        string
	Differences []Difference
}

func (e *MismatchError) Error() string {
	words := make([]string, len(e.Differences))
	for i, d := range e.Differences {
		words[i] = d.String()
	}
	return fmt.Sprintf("the state file %s was written for %s: use it with what it was written for, or keep the state of this one in another directory with --state-dir",
		e.Path, strings.Join(words, "; "))
}
