package main

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// What others wrote moves no cursor, has no colours and turns nothing round.
func TestShown(t *testing.T) {
	for text, want := range map[string]string{
		"plain, ü, 日本語, 👍":  "plain, ü, 日本語, 👍",
		"\x1b[2J\x1b]0;x\a": `\u001b[2J\u001b]0;x\u0007`,
		"a\r\nb\tc\x00\x7f": `a\r\nb\tc\u0000\u007f`,
		"\u009b31m":         `\u009b31m`, // CSI in one character
		"a\x9bb":            "a\ufffdb",
		"user\u202egpj.exe": `user\u202egpj.exe`,
		"zero\u200bwidth":   `zero\u200bwidth`,
		"\U000e0041":        `\udb40\udc41`,
		"line\u2028end":     `line\u2028end`,
	} {
		if got := shown(text); got != want {
			t.Errorf("%q is shown as %q, want %q", text, got, want)
		}
	}
}

func TestShorten(t *testing.T) {
	for _, test := range []struct {
		text       string
		columns    int
		end, front string
	}{
		{"abcdef", 6, "abcdef", "abcdef"},
		{"abcdef", 5, "abcd…", "…cdef"},
		{"日本語", 6, "日本語", "日本語"},
		{"日本語", 5, "日本…", "…本語"},
		{"日本語", 4, "日…", "…語"},
		{"e\u0301e\u0301e\u0301", 2, "e\u0301…", "…e\u0301"},
		{"abc", 1, "…", "…"},
		{"", 0, "", ""},
	} {
		if got := shorten(test.text, test.columns); got != test.end {
			t.Errorf("%q in %d: %q, want %q", test.text, test.columns, got, test.end)
		}
		if got := shortenFront(test.text, test.columns); got != test.front {
			t.Errorf("%q in %d from the front: %q, want %q", test.text, test.columns, got, test.front)
		}
	}
}

func TestRepainted(t *testing.T) {
	for rows, want := range map[int]string{
		9: "\x1b[?7l\x1b[Ha\x1b[K\n\x1b[K\nc\x1b[K\n\x1b[J\x1b[?7h",
		4: "\x1b[?7l\x1b[Ha\x1b[K\n\x1b[K\nc\x1b[K\n\x1b[J\x1b[?7h",
		3: "\x1b[?7l\x1b[H\x1b[K\nc\x1b[K\n\x1b[J\x1b[?7h", // the last ones
	} {
		if got := string(repainted([]byte("a\n\nc\n"), rows)); got != want {
			t.Errorf("in %d rows: %q", rows, got)
		}
	}
}

func FuzzShown(f *testing.F) {
	for _, text := range []string{"\x1b[31m日本", "a\u0301\u200d👩\u200d👩", "\xff\x9b\u202e"} {
		f.Add(text, uint8(3))
	}
	f.Fuzz(func(t *testing.T, text string, columns uint8) {
		whole, room := shown(text), int(columns)+1
		for _, part := range []string{whole, shorten(whole, room), shortenFront(whole, room)} {
			if !utf8.ValidString(part) || strings.IndexFunc(part, func(r rune) bool { return unicode.Is(unicode.C, r) }) >= 0 {
				t.Errorf("%q is shown as %q", text, part)
			}
		}
		if n := breadth(shorten(whole, room)); n > room {
			t.Errorf("%q takes %d columns of %d", whole, n, room)
		}
		if n := breadth(shortenFront(whole, room)); n > room {
			t.Errorf("from the front %q takes %d columns of %d", whole, n, room)
		}
	})
}
