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

// named is the resource's own name.
func (s *scope) named() Text { return s.unlinked(s.Name) }

// unlinked is a setting that depends on no other resource.
func (s *scope) unlinked(of string) Text {
	return s.variant.find(of, func(p Part) bool { return p.Key == "" })
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
