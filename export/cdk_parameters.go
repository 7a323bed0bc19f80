package export

import (
	"fmt"
	"strconv"
)

// cdkParameters are those that who deploys may decide.
type cdkParameters struct {
	Environment, EnvironmentDoc string
	Numbers                     []cdkParameter
}

type cdkParameter struct {
	Name, Doc, Default string
	Min, Max           int
	Differs            bool   // the default depends on the environment
	Told               string // the default in words
}

func (g *cdkProgram) parameters(l cdkLanguage) cdkParameters {
	all := cdkParameters{Environment: g.project.Environment, EnvironmentDoc: describe("environment")}
	used := map[Variable]bool{}
	for _, r := range g.resources {
		walkVariables(List{r.construct, r.after}, func(v Variable) { used[v] = true })
	}
	for _, v := range []Variable{Shards, Memory, Timeout} {
		if !used[v] {
			continue // a stream on demand has no shards to speak of
		}
		path := map[Variable]string{Shards: "stream.shards", Memory: "function.memory", Timeout: "function.timeout"}[v]
		k := keyOf(path)
		one := cdkParameter{Name: v.context(), Doc: k.Doc, Min: k.Min, Max: k.Max}
		var now [3]int
		for i, c := range g.project.configs {
			now[i] = map[Variable]int{Shards: c.Stream.Shards, Memory: c.Function.Memory, Timeout: c.Function.Timeout}[v]
		}
		one.Default = strconv.Itoa(now[0])
		one.Told = "`" + one.Default + "`"
		if now != [3]int{now[0], now[0], now[0]} {
			one.Default, one.Differs = l.byEnvironment(now), true
			one.Told = fmt.Sprintf("`%d` in dev, `%d` in staging, `%d` in prod", now[0], now[1], now[2])
		}
		all.Numbers = append(all.Numbers, one)
	}
	return all
}

// walkVariables calls for each variable in a value.
func walkVariables(v value, visit func(Variable)) {
	switch v := v.(type) {
	case Variable:
		visit(v)
	case Text:
		for _, p := range v.Parts {
			if p.Variable != "" {
				visit(p.Variable)
			}
		}
	case List:
		for _, part := range v {
			walkVariables(part, visit)
		}
	case *Map:
		for _, e := range v.Entries {
			walkVariables(e.Value, visit)
		}
	case *Choice:
		walkVariables(List(v.Values[:]), visit)
	case *Spliced:
		walkVariables(v.whole(), visit)
	case compound:
		walkVariables(v.parts(), visit)
	}
}
