package config

import (
	"fmt"
	"slices"
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
func (k Key) Defaults() string {
	if k.Derived != "" {
		return k.Derived
	}
	text := k.DefaultText("")
	for _, environment := range slices.Backward(environments()) {
		if _, other := k.DefaultIn[environment]; other {
			text = fmt.Sprintf("%s in %s, else %s", k.DefaultText(environment), environment, text)
		}
	}
	return text
}

// defaultCell is the same, with the values as code.
func (k Key) defaultCell() string {
	switch text := k.Defaults(); {
	case k.Required:
		return "(required)"
	case k.Derived != "" || text == "":
		return cell(text)
	default:
		return "`" + strings.NewReplacer(" in ", "` in ", ", else ", ", else `").Replace(text) + "`"
	}
}

// cell keeps a text from ending its cell of the table or from being read as
// HTML.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", "_ . : / = + - @", "`_ . : / = + - @`", "_ . - =", "`_ . - =`", "_ . -", "`_ . -`").Replace(text)
}
