package export

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// variable is what a Variable is called in a script.
func (v Variable) variable() string {
	return map[Variable]string{
		Partition: "partition", Account: "account", Region: "region",
		Environment: "ENVIRONMENT", Shards: "STREAM_SHARD_COUNT", Memory: "LAMBDA_MEMORY_SIZE", Timeout: "LAMBDA_TIMEOUT",
	}[v]
}

// reference is the variable that a part of a text stands for; "" for a literal.
func (s *script) reference(p Part) string {
	switch {
	case p.Variable != "":
		return p.Variable.variable()
	case p.Key == "":
		return ""
	case p.Attribute == ByARN:
		s.arns[p.Key] = true
		return s.names[p.Key] + "_arn"
	case p.Attribute == ByID:
		return s.names[p.Key] + "_uuid"
	}
	return s.names[p.Key]
}

// expanded writes a text with its variables, and with its literals as escape has them.
func (s *script) expanded(t Text, escape func(string) string) string {
	var b strings.Builder
	for i, p := range t.Parts {
		name := s.reference(p)
		switch {
		case name == "":
			b.WriteString(escape(p.Literal))
		case i+1 < len(t.Parts) && s.goesOn(t.Parts[i+1]):
			b.WriteString("${" + name + "}")
		default:
			b.WriteString("$" + name)
		}
	}
	return b.String()
}

