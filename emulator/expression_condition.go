package emulator

import (
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// predicate is a parsed condition.
type predicate interface {
	holds(item attributes) bool
}

type (
	both       struct{ left, right predicate }
	oneOf      struct{ left, right predicate }
	negation   struct{ inner predicate }
	comparison struct {
		operator    string
		left, right operand
	}
	between    struct{ value, low, high operand }
	membership struct {
		value operand
		list  []operand
	}
	call struct {
		function string
		path     operand
		argument operand
	}
)

// operand is a path, a value, or the size of what a path leads to.
type operand struct {
	path  documentPath
	value types.AttributeValue
	size  bool
}

func (o operand) of(item attributes) types.AttributeValue {
	if o.path == nil {
		return o.value
	}
	found := o.path.lookup(item)
	if !o.size {
		return found
	}
	n, ok := sizeOf(found)
	if !ok {
		return nil
	}
	return &types.AttributeValueMemberN{Value: strconv.Itoa(n)}
}

// sizeOf is the function size: bytes of strings and binaries, members of others.
func sizeOf(value types.AttributeValue) (int, bool) {
	switch v := value.(type) {
	case *types.AttributeValueMemberS:
		return len(v.Value), true
	case *types.AttributeValueMemberB:
		return len(v.Value), true
	case *types.AttributeValueMemberM:
		return len(v.Value), true
	case *types.AttributeValueMemberL:
		return len(v.Value), true
	}
	members := setMembers(value)
	return len(members), members != nil
}

// condition parses a condition; nil for none.
func (s *substitutions) condition(kind string, text *string) (predicate, error) {
	if text == nil {
		return nil, nil
	}
	p, err := s.parser(kind, *text)
	if err != nil {
		return nil, err
	}
	parsed, err := p.disjunction()
	if err != nil {
		return nil, err
	}
	return parsed, p.end()
}

func (p *parser) disjunction() (predicate, error) {
	left, err := p.conjunction()
	for err == nil && p.keyword("OR") {
		var right predicate
		right, err = p.conjunction()
		left = oneOf{left, right}
	}
	return left, err
}

func (p *parser) conjunction() (predicate, error) {
	left, err := p.negated()
	for err == nil && p.keyword("AND") {
		var right predicate
		right, err = p.negated()
		left = both{left, right}
	}
	return left, err
}

func (p *parser) negated() (predicate, error) {
	if p.depth++; p.depth > parserDepth {
		return nil, p.invalid("The expression contains too many operators; operator count: %d", p.depth)
	}
	if p.keyword("NOT") {
		inner, err := p.negated()
		return negation{inner}, err
	}
	if p.symbol("(") {
		inner, err := p.disjunction()
		if err != nil {
			return nil, err
		}
		return inner, p.expect(")")
	}
	return p.primary()
}

// argumentKinds tells of each function what its arguments are: a path, a value,
// or any operand.
var functionArguments = map[string]int{
	"attribute_exists": 1, "attribute_not_exists": 1, "attribute_type": 2, "begins_with": 2, "contains": 2,
}

func (p *parser) primary() (predicate, error) {
	if t := p.peek(); t.kind == tokenWord && p.tokens[p.at+1].text == "(" && t.text != "size" {
		return p.function()
	}
	left, err := p.operand()
	if err != nil {
		return nil, err
	}
	switch t := p.peek(); {
	case p.keyword("BETWEEN"):
		return p.betweenRest(left)
	case p.keyword("IN"):
		return p.membershipRest(left)
	case t.kind == tokenSymbol && slices.Contains([]string{"=", "<>", "<", "<=", ">", ">="}, t.text):
		p.at++
		right, err := p.operand()
		return comparison{t.text, left, right}, err
	}
	return nil, p.unexpected()
}

func (p *parser) betweenRest(value operand) (predicate, error) {
	low, err := p.operand()
	if err != nil {
		return nil, err
	}
	if !p.keyword("AND") {
		return nil, p.unexpected()
	}
	high, err := p.operand()
	if err != nil {
		return nil, err
	}
	if low.value != nil && high.value != nil {
		if order, ok := compareValues(low.value, high.value); !ok || order > 0 {
			return nil, p.invalid("The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: AttributeValue: %s, upper bound operand: AttributeValue: %s", showValue(low.value), showValue(high.value))
		}
	}
	return between{value, low, high}, nil
}

// showValue writes a scalar as DynamoDB's errors do: {S:abc}.
func showValue(value types.AttributeValue) string {
	switch v := value.(type) {
	case *types.AttributeValueMemberS:
		return "{S:" + v.Value + "}"
	case *types.AttributeValueMemberN:
		return "{N:" + v.Value + "}"
	}
	return "{" + typeName(value) + "}"
}

func (p *parser) membershipRest(value operand) (predicate, error) {
	if err := p.expect("("); err != nil {
		return nil, err
	}
	m := membership{value: value}
	for {
		item, err := p.operand()
		if err != nil {
			return nil, err
		}
		m.list = append(m.list, item)
		if !p.symbol(",") {
			break
		}
	}
	if len(m.list) > 100 {
		return nil, p.invalid("Invalid operand count for IN; the maximum is 100: %d", len(m.list))
	}
	return m, p.expect(")")
}

func (p *parser) operand() (operand, error) {
	t := p.peek()
	switch {
	case t.kind == tokenValue:
		value, err := p.value()
		return operand{value: value}, err
	case t.kind == tokenWord && t.text == "size" && p.tokens[p.at+1].text == "(":
		p.at += 2
		path, err := p.path()
		if err != nil {
			return operand{}, err
		}
		return operand{path: path, size: true}, p.expect(")")
	case t.kind == tokenSymbol && t.text == "(":
		p.at++
		inner, err := p.operand()
		if err != nil {
			return operand{}, err
		}
		return inner, p.expect(")")
	}
	path, err := p.path()
	return operand{path: path}, err
}

func (p *parser) function() (predicate, error) {
	name := p.take().text
	count, ok := functionArguments[name]
	if !ok {
		return nil, p.invalid("Invalid function name; function: %s", name)
	}
	p.at++ // the parenthesis that primary saw
	var arguments []operand
	for {
		argument, err := p.operand()
		if err != nil {
			return nil, err
		}
		arguments = append(arguments, argument)
		if !p.symbol(",") {
			break
		}
	}
	if err := p.expect(")"); err != nil {
		return nil, err
	}
	if len(arguments) != count {
		return nil, p.invalid("Incorrect number of operands for operator or function; operator or function: %s, number of operands: %d", name, len(arguments))
	}
	c := call{function: name, path: arguments[0]}
	if count == 2 {
		c.argument = arguments[1]
	}
	return c, p.checkCall(c)
}

// checkCall refuses arguments that a function can never take.
func (p *parser) checkCall(c call) error {
	if strings.HasPrefix(c.function, "attribute_") && (c.path.path == nil || c.path.size) {
		return p.invalid("Operator or function requires a document path; operator or function: %s", c.function)
	}
	if c.argument.value == nil {
		return nil
	}
	kind := typeName(c.argument.value)
	switch c.function {
	case "attribute_type":
		name, ok := c.argument.value.(*types.AttributeValueMemberS)
		if !ok {
			return p.invalid("Incorrect operand type for operator or function; operator or function: attribute_type, operand type: %s", kind)
		}
		if !slices.Contains([]string{"S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS"}, name.Value) {
			return p.invalid("Invalid attribute type name found; type: %s, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}", name.Value)
		}
	case "begins_with":
		if kind != "S" && kind != "B" {
			return p.invalid("Incorrect operand type for operator or function; operator or function: begins_with, operand type: %s", kind)
		}
	}
	return nil
}
