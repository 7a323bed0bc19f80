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
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", k.Path, k.Type, k.defaults(), cell(k.Allowed()), cell(k.Doc))
	}
	return b.String()
}

// defaults has the defaults of all environments: "1 in dev, else 5".
func (k Key) defaults() string {
	if k.Derived != "" {
		return cell(k.Derived)
	}
	if k.Required {
		return "(required)"
	}
	usual := k.DefaultText("")
	if usual == "" {
		return ""
	}
	var text strings.Builder
	for _, environment := range environments() {
		if _, other := k.DefaultIn[environment]; other {
			fmt.Fprintf(&text, "`%s` in %s, else ", k.DefaultText(environment), environment)
		}
	}
	return text.String() + "`" + usual + "`"
}

// cell keeps a text from ending its cell of the table or from being read as
// HTML.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", "_ . : / = + - @", "`_ . : / = + - @`", "_ . - =", "`_ . - =`", "_ . -", "`_ . -`").Replace(text)
}
