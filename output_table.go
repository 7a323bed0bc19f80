package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
)

// column is one of a table of records.
type column struct {
	title string
	value func(record map[string]any) (value any, found bool)
	paint func(text string) func(...any) string // nil: as it is
	// optional columns are left out when the first rows have no value for them.
	optional bool
	tail     bool // the end tells more than the beginning
	least    int  // width; 0: as any other's
	usual    int  // width, where it has to be chosen by the first row alone
}

// recordTable prints any number of records as rows that fit a terminal. Its columns
// are as wide as the first rows need, and stay so.
type recordTable struct {
	out     *output
	columns []column
	room    int // columns of the terminal
	sample  int // how many rows come together before the first is printed
	begun   bool
	rows    []tableRow // that wait for the others of the sample
	widths  []int
}

// tableRow is a record: a text for each column, or one for all.
type tableRow struct {
	cells []string
	whole string
}

const (
	narrowest = 6  // of a column that is cut
	broadest  = 60 // of all but the last
	between   = 2
	// longest is how much of a text is looked at: a line has no room for more.
	longest = 4 << 10
	absent  = "-"
)

// add prints a record's row, when the sample is complete.
func (t *recordTable) add(record []byte) error {
	row := t.row(record)
	if !t.begun {
		if t.rows = append(t.rows, row); len(t.rows) < t.sample {
			return nil
		}
		return t.begin()
	}
	return t.print(row)
}

func (t *recordTable) end() error {
	if t.begun || len(t.rows) == 0 {
		return nil
	}
	return t.begin()
}

func (t *recordTable) broken(err error) error { return errors.Join(t.end(), err) }

func (t *recordTable) row(record []byte) tableRow {
	decoder := json.NewDecoder(bytes.NewReader(record))
	decoder.UseNumber()
	var fields map[string]any
	if err := decoder.Decode(&fields); err != nil {
		return tableRow{whole: brief(string(record))}
	}
	var row tableRow
	for _, c := range t.columns {
		text := absent
		if value, found := c.value(fields); found {
			text = brief(plainText(value))
		}
		row.cells = append(row.cells, text)
	}
	return row
}

// brief is a text without what no line has room for.
func brief(text string) string {
	if len(text) > longest {
		text = text[:longest] + "…"
	}
	return shown(text)
}

// plainText is a value of JSON as text: a string as its characters.
func plainText(value any) string {
	if text, ok := value.(string); ok {
		return text
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return err.Error()
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// begin decides on the columns and prints what has come.
func (t *recordTable) begin() error {
	t.begun = true
	t.choose()
	t.fit()
	if err := t.printTitles(); err != nil {
		return err
	}
	for _, row := range t.rows {
		if err := t.print(row); err != nil {
			return err
		}
	}
	t.rows = nil
	return nil
}

// choose leaves out the optional columns that no row has a value for.
func (t *recordTable) choose() {
	for i := len(t.columns) - 1; i >= 0; i-- {
		empty := !slices.ContainsFunc(t.rows, func(r tableRow) bool { return r.cells != nil && r.cells[i] != absent })
		if !t.columns[i].optional || !empty {
			continue
		}
		t.columns = slices.Delete(slices.Clone(t.columns), i, i+1)
		for at, row := range t.rows {
			if row.cells != nil {
				t.rows[at].cells = slices.Delete(row.cells, i, i+1)
			}
		}
	}
}

// fit makes the columns as wide as they need to be, and narrower until all fit. Where
// that is not enough the last ones are left out. The last one that is there may use
// what is left of the line.
func (t *recordTable) fit() {
	room := t.room
	content := t.content()
	for i, c := range t.columns {
		t.widths = append(t.widths, max(content[i], breadth(c.title)))
	}
	for t.taken() > room && len(t.widths) > 1 {
		if t.narrow(content) {
			continue
		}
		if len(t.widths) == len(t.columns) {
			room -= between + 1 // for the … that stands for the others
		}
		t.widths = t.widths[:len(t.widths)-1]
	}
	last := &t.widths[len(t.widths)-1]
	*last += room - t.taken()
}

// content is how wide each column's values are.
func (t *recordTable) content() []int {
	widths := make([]int, len(t.columns))
	for i, c := range t.columns {
		if t.sample == 1 {
			widths[i] = c.usual
		}
		for _, row := range t.rows {
			if row.cells != nil {
				widths[i] = max(widths[i], breadth(row.cells[i]))
			}
		}
		if i < len(t.columns)-1 {
			widths[i] = min(widths[i], broadest)
		}
	}
	return widths
}

// narrow takes a little of the widest column whose title alone needs its width, or else
// of the widest; false: all are as narrow as they may be.
func (t *recordTable) narrow(content []int) bool {
	for _, spare := range []bool{true, false} {
		widest := -1
		for i, wide := range t.widths {
			least := max(t.columns[i].least, narrowest)
			if wide > least && (!spare || wide > content[i]) && (widest < 0 || wide > t.widths[widest]) {
				widest = i
			}
		}
		if widest >= 0 {
			t.widths[widest]--
			return true
		}
	}
	return false
}

// taken is the width of all columns and of what is between them.
func (t *recordTable) taken() int {
	n := between * (len(t.widths) - 1)
	for _, wide := range t.widths {
		n += wide
	}
	return n
}

func (t *recordTable) printTitles() error {
	var cells []cell
	for i, c := range t.columns[:len(t.widths)] {
		cells = append(cells, cell{text: shorten(c.title, t.widths[i]), paint: t.out.c.strong})
	}
	if len(t.widths) < len(t.columns) {
		cells = append(cells, cell{text: "…"})
	}
	return t.printCells(cells)
}

// print prints a row.
func (t *recordTable) print(row tableRow) error {
	if row.cells == nil {
		return t.out.live([]byte(t.out.c.faint(shorten(row.whole, t.room))))
	}
	var cells []cell
	for i, wide := range t.widths {
		text, c := row.cells[i], t.columns[i]
		one := cell{text: shorten(text, wide)}
		if c.tail {
			one.text = shortenFront(text, wide)
		}
		switch {
		case text == absent:
			one.paint = t.out.c.faint
		case c.paint != nil:
			one.paint = c.paint(text)
		}
		cells = append(cells, one)
	}
	return t.printCells(cells)
}

func (t *recordTable) printCells(cells []cell) error {
	var b strings.Builder
	for i, c := range cells {
		b.WriteString(c.painted())
		if i < len(cells)-1 {
			b.WriteString(strings.Repeat(" ", max(t.widths[i]-c.width(), 0)+between))
		}
	}
	return t.out.live([]byte(strings.TrimRight(b.String(), " ")))
}
