package emulator

import (
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// policy is a parsed policy document. What it holds is understood completely:
// parsing refuses whatever evaluation would have to ignore.
type policy struct {
	statements []statement
}

type statement struct {
	sid        string
	allow      bool
	principal  principal
	actions    []string
	resources  []string
	notAction  bool // actions lists what the statement is not about
	notTarget  bool // resources lists what the statement is not about
	conditions []condition
}

// principal is who a resource-based or trust policy speaks of.
type principal struct {
	given    bool
	anyone   bool
	services []string
	accounts []string // account numbers and ARNs
}

// policyKind tells what a document is attached to, which decides which elements
// it must and must not have.
type policyKind int

const (
	identityPolicy policyKind = iota // of a role
	trustPolicy                      // who may assume a role
	resourcePolicy                   // of a bucket
)

// wireStatement is a statement in JSON.
type wireStatement struct {
	Sid          string         `json:"Sid"`
	Effect       string         `json:"Effect"`
	Principal    jsontext.Value `json:"Principal"`
	NotPrincipal jsontext.Value `json:"NotPrincipal"`
	Action       oneOrMany      `json:"Action"`
	NotAction    oneOrMany      `json:"NotAction"`
	Resource     oneOrMany      `json:"Resource"`
	NotResource  oneOrMany      `json:"NotResource"`
	Condition    wireConditions `json:"Condition"`
}

type wirePolicy struct {
	Version   string         `json:"Version"`
	ID        string         `json:"Id"`
	Statement jsontext.Value `json:"Statement"`
}

type wireConditions map[string]map[string]scalars

// oneOrMany is a string or a list of strings.
type oneOrMany []string

func (o *oneOrMany) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	if d.PeekKind() == '[' {
		return json.UnmarshalDecode(d, (*[]string)(o))
	}
	*o = make(oneOrMany, 1)
	return json.UnmarshalDecode(d, &(*o)[0])
}

// policyError says why a document is refused, in IAM's words where it has some.
type policyError string

func (e policyError) Error() string { return string(e) }

func refuse(format string, args ...any) error { return policyError(fmt.Sprintf(format, args...)) }

// errPolicySyntax is all that IAM says of a document that is not one.
const errPolicySyntax = policyError("Syntax errors in policy.")

// parsePolicy parses and validates a document.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
func parsePolicy(document string, kind policyKind) (*policy, error) {
	var wire wirePolicy
	if err := json.Unmarshal([]byte(document), &wire, json.RejectUnknownMembers(true)); err != nil {
		return nil, errPolicySyntax
	}
	if wire.Version != "" && wire.Version != "2012-10-17" && wire.Version != "2008-10-17" {
		return nil, errPolicySyntax
	}
	if wire.Version != "2012-10-17" && kind == identityPolicy {
		return nil, refuse("Policy document must be version 2012-10-17 or greater.")
	}
	list, err := wireStatements(wire.Statement)
	if err != nil {
		return nil, err
	}
	parsed := &policy{statements: make([]statement, 0, len(list))}
	sids := map[string]bool{}
	for _, w := range list {
		s, err := parseStatement(w, kind)
		if err != nil {
			return nil, err
		}
		if s.sid != "" && sids[s.sid] {
			return nil, refuse("Statement IDs (SID) in a single policy must be unique.")
		}
		sids[s.sid] = true
		parsed.statements = append(parsed.statements, s)
	}
	return parsed, nil
}

// wireStatements takes one statement or a list of them.
func wireStatements(raw jsontext.Value) ([]wireStatement, error) {
	var list []wireStatement
	var err error
	switch raw.Kind() {
	case '{':
		list = make([]wireStatement, 1)
		err = json.Unmarshal(raw, &list[0], json.RejectUnknownMembers(true))
	case '[':
		err = json.Unmarshal(raw, &list, json.RejectUnknownMembers(true))
	default:
		err = errPolicySyntax
	}
	if err != nil || len(list) == 0 {
		return nil, errPolicySyntax
	}
	return list, nil
}

