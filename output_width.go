package main

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"unicode"
	"unicode/utf16"

	"golang.org/x/term"
	"golang.org/x/text/width"
)

// shown is a text as it may stand in a line of a terminal. What others wrote is not to
// move the cursor, to colour what follows or to turn it round: whatever has no shape of
// its own is spelled out, as JSON does it: JSON that is shown stays JSON.
func shown(text string) string {
	text = strings.ToValidUTF8(text, "\ufffd")
	if strings.IndexFunc(text, shapeless) < 0 {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if !shapeless(r) {
			b.WriteRune(r)
			continue
		}
		switch r {
		case '\n':
			b.WriteString(`\n`)
		case '\r':
			b.WriteString(`\r`)
		case '\t':
			b.WriteString(`\t`)
		default:
			for _, unit := range utf16.AppendRune(nil, r) {
				fmt.Fprintf(&b, `\u%04x`, unit)
			}
		}
	}
	return b.String()
}

func shapeless(r rune) bool { return !unicode.IsGraphic(r) }

// shownLines does the same with a text whose lines and tabs stay.
func shownLines(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		parts := strings.Split(line, "\t")
		for j, part := range parts {
			parts[j] = shown(part)
		}
		lines[i] = strings.Join(parts, "\t")
	}
	return strings.Join(lines, "\n")
}

// shownOn is a text as it may go to a stream: to a terminal as shown, and elsewhere as
// it is.
func shownOn(stream any, text string) string {
	if !isTerminal(stream) {
		return text
	}
	return shownLines(text)
}

// breadth is how many columns of a terminal a text takes.
func breadth(text string) int {
	n := 0
	for _, r := range text {
		n += breadthOf(r)
	}
	return n
}

func breadthOf(r rune) int {
	switch {
	case r == '\ufe0f':
		return 1 // it makes the sign before it a picture, which may be wider
	case unicode.In(r, unicode.Mn, unicode.Me):
		return 0 // it stands above or below the sign before it
	}
	if kind := width.LookupRune(r).Kind(); kind == width.EastAsianWide || kind == width.EastAsianFullwidth {
		return 2
	}
	return 1
}

// shorten cuts a text to so many columns, at its end.
func shorten(text string, columns int) string {
	if breadth(text) <= columns {
		return text
	}
	n := 0
	for i, r := range text {
		if n += breadthOf(r); n > columns-1 {
			return text[:i] + "…"
		}
	}
	return text
}

// shortenFront cuts a text to so many columns, at its beginning.
func shortenFront(text string, columns int) string {
	n := breadth(text)
	if n <= columns {
		return text
	}
	for i, r := range text {
		if n <= columns-1 && breadthOf(r) > 0 {
			return "…" + text[i:]
		}
		n -= breadthOf(r)
	}
	return "…"
}

// size is that of stdout; without a terminal it has no bound.
func (o *output) size() (columns, rows int) {
	file, ok := o.out.(interface{ Fd() uintptr })
	if !ok || !isTerminal(o.out) {
		return math.MaxInt, math.MaxInt
	}
	columns, rows, err := term.GetSize(int(file.Fd()))
	if err != nil || columns <= 0 || rows <= 0 {
		return 80, 24
	}
	return columns, rows
}

// repainted puts lines in the place of those that the screen shows. It is not cleared
// before: that flickers. Where there are more lines than the screen has, the last ones
// are shown; what is too long is cut by the terminal, as further lines would push the
// others away.
func repainted(text []byte, rows int) []byte {
	lines := bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))
	lines = lines[max(len(lines)-(rows-1), 0):] // the cursor stands below
	var b bytes.Buffer
	b.WriteString("\x1b[?7l\x1b[H") // no wrapping, home
	for _, line := range lines {
		b.Write(line)
		b.WriteString("\x1b[K\n") // what the line before was longer by
	}
	b.WriteString("\x1b[J\x1b[?7h") // what was below
	return b.Bytes()
}
