package items

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"enrich/line"
)

// maxText is how much of the input one item may take up. An item has at most 400
// KB, each byte of which may be escaped by six.
const maxText = 4 << 20

// guard stops a reading that would take in ever more for one item, as after a
// quote that is never closed.
type guard struct {
	in   io.Reader
	read int // since the item began
}

var errGuard = errors.New("an item takes up more than 4 MiB")

// begin tells that a new item begins.
func (g *guard) begin() { g.read = 0 }

func (g *guard) Read(into []byte) (int, error) {
	if g.read > maxText {
		return 0, errGuard
	}
	n, err := g.in.Read(into)
	g.read += n
	return n, err
}

func readingFailed(err error) error {
	if errors.Is(err, io.EOF) {
		return err
	}
	return fmt.Errorf("reading items: %w", err)
}

// lines gives the items of NDJSON.
type lines struct{ in *line.Reader }

func openLines(in io.Reader) source { return lines{in: line.NewReader(in, maxText)} }

func (l lines) next() (row, string, error) {
	for {
		text, err := l.in.Next()
		switch {
		case err != nil:
			return row{}, "", readingFailed(err)
		case text.Long:
			return row{line: text.Number}, "longer than 4 MiB", nil
		case text.Blank():
			continue
		}
		item, reason := parseObject(text.Bytes)
		return row{line: text.Number, item: item}, reason, nil
	}
}

// array gives the items of a JSON array.
type array struct {
	in    *json.Decoder
	guard *guard
	count *counter
}

func openArray(in io.Reader) (source, error) {
	g := &guard{in: in}
	buffered := bufio.NewReader(g)
	if mark, _ := buffered.Peek(3); bytes.Equal(mark, []byte("\xef\xbb\xbf")) {
		_, _ = buffered.Discard(3) // these three have been peeked at
	}
	c := &counter{in: buffered}
	a := &array{in: json.NewDecoder(c), guard: g, count: c}
	first, err := a.in.Token()
	switch {
	case errors.Is(err, io.EOF):
		return nil, errors.New("the JSON is empty: it must be an array of objects")
	case err != nil:
		return nil, a.broken(err)
	case first != json.Delim('['):
		return nil, errors.New("the JSON is not an array; one object a line is the format ndjson")
	}
	return a, nil
}

func (a *array) next() (row, string, error) {
	a.guard.begin()
	if !a.in.More() {
		if _, err := a.in.Token(); err != nil { // the closing bracket
			return row{}, "", a.broken(err)
		}
		if _, err := a.in.Token(); !errors.Is(err, io.EOF) {
			return row{}, "", fmt.Errorf("line %d: there is more after the array's end", a.count.line(a.in.InputOffset()))
		}
		return row{}, "", io.EOF
	}
	var text json.RawMessage
	if err := a.in.Decode(&text); err != nil {
		return row{}, "", a.broken(err)
	}
	r := row{line: a.count.line(a.in.InputOffset() - int64(len(text)))}
	item, reason := parseObject(text)
	r.item = item
	return r, reason, nil
}

// broken explains why an array cannot be read any further: behind a mistake in
// JSON nobody knows where the next item begins.
func (a *array) broken(err error) error {
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		// The error's own offset does not count what was read as tokens.
		rest, _ := io.ReadAll(a.in.Buffered()) // of memory
		blank := len(rest) - len(bytes.TrimLeft(rest, ", \t\r\n"))
		return fmt.Errorf("line %d: not valid JSON: %w", a.count.line(a.in.InputOffset()+int64(blank)), err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("line %d: the JSON ends within the array", a.count.last())
	}
	return readingFailed(err)
}

// counter knows on which line an offset lies that is not before the last one
// asked for.
type counter struct {
	in     io.Reader
	read   int64
	lines  int     // ends before the last offset asked for
	breaks []int64 // offsets of the ends after it
}

func (c *counter) Read(into []byte) (int, error) {
	n, err := c.in.Read(into)
	for i, b := range into[:n] {
		if b == '\n' {
			c.breaks = append(c.breaks, c.read+int64(i))
		}
	}
	c.read += int64(n)
	return n, err
}

func (c *counter) line(offset int64) int {
	for len(c.breaks) > 0 && c.breaks[0] < offset {
		c.lines++
		c.breaks = c.breaks[1:]
	}
	return c.lines + 1
}

func (c *counter) last() int { return c.line(c.read) }
