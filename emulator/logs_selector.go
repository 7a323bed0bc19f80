package emulator

import (
	"encoding/json"
	"strconv"
	"strings"
)

// selector is a filter pattern for JSON events: { $.level = "ERROR" && … }.
type selector struct{ root *clause }

// clause is a comparison, or two clauses joined.
type clause struct {
	joined      string // "&&", "||", or "" for a comparison
	left, right *clause

	path     []string // members and indexes, [3] as "3"
	operator string   // = != < <= > >= IS EXISTS
	text     string
	number   float64
	isNumber bool
	negated  bool // NOT EXISTS
}

func (s selector) matches(message string) bool {
	decoder := json.NewDecoder(strings.NewReader(message))
	decoder.UseNumber()
	var event any
	if decoder.Decode(&event) != nil {
		return false
	}
	if _, ok := event.(map[string]any); !ok {
		return false
	}
	return s.root.holds(event)
}

func (c *clause) holds(event any) bool {
	switch c.joined {
	case "&&":
		return c.left.holds(event) && c.right.holds(event)
	case "||":
		return c.left.holds(event) || c.right.holds(event)
	}
	value, exists := reach(event, c.path)
	switch c.operator {
	case "EXISTS":
		return exists != c.negated
	case "IS":
		return exists && (c.text == "NULL" && value == nil || c.text == "TRUE" && value == true || c.text == "FALSE" && value == false)
	}
	if !exists {
		return false
	}
	switch v := value.(type) {
	case json.Number:
		return c.compareNumber(v)
	case string:
		return !c.isNumber && c.compareText(v) || c.isNumber && c.compareText(v) && (c.operator == "=" || c.operator == "!=")
	}
	return false
}

func (c *clause) compareNumber(n json.Number) bool {
	if !c.isNumber {
		return c.compareText(n.String())
	}
	v, err := n.Float64()
	if err != nil {
		return false
	}
	switch c.operator {
	case "=":
		return v == c.number
	case "!=":
		return v != c.number
	case "<":
		return v < c.number
	case "<=":
		return v <= c.number
	case ">":
		return v > c.number
	}
	return v >= c.number
}

// compareText compares a string, in which * stands for any text.
func (c *clause) compareText(v string) bool {
	switch c.operator {
	case "=":
		return wildcardText(c.text, v)
	case "!=":
		return !wildcardText(c.text, v)
	}
	return false
}

// wildcardText matches * alone: a ? is a question mark here.
func wildcardText(pattern, text string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == text
	}
	rest, ok := strings.CutPrefix(text, parts[0])
	if !ok {
		return false
	}
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(rest, part)
		if i < 0 {
			return false
		}
		rest = rest[i+len(part):]
	}
	return strings.HasSuffix(rest, parts[len(parts)-1])
}

// reach follows a path into an event.
func reach(value any, path []string) (any, bool) {
	for _, step := range path {
		switch v := value.(type) {
		case map[string]any:
			next, ok := v[step]
			if !ok {
				return nil, false
			}
			value = next
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(v) {
				return nil, false
			}
			value = v[i]
		default:
			return nil, false
		}
	}
	return value, true
}

var (
	selectorPath  = compiled(`^\$((?:\.[A-Za-z_][A-Za-z0-9_-]*|\[\d{1,6}\])+)`)
	selectorStep  = compiled(`\.([A-Za-z_][A-Za-z0-9_-]*)|\[(\d+)\]`)
	selectorWords = compiled(`^(?i:(NOT\s+EXISTS|EXISTS|IS\s+(NULL|TRUE|FALSE)))\b`)
	selectorSign  = compiled(`^(!=|<=|>=|=|<|>)`)
	selectorValue = compiled(`^[A-Za-z0-9_.*+-]+`)
)

// selectorParser reads a selector from left to right.
type selectorParser struct {
	rest  string
	depth int
}

func parseSelector(text string) (pattern, error) {
	refused := logsInvalid("Invalid metric filter pattern: %s", text)
	inner, ok := strings.CutSuffix(strings.TrimPrefix(text, "{"), "}")
	if !ok {
		return nil, refused
	}
	if strings.Contains(inner, "%") {
		return nil, logsUnsupported("A regular expression in a filter pattern")
	}
	p := &selectorParser{rest: inner}
	root, ok := p.either()
	if !ok || strings.TrimSpace(p.rest) != "" {
		return nil, refused
	}
	return selector{root}, nil
}

// take takes a word from the beginning, if it is there.
func (p *selectorParser) take(word string) bool {
	p.rest = strings.TrimLeft(p.rest, " \t\n")
	rest, ok := strings.CutPrefix(p.rest, word)
	if ok {
		p.rest = rest
	}
	return ok
}

func (p *selectorParser) either() (*clause, bool) {
	left, ok := p.both()
	for ok && p.take("||") {
		var right *clause
		right, ok = p.both()
		left = &clause{joined: "||", left: left, right: right}
	}
	return left, ok
}

func (p *selectorParser) both() (*clause, bool) {
	left, ok := p.comparison()
	for ok && p.take("&&") {
		var right *clause
		right, ok = p.comparison()
		left = &clause{joined: "&&", left: left, right: right}
	}
	return left, ok
}

func (p *selectorParser) comparison() (*clause, bool) {
	if p.take("(") {
		if p.depth++; p.depth > 50 {
			return nil, false
		}
		inner, ok := p.either()
		p.depth--
		return inner, ok && p.take(")")
	}
	p.take("") // leading space
	m := selectorPath().FindStringSubmatch(p.rest)
	if m == nil {
		return nil, false
	}
	p.rest = strings.TrimLeft(p.rest[len(m[0]):], " \t\n")
	c := &clause{}
	for _, step := range selectorStep().FindAllStringSubmatch(m[1], -1) {
		c.path = append(c.path, step[1]+step[2])
	}
	if words := selectorWords().FindString(p.rest); words != "" {
		p.rest = p.rest[len(words):]
		fields := strings.Fields(strings.ToUpper(words))
		c.operator, c.text, c.negated = fields[len(fields)-1], "", fields[0] == "NOT"
		if fields[0] == "IS" {
			c.operator, c.text = "IS", fields[1]
		}
		return c, true
	}
	if c.operator = selectorSign().FindString(p.rest); c.operator == "" {
		return nil, false
	}
	p.rest = strings.TrimLeft(p.rest[len(c.operator):], " \t\n")
	return c, p.value(c)
}

// value reads what a member is compared with.
func (p *selectorParser) value(c *clause) bool {
	if strings.HasPrefix(p.rest, `"`) {
		text, rest, ok := cutQuoted(p.rest)
		c.text, p.rest = text, rest
		return ok && (c.operator == "=" || c.operator == "!=")
	}
	c.text = selectorValue().FindString(p.rest)
	p.rest = p.rest[len(c.text):]
	number, err := strconv.ParseFloat(c.text, 64)
	c.number, c.isNumber = number, err == nil
	return c.text != "" && (c.isNumber || c.operator == "=" || c.operator == "!=")
}
