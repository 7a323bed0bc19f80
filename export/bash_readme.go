package export

import (
	_ "embed"
	"fmt"
	"strings"
	"text/template"

	"enrich/config"
)

//go:embed bash.md
var bashReadme string

// scriptGuide is what the README of the scripts tells.
type scriptGuide struct {
	guide
	Settings []guideParameter
}

func (s *script) readme() ([]byte, error) {
	g, err := s.project.guide()
	if err != nil {
		return nil, err
	}
	all := scriptGuide{guide: g, Settings: []guideParameter{
		{Environment.variable(), g.Environment, describe("environment")},
		{Shards.variable(), s.standard(func(c config.Config) int { return c.Stream.Shards }), describe("stream.shards")},
		{Memory.variable(), s.standard(func(c config.Config) int { return c.Function.Memory }), describe("function.memory")},
		{Timeout.variable(), s.standard(func(c config.Config) int { return c.Function.Timeout }), describe("function.timeout")},
	}}
	return fill(bashReadme, template.FuncMap{"join": strings.Join, "quote": quote}, all)
}

// standard is what a number is if nobody sets it.
func (s *script) standard(of func(config.Config) int) string {
	var words []string
	same := true
	for _, c := range s.project.configs {
		same = same && of(c) == of(s.project.configs[0])
		words = append(words, fmt.Sprintf("%d in %s", of(c), c.Environment))
	}
	if same {
		return fmt.Sprint(of(s.project.configs[0]))
	}
	return strings.Join(words, ", ")
}
