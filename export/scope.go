package export

import "enrich/pipeline"

// scope is a resource in one environment, with what a dialect needs to express it.
type scope struct {
	pipeline.Exported
	variant *variant
	project *Project
}

// text is a setting; beside what the resource itself is made of it may also name the
// resource.
func (s *scope) text(of string) Text   { return s.variant.text(s.Key, of, false) }
func (s *scope) beside(of string) Text { return s.variant.text(s.Key, of, true) }

// named is the resource's own name, which depends on no other resource.
func (s *scope) named() Text { return s.apart(s.Name) }

// apart is a text that refers to no resource.
func (s *scope) apart(of string) Text {
	own := &variant{environment: s.variant.environment, plain: s.variant.plain}
	for _, t := range s.variant.own {
		if t.part.Variable == Environment {
			own.own = append(own.own, t)
		}
	}
	return own.text(s.Key, of, false)
}

func (s *scope) number(n int) value { return s.variant.sentinels.number(n) }

// words is nil for an empty list.
func (s *scope) words(list []string) value {
	if len(list) == 0 {
		return nil
	}
	words := make(List, 0, len(list))
	for _, word := range list {
		words = append(words, s.text(word))
	}
	return words
}

func (s *scope) policy(p pipeline.Policy, text func(string) Text) (value, error) {
	return document(p, text, s.number)
}
