// Package line reads text line by line in bounded memory, however long a line
// is.
package line

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// Reader gives the lines of a text.
type Reader struct {
	in     *bufio.Reader
	limit  int
	number int
	buffer []byte
}

// Line is one line. Its Bytes are valid until the next call of Next.
type Line struct {
	Number int    // from 1
	Bytes  []byte // without its end, be that LF or CR LF; the beginning, if Long
	Long   bool   // there were more than the reader's limit of bytes
}

// NewReader makes a reader of lines up to limit bytes. Of longer lines only the
// beginning is kept. A byte order mark in front of everything belongs to the
// file, not to its first line, and is left out.
func NewReader(in io.Reader, limit int) *Reader {
	buffered := bufio.NewReaderSize(in, 64<<10)
	return &Reader{in: buffered, limit: limit}
}

// Next gives the next line, or io.EOF after the last. A text that ends without
// a line end has a last line all the same. When reading fails in the middle of a
// line, that line is not given.
func (r *Reader) Next() (Line, error) {
	if r.number == 0 {
		if mark, _ := r.in.Peek(3); bytes.Equal(mark, []byte("\xef\xbb\xbf")) {
			_, _ = r.in.Discard(3) // these three have been peeked at
		}
	}
	r.buffer = r.buffer[:0]
	line := Line{Number: r.number + 1}
	some := false
	for {
		part, err := r.in.ReadSlice('\n')
		some = some || len(part) > 0
		// Two more than the limit are kept, as they may be the line's end.
		room := r.limit + 2 - len(r.buffer)
		if len(part) > room {
			line.Long = true
			part = part[:room]
		}
		r.buffer = append(r.buffer, part...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && some, err == nil:
		default:
			return Line{}, err
		}
		break
	}
	r.number++
	line.Bytes = r.buffer
	if !line.Long {
		line.Bytes = bytes.TrimSuffix(bytes.TrimSuffix(line.Bytes, []byte("\n")), []byte("\r"))
	}
	if len(line.Bytes) > r.limit {
		line.Long = true
		line.Bytes = line.Bytes[:r.limit]
	}
	return line, nil
}

// Blank tells whether the line holds nothing but white space.
func (l Line) Blank() bool {
	return !l.Long && len(bytes.Trim(l.Bytes, " \t\r")) == 0
}
