package emulator

import (
	"maps"
	"slices"
	"strings"
)

// decision is what policies say of a request.
type decision int

const (
	implicitDeny decision = iota
	explicitDeny
	allow
)

// access is a request as policies see it.
type access struct {
	action   string // as dynamodb:GetItem
	resource string // an ARN, or * for what has no resource
	keys     map[string]string
}

// withKeys adds condition keys to those that an access brings.
func (a access) withKeys(keys map[string]string) access {
	all := maps.Clone(keys)
	maps.Copy(all, a.keys)
	a.keys = all
	return a
}

// missingKeys are the condition keys that would decide about an access and that it
// does not bring.
func missingKeys(policies []*policy, a access) []string {
	found := map[string]bool{}
	for _, p := range policies {
		for _, s := range p.statements {
			unconditional := s
			unconditional.conditions = nil
			if !unconditional.concerns(a) {
				continue
			}
			for _, c := range s.conditions {
				if _, given := a.keys[c.key]; !given {
					found[c.key] = true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// evaluate gives the decision of identity policies: a deny anywhere wins, then
// an allow.
func evaluate(policies []*policy, a access) decision {
	result := implicitDeny
	for _, p := range policies {
		for i := range p.statements {
			s := &p.statements[i]
			if !s.concerns(a) {
				continue
			}
			if !s.allow {
				return explicitDeny
			}
			result = allow
		}
	}
	return result
}

// concerns tells whether a statement speaks of a request.
func (s *statement) concerns(a access) bool {
	action := strings.ToLower(a.action)
	about := slices.ContainsFunc(s.actions, func(p string) bool { return wildcardMatch(strings.ToLower(p), action) })
	if about == s.notAction {
		return false
	}
	if len(s.resources) > 0 {
		about = slices.ContainsFunc(s.resources, func(p string) bool { return wildcardMatch(p, a.resource) })
		if about == s.notTarget {
			return false
		}
	}
	return !slices.ContainsFunc(s.conditions, func(c condition) bool { return !c.holds(a.keys) })
}

// trusts tells whether a trust policy lets a service assume the role.
func (p *policy) trusts(service string, keys map[string]string) bool {
	return p.decide(principalService(service), keys)
}

// trustsAccount tells whether a trust policy lets a principal of the account
// assume the role: by the account as a whole or by the principal's own ARN.
func (p *policy) trustsAccount(account, arn string, keys map[string]string) bool {
	return p.decide(func(who principal) bool {
		return who.anyone || slices.ContainsFunc(who.accounts, func(given string) bool {
			return given == account || given == arn || strings.HasSuffix(given, "::"+account+":root")
		})
	}, keys)
}

func (p *policy) decide(about func(principal) bool, keys map[string]string) bool {
	return p.says(about, access{action: "sts:AssumeRole", keys: keys}) == allow
}

// says gives the decision of a policy that speaks of principals.
func (p *policy) says(about func(principal) bool, a access) decision {
	result := implicitDeny
	for i := range p.statements {
		s := &p.statements[i]
		if !about(s.principal) || !s.concerns(a) {
			continue
		}
		if !s.allow {
			return explicitDeny
		}
		result = allow
	}
	return result
}

// principalService finds an AWS service among the principals of a policy.
func principalService(service string) func(principal) bool {
	return func(who principal) bool { return who.anyone || slices.Contains(who.services, service) }
}

// wildcardMatch matches a pattern in which * stands for any characters and ? for
// one. It takes no more than the product of the lengths in time.
func wildcardMatch(pattern, s string) bool {
	p, i := 0, 0
	star, mark := -1, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, i
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]):
			p++
			i++
		case star >= 0:
			mark++
			p, i = star+1, mark
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

// arnMatch matches ARNs part by part, as the Arn operators do: a * does not
// reach beyond the colon but in the last part.
func arnMatch(pattern, arn string) bool {
	patterns, parts := strings.SplitN(pattern, ":", 6), strings.SplitN(arn, ":", 6)
	if len(patterns) != 6 || len(parts) != 6 {
		return pattern == "*"
	}
	for i, part := range parts {
		if !wildcardMatch(patterns[i], part) {
			return false
		}
	}
	return true
}
