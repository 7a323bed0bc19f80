package enrichment

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"unicode/utf8"
)

// scanner validates JSON by RFC 8259 without recursion, so that depth costs one
// byte a level and never the stack. It expects valid UTF-8.
type scanner struct {
	data   []byte
	pos    int
	nested []byte // the open '{' and '[' of the value being skipped
	breaks bool   // a line break was seen between tokens
}

func (s *scanner) reset(data []byte) {
	s.data, s.pos, s.nested, s.breaks = data, 0, s.nested[:0], false
}

// space skips white space.
func (s *scanner) space() {
	for s.pos < len(s.data) {
		switch s.data[s.pos] {
		case ' ', '\t':
		case '\n', '\r':
			s.breaks = true
		default:
			return
		}
		s.pos++
	}
}

// peek is the next byte; 0, which no token begins with, at the end.
func (s *scanner) peek() byte {
	if s.pos < len(s.data) {
		return s.data[s.pos]
	}
	return 0
}

// fail tells what was expected where.
func (s *scanner) fail(expected string) error {
	if s.pos >= len(s.data) {
		return reject("not JSON: it ends where %s is expected", expected)
	}
	found, _ := utf8.DecodeRune(s.data[s.pos:])
	return reject("not JSON: %q at byte %d where %s is expected", found, s.pos, expected)
}

// value skips a value of any kind and depth. White space before it is skipped
// already, white space after it is not.
func (s *scanner) value() error {
	s.nested = s.nested[:0]
	for {
		opened, err := s.begin()
		if err != nil {
			return err
		}
		if opened {
			continue
		}
		if done, err := s.follow(); done || err != nil {
			return err
		}
	}
}

// begin skips a scalar, an empty container, or the beginning of a container up
// to its first value (then it answers true).
func (s *scanner) begin() (opened bool, err error) {
	switch c := s.peek(); c {
	case '{', '[':
		s.pos++
		s.space()
		if s.peek() == c+2 { // in ASCII, both closing brackets follow their opening ones by 2
			s.pos++
			return false, nil
		}
		s.nested = append(s.nested, c)
		if c == '{' {
			return true, s.name()
		}
		return true, nil
	case '"':
		_, err := s.text()
		return false, err
	case 't':
		return false, s.literal("true")
	case 'f':
		return false, s.literal("false")
	case 'n':
		return false, s.literal("null")
	default:
		if c == '-' || isDigit(c) {
			return false, s.number()
		}
		return false, s.fail("a value")
	}
}

// follow goes on after a value, to the next value or, with done, to the end of
// the outermost container.
func (s *scanner) follow() (done bool, err error) {
	for len(s.nested) > 0 {
		open := s.nested[len(s.nested)-1]
		s.space()
		switch c := s.peek(); {
		case c == ',':
			s.pos++
			s.space()
			if open == '{' {
				return false, s.name()
			}
			return false, nil
		case c == open+2:
			s.pos++
			s.nested = s.nested[:len(s.nested)-1]
		case open == '{':
			return false, s.fail("a comma or the object's end")
		default:
			return false, s.fail("a comma or the array's end")
		}
	}
	return true, nil
}

// name skips a member's name, the colon and the white space around it.
func (s *scanner) name() error {
	if s.peek() != '"' {
		return s.fail("a field's name")
	}
	if _, err := s.text(); err != nil {
		return err
	}
	return s.colon()
}

func (s *scanner) colon() error {
	s.space()
	if s.peek() != ':' {
		return s.fail("a colon")
	}
	s.pos++
	s.space()
	return nil
}

// text skips a string, whose opening quote is next, and tells whether it holds
// escapes.
func (s *scanner) text() (escaped bool, err error) {
	data, i := s.data, s.pos+1
	for i < len(data) {
		if i = plain(data, i); i == len(data) {
			break
		}
		switch c := data[i]; {
		case c == '"':
			s.pos = i + 1
			return escaped, nil
		case c == '\\':
			escaped = true
			n := escapeLength(data[i:])
			if n == 0 {
				s.pos = i
				return true, s.fail("a valid escape")
			}
			i += n
		case c < ' ':
			s.pos = i
			return escaped, s.fail("a string without raw control characters")
		default:
			i++
		}
	}
	s.pos = i
	return escaped, s.fail("a string's end")
}

// plain passes over the bytes from i on that stand for themselves in a string, as
// long as there are eight more, and answers where it came to: not past one that does
// not. To take a number from all eight at once sets the high bit of each that is
// smaller (https://graphics.stanford.edu/~seander/bithacks.html#HasLessInWord), and
// perhaps of higher ones by the borrow: the lowest is right.
func plain(data []byte, i int) int {
	const each, high = 0x0101010101010101, 0x8080808080808080
	for ; i+8 <= len(data); i += 8 {
		word := binary.LittleEndian.Uint64(data[i:])
		quote, escape := word^each*'"', word^each*'\\'
		if found := ((quote-each)&^quote | (escape-each)&^escape | (word-each*' ')&^word) & high; found != 0 {
			return i + bits.TrailingZeros64(found)/8
		}
	}
	return i
}

// escapeLength is the length of the escape that data begins with; 0: it is none.
func escapeLength(data []byte) int {
	if len(data) < 2 {
		return 0
	}
	switch data[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if _, ok := hex4(data[2:]); ok {
			return 6
		}
	}
	return 0
}

func (s *scanner) literal(word string) error {
	for i := range len(word) {
		if s.peek() != word[i] {
			return s.fail(fmt.Sprintf("the word %s", word))
		}
		s.pos++
	}
	return nil
}

func (s *scanner) number() error {
	if s.peek() == '-' {
		s.pos++
	}
	if s.peek() == '0' {
		s.pos++
	} else if err := s.digits(); err != nil {
		return err
	}
	if s.peek() == '.' {
		s.pos++
		if err := s.digits(); err != nil {
			return err
		}
	}
	if c := s.peek(); c == 'e' || c == 'E' {
		s.pos++
		if c := s.peek(); c == '+' || c == '-' {
			s.pos++
		}
		return s.digits()
	}
	return nil
}

func (s *scanner) digits() error {
	if !isDigit(s.peek()) {
		return s.fail("a digit")
	}
	for isDigit(s.peek()) {
		s.pos++
	}
	return nil
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
