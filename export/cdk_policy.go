package export

import (
	"fmt"

	"enrich/pipeline"
)

// resourcePolicy puts the statements on the resource itself.
func (s *cdkScope) resourcePolicy(p pipeline.Policy) ([]*cdkCall, error) {
	statements, err := s.statements(p)
	if err != nil {
		return nil, err
	}
	var calls []*cdkCall
	for _, statement := range statements {
		calls = append(calls, method(cdkConstruct{s.Key}, "addToResourcePolicy", statement))
	}
	return calls, nil
}

// statements of a policy, which may name the resource that they belong to.
func (s *cdkScope) statements(p pipeline.Policy) (List, error) {
	if p.Version != pipeline.PolicyVersion || p.ID != "" {
		return nil, fmt.Errorf("a policy of version %s with the ID %q", p.Version, p.ID)
	}
	var list List
	for _, one := range p.Statements {
		whole, err := document(one, s.beside, s.number)
		if err != nil {
			return nil, err
		}
		statement, err := policyStatement(whole.(*Map))
		if err != nil {
			return nil, err
		}
		list = append(list, statement)
	}
	return list, nil
}

func policyStatement(m *Map) (*cdkCall, error) {
	statement := made("iam.PolicyStatement", nil)
	statement.Props = &Map{}
	for _, e := range m.Entries {
		switch e.Key {
		case "Sid":
			statement.Props.put("sid", e.Value)
		case "Effect":
			effect := e.Value.(Text)
			if says(effect, "Deny") {
				statement.Props.put("effect", cdkMember("iam.Effect.DENY"))
			} else if !says(effect, "Allow") { // which is what a statement is
				return nil, fmt.Errorf("a policy statement with another effect: %v", effect)
			}
		case "Principal":
			who, err := policyPrincipal(e.Value)
			if err != nil {
				return nil, err
			}
			statement.Props.put("principals", List{who})
		case "Action":
			statement.Props.put("actions", several(e.Value))
		case "Resource":
			statement.Props.put("resources", several(e.Value))
		case "Condition":
			statement.Props.put("conditions", e.Value)
		default:
			return nil, fmt.Errorf("a policy statement with %s", e.Key)
		}
	}
	return statement, nil
}

func policyPrincipal(v value) (value, error) {
	if t, ok := v.(Text); ok {
		if who, _ := t.whole(); who == "*" {
			return made("iam.StarPrincipal", nil), nil
		}
	}
	if m, ok := v.(*Map); ok && len(m.Entries) == 1 && m.Entries[0].Key == "Service" {
		return made("iam.ServicePrincipal", List{m.Entries[0].Value}), nil
	}
	return nil, fmt.Errorf("a policy statement for %v", v)
}

// several makes a list of a single word, too.
func several(v value) List {
	if list, ok := v.(List); ok {
		return list
	}
	return List{v}
}
