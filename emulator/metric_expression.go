package emulator

import (
	"math"
	"strconv"
	"strings"
)

// expression is metric math as far as the emulator has it: numbers, the IDs of
// other queries, + - * / and parentheses, and FILL(x, number).
type expression struct {
	operator byte // '+', '-', '*', '/', 'n' a number, 'm' another query, 'f' FILL
	number   float64
	id       string
	left     *expression
	right    *expression
	uses     []string // IDs anywhere in it; kept at the root alone
}

var (
	functionCall    = compiled(`\b([A-Z][A-Z_]*)\s*\(`)
	queryID         = compiled(`^[a-z][a-zA-Z0-9_]{0,254}$`)
	expressionToken = compiled(`^\s*(?:(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)|([A-Za-z_][A-Za-z0-9_]*)|([-+*/(),]))`)
)

// maxExpression is the longest expression in bytes, as of CloudWatch.
const maxExpression = 1024

// parser reads an expression from left to right.
type expressionParser struct {
	rest  string
	token string
	kind  int // 1 number, 2 word, 3 sign, 0 the end
	uses  []string
	depth int
}

func parseExpression(text string) (*expression, error) {
	for _, name := range functionCall().FindAllStringSubmatch(text, -1) {
		if name[1] != "FILL" {
			return nil, cwUnsupported("The function " + name[1] + " of metric math")
		}
	}
	refused := cwInvalid("Error in expression %q: this emulator has + - * /, parentheses, numbers, query IDs and FILL(id, number).", text)
	if len(text) > maxExpression || strings.TrimSpace(text) == "" {
		return nil, refused
	}
	p := &expressionParser{rest: text}
	if !p.next() {
		return nil, refused
	}
	e, ok := p.sum()
	if !ok || p.kind != 0 {
		return nil, refused
	}
	e.uses = p.uses
	return e, nil
}

// next reads a token; false when there is something that is none.
func (p *expressionParser) next() bool {
	m := expressionToken().FindStringSubmatch(p.rest)
	if m == nil {
		p.kind, p.token = 0, ""
		return strings.TrimSpace(p.rest) == ""
	}
	p.rest = p.rest[len(m[0]):]
	for kind, token := range m[1:] {
		if token != "" {
			p.kind, p.token = kind+1, token
		}
	}
	return true
}

func (p *expressionParser) sum() (*expression, bool) {
	left, ok := p.product()
	for ok && p.kind == 3 && (p.token == "+" || p.token == "-") {
		operator := p.token[0]
		var right *expression
		if ok = p.next(); ok {
			right, ok = p.product()
			left = &expression{operator: operator, left: left, right: right}
		}
	}
	return left, ok
}

func (p *expressionParser) product() (*expression, bool) {
	left, ok := p.factor()
	for ok && p.kind == 3 && (p.token == "*" || p.token == "/") {
		operator := p.token[0]
		var right *expression
		if ok = p.next(); ok {
			right, ok = p.factor()
			left = &expression{operator: operator, left: left, right: right}
		}
	}
	return left, ok
}

func (p *expressionParser) factor() (*expression, bool) {
	if p.depth++; p.depth > 100 {
		return nil, false
	}
	defer func() { p.depth-- }()
	token, kind := p.token, p.kind
	if kind == 0 || !p.next() {
		return nil, false
	}
	switch {
	case kind == 1:
		number, err := strconv.ParseFloat(token, 64)
		return &expression{operator: 'n', number: number}, err == nil
	case kind == 2 && token == "FILL":
		return p.fill()
	case kind == 2 && queryID().MatchString(token):
		p.uses = append(p.uses, token)
		return &expression{operator: 'm', id: token}, true
	case token == "-":
		value, ok := p.factor()
		return &expression{operator: '-', left: &expression{operator: 'n'}, right: value}, ok
	case token == "(":
		value, ok := p.sum()
		return value, ok && p.sign(")")
	}
	return nil, false
}

