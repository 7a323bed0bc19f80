package export

import (
	"fmt"
	"slices"
	"strings"
)

const scriptHead = `# shellcheck shell=bash
# shellcheck disable=SC2034 # the other files use what is set here
#
# %s: what deploy.sh deploys. This file and function.zip are made of enrich.yaml:
# change that, and export again.
`

// print writes pipeline.sh.
func (s *script) print() []byte {
	// The documents first: they tell which variables and ARNs are needed.
	var sections strings.Builder
	for _, group := range headings() {
		heading := fmt.Sprintf("\n# %s\n# %s\n", group, strings.Repeat("-", len(group)))
		for _, r := range s.resources {
			if r.Group != group {
				continue
			}
			if text := s.functions(r); text != "" {
				sections.WriteString(heading + text)
				heading = ""
			}
		}
	}
	definition := s.definition()
	var b strings.Builder
	fmt.Fprintf(&b, scriptHead, s.project.Name)
	b.WriteString("\n" + s.defaults() + "\n" + definition + sections.String() + "\n" + s.list())
	return []byte(b.String())
}

// defaults are what the environment's variables are if nobody sets them.
func (s *script) defaults() string {
	var b strings.Builder
	b.WriteString("# What the environment leaves open.\nsettings() {\n")
	fmt.Fprintf(&b, "  : \"${ENVIRONMENT:=%s}\"\n", s.project.Environment)
	var common, own [3][]string
	for _, of := range []Variable{Shards, Memory, Timeout} {
		var lines [3]string
		for i, c := range s.project.configs {
			n := map[Variable]int{Shards: c.Stream.Shards, Memory: c.Function.Memory, Timeout: c.Function.Timeout}[of]
			lines[i] = fmt.Sprintf(`: "${%s:=%d}"`, of.variable(), n)
		}
		if lines[0] == lines[1] && lines[1] == lines[2] {
			common[0] = append(common[0], lines[0])
			continue
		}
		for i, line := range lines {
			own[i] = append(own[i], line)
		}
	}
	for _, line := range common[0] {
		b.WriteString("  " + line + "\n")
	}
	b.WriteString(byEnvironment(own))
	fmt.Fprintf(&b, "  region=%s\n}\n", s.project.Region)
	return b.String()
}

// byEnvironment writes what to do in each environment; in some there may be nothing.
func byEnvironment(lines [3][]string) string {
	var b strings.Builder
	for i, environment := range Environments() {
		if len(lines[i]) == 0 {
			continue
		}
		b.WriteString("    " + environment + ")\n")
		for _, line := range lines[i] {
			b.WriteString("      " + line + "\n")
		}
		b.WriteString("      ;;\n")
	}
	if b.Len() == 0 {
		return ""
	}
	return "  case $ENVIRONMENT in\n" + b.String() + "  esac\n"
}

// definition sets the names, and the settings that are single values.
func (s *script) definition() string {
	named := s.assignment("pipeline", s.name)
	for _, r := range s.resources {
		if r.Word != "subscription" && r.Word != "mapping" {
			named += s.assignment(s.names[r.Key], r.name)
		}
	}
	single := s.singles()
	arns := ""
	for _, r := range s.resources {
		if s.arns[r.Key] || r.Word == "stream" || r.Word == "topic" {
			arns += s.assignment(s.names[r.Key]+"_arn", r.arn)
		}
	}
	tags := s.tagArray()
	var early, late [3][]string
	for _, c := range s.choices {
		for i, set := range c.set {
			if c.late {
				late[i] = append(late[i], set)
			} else {
				early[i] = append(early[i], set)
			}
		}
	}
	return "# Names, and settings that are single values.\ndefine() {\n" + byEnvironment(early) + named + arns +
		byEnvironment(late) + "\n" + single + "\n" + tags + "}\n"
}

// singles are the settings of resources of which there is one.
func (s *script) singles() string {
	var b strings.Builder
	for _, r := range s.resources {
		if r.Several {
			continue
		}
		for _, e := range r.Settings.Entries {
			if !s.single(e.Value) {
				continue
			}
			assignment := s.assignment(r.Word+"_"+e.Key, e.Value)
			if assignment != "" && e.Comment != "" {
				b.WriteString("  " + strings.ReplaceAll(strings.TrimSuffix(commented(e.Comment), "\n"), "\n", "\n  ") + "\n")
			}
			b.WriteString(assignment)
		}
	}
	return b.String()
}

