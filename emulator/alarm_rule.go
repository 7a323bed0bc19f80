package emulator

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// Limits of the rule of a composite alarm.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
const (
	ruleLength   = 10_240 // characters
	ruleElements = 500    // alarms, TRUE and FALSE, parentheses
	ruleChildren = 100
)

// alarmRule is a parsed rule: it tells whether it holds, given the states of the
// alarms by the names or ARNs that it has for them.
type alarmRule func(state func(alarm string) types.StateValue) bool

// What may stand where, in CloudWatch's words.
const (
	ruleOperand  = "'(', 'NOT', AT_LEAST, TRUE or FALSE, ALARM, OK, or INSUFFICIENT_DATA"
	ruleOperator = "'AND' or 'OR'"
	ruleName     = "an alarm name or ARN"
)

// ruleParser reads a rule from left to right.
type ruleParser struct {
	text     string
	token    string // the present one; "" at the end
	literal  bool   // it was quoted: it is a name, whatever it says
	start    int    // where it begins in text
	next     int    // where the one after it begins
	elements int
	names    []string // of the alarms, each once, in the order of the rule
}

// parseAlarmRule parses the rule of a composite alarm and lists the alarms in it.
func parseAlarmRule(text string) (alarmRule, []string, error) {
	switch n := utf8.RuneCountInString(text); {
	case n == 0 || strings.TrimSpace(text) != text:
		return nil, nil, cwValidation("AlarmRule must not contain leading or trailing whitespace or be null")
	case n > ruleLength:
		return nil, nil, cwValidation("AlarmRule must not be longer than %d characters", ruleLength)
	}
	p := &ruleParser{text: text}
	if err := p.advance(); err != nil {
		return nil, nil, err
	}
	rule, err := p.expression()
	switch {
	case err != nil:
		return nil, nil, err
	case p.token != "":
		return nil, nil, p.unexpected(ruleOperator)
	case len(p.names) > ruleChildren:
		return nil, nil, cwValidation("Error in AlarmRule [more than %d alarms]", ruleChildren)
	}
	return rule, p.names, nil
}

// cwValidation is CloudWatch's answer to an input that its model allows and the
// service does not.
func cwValidation(format string, args ...any) *apiError {
	return failf(http.StatusBadRequest, "ValidationException", format, args...)
}

func (p *ruleParser) unexpected(wanted string) error {
	if p.token == "" {
		return cwValidation("Error in AlarmRule [Unexpected end of the rule, must be: %s]", wanted)
	}
	return cwValidation("Error in AlarmRule [Unsupported token '%s' at char %d, must be: %s]",
		p.token, utf8.RuneCountInString(p.text[:p.start]), wanted)
}

// advance goes to the next token: a parenthesis, a comma, a name in quotes, or
// whatever stands between those and white space.
func (p *ruleParser) advance() error {
	rest := strings.TrimLeftFunc(p.text[p.next:], unicode.IsSpace)
	p.start, p.token, p.literal = len(p.text)-len(rest), "", false
	switch {
	case rest == "":
		p.next = p.start
	case strings.ContainsRune("(),", rune(rest[0])):
		p.token, p.next = rest[:1], p.start+1
	case rest[0] == '"':
		return p.quoted(rest)
	default:
		end := strings.IndexFunc(rest, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("(),", r) })
		if end < 0 {
			end = len(rest)
		}
		p.token, p.next = rest[:end], p.start+end
	}
	return nil
}

// quoted reads a name in double quotes, within which a backslash escapes one.
func (p *ruleParser) quoted(rest string) error {
	var name strings.Builder
	for i := 1; i < len(rest); i++ {
		switch {
		case rest[i] == '\\' && i+1 < len(rest) && rest[i+1] == '"':
			i++
			name.WriteByte('"')
		case rest[i] == '"' && name.Len() > 0:
			p.token, p.literal, p.next = name.String(), true, p.start+i+1
			return nil
		case rest[i] == '"':
			p.token = rest[:2]
			return p.unexpected(ruleName)
		default:
			name.WriteByte(rest[i])
		}
	}
	p.token = rest
	return p.unexpected("a closing '\"'")
}

// is tells whether the present token is a word of the grammar.
func (p *ruleParser) is(word string) bool { return !p.literal && p.token == word }

// take goes on after a word that must be there.
func (p *ruleParser) take(word string) error {
	if !p.is(word) {
		return p.unexpected("'" + word + "'")
	}
	return p.advance()
}

// count counts elements of the rule.
func (p *ruleParser) count(n int) error {
	if p.elements += n; p.elements > ruleElements {
		return cwValidation("Error in AlarmRule [more than %d elements]", ruleElements)
	}
	return nil
}

// expression is what OR joins; AND binds tighter.
func (p *ruleParser) expression() (alarmRule, error) {
	return p.joined("OR", p.conjunction, func(left, right alarmRule) alarmRule {
		return func(state func(string) types.StateValue) bool { return left(state) || right(state) }
	})
}

