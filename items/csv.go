package items

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// cells gives the rows of CSV (RFC 4180; blank lines are skipped, a CR LF within
// quotes becomes LF).
type cells struct {
	in      *csv.Reader
	guard   *guard
	columns []string
	types   []string // by column
	line    int      // on which the last row began
}

func openCSV(in io.Reader, kinds map[string]string, k key) (source, error) {
	g := &guard{in: in}
	buffered := bufio.NewReader(g)
	if mark, _ := buffered.Peek(3); bytes.Equal(mark, []byte("\xef\xbb\xbf")) {
		_, _ = buffered.Discard(3) // these three have been peeked at
	}
	c := &cells{in: csv.NewReader(buffered), guard: g, line: 1}
	header, err := c.in.Read() // its length is what every row must have
	if errors.Is(err, io.EOF) {
		return nil, errors.New("the CSV is empty: its first line must name the columns")
	}
	if err != nil {
		return nil, fmt.Errorf("the CSV's header: %w", err)
	}
	c.columns = header
	c.types = make([]string, len(header))
	for i, column := range header {
		switch {
		case column == "" || !utf8.ValidString(column):
			return nil, fmt.Errorf("column %d of the CSV has no name: %s", i+1, quoted(header))
		case slices.Contains(header[:i], column):
			return nil, fmt.Errorf("the CSV has the column %q twice", column)
		}
		c.types[i] = kinds[column]
	}
	for column := range kinds {
		if !slices.Contains(header, column) {
			return nil, fmt.Errorf("the CSV has no column %q to give a type; its columns are %s", column, quoted(header))
		}
	}
	at := slices.Index(header, k.name)
	switch {
	case at < 0:
		return nil, fmt.Errorf("the CSV has no column %q, the table's key; its columns are %s", k.name, quoted(header))
	case c.types[at] != "" && c.types[at] != string(k.kind):
		return nil, fmt.Errorf("%s is the table's key and has the type %s, not %s", k.name, k.kind, c.types[at])
	}
	c.types[at] = "" // settled with the other formats' keys
	return c, nil
}

func quoted(names []string) string {
	texts := make([]string, len(names))
	for i, name := range names {
		texts[i] = fmt.Sprintf("%q", name)
	}
	return strings.Join(texts, ", ")
}

func (c *cells) next() (row, string, error) {
	c.guard.begin()
	record, err := c.in.Read()
	var broken *csv.ParseError
	switch {
	case errors.As(err, &broken) && errors.Is(err, csv.ErrFieldCount):
		return row{line: broken.StartLine}, fmt.Sprintf("%d fields, the header has %d", len(record), len(c.columns)), nil
	case errors.As(err, &broken) && broken.Line > broken.StartLine:
		return row{line: broken.StartLine}, fmt.Sprintf("lines %d to %d: %v", broken.StartLine, broken.Line, broken.Err), nil
	case errors.As(err, &broken):
		return row{line: broken.StartLine}, fmt.Sprintf("column %d: %v", broken.Column, broken.Err), nil
	case errors.Is(err, errGuard):
		return row{}, "", fmt.Errorf("reading items: %w: the one after that on line %d, perhaps for a quote that is not closed", err, c.line)
	case err != nil:
		return row{}, "", readingFailed(err)
	}
	c.line, _ = c.in.FieldPos(0)
	r := row{line: c.line, item: make(map[string]types.AttributeValue, len(record))}
	for i, cell := range record {
		value, reason := typed(cell, c.types[i])
		if reason != "" {
			return r, at(c.columns[i], reason), nil
		}
		if value != nil {
			r.item[c.columns[i]] = value
		}
	}
	return r, "", nil
}

// typed makes an attribute of a cell; nil is none.
func typed(cell, kind string) (types.AttributeValue, string) {
	if !utf8.ValidString(cell) {
		return nil, "not valid UTF-8"
	}
	if kind == "" || kind == "S" {
		return &types.AttributeValueMemberS{Value: cell}, ""
	}
	cell = strings.TrimSpace(cell)
	switch {
	case kind == "NULL" && (cell == "" || strings.EqualFold(cell, "null")):
		return &types.AttributeValueMemberNULL{Value: true}, ""
	case kind == "NULL":
		return nil, "neither empty nor null"
	case cell == "":
		return nil, ""
	case kind == "N":
		value, _, reason := number(cell)
		return &types.AttributeValueMemberN{Value: value}, reason
	case kind == "JSON":
		return parseValue([]byte(cell), maxDepth)
	case strings.EqualFold(cell, "true"):
		return &types.AttributeValueMemberBOOL{Value: true}, ""
	case strings.EqualFold(cell, "false"):
		return &types.AttributeValueMemberBOOL{Value: false}, ""
	default:
		return nil, "neither true nor false"
	}
}
