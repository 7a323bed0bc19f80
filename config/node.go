package config

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

type kind string

const (
	nullNode   kind = "empty"
	textNode   kind = "a text"
	numberNode kind = "a number"
	boolNode   kind = "true or false"
	listNode   kind = "a list"
	mapNode    kind = "a section"
)

// node is a value of the file and where it stands.
type node struct {
	kind    kind
	text    string // of a scalar; numbers as they were written
	line    int
	entries []entry // of a section
	items   []*node // of a list

	path string // in the file, with list indexes; set by the check
	bad  bool   // the check found a problem in the value itself
}

type entry struct {
	key   string
	line  int
	value *node
}

// get is the value of a section's key; nil if it has none.
func (n *node) get(key string) *node {
	if n != nil {
		for _, e := range n.entries {
			if e.key == key {
				return e.value
			}
		}
	}
	return nil
}

// at is the value of a dotted path; nil if there is none.
func (n *node) at(path string) *node {
	for name := range strings.SplitSeq(path, ".") {
		n = n.get(name)
	}
	return n
}

// Bounds of what the YAML parser gets to see: its time grows with the square
// of both.
const (
	maxFile   = 1 << 20
	maxTokens = 20000
	maxDepth  = 32
)

// parse reads one YAML document; an empty one is an empty section.
func parse(file string, content []byte) (*node, *Problems) {
	problems := &Problems{}
	fail := func(line int, format string, arguments ...any) (*node, *Problems) {
		problems.add(Problem{File: file, Line: line, Message: fmt.Sprintf(format, arguments...)})
		return nil, problems
	}
	content = bytes.TrimPrefix(content, []byte("\ufeff"))
	if !utf8.Valid(content) || bytes.IndexByte(content, 0) >= 0 {
		return fail(0, "is not a text file in UTF-8")
	}
	// The lexer counts blank lines that end in CR LF twice.
	text := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(string(content))
	tokens := lexer.Tokenize(text)
	if line, reason := refuse(tokens); reason != "" {
		return fail(line, "%s", reason)
	}
	documents, err := documentsOf(tokens)
	if err != nil {
		var syntax yaml.Error
		if errors.As(err, &syntax) && syntax.GetToken() != nil {
			return fail(lineOf(syntax.GetToken()), "is not valid YAML: %s", syntax.GetMessage())
		}
		return fail(0, "is not valid YAML: %v", err)
	}
	if len(documents) > 1 {
		return fail(lineOf(documents[1].GetToken()), "has a second document: only one is allowed, without --- between")
	}
	if len(documents) == 0 {
		return &node{kind: mapNode}, nil
	}
	root, err := convert(documents[0])
	if err != nil {
		return fail(lineOf(documents[0].GetToken()), "is not valid YAML: %v", err)
	}
	if root.kind == nullNode {
		root.kind = mapNode
	}
	if root.kind != mapNode {
		return fail(root.line, "is %s, not keys with values such as name: my-pipeline", root.describe())
	}
	return root, nil
}

// documentsOf parses tokens into the bodies of the documents that have any.
func documentsOf(tokens token.Tokens) (bodies []ast.Node, err error) {
	// The parser is made for well-meant input; a panic in it is a syntax error
	// to the person whose file it is.
	defer func() {
		if r := recover(); r != nil {
			bodies, err = nil, fmt.Errorf("the parser gave up on it (%v)", r)
		}
	}()
	parsed, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return nil, err
	}
	for _, document := range parsed.Docs {
		if document.Body != nil {
			bodies = append(bodies, document.Body)
		}
	}
	return bodies, nil
}

// refuse finds what settings have no use for (anchors, tags, directives …) and
// what would take the parser too long.
func refuse(tokens token.Tokens) (line int, reason string) {
	if len(tokens) > maxTokens {
		return 0, fmt.Sprintf("is too long for a file of settings: %d YAML tokens, at most %d", len(tokens), maxTokens)
	}
	depth, dashes := 0, 0 // of brackets, and of "- - -" in one line
	for i, t := range tokens {
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			depth++
		case token.SequenceEndType, token.MappingEndType:
			depth--
		}
		dashes++
		if t.Type != token.SequenceEntryType || i == 0 || lineOf(tokens[i-1]) != lineOf(t) {
			dashes = 0
		}
		if depth > maxDepth || dashes > maxDepth {
			return lineOf(t), fmt.Sprintf("is nested deeper than %d levels", maxDepth)
		}
		if depth > 0 && i > 0 && splits(tokens[i-1], t, t.Next) {
			return lineOf(t), fmt.Sprintf("%s: write a space after the colon that ends a key, or put a text that has a colon in quotes",
				shown(tokens[i-1].Value+":"+t.Next.Value))
		}
		if reason := unsupported(t); reason != "" {
			return lineOf(t), reason
		}
	}
	return 0, ""
}

// splits tells whether a colon within brackets separates a key from its value
// although nothing follows it that makes it a separator: the parser would read
// {cost:center: 1} as a key cost, where YAML has a key cost:center.
func splits(before, colon, after *token.Token) bool {
	if colon.Type != token.MappingValueType || after == nil {
		return false
	}
	quoted := before.Type == token.DoubleQuoteType || before.Type == token.SingleQuoteType
	return !quoted && after.Origin != "" && !strings.ContainsAny(after.Origin[:1], " \t\n,]}")
}

func unsupported(t *token.Token) string {
	switch t.Type {
	case token.AnchorType, token.AliasType, token.MergeKeyType:
		return fmt.Sprintf("%s is not supported: anchors and aliases have to be written out", t.Value)
	case token.TagType:
		return fmt.Sprintf("the YAML tag %s is not supported", shown(t.Value))
	case token.DirectiveType:
		return "YAML directives are not supported"
	case token.MappingKeyType:
		return "keys that begin with ? are not supported"
	}
	return ""
}

// convert takes over what the settings can be made of.
func convert(from ast.Node) (*node, error) {
	n := &node{line: lineOf(from.GetToken())}
	switch v := from.(type) {
	case *ast.NullNode:
		n.kind = nullNode
	case *ast.StringNode:
		n.kind, n.text = textNode, v.Value
	case *ast.LiteralNode:
		n.kind, n.text = textNode, v.Value.Value
	case *ast.BoolNode:
		n.kind, n.text = boolNode, v.Token.Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		n.kind, n.text = numberNode, v.GetToken().Value
	case *ast.SequenceNode:
		n.kind = listNode
		for _, value := range v.Values {
			item, err := convert(value)
			if err != nil {
				return nil, err
			}
			n.items = append(n.items, item)
		}
	case *ast.MappingNode:
		n.kind = mapNode
		for _, pair := range v.Values {
			value, err := convert(pair.Value)
			if err != nil {
				return nil, err
			}
			n.entries = append(n.entries, entry{key: keyText(pair.Key), line: lineOf(pair.Key.GetToken()), value: value})
		}
		if len(n.entries) > 0 {
			n.line = n.entries[0].line
		}
	default:
		return nil, fmt.Errorf("line %d has something that settings have no use for (%s)", n.line, from.Type())
	}
	return n, nil
}

func keyText(key ast.MapKeyNode) string {
	if text, ok := key.(*ast.StringNode); ok {
		return text.Value
	}
	return key.GetToken().Value
}

func lineOf(t *token.Token) int {
	if t == nil || t.Position == nil {
		return 0
	}
	return t.Position.Line
}