func (p *ruleParser) conjunction() (alarmRule, error) {
	return p.joined("AND", p.operand, func(left, right alarmRule) alarmRule {
		return func(state func(string) types.StateValue) bool { return left(state) && right(state) }
	})
}

func (p *ruleParser) joined(word string, part func() (alarmRule, error), join func(left, right alarmRule) alarmRule) (alarmRule, error) {
	rule, err := part()
	for err == nil && p.is(word) {
		if err = p.advance(); err != nil {
			break
		}
		var right alarmRule
		if right, err = part(); err == nil {
			rule = join(rule, right)
		}
	}
	return rule, err
}

func (p *ruleParser) operand() (alarmRule, error) {
	word := p.token
	if p.literal {
		return nil, p.unexpected(ruleOperand)
	}
	switch {
	case word == "NOT":
		if err := p.advance(); err != nil {
			return nil, err
		}
		rule, err := p.operand()
		return func(state func(string) types.StateValue) bool { return !rule(state) }, err
	case word == "(":
		return p.group()
	case strings.EqualFold(word, "TRUE"), strings.EqualFold(word, "FALSE"):
		if err := p.count(1); err != nil {
			return nil, err
		}
		return func(func(string) types.StateValue) bool { return strings.EqualFold(word, "TRUE") }, p.advance()
	case word == "AT_LEAST":
		return p.atLeast()
	case isAlarmState(word):
		return p.stateOf(types.StateValue(word))
	}
	return nil, p.unexpected(ruleOperand)
}

func isAlarmState(word string) bool {
	return slices.Contains(types.StateValue("").Values(), types.StateValue(word))
}

func (p *ruleParser) group() (alarmRule, error) {
	if err := p.count(2); err != nil {
		return nil, err
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	rule, err := p.expression()
	if err != nil {
		return nil, err
	}
	return rule, p.take(")")
}

// stateOf is ALARM(name) and its like.
func (p *ruleParser) stateOf(wanted types.StateValue) (alarmRule, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	if err := p.take("("); err != nil {
		return nil, err
	}
	name, err := p.name()
	if err != nil {
		return nil, err
	}
	return func(state func(string) types.StateValue) bool { return state(name) == wanted }, p.take(")")
}

func (p *ruleParser) name() (string, error) {
	name := p.token
	if name == "" || !p.literal && strings.Contains("(),", name) {
		return "", p.unexpected(ruleName)
	}
	if !slices.Contains(p.names, name) {
		p.names = append(p.names, name)
	}
	if err := p.count(1); err != nil {
		return "", err
	}
	return name, p.advance()
}

// atLeast is AT_LEAST(number or percentage, [NOT] state, (name, name …)).
func (p *ruleParser) atLeast() (alarmRule, error) {
	steps := []func() error{p.advance, func() error { return p.take("(") }}
	for _, step := range steps {
		if err := step(); err != nil {
			return nil, err
		}
	}
	digits, percentage := strings.CutSuffix(p.token, "%")
	threshold, err := strconv.Atoi(digits)
	if err != nil || threshold < 1 || percentage && threshold > 100 || p.literal {
		return nil, p.unexpected("a number from 1 or a percentage from 1% to 100%")
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	if err := p.take(","); err != nil {
		return nil, err
	}
	wanted, negated, err := p.condition()
	if err != nil {
		return nil, err
	}
	names, err := p.list()
	if err != nil {
		return nil, err
	}
	if !percentage && threshold > len(names) {
		return nil, cwValidation("Error in AlarmRule [AT_LEAST %d of %d alarms can never hold]", threshold, len(names))
	}
	return func(state func(string) types.StateValue) bool {
		n := 0
		for _, name := range names {
			if (state(name) == wanted) != negated {
				n++
			}
		}
		if percentage {
			return n*100 >= threshold*len(names)
		}
		return n >= threshold
	}, p.take(")")
}

// condition is the state that AT_LEAST asks for, with the comma after it.
func (p *ruleParser) condition() (wanted types.StateValue, negated bool, err error) {
	if negated = p.is("NOT"); negated {
		if err := p.advance(); err != nil {
			return "", false, err
		}
	}
	if p.literal || !isAlarmState(p.token) {
		return "", false, p.unexpected("ALARM, OK, or INSUFFICIENT_DATA")
	}
	wanted = types.StateValue(p.token)
	if err := p.advance(); err != nil {
		return "", false, err
	}
	return wanted, negated, p.take(",")
}

// list is the list of alarms of AT_LEAST.
func (p *ruleParser) list() ([]string, error) {
	if err := p.take("("); err != nil {
		return nil, err
	}
	var names []string
	for {
		name, err := p.name()
		if err != nil {
			return nil, err
		}
		names = append(names, name)
		if !p.is(",") {
			return names, p.take(")")
		}
		if err := p.advance(); err != nil {
			return nil, err
		}
	}
}

// ruleMissing words which alarms of a rule are not there.
func ruleMissing(names []string) error {
	return cwValidation("%s", fmt.Sprintf("Could not save the composite alarm as alarms [%s] in the alarm rule do not exist", strings.Join(names, ", ")))
}
