package export

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"enrich/pipeline"
)

// token is a string that stands for something, wherever it turns up.
type token struct {
	text string
	part Part
	name bool // a name: what goes on behind it is another one
}

// variant is the definition for one environment.
type variant struct {
	environment string
	sentinels   sentinels
	resources   []pipeline.Exported
	plain       []token
	tokens      map[byte][]token // all of them by how they begin, the longest first
	// reaches tells which resources are made before which in any environment, as far as
	// is known: a tool may know one order for all of them.
	reaches reach
}

func newVariant(environment, prefix string, s sentinels, resources []pipeline.Exported, reaches reach) *variant {
	v := &variant{environment: environment, sentinels: s, resources: resources, reaches: reaches, tokens: map[byte][]token{}}
	v.plain = []token{
		{text: s.partition, part: Part{Variable: Partition}},
		{text: s.account, part: Part{Variable: Account}},
		{text: s.region, part: Part{Variable: Region}},
		{text: strconv.Itoa(s.shards), part: Part{Variable: Shards}},
		{text: strconv.Itoa(s.memory), part: Part{Variable: Memory}},
		{text: strconv.Itoa(s.timeout), part: Part{Variable: Timeout}},
	}
	var own []token
	for _, r := range resources {
		if r.ARN != "" {
			own = append(own, token{r.ARN, Part{Key: r.Key, Attribute: ByARN}, true}, token{r.Name, Part{Key: r.Key, Attribute: ByName}, true})
		}
		if r.StandIn != "" {
			own = append(own, token{r.StandIn, Part{Key: r.Key, Attribute: ByID}, false})
		}
		for _, before := range r.DependsOn {
			v.reaches.connect(r.Key, before)
		}
	}
	// Behind the name of the pipeline, which is the same for all environments.
	own = append(own, token{text: prefix, part: Part{Variable: Environment}}, token{environment, Part{Variable: Environment}, true})
	all := append(own, v.plain...)
	slices.SortStableFunc(all, func(a, b token) int { return cmp.Compare(len(b.text), len(a.text)) })
	for _, t := range all {
		v.tokens[t.text[0]] = append(v.tokens[t.text[0]], t)
	}
	return v
}

// text finds in a setting of a resource what it refers to. A resource that is itself
// made after the one that would refer to it stays a name: there is no other way in a
// circle. self tells whether the resource itself may be referred to, as what is made
// behind it can.
func (v *variant) text(of, s string, self bool) Text {
	found := v.find(s, func(p Part) bool {
		return p.Key == "" || p.Key == of && self || p.Key != of && !v.reaches.leads(p.Key, of)
	})
	for _, p := range found.Parts {
		if p.Key != "" && p.Key != of {
			v.reaches.connect(of, p.Key)
		}
	}
	return found
}

// find looks for what may be used.
func (v *variant) find(s string, usable func(Part) bool) Text {
	return Text{Parts: v.split(s, usable), plain: v.split(s, func(p Part) bool { return p.Key == "" && p.Variable != Environment })}
}

// split divides a string at its tokens, of which the longest counts.
func (v *variant) split(s string, usable func(Part) bool) []Part {
	var parts []Part
	plain := 0 // where what stands for itself begins
	for i := 0; i < len(s); {
		t, ok := v.tokenAt(s, i, usable)
		if !ok {
			i++
			continue
		}
		before := s[plain:i]
		if t.part.Variable == Environment {
			before += strings.TrimSuffix(t.text, v.environment)
		}
		parts = appendLiteral(parts, before)
		parts = append(parts, t.part)
		i += len(t.text)
		plain = i
	}
	return appendLiteral(parts, s[plain:])
}

func appendLiteral(parts []Part, s string) []Part {
	if s == "" {
		return parts
	}
	return append(parts, Part{Literal: s})
}

func (v *variant) tokenAt(s string, at int, usable func(Part) bool) (token, bool) {
	within := inName(s, at-1)
	for _, t := range v.tokens[s[at]] {
		if within && (t.name || t.part.Variable == Environment) || !strings.HasPrefix(s[at:], t.text) {
			continue
		}
		end := at + len(t.text)
		if inName(s, end) && (t.name || t.part.Variable == Environment && s[end] != '-') {
			continue
		}
		if usable(t.part) {
			return t, true
		}
	}
	return token{}, false
}

// inName tells whether a name goes on with what is there.
func inName(s string, at int) bool {
	if at < 0 || at >= len(s) {
		return false
	}
	c := s[at]
	return c == '-' || c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}