// goesOn tells whether a variable's name would go on with what a part begins with.
func (s *script) goesOn(p Part) bool {
	return p.Literal != "" && strings.ContainsAny(p.Literal[:1], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_[")
}

var (
	bareWord    = regexp.MustCompile(`^[A-Za-z0-9_./:@%+,=-]+$`)
	inQuotes    = strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`, "`", "\\`")
	inDocuments = strings.NewReplacer(`\\`, `\u005c`, `$`, `\u0024`, "`", `\u0060`)
)

// word is a value as a word of the shell.
func (s *script) word(v value) string {
	switch v := v.(type) {
	case Text:
		if plain, ok := v.whole(); ok {
			if bareWord.MatchString(plain) {
				return plain
			}
			return quote(plain)
		}
		return `"` + s.expanded(v, inQuotes.Replace) + `"`
	case Variable:
		return `"$` + v.variable() + `"`
	}
	return fmt.Sprint(v)
}

// escaped is a literal within a string of a document. Nothing in it means anything to a
// here-document or to a literal of the CLI's queries.
func escaped(s string) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(s); err != nil {
		panic(fmt.Sprintf("export: a string has no JSON form: %v", err)) // each one has
	}
	return inDocuments.Replace(strings.TrimSuffix(b.String(), "\n")[1 : b.Len()-2])
}

// documentWidth is from which length on a document has its parts on lines of their own.
const documentWidth = 110

// document writes a value as JSON for a here-document. path has the names that a variable
// may have that is needed for a part.
func (s *script) document(v value, indent string, path []string) string {
	switch v := v.(type) {
	case Text:
		return `"` + s.expanded(v, escaped) + `"`
	case Variable:
		return "$" + v.variable()
	case *Choice:
		return s.chosen(v, path)
	case *Spliced:
		return s.chosen(v.whole(), path)
	case *Map:
		var parts []scriptPart
		for _, e := range v.Entries {
			parts = append(parts, scriptPart{`"` + escaped(e.Key) + `": `, e.Value, append(slices.Clone(path), snake(e.Key))})
		}
		return s.container("{", "}", v, parts, indent, path)
	case List:
		var parts []scriptPart
		for i, e := range v {
			name := fmt.Sprint(i + 1)
			if named := s.known(e); named != "" {
				name = named
			}
			parts = append(parts, scriptPart{"", e, append(slices.Clone(path), name)})
		}
		return s.container("[", "]", v, parts, indent, path)
	}
	return fmt.Sprint(v)
}

// known is what a part of a list is known by; "" where that is its place alone.
func (s *script) known(v value) string {
	c, ok := v.(*Choice)
	if !ok {
		c = &Choice{Values: [3]value{v}}
	}
	if name := nameOf(c.Values); name != nil {
		return snake(name[0])
	}
	for _, v := range c.Values {
		if t, ok := v.(Text); ok && len(t.Parts) == 1 && t.Parts[0].Key != "" {
			return s.names[t.Parts[0].Key]
		}
	}
	return ""
}

// scriptPart is an entry of a map or of a list.
type scriptPart struct {
	key   string
	value value
	path  []string
}

// container writes the parts between brackets. A part that is not there in each
// environment is a variable that has its comma, too.
func (s *script) container(opening, closing string, v value, parts []scriptPart, indent string, path []string) string {
	anchor := slices.IndexFunc(parts, func(p scriptPart) bool { return !hasGap(p.value) })
	if anchor < 0 && len(parts) > 0 {
		return s.chosen(&Choice{Values: [3]value{in(v, 0), in(v, 1), in(v, 2)}}, path)
	}
	inner := indent + "  "
	broken, line := opening, opening
	for i, p := range parts {
		before, after := "", ""
		if i < anchor {
			after = ","
		}
		if i > anchor {
			before = ","
		}
		if hasGap(p.value) {
			variable := s.gap(p, before, after)
			broken, line = broken+variable, line+variable
			continue
		}
		text := p.key + s.document(p.value, inner, p.path)
		broken += before + "\n" + inner + text
		if before != "" {
			before += " "
		}
		line += before + text
	}
	line += closing
	if len(indent)+len(line) <= documentWidth && !strings.Contains(line, "\n") || len(parts) == 0 {
		return line
	}
	return broken + "\n" + indent + closing
}

func hasGap(v value) bool {
	c, ok := v.(*Choice)
	return ok && slices.Contains(c.Values[:], nil)
}

// gap makes a variable of a part that is not there in each environment.
func (s *script) gap(p scriptPart, before, after string) string {
	c := p.value.(*Choice)
	return "$" + s.choose(func(name string) (set [3]string) {
		for i, v := range c.Values {
			set[i] = name + "="
			if v != nil {
				set[i] = hereDocument(name, before+p.key+s.document(v, "", p.path)+after)
			}
		}
		return set
	}, true, candidates(p.path)...)
}

// chosen makes a variable of a part of a document that depends on the environment.
func (s *script) chosen(c *Choice, path []string) string {
	if texts, ok := all[Text](c.Values); ok && !slices.ContainsFunc(texts[:], awkward) {
		return `"$` + s.choose(func(name string) (set [3]string) {
			for i, t := range texts {
				set[i] = name + "=" + s.word(t)
			}
			return set
		}, refers(c), candidates(path)...) + `"`
	}
	return "$" + s.choose(func(name string) (set [3]string) {
		for i, v := range c.Values {
			switch v := v.(type) {
			case *Map, List, Text:
				set[i] = hereDocument(name, s.document(v, "", path))
			default:
				set[i] = name + "=" + s.word(v)
			}
		}
		return set
	}, refers(c), candidates(path)...)
}

// awkward tells whether a text cannot stand in a document as it is.
func awkward(t Text) bool {
	return slices.ContainsFunc(t.Parts, func(p Part) bool { return escaped(p.Literal) != p.Literal })
}

// refers tells whether a choice names resources.
func refers(c *Choice) bool {
	return slices.ContainsFunc(c.Values[:], func(v value) bool {
		t, ok := v.(Text)
		return !ok && !isScalar(v) || slices.ContainsFunc(t.Parts, func(p Part) bool { return p.Key != "" })
	})
}

func isScalar(v value) bool {
	switch v.(type) {
	case *Map, List, *Spliced:
		return false
	}
	return true
}

func hereDocument(name, content string) string {
	return "IFS= read -r -d '' " + name + " <<JSON || :\n" + content + "\nJSON"
}

// candidates are the names that a variable for a part of a document may have: as short
// as can be told apart.
func candidates(path []string) []string {
	var names []string
	for from := len(path) - 1; from >= 1; from-- {
		names = append(names, path[0]+"_"+strings.Join(path[from:], "_"))
	}
	if names == nil {
		return path
	}
	return names
}

// in is a value in one environment.
func in(v value, i int) value {
	switch v := v.(type) {
	case *Choice:
		return v.Values[i]
	case *Spliced:
		return v.whole().Values[i]
	case *Map:
		m := &Map{}
		for _, e := range v.Entries {
			m.put(e.Key, in(e.Value, i))
		}
		return m
	case List:
		l := List{}
		for _, e := range v {
			if part := in(e, i); part != nil {
				l = append(l, part)
			}
		}
		return l
	}
	return v
}
