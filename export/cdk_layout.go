package export

import (
	"strings"
	"unicode/utf8"
)

// Source text that is laid out as the formatters of both languages do: in one line where
// it fits, otherwise an item on a line.

// syntax is a word, a sequence, a *bracket or a *decision.
type syntax any

// sequence is code after code.
type sequence []syntax

// bracket has items between a word that opens and one that closes.
type bracket struct {
	open, close string
	items       []bracketItem
	spaced      bool // spaces within, where it is one line
	object      bool // may begin in the line of the call whose last argument it is
	split       bool // an item on a line, even if they fit into one
	bare        bool // no comma behind the last item
}

type bracketItem struct {
	comment string
	code    syntax
}

// decision is one of two values.
type decision struct {
	condition string
	yes, no   syntax
	enclosed  bool // in parentheses
}

// layout writes code of a language.
type layout struct {
	python bool
	indent int // spaces of a level
	width  int
	mark   string // of a comment
	b      strings.Builder
	column int
	level  int
}

// flat is the code in one line; false: it takes several.
func (l *layout) flat(c syntax) (string, bool) {
	switch c := c.(type) {
	case string:
		return c, true
	case sequence:
		var b strings.Builder
		for _, part := range c {
			s, ok := l.flat(part)
			if !ok {
				return "", false
			}
			b.WriteString(s)
		}
		return b.String(), true
	case *bracket:
		return l.flatBracket(c)
	case *decision:
		yes, ok := l.flat(c.yes)
		no, also := l.flat(c.no)
		s := c.condition + " ? " + yes + " : " + no
		if l.python {
			s = yes + " if " + c.condition + " else " + no
		}
		if c.enclosed {
			s = "(" + s + ")"
		}
		return s, ok && also
	}
	panic("export: no code")
}

func (l *layout) flatBracket(c *bracket) (string, bool) {
	if c.split && len(c.items) > 0 {
		return "", false
	}
	words := make([]string, 0, len(c.items))
	for _, item := range c.items {
		s, ok := l.flat(item.code)
		if !ok || item.comment != "" {
			return "", false
		}
		words = append(words, s)
	}
	space := ""
	if c.spaced && len(words) > 0 {
		space = " "
	}
	return c.open + space + strings.Join(words, ", ") + space + c.close, true
}

// write writes code with so much more behind it in its line.
func (l *layout) write(c syntax, behind int) {
	if s, ok := l.flat(c); ok && l.column+utf8.RuneCountInString(s)+behind <= l.width {
		l.word(s)
		return
	}
	switch c := c.(type) {
	case string:
		l.word(c)
	case sequence:
		if l.alone(c) {
			l.word(strings.TrimRight(c[0].(string), " "))
			l.level++
			l.line()
			l.write(c[1], behind)
			l.level--
			return
		}
		for i, part := range c {
			rest := behind
			if i+1 < len(c) {
				rest = l.head(c[i+1:], behind)
			}
			l.write(part, rest)
		}
	case *bracket:
		l.writeBracket(c, behind)
	case *decision:
		l.writeDecision(c)
	}
}

// alone tells whether a property's value, a long string or a decision, begins in a line
// of its own.
func (l *layout) alone(c sequence) bool {
	if l.python || len(c) != 2 {
		return false
	}
	if property, ok := c[0].(string); !ok || !strings.HasSuffix(property, ": ") {
		return false
	}
	if text, ok := c[1].(string); ok {
		return strings.ContainsAny(text[:1], `'"`)
	}
	d, ok := c[1].(*decision)
	return ok && strings.Contains(d.condition, " ")
}

// head is how long what follows is before it can go on in another line.
func (l *layout) head(c sequence, behind int) int {
	n := 0
	for _, part := range c {
		switch p := part.(type) {
		case string:
			n += utf8.RuneCountInString(p)
		case *bracket:
			return n + len(p.open)
		default:
			return n
		}
	}
	return n + behind
}

func (l *layout) writeBracket(c *bracket, behind int) {
	if len(c.items) == 0 {
		l.word(c.open + c.close)
		return
	}
	if l.hugs(c) {
		l.word(c.open)
		for _, item := range c.items[:len(c.items)-1] {
			s, _ := l.flat(item.code)
			l.word(s + ", ")
		}
		l.writeBracket(c.items[len(c.items)-1].code.(*bracket), behind+len(c.close))
		l.word(c.close)
		return
	}
	l.word(c.open)
	l.level++
	for _, item := range c.items {
		l.remark(item.comment)
		l.line()
		l.write(item.code, 1)
		if !c.bare {
			l.word(",")
		}
	}
	l.level--
	l.line()
	l.word(c.close)
}

// hugs tells whether a call's last argument, an object or a list, begins in its line.
func (l *layout) hugs(c *bracket) bool {
	if l.python || c.open != "(" {
		return false
	}
	width := l.column + 1
	for i, item := range c.items {
		if i == len(c.items)-1 {
			last, ok := item.code.(*bracket)
			return ok && last.object && item.comment == "" && len(last.items) > 0 && width+1 <= l.width
		}
		s, ok := l.flat(item.code)
		if !ok || item.comment != "" {
			return false
		}
		width += utf8.RuneCountInString(s) + 2
	}
	return false
}

func (l *layout) writeDecision(c *decision) {
	if !l.python {
		if c.enclosed {
			l.word("(")
		}
		l.word(c.condition)
		l.level++
		l.branch("? ", c.yes)
		l.branch(": ", c.no)
		l.level--
		if c.enclosed {
			l.word(")")
		}
		return
	}
	l.word("(")
	l.level++
	l.line()
	open := *c
	open.enclosed = false
	if s, ok := l.flat(&open); ok && l.column+utf8.RuneCountInString(s) <= l.width {
		l.word(s)
	} else {
		l.writeAlternatives(c)
	}
	l.level--
	l.line()
	l.word(")")
}

// writeAlternatives has each value and each condition in a line.
func (l *layout) writeAlternatives(c *decision) {
	l.write(c.yes, 0)
	l.line()
	l.word("if " + c.condition)
	l.line()
	l.word("else ")
	if next, ok := c.no.(*decision); ok {
		l.writeAlternatives(next)
		return
	}
	l.write(c.no, 0)
}

// branch is one of the values, of which what goes on in other lines is a level deeper.
func (l *layout) branch(mark string, c syntax) {
	l.line()
	l.word(mark)
	if next, ok := c.(*decision); ok {
		l.writeDecision(next)
		return
	}
	l.level++
	l.write(c, 1)
	l.level--
}

// word writes a word, which may have line ends only of its own.
func (l *layout) word(s string) {
	l.b.WriteString(s)
	l.column += utf8.RuneCountInString(s)
}

// line begins another line.
func (l *layout) line() {
	l.b.WriteByte('\n')
	l.column = l.level * l.indent
	l.b.WriteString(strings.Repeat(" ", l.column))
}

// remark writes a comment.
func (l *layout) remark(text string) {
	if text == "" {
		return
	}
	for line := range strings.SplitSeq(text, "\n") {
		l.line()
		l.word(l.mark + " " + line)
	}
}
