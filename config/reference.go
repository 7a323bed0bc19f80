package config

import (
	"fmt"
	"strings"
)

// Reference is a Markdown table of all keys.
func Reference() string {
	var b strings.Builder
	b.WriteString("| key | type | default | allowed | meaning |\n| --- | --- | --- | --- | --- |\n")
	for _, k := range Keys() {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", k.Path, k.Type, k.defaultCell(), cell(k.Allowed()), cell(k.Doc))
	}
	return b.String()
}

// Defaults has the defaults of all environments: "1 in dev, else 5"; "" where
// there is none.
func (k Key) Defaults() string { return k.defaults("") }

// defaults puts a quote around each value.
func (k Key) defaults(quote string) string {
	usual := k.DefaultText("")
	if k.Derived != "" || usual == "" {
		return k.Derived
	}
	text := ""
	for _, environment := range environments() {
		if _, other := k.DefaultIn[environment]; other {
			text += quote + k.DefaultText(environment) + quote + " in " + environment + ", else "
		}
	}
	return text + quote + usual + quote
}

// defaultCell is the same for a table.
func (k Key) defaultCell() string {
	if k.Required {
		return "(required)"
	}
	return cell(k.defaults("`"))
}

// cell keeps a text from ending its cell of the table or from being read as
// HTML.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", "_ . : / = + - @", "`_ . : / = + - @`", "_ . - =", "`_ . - =`", "_ . -", "`_ . -`").Replace(text)
}
