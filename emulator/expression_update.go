package emulator

import (
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// update is a parsed update expression.
type update struct {
	actions []updateAction
}

// updateAction is one change; its clause is SET, REMOVE, ADD or DELETE.
type updateAction struct {
	clause string
	path   documentPath
	value  term // of SET
	given  types.AttributeValue
}

// term is the right side of SET: one value, or two with + or - between.
type term struct {
	left, right *termValue
	operator    string
}

// termValue is an operand, if_not_exists(path, value) or list_append(a, b).
type termValue struct {
	operand
	function string
	first    *termValue
	second   *termValue
}

// update parses an update expression; nil for none.
func (s *substitutions) update(text *string) (*update, error) {
	if text == nil {
		return nil, nil
	}
	p, err := s.parser("UpdateExpression", *text)
	if err != nil {
		return nil, err
	}
	u := &update{}
	seen := map[string]bool{}
	for p.peek().kind != tokenEnd {
		clause := strings.ToUpper(p.peek().text)
		if p.peek().kind != tokenWord || !slices.Contains([]string{"SET", "REMOVE", "ADD", "DELETE"}, clause) {
			return nil, p.unexpected()
		}
		if seen[clause] {
			return nil, p.invalid("The %q section can only be used once in an update expression;", clause)
		}
		seen[clause] = true
		p.at++
		for more := true; more; more = p.symbol(",") {
			action, err := p.updateAction(clause)
			if err != nil {
				return nil, err
			}
			u.actions = append(u.actions, action)
		}
	}
	paths := make([]documentPath, len(u.actions))
	for i, action := range u.actions {
		paths[i] = action.path
	}
	return u, p.overlaps(paths)
}

func (p *parser) updateAction(clause string) (updateAction, error) {
	a := updateAction{clause: clause}
	var err error
	if a.path, err = p.path(); err != nil {
		return a, err
	}
	switch clause {
	case "SET":
		if err := p.expect("="); err != nil {
			return a, err
		}
		a.value, err = p.term()
	case "ADD", "DELETE":
		if p.peek().kind != tokenValue {
			return a, p.unexpected()
		}
		if a.given, err = p.value(); err != nil {
			return a, err
		}
		if kind := typeName(a.given); setMembers(a.given) == nil && (clause == "DELETE" || kind != "N") {
			return a, p.invalid("Incorrect operand type for operator or function; operator: %s, operand type: %s", clause, longType(a.given))
		}
	}
	return a, err
}

// longType names types as the errors of updates do.
func longType(value types.AttributeValue) string {
	switch typeName(value) {
	case "S":
		return "STRING"
	case "N":
		return "NUMBER"
	case "B":
		return "BINARY"
	case "BOOL":
		return "BOOLEAN"
	case "M":
		return "MAP"
	case "L":
		return "LIST"
	}
	return typeName(value)
}

func (p *parser) term() (term, error) {
	left, err := p.termValue()
	if err != nil {
		return term{}, err
	}
	for _, operator := range []string{"+", "-"} {
		if p.symbol(operator) {
			right, err := p.termValue()
			return term{left: left, operator: operator, right: right}, err
		}
	}
	return term{left: left}, nil
}

func (p *parser) termValue() (*termValue, error) {
	if p.depth++; p.depth > parserDepth {
		return nil, p.invalid("The expression contains too many operators; operator count: %d", p.depth)
	}
	t := p.peek()
	switch {
	case p.symbol("("):
		inner, err := p.termValue()
		if err != nil {
			return nil, err
		}
		return inner, p.expect(")")
	case t.kind == tokenWord && p.tokens[p.at+1].text == "(":
		return p.updateFunction(t.text)
	case t.kind == tokenValue:
		value, err := p.value()
		return &termValue{operand: operand{value: value}}, err
	}
	path, err := p.path()
	return &termValue{operand: operand{path: path}}, err
}

func (p *parser) updateFunction(name string) (*termValue, error) {
	if name != "if_not_exists" && name != "list_append" {
		return nil, p.invalid("Invalid function name; function: %s", name)
	}
	p.at += 2
	first, err := p.termValue()
	if err != nil {
		return nil, err
	}
	if err := p.expect(","); err != nil {
		return nil, err
	}
	second, err := p.termValue()
	if err != nil {
		return nil, err
	}
	if name == "if_not_exists" && first.path == nil {
		return nil, p.invalid("Operator or function requires a document path; operator or function: if_not_exists")
	}
	return &termValue{function: name, first: first, second: second}, p.expect(")")
}

// What DynamoDB says of updates that an item does not fit.
const (
	missingOperand = "The provided expression refers to an attribute that does not exist in the item"
	wrongOperand   = "An operand in the update expression has an incorrect data type"
	wrongPath      = "The document path provided in the update expression is invalid for update"
)

// evaluate gives the value of a term for the item as it was before the update.
func (t *termValue) evaluate(item attributes) (types.AttributeValue, error) {
	switch t.function {
	case "if_not_exists":
		if found := t.first.path.lookup(item); found != nil {
			return found, nil
		}
		return t.second.evaluate(item)
	case "list_append":
		first, err := t.first.evaluate(item)
		if err != nil {
			return nil, err
		}
		second, err := t.second.evaluate(item)
		if err != nil {
			return nil, err
		}
		a, ok := first.(*types.AttributeValueMemberL)
		b, ok2 := second.(*types.AttributeValueMemberL)
		if !ok || !ok2 {
			return nil, dynamoInvalid("%s", wrongOperand)
		}
		return &types.AttributeValueMemberL{Value: slices.Concat(a.Value, b.Value)}, nil
	}
	value := t.of(item)
	if value == nil {
		return nil, dynamoInvalid("%s", missingOperand)
	}
	return value, nil
}

func (t term) evaluate(item attributes) (types.AttributeValue, error) {
	left, err := t.left.evaluate(item)
	if err != nil || t.right == nil {
		return left, err
	}
	right, err := t.right.evaluate(item)
	if err != nil {
		return nil, err
	}
	return addNumbers(left, right, t.operator == "-")
}

func addNumbers(a, b types.AttributeValue, minus bool) (types.AttributeValue, error) {
	x, ok := a.(*types.AttributeValueMemberN)
	y, ok2 := b.(*types.AttributeValueMemberN)
	if !ok || !ok2 {
		return nil, dynamoInvalid("%s", wrongOperand)
	}
	m, err := parseDecimal(x.Value)
	if err != nil {
		return nil, err
	}
	n, err := parseDecimal(y.Value)
	if err != nil {
		return nil, err
	}
	sum, err := m.add(n, minus)
	return &types.AttributeValueMemberN{Value: sum.String()}, err
}

// apply makes the updated item; the old one stays as it is.
func (u *update) apply(old attributes) (attributes, error) {
	item := maps.Clone(old)
	if item == nil {
		item = attributes{}
	}
	if u == nil {
		return item, nil
	}
	removals := []documentPath{}
	for _, action := range u.actions {
		value, err := action.outcome(old)
		if err != nil {
			return nil, err
		}
		if value == nil {
			removals = append(removals, action.path)
			continue
		}
		if err := item.replace(action.path, value); err != nil {
			return nil, err
		}
	}
	// Elements are removed from the end of lists, so that the indexes of the
	// others still mean what they meant.
	slices.SortFunc(removals, func(a, b documentPath) int { return b[len(b)-1].index - a[len(a)-1].index })
	for _, path := range removals {
		if err := item.replace(path, nil); err != nil {
			return nil, err
		}
	}
	return item, nil
}

// outcome gives the new value of an action's path; nil to remove it.
func (a updateAction) outcome(old attributes) (types.AttributeValue, error) {
	current := a.path.lookup(old)
	switch a.clause {
	case "SET":
		return a.value.evaluate(old)
	case "ADD":
		if current == nil {
			return a.given, nil
		}
		if typeName(a.given) == "N" {
			return addNumbers(current, a.given, false)
		}
		return combineSets(current, a.given, func(ours, theirs []string) []string {
			return slices.Compact(slices.Sorted(slices.Values(slices.Concat(ours, theirs))))
		})
	case "DELETE":
		if current == nil {
			return nil, nil
		}
		return combineSets(current, a.given, func(ours, theirs []string) []string {
			return slices.DeleteFunc(ours, func(s string) bool { return slices.Contains(theirs, s) })
		})
	}
	return nil, nil // REMOVE
}

// combineSets makes a set of two of one type; nil when nothing is left.
func combineSets(a, b types.AttributeValue, combine func(a, b []string) []string) (types.AttributeValue, error) {
	if typeName(a) != typeName(b) {
		return nil, dynamoInvalid("%s", wrongOperand)
	}
	members := combine(setMembers(a), setMembers(b))
	if len(members) == 0 {
		return nil, nil
	}
	switch a.(type) {
	case *types.AttributeValueMemberSS:
		return &types.AttributeValueMemberSS{Value: members}, nil
	case *types.AttributeValueMemberNS:
		return &types.AttributeValueMemberNS{Value: members}, nil
	}
	binaries := make([][]byte, len(members))
	for i, member := range members {
		binaries[i] = []byte(member)
	}
	return &types.AttributeValueMemberBS{Value: binaries}, nil
}

// replace sets or removes what a path leads to. Maps and lists on the way are
// copied: they may belong to the stored item.
func (item attributes) replace(path documentPath, value types.AttributeValue) error {
	if len(path) == 1 {
		if value == nil {
			delete(item, path[0].name)
		} else {
			item[path[0].name] = value
		}
		return nil
	}
	changed, err := replaceIn(item[path[0].name], path[1:], value)
	if err != nil {
		return err
	}
	item[path[0].name] = changed
	return nil
}

func replaceIn(parent types.AttributeValue, path documentPath, value types.AttributeValue) (types.AttributeValue, error) {
	step, last := path[0], len(path) == 1
	switch v := parent.(type) {
	case *types.AttributeValueMemberM:
		if step.index >= 0 {
			break
		}
		copied := attributes(maps.Clone(v.Value))
		if err := copied.replaceMember(step.name, path, value); err != nil {
			return nil, err
		}
		return &types.AttributeValueMemberM{Value: copied}, nil
	case *types.AttributeValueMemberL:
		if step.index < 0 {
			break
		}
		list := slices.Clone(v.Value)
		switch {
		case last && value == nil && step.index < len(list):
			list = slices.Delete(list, step.index, step.index+1)
		case last && value != nil && step.index < len(list):
			list[step.index] = value
		case last && value != nil:
			list = append(list, value) // beyond the end: appended, without gaps
		case !last && step.index < len(list):
			changed, err := replaceIn(list[step.index], path[1:], value)
			if err != nil {
				return nil, err
			}
			list[step.index] = changed
		case !last:
			return nil, dynamoInvalid("%s", wrongPath)
		}
		return &types.AttributeValueMemberL{Value: list}, nil
	}
	return nil, dynamoInvalid("%s", wrongPath)
}

func (item attributes) replaceMember(name string, path documentPath, value types.AttributeValue) error {
	if len(path) == 1 {
		return item.replace(path, value)
	}
	changed, err := replaceIn(item[name], path[1:], value)
	if err != nil {
		return err
	}
	item[name] = changed
	return nil
}
