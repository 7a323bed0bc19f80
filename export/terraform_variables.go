package export

import (
	"fmt"
	"strings"

	"enrich/config"
)

// variables are what who deploys may decide.
func (m *module) variableFile() string {
	var b strings.Builder
	writeBody(&b, `variable "environment"`, []item{
		{key: "description", value: atom(quoted(describe("environment")))},
		{key: "type", value: atom("string")},
		{key: "default", value: atom(quoted(m.project.Environment))},
		validation("contains("+moduleEnvironments()+", var.environment)", "environment must be dev, staging or prod."),
	}, "")
	for _, v := range m.numbers(m.project.configuration()) {
		k := keyOf(v.path)
		written := "var." + v.name
		b.WriteByte('\n')
		writeBody(&b, `variable "`+v.name+`"`, []item{
			{key: "description", value: atom(quoted(describe(v.path)))},
			{key: "type", value: atom("number")},
			{key: "default", value: atom(fmt.Sprint(v.now))},
			validation(fmt.Sprintf("%[1]s == floor(%[1]s) && %[1]s >= %[2]v && %[1]s <= %[3]v", written, k.Min, k.Max),
				fmt.Sprintf("%s must be a whole number from %v to %v.", v.name, k.Min, k.Max)),
		}, "")
	}
	return b.String()
}

// moduleEnvironments is the list of their names.
func moduleEnvironments() string {
	var environments []node
	for _, environment := range Environments() {
		environments = append(environments, atom(quoted(environment)))
	}
	return flat(&tuple{environments})
}

func validation(condition, message string) item {
	return item{key: "validation", body: []item{
		{key: "condition", value: atom(condition)},
		{key: "error_message", value: atom(quoted(message))},
	}}
}

type moduleNumber struct {
	name, path string
	now        int
}

// numbers are the variables of that type which are used: a stream on demand has no
// shards to speak of.
func (m *module) numbers(cfg config.Config) []moduleNumber {
	var list []moduleNumber
	for _, n := range []struct {
		of   Variable
		path string
		now  int
	}{
		{Shards, "stream.shards", cfg.Stream.Shards},
		{Memory, "function.memory", cfg.Function.Memory},
		{Timeout, "function.timeout", cfg.Function.Timeout},
	} {
		if written, ok := m.variables[n.of]; ok {
			list = append(list, moduleNumber{strings.TrimPrefix(written, "var."), n.path, n.now})
		}
	}
	return list
}

// values are those of the variables in an environment.
func (m *module) values(c config.Config) string {
	items := []item{{key: "environment", value: atom(quoted(c.Environment))}}
	for _, n := range m.numbers(c) {
		items = append(items, item{key: n.name, value: atom(fmt.Sprint(n.now))})
	}
	var b strings.Builder
	writeItems(&b, items, "")
	return b.String()
}
