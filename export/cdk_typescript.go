package export

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// cdkTypeScript is the CDK in the language that it is written in.
type cdkTypeScript struct{}

func (cdkTypeScript) dialect() string { return "cdk-typescript" }

func (cdkTypeScript) layout() *layout {
	return &layout{indent: 2, width: 120, mark: "//"}
}

func (cdkTypeScript) parameter(v Variable) string { return v.context() }
func (cdkTypeScript) name(camel string) string    { return camel }
func (cdkTypeScript) class(what string) string    { return what }
func (cdkTypeScript) create(class string) string  { return "new " + class }
func (cdkTypeScript) this() string                { return "this" }
func (cdkTypeScript) nothing() string             { return "undefined" }
func (cdkTypeScript) end() string                 { return ";" }
func (cdkTypeScript) defined(name string) string  { return name + "!" }
func (t cdkTypeScript) truth(b bool) string       { return fmt.Sprint(b) }
func (t cdkTypeScript) archive() syntax           { return t.quoted(archiveFile) }
func (cdkTypeScript) later(name, c string) string { return "let " + name + ": " + c + " | undefined;" }

func (cdkTypeScript) quoted(s string) string { return inUsualQuotes(s, scriptEscaped(s), "'", `"`) }

// inUsualQuotes uses the usual quotes unless the other ones need fewer escapes.
func inUsualQuotes(s, escaped, quote, other string) string {
	if strings.Count(s, quote) > strings.Count(s, other) {
		quote = other
	}
	return quote + strings.ReplaceAll(escaped, quote, `\`+quote) + quote
}

func (cdkTypeScript) templated(parts []cdkPiece) string {
	var b strings.Builder
	for _, p := range parts {
		if p.expression != "" {
			b.WriteString("${" + p.expression + "}")
			continue
		}
		b.WriteString(strings.NewReplacer("`", "\\`", "${", "\\${").Replace(scriptEscaped(p.literal)))
	}
	return "`" + b.String() + "`"
}

func scriptEscaped(s string) string {
	return escapedBy(s, func(r rune) string { return fmt.Sprintf(`\u{%x}`, r) })
}

// escapedBy spells out what cannot be seen.
func escapedBy(s string, spelled func(rune) string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\\':
			b.WriteString(`\\`)
		case r == '\n':
			b.WriteString(`\n`)
		case !unicode.IsPrint(r):
			b.WriteString(spelled(r))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func (cdkTypeScript) field(name string, v syntax) syntax {
	if v == syntax(name) {
		return name
	}
	return sequence{name + ": ", v}
}

func (t cdkTypeScript) structure(_ string, fields []bracketItem) syntax { return t.object(fields) }

func (cdkTypeScript) object(items []bracketItem) *bracket {
	return &bracket{open: "{", close: "}", items: items, spaced: true, object: true}
}

func (t cdkTypeScript) arguments(args, props []bracketItem) *bracket {
	if props != nil {
		args = append(args, bracketItem{code: t.object(props)})
	}
	return &bracket{open: "(", close: ")", items: args}
}

var plainKey = regexp.MustCompile(`^[A-Za-z_$][A-Za-z0-9_$]*$`)

func (t cdkTypeScript) entry(key string, v syntax) syntax {
	if !plainKey.MatchString(key) {
		key = t.quoted(key)
	}
	return sequence{key + ": ", v}
}

func (cdkTypeScript) spread(v syntax, _ bool) syntax { return sequence{"...", v} }

func (t cdkTypeScript) is(environment string, not bool) string {
	if not {
		return "environment !== " + t.quoted(environment)
	}
	return "environment === " + t.quoted(environment)
}

func (cdkTypeScript) each(c cdkAlarms) syntax {
	list := "alarms"
	if c.To > 0 {
		list = fmt.Sprintf("alarms.slice(%d, %d)", c.From, c.To)
	}
	if c.Rule {
		return list + ".map((alarm) => `ALARM(\"${alarm.alarmName}\")`).join(' OR ')"
	}
	return list + ".map((alarm) => alarm.alarmArn)"
}

func (cdkTypeScript) resourceOf(construct, class string) syntax {
	return "(" + construct + ".node.defaultChild as " + class + ")"
}

func (cdkTypeScript) declare(variable string, c syntax) syntax {
	return sequence{"const " + variable + " = ", c}
}

func (cdkTypeScript) assign(variable string, c syntax) syntax {
	return sequence{variable + " = ", c}
}

func (cdkTypeScript) when(condition string) (string, string) { return "if (" + condition + ") {", "}" }

func (t cdkTypeScript) listed(c syntax) syntax {
	return sequence{"alarms.push", t.arguments([]bracketItem{{code: c}}, nil)}
}

func (cdkTypeScript) told() []string {
	return []string{
		"for (const alarm of alarms) {",
		"  alarm.addAlarmAction(...notify);",
		"  alarm.addOkAction(...notify);",
		"}",
	}
}

func (t cdkTypeScript) output(id, what string, v syntax) syntax {
	return sequence{"new CfnOutput", t.arguments([]bracketItem{{code: "this"}, {code: t.quoted(id)}}, []bracketItem{
		{code: t.field("description", t.quoted(what))}, {code: t.field("value", v)},
	})}
}

func (t cdkTypeScript) tag(key string, v syntax) syntax {
	return sequence{"Tags.of(this).add", t.arguments([]bracketItem{{code: t.quoted(key)}, {code: v}}, nil)}
}

func (cdkTypeScript) noAlarms(class string) string { return "const alarms: " + class + "[] = [];" }
func (cdkTypeScript) allAlarms() string            { return "this.all = alarms;" }
func (cdkTypeScript) parameters() string           { return "props.parameters" }

func (cdkTypeScript) byEnvironment(n [3]int) string {
	return fmt.Sprintf("{ dev: %d, staging: %d, prod: %d }[environment]", n[0], n[1], n[2])
}
