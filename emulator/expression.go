package emulator

import (
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// substitutions are the names and values that the expressions of one request
// may use, and which of them were used: DynamoDB refuses a request with one that
// is left over.
type substitutions struct {
	names      map[string]string
	values     attributes
	usedNames  map[string]bool
	usedValues map[string]bool
	reserved   map[string]bool
}

// newSubstitutions checks the names and values of a request. The expressions are
// all that the request has: without any, there must be no names and values.
func (d *dynamoService) newSubstitutions(names map[string]string, values map[string]types.AttributeValue, expressions ...*string) (*substitutions, error) {
	s := &substitutions{names: names, values: values, usedNames: map[string]bool{}, usedValues: map[string]bool{}, reserved: d.reserved}
	used := slices.ContainsFunc(expressions, func(e *string) bool { return e != nil })
	switch {
	case names != nil && !used:
		return nil, dynamoInvalid("ExpressionAttributeNames can only be specified when using expressions")
	case values != nil && !used:
		return nil, dynamoInvalid("ExpressionAttributeValues can only be specified when using expressions")
	case names != nil && len(names) == 0:
		return nil, dynamoInvalid("ExpressionAttributeNames must not be empty")
	case values != nil && len(values) == 0:
		return nil, dynamoInvalid("ExpressionAttributeValues must not be empty")
	}
	for name := range names {
		if !isPlaceholder(name, '#') {
			return nil, dynamoInvalid("ExpressionAttributeNames contains invalid key: Syntax error; key: %s", quote(name))
		}
	}
	for name, value := range values {
		if !isPlaceholder(name, ':') {
			return nil, dynamoInvalid("ExpressionAttributeValues contains invalid key: Syntax error; key: %s", quote(name))
		}
		checked, err := checkValue(value, 1)
		if err != nil {
			return nil, dynamoInvalid("ExpressionAttributeValues contains invalid value: %s for key %s", err.(*apiError).Message, name) //nolint:errorlint // our own, never wrapped
		}
		values[name] = checked
	}
	return s, nil
}

func isPlaceholder(name string, mark byte) bool {
	if len(name) < 2 || name[0] != mark {
		return false
	}
	for i := 1; i < len(name); i++ {
		if !isWordByte(name[i]) {
			return false
		}
	}
	return true
}

// unused refuses names and values that no expression used.
func (s *substitutions) unused() error {
	left := func(all []string, used map[string]bool) []string {
		return slices.DeleteFunc(all, func(name string) bool { return used[name] })
	}
	if names := left(sortedKeys(s.names), s.usedNames); len(names) > 0 {
		return dynamoInvalid("Value provided in ExpressionAttributeNames unused in expressions: keys: {%s}", strings.Join(names, ", "))
	}
	if values := left(sortedKeys(s.values), s.usedValues); len(values) > 0 {
		return dynamoInvalid("Value provided in ExpressionAttributeValues unused in expressions: keys: {%s}", strings.Join(values, ", "))
	}
	return nil
}

// parser walks over the tokens of one expression.
type parser struct {
	*substitutions
	kind   string // as ConditionExpression, for errors
	text   string
	tokens []token
	at     int
	depth  int
}

// parserDepth bounds the nesting of an expression; AWS allows 300 operators.
const parserDepth = 300

func (s *substitutions) parser(kind, text string) (*parser, error) {
	tokens, err := lex(kind, text)
	if err != nil {
		return nil, err
	}
	return &parser{substitutions: s, kind: kind, text: text, tokens: tokens}, nil
}

func (p *parser) peek() token { return p.tokens[p.at] }

func (p *parser) take() token {
	t := p.tokens[p.at]
	if t.kind != tokenEnd {
		p.at++
	}
	return t
}

// symbol takes the given symbol if it comes next.
func (p *parser) symbol(text string) bool {
	if t := p.peek(); t.kind == tokenSymbol && t.text == text {
		p.at++
		return true
	}
	return false
}

// keyword takes the given word, in any case, if it comes next.
func (p *parser) keyword(word string) bool {
	if t := p.peek(); t.kind == tokenWord && strings.EqualFold(t.text, word) {
		p.at++
		return true
	}
	return false
}

func (p *parser) expect(text string) error {
	if !p.symbol(text) {
		return p.unexpected()
	}
	return nil
}

func (p *parser) unexpected() error { return syntaxError(p.kind, p.text, p.peek()) }

func (p *parser) invalid(format string, args ...any) error {
	return dynamoInvalid("Invalid "+p.kind+": "+format, args...)
}

// end refuses what comes behind an expression.
func (p *parser) end() error {
	if p.peek().kind != tokenEnd {
		return p.unexpected()
	}
	return nil
}

// documentPath leads to an attribute or into one: a.b[2].
type documentPath []pathStep

type pathStep struct {
	name  string
	index int // of a list; -1 for a name
}

func (d documentPath) String() string {
	var b strings.Builder
	b.WriteString("[")
	for i, step := range d {
		if i > 0 {
			b.WriteString(", ")
		}
		if step.index >= 0 {
			b.WriteString("[" + strconv.Itoa(step.index) + "]")
		} else {
			b.WriteString(step.name)
		}
	}
	return b.String() + "]"
}

// path parses a document path.
func (p *parser) path() (documentPath, error) {
	name, err := p.attributeName()
	if err != nil {
		return nil, err
	}
	path := documentPath{{name, -1}}
	for {
		switch {
		case p.symbol("."):
			name, err := p.attributeName()
			if err != nil {
				return nil, err
			}
			path = append(path, pathStep{name, -1})
		case p.symbol("["):
			t := p.peek()
			index, err := strconv.Atoi(t.text)
			if t.kind != tokenNumber || err != nil || index > 1<<30 {
				return nil, p.unexpected()
			}
			p.at++
			path = append(path, pathStep{"", index})
			if err := p.expect("]"); err != nil {
				return nil, err
			}
		default:
			if len(path) > nestingLimit {
				return nil, p.invalid("The document path has too many nesting elements; nesting elements: %d", len(path))
			}
			return path, nil
		}
	}
}

func (p *parser) attributeName() (string, error) {
	switch t := p.peek(); t.kind {
	case tokenWord:
		if p.reserved[strings.ToUpper(t.text)] {
			return "", p.invalid("Attribute name is a reserved keyword; reserved keyword: %s", t.text)
		}
		p.at++
		return t.text, nil
	case tokenName:
		name, ok := p.names[t.text]
		if !ok {
			return "", p.invalid("An expression attribute name used in the document path is not defined; attribute name: %s", t.text)
		}
		p.at++
		p.usedNames[t.text] = true
		return name, nil
	default:
		return "", p.unexpected()
	}
}

// value takes a :placeholder.
func (p *parser) value() (types.AttributeValue, error) {
	t := p.take()
	value, ok := p.values[t.text]
	if !ok {
		return nil, p.invalid("An expression attribute value used in expression is not defined; attribute value: %s", t.text)
	}
	p.usedValues[t.text] = true
	return value, nil
}

// projection parses a list of paths.
func (s *substitutions) projection(text *string) ([]documentPath, error) {
	if text == nil {
		return nil, nil
	}
	p, err := s.parser("ProjectionExpression", *text)
	if err != nil {
		return nil, err
	}
	var paths []documentPath
	for {
		path, err := p.path()
		if err != nil {
			return nil, err
		}
		paths = append(paths, path)
		if !p.symbol(",") {
			break
		}
	}
	if err := p.end(); err != nil {
		return nil, err
	}
	return paths, p.overlaps(paths)
}

// overlaps refuses paths of which one lies within another, or which need one
// value to be a map and a list.
func (p *parser) overlaps(paths []documentPath) error {
	for i, a := range paths {
		for _, b := range paths[:i] {
			same := 0
			for same < min(len(a), len(b)) && a[same] == b[same] {
				same++
			}
			switch {
			case same == min(len(a), len(b)):
				return p.invalid("Two document paths overlap with each other; must remove or rewrite one of these paths; path one: %s, path two: %s", b, a)
			case (a[same].index < 0) != (b[same].index < 0):
				return p.invalid("Two document paths conflict with each other; must remove or rewrite one of these paths; path one: %s, path two: %s", b, a)
			}
		}
	}
	return nil
}

// lookup gives the value at the path; nil if there is none.
func (d documentPath) lookup(item attributes) types.AttributeValue {
	value := item[d[0].name]
	for _, step := range d[1:] {
		switch v := value.(type) {
		case *types.AttributeValueMemberM:
			if step.index >= 0 {
				return nil
			}
			value = v.Value[step.name]
		case *types.AttributeValueMemberL:
			if step.index < 0 || step.index >= len(v.Value) {
				return nil
			}
			value = v.Value[step.index]
		default:
			return nil
		}
	}
	return value
}