// assignment sets a variable; "" where the environment decides, which is written
// elsewhere.
func (s *script) assignment(name string, v value) string {
	c, ok := v.(*Choice)
	if !ok {
		return fmt.Sprintf("  %s=%s\n", name, s.word(v))
	}
	s.choose(s.assignments(c), refers(c), name)
	return ""
}

// assignments set a variable by environment; what is not there is empty.
func (s *script) assignments(c *Choice) func(string) [3]string {
	return func(name string) (set [3]string) {
		for i, v := range c.Values {
			set[i] = name + "="
			if v != nil {
				set[i] += s.word(v)
			}
		}
		return set
	}
}

// single tells whether a setting is a variable, and not a document.
func (s *script) single(v value) bool {
	if c, ok := v.(*Choice); ok {
		return !slices.ContainsFunc(c.Values[:], func(v value) bool { return !isScalar(v) })
	}
	return isScalar(v)
}

// tagArray has names and values by turns.
func (s *script) tagArray() string {
	var b strings.Builder
	b.WriteString("  tags=(\n")
	var own [3][]string
	for _, e := range s.tags.(*Map).Entries {
		c, ok := e.Value.(*Choice)
		if !ok {
			fmt.Fprintf(&b, "    %s %s\n", s.word(literal(e.Key)), s.word(e.Value))
			continue
		}
		for i, v := range c.Values {
			if v != nil {
				own[i] = append(own[i], fmt.Sprintf("tags+=(%s %s)", s.word(literal(e.Key)), s.word(v)))
			}
		}
	}
	return b.String() + "  )\n" + byEnvironment(own)
}

// functions are the documents of a resource and, where there are several of its kind, its
// settings.
func (s *script) functions(r scriptEntry) string {
	var b strings.Builder
	prefix := r.Word
	if r.Several {
		prefix = s.names[r.Key]
	}
	comment := r.Comment
	var settings []string
	for _, e := range r.Settings.Entries {
		if e.Key == subscribedTopic {
			continue
		}
		if s.single(e.Value) {
			settings = append(settings, r.Word+"_"+e.Key+"="+s.setting(r, e))
			continue
		}
		b.WriteString("\n" + commented(comment) + commented(e.Comment))
		comment = ""
		name := prefix + "_" + e.Key
		fmt.Fprintf(&b, "%s() {\n  cat <<JSON\n%s\nJSON\n}\n", name, s.document(e.Value, "", []string{prefix}))
		settings = append(settings, r.Word+"_"+e.Key+"="+name)
	}
	if r.Several && r.Word == "table" {
		fmt.Fprintf(&b, "\n%s_settings() {\n  %s\n}\n", prefix, strings.Join(settings, "\n  "))
	}
	return b.String()
}

// setting is the word for a single value of a resource of which there are several.
func (s *script) setting(r scriptEntry, e Entry) string {
	c, ok := e.Value.(*Choice)
	if !ok || !r.Several {
		if ok {
			return ""
		}
		return s.word(e.Value)
	}
	return `"$` + s.choose(s.assignments(c), refers(c), e.Key, s.names[r.Key]+"_"+e.Key) + `"`
}

func commented(text string) string {
	if text == "" {
		return ""
	}
	return "# " + strings.ReplaceAll(text, "\n", "\n# ") + "\n"
}

// list calls something for each resource.
func (s *script) list() string {
	var b strings.Builder
	b.WriteString("# All resources, in the order in which they can be made.\npipeline() { # COMMAND\n")
	for _, r := range s.resources {
		call := fmt.Sprintf("%q %s %s", "$1", r.Word, s.called(r))
		switch {
		case r.Word == "subscription":
			topic, _ := r.Settings.get(subscribedTopic)
			call += " " + s.setting(r, topic)
		case r.Several:
			call += " " + s.names[r.Key] + "_settings"
		}
		var where []string
		for i, present := range r.present {
			if present {
				where = append(where, Environments()[i])
			}
		}
		if len(where) == len(r.present) {
			b.WriteString("  " + call + "\n")
			continue
		}
		fmt.Fprintf(&b, "  case $ENVIRONMENT in %s) %s ;; esac\n", strings.Join(where, " | "), call)
	}
	return b.String() + "}\n"
}

// called is the word for a resource's name. A mapping has none of its own.
func (s *script) called(r scriptEntry) string {
	switch r.Word {
	case "subscription":
		return s.word(r.name)
	case "mapping":
		return `"$stream to $function"`
	}
	return `"$` + s.names[r.Key] + `"`
}