// sign takes one sign.
func (p *expressionParser) sign(token string) bool {
	return p.kind == 3 && p.token == token && p.next()
}

// fill reads "(id, number)" after FILL.
func (p *expressionParser) fill() (*expression, bool) {
	if !p.sign("(") {
		return nil, false
	}
	value, ok := p.sum()
	if !ok || !p.sign(",") {
		return nil, false
	}
	with, ok := p.sum()
	if !ok || with.operator != 'n' || !p.sign(")") {
		return nil, false
	}
	return &expression{operator: 'f', left: value, number: with.number}, true
}

// link checks that expressions refer to queries that exist, in no circle, and
// gives them the longest period of what they use.
func (s *querySet) link() error {
	state := map[string]int{} // 1 being visited, 2 done
	var visit func(q *dataQuery) error
	visit = func(q *dataQuery) error {
		switch {
		case state[q.id] == 1:
			return cwInvalid("Error in expression of %s: expressions refer to each other in a circle", q.id)
		case state[q.id] == 2 || q.expression == nil:
			return nil
		}
		state[q.id] = 1
		for _, id := range q.expression.uses {
			other := s.byID[id]
			if other == nil {
				return cwInvalid("Error in expression of %s: there is no query with the ID %s", q.id, id)
			}
			if err := visit(other); err != nil {
				return err
			}
			q.period = max(q.period, other.period)
		}
		state[q.id] = 2
		if q.period == 0 {
			q.period = 60
		}
		return nil
	}
	for i := range s.list {
		if err := visit(&s.list[i]); err != nil {
			return err
		}
	}
	return nil
}

// seriesValue is a number or a time series.
type seriesValue struct {
	scalar bool
	number float64
	points map[int64]float64
}

// evaluate computes an expression over the data of the queries that it uses.
func (s *querySet) evaluate(q *dataQuery, data func(*dataQuery) (map[int64]float64, error)) (map[int64]float64, error) {
	inputs := map[string]map[int64]float64{}
	times := map[int64]float64{}
	for _, id := range q.expression.uses {
		points, err := data(s.byID[id])
		if err != nil {
			return nil, err
		}
		inputs[id] = points
		for at := range points {
			times[at] = 0
		}
	}
	result := q.expression.value(inputs, times)
	if result.scalar { // an expression of numbers alone
		return map[int64]float64{}, nil
	}
	return result.points, nil
}

func (e *expression) value(inputs map[string]map[int64]float64, times map[int64]float64) seriesValue {
	switch e.operator {
	case 'n':
		return seriesValue{scalar: true, number: e.number}
	case 'm':
		return seriesValue{points: inputs[e.id]}
	case 'f':
		filled := map[int64]float64{}
		for at := range times {
			filled[at] = e.number
		}
		inner := e.left.value(inputs, times)
		for at, value := range inner.points {
			filled[at] = value
		}
		return seriesValue{points: filled}
	}
	return combine(e.operator, e.left.value(inputs, times), e.right.value(inputs, times))
}

// combine computes point by point where both sides have one.
func combine(operator byte, a, b seriesValue) seriesValue {
	if a.scalar && b.scalar {
		return seriesValue{scalar: true, number: calculate(operator, a.number, b.number)}
	}
	times := a.points
	if a.scalar {
		times = b.points
	}
	out := map[int64]float64{}
	for at := range times {
		x, y := a.number, b.number
		hasX, hasY := a.scalar, b.scalar
		if !a.scalar {
			x, hasX = a.points[at]
		}
		if !b.scalar {
			y, hasY = b.points[at]
		}
		value := calculate(operator, x, y)
		if hasX && hasY && !math.IsNaN(value) && !math.IsInf(value, 0) { // division by 0 gives no data point
			out[at] = value
		}
	}
	return seriesValue{points: out}
}

func calculate(operator byte, x, y float64) float64 {
	switch operator {
	case '+':
		return x + y
	case '-':
		return x - y
	case '*':
		return x * y
	}
	return x / y
}
