package export

import (
	"fmt"
	"strings"
)

// cdkPython is the CDK by way of jsii, which derives its names from those in TypeScript.
type cdkPython struct{}

func (cdkPython) dialect() string { return "cdk-python" }

func (cdkPython) layout() *layout {
	return &layout{python: true, indent: 4, width: 120, mark: "#"}
}

func (cdkPython) parameter(v Variable) string {
	if v == Environment {
		return v.context()
	}
	return "parameters." + underscored(v.context())
}

func (cdkPython) name(camel string) string    { return underscored(camel) }
func (cdkPython) create(class string) string  { return class }
func (cdkPython) this() string                { return "self" }
func (cdkPython) nothing() string             { return "None" }
func (cdkPython) end() string                 { return "" }
func (cdkPython) defined(name string) string  { return name }
func (p cdkPython) archive() syntax           { return p.quoted(archiveFile) }
func (cdkPython) later(name, _ string) string { return name + " = None" }

// class is that of a module, which is called as a variable would be. lambda is a word of
// the language itself.
func (cdkPython) class(what string) string {
	module, rest, ok := strings.Cut(what, ".")
	if _, known := cdkModules()[module]; !ok || !known {
		return what
	}
	if module == "lambda" {
		module = "lambda_"
	}
	return underscored(module) + "." + rest
}

func (cdkPython) truth(b bool) string {
	if b {
		return "True"
	}
	return "False"
}

func (cdkPython) quoted(s string) string { return inUsualQuotes(s, pythonEscaped(s), `"`, "'") }

func (cdkPython) templated(parts []cdkPiece) string {
	var plain, text strings.Builder
	for _, p := range parts {
		if p.expression != "" {
			text.WriteString("{" + p.expression + "}")
			continue
		}
		plain.WriteString(p.literal)
		text.WriteString(strings.NewReplacer("{", "{{", "}", "}}").Replace(pythonEscaped(p.literal)))
	}
	return "f" + inUsualQuotes(plain.String(), text.String(), `"`, "'")
}

func pythonEscaped(s string) string {
	return escapedBy(s, func(r rune) string {
		switch {
		case r < 0x100:
			return fmt.Sprintf(`\x%02x`, r)
		case r < 0x10000:
			return fmt.Sprintf(`\u%04x`, r)
		}
		return fmt.Sprintf(`\U%08x`, r)
	})
}

func (cdkPython) field(name string, v syntax) syntax { return sequence{name + "=", v} }

func (p cdkPython) structure(class string, fields []bracketItem) syntax {
	return sequence{class, p.arguments(nil, fields)}
}

func (cdkPython) arguments(args, props []bracketItem) *bracket {
	return &bracket{open: "(", close: ")", items: append(args, props...)}
}

func (p cdkPython) entry(key string, v syntax) syntax { return sequence{p.quoted(key) + ": ", v} }

func (cdkPython) spread(v syntax, dictionary bool) syntax {
	if dictionary {
		return sequence{"**", v}
	}
	return sequence{"*", v}
}

func (p cdkPython) is(environment string, not bool) string {
	if not {
		return "environment != " + p.quoted(environment)
	}
	return "environment == " + p.quoted(environment)
}

func (cdkPython) each(c cdkAlarms) syntax {
	list := "alarms"
	if c.To > 0 {
		list = fmt.Sprintf("alarms[%d:%d]", c.From, c.To)
	}
	if c.Rule {
		return sequence{`" OR ".join`, &bracket{open: "(", close: ")", items: []bracketItem{{code: `f'ALARM("{alarm.alarm_name}")' for alarm in ` + list}}, bare: true}}
	}
	return &bracket{open: "[", close: "]", items: []bracketItem{{code: "alarm.alarm_arn for alarm in " + list}}, bare: true}
}

// resourceOf needs no class: nobody checks types here.
func (cdkPython) resourceOf(construct, _ string) syntax { return construct + ".node.default_child" }

func (cdkPython) declare(variable string, c syntax) syntax { return sequence{variable + " = ", c} }
func (cdkPython) assign(variable string, c syntax) syntax  { return sequence{variable + " = ", c} }

func (cdkPython) when(condition string) (string, string) { return "if " + condition + ":", "" }

func (p cdkPython) listed(c syntax) syntax {
	return sequence{"alarms.append", p.arguments([]bracketItem{{code: c}}, nil)}
}

func (cdkPython) told() []string {
	return []string{
		"for alarm in alarms:",
		"    alarm.add_alarm_action(*notify)",
		"    alarm.add_ok_action(*notify)",
	}
}

func (p cdkPython) output(id, what string, v syntax) syntax {
	return sequence{"CfnOutput", p.arguments([]bracketItem{{code: "self"}, {code: p.quoted(id)}}, []bracketItem{
		{code: p.field("description", p.quoted(what))}, {code: p.field("value", v)},
	})}
}

func (p cdkPython) tag(key string, v syntax) syntax {
	return sequence{"Tags.of(self).add", p.arguments([]bracketItem{{code: p.quoted(key)}, {code: v}}, nil)}
}

func (cdkPython) noAlarms(class string) string { return "alarms: list[" + class + "] = []" }
func (cdkPython) allAlarms() string            { return "self.all = alarms" }
func (cdkPython) parameters() string           { return "parameters" }

func (cdkPython) byEnvironment(n [3]int) string {
	return fmt.Sprintf(`{"dev": %d, "staging": %d, "prod": %d}[environment]`, n[0], n[1], n[2])
}
