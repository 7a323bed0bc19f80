package export

import "strings"

// Kinds whose references are not like those of others.
const (
	kindLogGroup = "log group"
	kindTopic    = "alarm topic"
)

// text is a string, a single reference or an Fn::Sub.
func (t *stack) text(of Text) value {
	if s, ok := of.whole(); ok {
		return s
	}
	parts := t.arns(of.Parts)
	if len(parts) > 1 {
		return call("Fn::Sub", t.substituted(parts))
	}
	only := parts[0]
	if only.Variable != "" {
		return call("Ref", t.refer(only.Variable.reference()))
	}
	id, attribute, _ := strings.Cut(t.reference(only), ".")
	if attribute == "" {
		return call("Ref", id)
	}
	return call("Fn::GetAtt", id, attribute)
}

// arns puts the ARN of a log group together where it is not the one that
// CloudFormation has, which ends with ":*".
func (t *stack) arns(parts []Part) []Part {
	return arnsOfGroups(parts, func(key string) bool { return t.kinds[key] == kindLogGroup })
}

func arnsOfGroups(parts []Part, group func(key string) bool) []Part {
	var list []Part
	for i := 0; i < len(parts); i++ {
		p := parts[i]
		if p.Attribute != ByARN || !group(p.Key) {
			list = append(list, p)
			continue
		}
		if i+1 < len(parts) {
			if rest, ok := strings.CutPrefix(parts[i+1].Literal, anyStream); ok {
				list = appendLiteral(append(list, p), rest)
				i++
				continue
			}
		}
		list = append(list, Part{Literal: "arn:"}, Part{Variable: Partition}, Part{Literal: ":logs:"}, Part{Variable: Region},
			Part{Literal: ":"}, Part{Variable: Account}, Part{Literal: ":log-group:"}, Part{Key: p.Key, Attribute: ByName})
	}
	return list
}

// substituted is the text of an Fn::Sub.
func (t *stack) substituted(parts []Part) string {
	var b strings.Builder
	for _, p := range t.arns(parts) {
		switch {
		case p.Variable != "":
			b.WriteString("${" + t.refer(p.Variable.reference()) + "}")
		case p.Key != "":
			b.WriteString("${" + t.reference(p) + "}")
		default:
			b.WriteString(strings.ReplaceAll(p.Literal, "${", "${!"))
		}
	}
	return b.String()
}

// reference is how Fn::Sub refers to a resource: its logical ID stands for its name or
// ID, but for a topic's, which stands for its ARN.
func (t *stack) reference(p Part) string {
	id := t.ids[p.Key]
	t.uses.connect(t.current, id)
	topic := t.kinds[p.Key] == kindTopic
	switch {
	case p.Attribute == ByARN && !topic:
		return id + ".Arn"
	case p.Attribute == ByName && topic:
		return id + ".TopicName"
	}
	return id
}
