package enrichment

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// NoValue stands in the name of a folder for events that have no value that
	// could name one. It is Hive's own name for that.
	NoValue = "__HIVE_DEFAULT_PARTITION__"
	// MaxFolderValue is the size in bytes, as it is written in the folder's name,
	// above which a value names no folder.
	MaxFolderValue = 256
	// maxFolderField is the size in bytes of the longest field that folders are named
	// by: with it escaped, and the longest value, a key still fits into S3's 1,024.
	maxFolderField = 100
)

// Value answers what sorts the event into a folder: of the field by which the
// Enricher sorts, a string's characters, a number's literal text, true or false.
// Nil goes to NoValue: there is no such field, or it is null, empty, no scalar, too
// long, no UTF-8, or NoValue itself. The text is valid as long as the event is.
func (ev *Event) Value() []byte { return ev.value }

// valueAt finds what Value answers.
func (ev *Event) valueAt(p *path) []byte {
	found, ok := ev.find(p)
	if !ok {
		return nil
	}
	text := ev.data[found.from:found.to]
	if c := text[0]; c != 't' && c != 'f' {
		key := ev.keyOf(text, KeyString)
		if !key.OK {
			return nil
		}
		text = key.Text
	}
	if !namesFolder(text) {
		return nil
	}
	return text
}

// namesFolder tells whether a value, which is not empty, can name a folder.
func namesFolder(text []byte) bool {
	if len(text) > MaxFolderValue || string(text) == NoValue {
		return false
	}
	size := 0
	for i := 0; i < len(text); {
		n, plain := plainRune(text[i:])
		if i += n; !plain {
			n *= len("%00")
		}
		size += n
	}
	return size <= MaxFolderValue
}

// AppendFolder appends the folder of the events that have this value in the field:
// its name as Hive writes it, <last part of the field's path>=<value>, and a slash.
// No value goes to NoValue. Two values never share a folder.
func AppendFolder(dst []byte, field string, value []byte) []byte {
	dst = appendEscaped(dst, []byte(field[strings.LastIndexByte(field, '.')+1:]))
	dst = append(dst, '=')
	if len(value) == 0 {
		dst = append(dst, NoValue...)
	} else {
		dst = appendEscaped(dst, value)
	}
	return append(dst, '/')
}

// appendEscaped writes bytes that could mean something in a path as %XX.
func appendEscaped(dst, text []byte) []byte {
	for len(text) > 0 {
		n, plain := plainRune(text)
		for _, c := range text[:n] {
			if plain {
				dst = append(dst, c)
			} else {
				dst = append(dst, '%', upperHex[c>>4], upperHex[c&15])
			}
		}
		text = text[n:]
	}
	return dst
}

const upperHex = "0123456789ABCDEF"

// plainRune is the length of the character that text begins with, and whether it
// stands for itself in a folder's name. Beyond ASCII all that is printed does: Hive,
// Spark and Trino read each %XX as a character of its own, so they would not find
// a letter again of which each byte is escaped.
func plainRune(text []byte) (length int, plain bool) {
	switch c := text[0]; {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', isDigit(c), c == '_', c == '.', c == '-':
		return 1, true
	case c < utf8.RuneSelf:
		return 1, false
	}
	r, n := utf8.DecodeRune(text)
	return n, n > 1 && unicode.IsPrint(r)
}

// FolderOf is the folder, with its slash, of an event that is sorted by a field. An
// event that can never be enriched, and so has no folder, is a *RejectError.
func FolderOf(field string, event []byte) (string, error) {
	e := &Enricher{names: map[string]role{}}
	p := e.path(field)
	e.folder = &p
	var ev Event
	if err := e.Parse(&ev, event); err != nil {
		return "", err
	}
	return string(AppendFolder(nil, field, ev.Value())), nil
}

// ValidatePartition reports what is wrong with the path of the field that events
// are sorted by, together with lookups that are valid; "" is no path and well.
func ValidatePartition(field string, lookups []Lookup) error {
	if field == "" {
		return nil
	}
	parts := strings.Split(field, ".")
	switch last := parts[len(parts)-1]; {
	case slices.Contains(parts, "") || !utf8.ValidString(field):
		return fmt.Errorf("%q is no path of field names joined by dots", field)
	case len(last) > maxFolderField:
		return fmt.Errorf("%q ends with a name of more than %d bytes", field, maxFolderField)
	}
	added := []string{fieldStatus, fieldMisses, fieldEnriched, fieldTime, fieldID}
	for _, l := range lookups {
		for _, f := range l.Fields {
			added = append(added, l.added(f))
		}
	}
	if slices.Contains(added, field) || slices.Contains(added, parts[0]) {
		// What is looked up may change until a record is delivered again, and with it
		// the folder: the record would be there twice.
		return errors.New(field + " is a field that is added: events are sorted by what they bring")
	}
	return nil
}