func parseStatement(w wireStatement, kind policyKind) (statement, error) {
	s := statement{sid: w.Sid, allow: w.Effect == "Allow"}
	if w.Effect != "Allow" && w.Effect != "Deny" {
		return s, errPolicySyntax
	}
	if strings.IndexFunc(w.Sid, func(r rune) bool { return !isAlphanumeric(r) }) >= 0 && kind != resourcePolicy {
		return s, refuse("Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*")
	}
	if w.NotPrincipal != nil {
		return s, refuse("The emulator does not support NotPrincipal in policies.")
	}
	var err error
	if s.principal, err = parsePrincipal(w.Principal, kind); err != nil {
		return s, err
	}
	if s.actions, s.notAction, err = either("Action", w.Action, w.NotAction); err != nil {
		return s, err
	}
	for _, action := range s.actions {
		if !actionPattern().MatchString(action) {
			return s, refuse("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
		}
	}
	if err := s.parseTargets(w, kind); err != nil {
		return s, err
	}
	s.conditions, err = parseConditions(w.Condition)
	return s, err
}

func isAlphanumeric(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z'
}

var (
	actionPattern   = compiled(`^(\*|[A-Za-z0-9-]+:[A-Za-z0-9*?]+)$`)
	resourcePattern = compiled(`^(\*|arn:[^:]*:[^:]*:[^:]*:[^:]*:.+|arn:.*\*.*)$`)
)

func (s *statement) parseTargets(w wireStatement, kind policyKind) error {
	if kind == trustPolicy {
		if w.Resource != nil || w.NotResource != nil {
			return refuse("Has prohibited field Resource")
		}
		return nil
	}
	var err error
	if s.resources, s.notTarget, err = either("Resource", w.Resource, w.NotResource); err != nil {
		return err
	}
	for _, resource := range s.resources {
		if !resourcePattern().MatchString(resource) {
			return refuse("Resource %s must be in ARN format or \"*\".", resource)
		}
		if strings.Contains(resource, "${") {
			return refuse("The emulator does not support policy variables (%s).", resource)
		}
	}
	return nil
}

// either takes an element or its Not… twin; exactly one must be there.
func either(name string, plain, not oneOrMany) (values []string, negated bool, err error) {
	if plain != nil && not != nil {
		return nil, false, errPolicySyntax
	}
	values, negated = plain, not != nil
	if negated {
		values = not
	}
	if len(values) == 0 {
		return nil, false, refuse("Policy statement must contain %ss.", strings.ToLower(name))
	}
	return values, negated, nil
}

// parsePrincipal takes "*" or {"Service": …, "AWS": …}.
func parsePrincipal(raw jsontext.Value, kind policyKind) (principal, error) {
	switch {
	case raw == nil && kind == identityPolicy:
		return principal{}, nil
	case raw == nil:
		return principal{}, refuse("Missing required field Principal")
	case kind == identityPolicy:
		return principal{}, refuse("Policy document should not specify a principal.")
	}
	if raw.Kind() == '"' {
		var word string
		if err := json.Unmarshal(raw, &word); err != nil || word != "*" {
			return principal{}, refuse("Invalid principal in policy.")
		}
		return principal{given: true, anyone: true}, nil
	}
	var kinds map[string]oneOrMany
	if err := json.Unmarshal(raw, &kinds); err != nil || len(kinds) == 0 {
		return principal{}, errPolicySyntax
	}
	p := principal{given: true}
	for name, values := range kinds {
		if err := p.add(name, values); err != nil {
			return p, err
		}
	}
	return p, nil
}

var (
	servicePattern = compiled(`^[a-z0-9.-]+\.amazonaws\.com(\.cn)?$`)
	accountPattern = compiled(`^(\d{12}|arn:[a-z-]+:(iam|sts)::\d{12}:.+)$`)
)

func (p *principal) add(kind string, values []string) error {
	for _, value := range values {
		switch {
		case kind == "AWS" && value == "*":
			p.anyone = true
		case strings.ContainsAny(value, "*?$"):
			// It would match nobody: part of a principal cannot be left open.
			return refuse("Invalid principal in policy: \"%s\":\"%s\"", strings.ToUpper(kind), value)
		case kind == "AWS" && accountPattern().MatchString(value):
			p.accounts = append(p.accounts, value)
		case kind == "Service" && servicePattern().MatchString(value):
			p.services = append(p.services, value)
		case kind == "Federated" || kind == "CanonicalUser":
			return refuse("The emulator does not support principals of the kind %s.", kind)
		default:
			return refuse("Invalid principal in policy: \"%s\":\"%s\"", strings.ToUpper(kind), value)
		}
	}
	return nil
}
