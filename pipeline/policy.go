package pipeline

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// PolicyVersion is the only current version of the policy language.
const PolicyVersion = "2012-10-17"

// Policy is an IAM policy document.
type Policy struct {
	Version    string      `json:"Version"`
	ID         string      `json:"Id,omitempty"`
	Statements []Statement `json:"Statement"`
}

// Statement of a policy.
type Statement struct {
	Sid       string                           `json:"Sid,omitempty"`
	Effect    string                           `json:"Effect"`
	Principal principal                        `json:"Principal,omitempty"`
	Action    words                            `json:"Action"`
	Resource  words                            `json:"Resource,omitempty"`
	Condition map[string]map[string]conditions `json:"Condition,omitempty"`
}

// words is one string or a list of them: AWS writes both.
type words []string

func (w words) sorted() words { return slices.Sorted(slices.Values(w)) }

func (w *words) UnmarshalJSON(data []byte) error {
	var one string
	if err := json.Unmarshal(data, &one); err == nil {
		*w = words{one}
		return nil
	}
	var many []string
	if err := json.Unmarshal(data, &many); err != nil {
		return err
	}
	*w = many
	return nil
}

// MarshalJSON writes a single word as AWS's own documents do.
func (w words) MarshalJSON() ([]byte, error) {
	if len(w) == 1 {
		return json.Marshal(w[0])
	}
	return json.Marshal([]string(w))
}

// conditions are the values of one condition key.
type conditions = words

// principal is "*" or lists by kind.
type principal map[string]words

// everyone is written "*" in a document.
const everyone = "*"

func (p *principal) UnmarshalJSON(data []byte) error {
	var all string
	if err := json.Unmarshal(data, &all); err == nil {
		*p = principal{everyone: words{all}}
		return nil
	}
	var some map[string]words
	if err := json.Unmarshal(data, &some); err != nil {
		return err
	}
	*p = some
	return nil
}

func (p principal) MarshalJSON() ([]byte, error) {
	if all, ok := p[everyone]; ok && len(p) == 1 {
		return json.Marshal(all)
	}
	return json.Marshal(map[string]words(p))
}

// document writes the policy as it is sent.
func (p Policy) document() (string, error) {
	data, err := json.Marshal(p)
	if err != nil {
		return "", fmt.Errorf("writing policy: %w", err)
	}
	return string(data), nil
}

// statements lists a policy by statement, which is how differences are told. The
// order of words in a list means nothing, and S3 does not keep it.
// https://github.com/hashicorp/terraform/issues/5978
func (p Policy) statements() map[string]Statement {
	byName := make(map[string]Statement, len(p.Statements))
	for i, statement := range p.Statements {
		name := statement.Sid
		if _, taken := byName[name]; taken || name == "" {
			name = fmt.Sprintf("statement %d", i+1)
		}
		byName[name] = statement.sorted()
	}
	return byName
}

func (s Statement) sorted() Statement {
	s.Action, s.Resource = s.Action.sorted(), s.Resource.sorted()
	s.Principal = maps.Clone(s.Principal)
	for kind, names := range s.Principal {
		s.Principal[kind] = names.sorted()
	}
	s.Condition = maps.Clone(s.Condition)
	for operator, keys := range s.Condition {
		s.Condition[operator] = maps.Clone(keys)
		for key, values := range keys {
			s.Condition[operator][key] = values.sorted()
		}
	}
	return s
}

// unreadable stands for a document that this program could not have written:
// one with elements that it never uses, or none of the policy language at all.
const unreadable = "(foreign document)"

// readPolicy reads what AWS returns of a document, statement by statement. An
// empty document has none.
func readPolicy(document string) map[string]Statement {
	if document == "" {
		return map[string]Statement{}
	}
	var policy Policy
	decoder := json.NewDecoder(bytes.NewReader([]byte(document)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&policy); err != nil || policy.Version != PolicyVersion {
		return map[string]Statement{unreadable: {}}
	}
	return policy.statements()
}
