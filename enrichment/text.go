package enrichment

import (
	"unicode/utf16"
	"unicode/utf8"
)

// unescape appends what the inside of a valid JSON string stands for. It answers
// false for an escaped surrogate without its partner, which is no character and
// has no UTF-8 form.
func unescape(dst, inside []byte) ([]byte, bool) {
	for i := 0; i < len(inside); {
		c := inside[i]
		if c != '\\' {
			dst = append(dst, c)
			i++
			continue
		}
		if inside[i+1] != 'u' {
			dst = append(dst, plainEscape(inside[i+1]))
			i += 2
			continue
		}
		r, _ := hex4(inside[i+2:])
		i += 6
		if utf16.IsSurrogate(r) {
			low, ok := rune(0), false
			if len(inside) >= i+6 && inside[i] == '\\' && inside[i+1] == 'u' {
				low, ok = hex4(inside[i+2:])
			}
			r = utf16.DecodeRune(r, low)
			if !ok || r == utf8.RuneError {
				return dst, false
			}
			i += 6
		}
		dst = utf8.AppendRune(dst, r)
	}
	return dst, true
}

// plainEscape is what a backslash and c stand for.
func plainEscape(c byte) byte {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	default: // quote, backslash and slash stand for themselves
		return c
	}
}

// hex4 reads the four hexadecimal digits that text begins with.
func hex4(text []byte) (rune, bool) {
	if len(text) < 4 {
		return 0, false
	}
	var r rune
	for _, c := range text[:4] {
		switch {
		case '0' <= c && c <= '9':
			r = r<<4 | rune(c-'0')
		case 'a' <= c && c <= 'f':
			r = r<<4 | rune(c-'a'+10)
		case 'A' <= c && c <= 'F':
			r = r<<4 | rune(c-'A'+10)
		default:
			return 0, false
		}
	}
	return r, true
}

const hexDigits = "0123456789abcdef"

// AppendString appends text as a JSON string that escapes no more than RFC 8259
// demands. A byte that is not UTF-8 becomes U+FFFD.
func AppendString[T []byte | string](dst []byte, text T) []byte {
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(text); {
		c := text[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			if r, size := utf8.DecodeRuneInString(string(text[i:min(i+utf8.UTFMax, len(text))])); r != utf8.RuneError || size > 1 {
				i += size
				continue
			}
		}
		dst = append(dst, text[from:i]...)
		dst = appendEscape(dst, c)
		i++
		from = i
	}
	return append(append(dst, text[from:]...), '"')
}

// appendEscape appends c, which cannot stand for itself in a JSON string.
func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	if c >= utf8.RuneSelf {
		return utf8.AppendRune(dst, utf8.RuneError)
	}
	return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}
