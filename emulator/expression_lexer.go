package emulator

import (
	"fmt"
	"strings"
)

// token is one word of a DynamoDB expression.
type token struct {
	kind  tokenKind
	text  string
	start int // in the expression
}

type tokenKind int

const (
	tokenEnd tokenKind = iota
	tokenWord
	tokenName  // #n
	tokenValue // :v
	tokenNumber
	tokenSymbol // = <> < <= > >= ( ) [ ] , . + -
)

// expressionLimit is the greatest length of an expression in bytes.
const expressionLimit = 4096

// lex takes an expression apart; kind names it in errors.
func lex(kind, expression string) ([]token, error) {
	if len(expression) > expressionLimit {
		return nil, dynamoInvalid("Invalid %s: Expression size has exceeded the maximum allowed size; expression size: %d", kind, len(expression))
	}
	if strings.TrimSpace(expression) == "" {
		return nil, dynamoInvalid("Invalid %s: The expression can not be empty;", kind)
	}
	var tokens []token
	for at := 0; at < len(expression); {
		c := expression[at]
		if c == ' ' || c == '\t' || c == '\n' || c == '\r' {
			at++
			continue
		}
		t, ok := next(expression, at)
		if !ok {
			return nil, syntaxError(kind, expression, token{text: string(rune(c)), start: at})
		}
		tokens = append(tokens, t)
		at += len(t.text)
	}
	return append(tokens, token{kind: tokenEnd, text: "<EOF>", start: len(expression)}), nil
}

func next(expression string, at int) (token, bool) {
	c := expression[at]
	switch {
	case isLetter(c) || c == '_':
		return span(tokenWord, expression, at, 1, isWordByte), true
	case c == '#' || c == ':':
		kind := tokenName
		if c == ':' {
			kind = tokenValue
		}
		t := span(kind, expression, at, 1, isWordByte)
		return t, len(t.text) > 1
	case isDigit(c):
		return span(tokenNumber, expression, at, 1, isDigit), true
	}
	for _, symbol := range []string{"<>", "<=", ">=", "=", "<", ">", "(", ")", "[", "]", ",", ".", "+", "-"} {
		if strings.HasPrefix(expression[at:], symbol) {
			return token{kind: tokenSymbol, text: symbol, start: at}, true
		}
	}
	return token{}, false
}

func span(kind tokenKind, expression string, at, length int, part func(byte) bool) token {
	for at+length < len(expression) && part(expression[at+length]) {
		length++
	}
	return token{kind: kind, text: expression[at : at+length], start: at}
}

func isLetter(c byte) bool   { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
func isDigit(c byte) bool    { return c >= '0' && c <= '9' }
func isWordByte(c byte) bool { return isLetter(c) || isDigit(c) || c == '_' }

// syntaxError words an error as DynamoDB does: with the token and what is
// around it.
func syntaxError(kind, expression string, t token) error {
	from, to := max(0, t.start-10), min(len(expression), t.start+len(t.text)+10)
	near := ""
	if from < to {
		near = expression[from:to]
	}
	return dynamoInvalid("Invalid %s: Syntax error; token: %s, near: %s", kind, quote(t.text), quote(near))
}

func quote(s string) string { return fmt.Sprintf("\"%s\"", s) }
