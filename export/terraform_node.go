package export

import (
	"strings"
)

// A node is an expression as it is written: an atom, a *tuple, a *dict, an *apply, a
// *decide or a *pick.
type node any

// atom has no parts that could go on another line.
type atom string

type tuple struct{ items []node }

// dict is an object; keys are as they are written.
type dict struct{ items []item }

// apply is a call of a function.
type apply struct {
	function  string
	arguments []node
}

// decide is a conditional.
type decide struct {
	condition string
	yes, no   node
}

// pick takes out of an object what belongs to the environment.
type pick struct{ from *dict }

// item is a line of an object or of a block; body is that of a nested block.
type item struct {
	key, comment string
	value        node // nil: a block
	body         []item
}

// Widths that expressions fill: the rows of a matrix, such as the metrics of a graph, are
// read best when each has its line.
const (
	lineWidth = 100
	rowWidth  = 170
)

// flat is an expression in one line.
func flat(n node) string {
	switch n := n.(type) {
	case atom:
		return string(n)
	case *tuple:
		return "[" + flatAll(n.items) + "]"
	case *dict:
		if len(n.items) == 0 {
			return "{}"
		}
		parts := make([]string, 0, len(n.items))
		for _, it := range n.items {
			parts = append(parts, it.key+" = "+flat(it.value))
		}
		return "{ " + strings.Join(parts, ", ") + " }"
	case *apply:
		return n.function + "(" + flatAll(n.arguments) + ")"
	case *decide:
		return n.condition + " ? " + flat(n.yes) + " : " + flat(n.no)
	case *pick:
		return flat(n.from) + "[var.environment]"
	}
	panic("export: no such expression")
}

func flatAll(list []node) string {
	parts := make([]string, 0, len(list))
	for _, n := range list {
		parts = append(parts, flat(n))
	}
	return strings.Join(parts, ", ")
}

// remark tells whether an object is no more than a remark, such as the label of a metric.
func remark(d *dict) bool {
	for _, it := range d.items {
		if _, ok := it.value.(atom); !ok {
			return false
		}
	}
	return len(d.items) <= 3
}

// fits tells whether an expression is written in one line.
func fits(n node, indent string, width int) bool {
	switch n := n.(type) {
	case atom:
		return true
	case *dict:
		return len(n.items) == 0
	case *pick:
		return false
	case *apply:
		for _, argument := range n.arguments {
			if !fits(argument, indent, width) {
				return false
			}
		}
	case *tuple:
		for _, it := range n.items {
			if d, ok := it.(*dict); ok && remark(d) {
				continue
			}
			if !fits(it, indent, width) {
				return false
			}
		}
	case *decide:
		if !fits(n.yes, indent, width) || !fits(n.no, indent, width) {
			return false
		}
	}
	return len(indent)+len(flat(n)) <= width
}

// spread is an expression on as many lines as it needs; those behind the first are
// indented.
func spread(n node, indent string, width int) string {
	if fits(n, indent, width) {
		return flat(n)
	}
	deeper := indent + "  "
	switch n := n.(type) {
	case *tuple:
		rows := width
		for _, it := range n.items {
			if _, ok := it.(*tuple); ok {
				rows = rowWidth
			}
		}
		var b strings.Builder
		b.WriteString("[\n")
		for _, it := range n.items {
			b.WriteString(deeper + spread(it, deeper, rows) + ",\n")
		}
		return b.String() + indent + "]"
	case *dict:
		var b strings.Builder
		b.WriteString("{\n")
		writeItems(&b, n.items, deeper)
		return b.String() + indent + "}"
	case *apply:
		last := len(n.arguments) - 1
		if before := flatAll(n.arguments[:last]); hugged(n.arguments) {
			if before != "" {
				before += ", "
			}
			return n.function + "(" + before + spread(n.arguments[last], indent, width) + ")"
		}
		parts := make([]string, 0, len(n.arguments))
		for _, argument := range n.arguments {
			parts = append(parts, deeper+spread(argument, deeper, width))
		}
		return n.function + "(\n" + strings.Join(parts, ",\n") + "\n" + indent + ")"
	case *decide:
		if fits(n.yes, indent, width) || fits(n.no, indent, width) {
			return n.condition + " ? " + spread(n.yes, indent, width) + " : " + spread(n.no, indent, width)
		}
		return "(\n" + deeper + n.condition + "\n" + deeper + "? " + spread(n.yes, deeper, width) + "\n" + deeper + ": " + spread(n.no, deeper, width) + "\n" + indent + ")"
	case *pick:
		return spread(n.from, indent, width) + "[var.environment]"
	}
	return flat(n)
}

// hugged tells whether the brackets of the last argument follow those of the call.
func hugged(arguments []node) bool {
	for _, argument := range arguments[:len(arguments)-1] {
		if _, ok := argument.(atom); !ok {
			return false
		}
	}
	switch arguments[len(arguments)-1].(type) {
	case *tuple, *dict, *apply:
		return true
	}
	return len(arguments) == 1
}

// writeItems writes the lines of an object or of a block in the canonical format: equals
// signs of lines that follow each other stand below each other.
func writeItems(b *strings.Builder, items []item, indent string) {
	for i := 0; i < len(items); {
		it := items[i]
		if it.value == nil {
			if i > 0 {
				b.WriteByte('\n')
			}
			writeComment(b, it.comment, indent)
			writeBody(b, it.key, it.body, indent)
			if i++; i < len(items) && items[i].value != nil {
				b.WriteByte('\n')
			}
			continue
		}
		if it.comment != "" && i > 0 && items[i-1].value != nil {
			b.WriteByte('\n')
		}
		writeComment(b, it.comment, indent)
		end := i + 1
		for end < len(items) && fitsItem(it, indent) && items[end].value != nil && items[end].comment == "" && fitsItem(items[end], indent) {
			end++
		}
		writeAssignments(b, items[i:end], indent)
		i = end
	}
}

func fitsItem(it item, indent string) bool {
	return !strings.Contains(spread(it.value, indent, lineWidth), "\n")
}

func writeAssignments(b *strings.Builder, items []item, indent string) {
	widest := 0
	for _, it := range items {
		widest = max(widest, len([]rune(it.key)))
	}
	for _, it := range items {
		b.WriteString(indent + it.key + strings.Repeat(" ", widest-len([]rune(it.key))) + " = " + spread(it.value, indent, lineWidth) + "\n")
	}
}

func writeComment(b *strings.Builder, comment, indent string) {
	if comment != "" {
		b.WriteString(indent + "# " + strings.ReplaceAll(comment, "\n", "\n"+indent+"# ") + "\n")
	}
}

func writeBody(b *strings.Builder, head string, items []item, indent string) {
	if len(items) == 0 {
		b.WriteString(indent + head + " {}\n")
		return
	}
	b.WriteString(indent + head + " {\n")
	writeItems(b, items, indent+"  ")
	b.WriteString(indent + "}\n")
}
