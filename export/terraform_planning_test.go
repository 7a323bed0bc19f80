package export

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/tryfunc"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"enrich/config"
	"enrich/pipeline"
)

// planning evaluates a project as Terraform does.
type planning struct {
	t       *testing.T
	context *hcl.EvalContext
}

// one is Terraform's function of that name.
var one = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "list", Type: cty.DynamicPseudoType}},
	Type:   function.StaticReturnType(cty.DynamicPseudoType),
	Impl: func(arguments []cty.Value, _ cty.Type) (cty.Value, error) {
		list := arguments[0].AsValueSlice()
		if len(list) > 1 {
			return cty.NilVal, fmt.Errorf("one of %d", len(list))
		}
		if len(list) == 0 {
			return cty.NullVal(cty.DynamicPseudoType), nil
		}
		return list[0], nil
	},
})

// digest stands for filebase64sha256.
var digest = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "path", Type: cty.String}},
	Type:   function.StaticReturnType(cty.String),
	Impl: func(arguments []cty.Value, _ cty.Type) (cty.Value, error) {
		return cty.StringVal(digestOf(arguments[0].AsString())), nil
	},
})

func digestOf(path string) string { return "digest of " + path }

func newPlanning(t *testing.T, c config.Config, id pipeline.Identity) planning {
	text := cty.StringVal
	current := func(name, value string) cty.Value {
		return cty.ObjectVal(map[string]cty.Value{"current": cty.ObjectVal(map[string]cty.Value{name: text(value)})})
	}
	return planning{t, &hcl.EvalContext{
		Variables: map[string]cty.Value{
			"var": cty.ObjectVal(map[string]cty.Value{
				"environment": text(c.Environment), "stream_shard_count": cty.NumberIntVal(int64(c.Stream.Shards)),
				"lambda_memory_size": cty.NumberIntVal(int64(c.Function.Memory)), "lambda_timeout": cty.NumberIntVal(int64(c.Function.Timeout)),
			}),
			"path": cty.ObjectVal(map[string]cty.Value{"module": text(".")}),
			"data": cty.ObjectVal(map[string]cty.Value{
				"aws_caller_identity": current("account_id", id.Account), "aws_partition": current("partition", id.Partition), "aws_region": current("region", id.Region),
			}),
		},
		Functions: map[string]function.Function{
			"one": one, "filebase64sha256": digest, "try": tryfunc.TryFunc, "contains": stdlib.ContainsFunc, "floor": stdlib.FloorFunc,
			"merge": stdlib.MergeFunc, "concat": stdlib.ConcatFunc, "compact": stdlib.CompactFunc, "join": stdlib.JoinFunc,
			"formatlist": stdlib.FormatListFunc, "jsonencode": stdlib.JSONEncodeFunc,
		},
	}}
}

// know puts what the project may refer to into the context: of a resource with a count a
// tuple, which is empty where there is none.
func (p planning) know(blocks []*hclsyntax.Block, addresses map[string]string, resources []pipeline.Exported) {
	types := map[string]map[string]cty.Value{}
	for _, b := range blocks {
		if b.Type != "resource" {
			continue
		}
		kind, name := b.Labels[0], b.Labels[1]
		if types[kind] == nil {
			types[kind] = map[string]cty.Value{}
		}
		at := slices.IndexFunc(resources, func(r pipeline.Exported) bool { return addresses[r.Key] == kind+"."+name })
		known := cty.EmptyObjectVal
		if at >= 0 {
			r := resources[at]
			known = cty.ObjectVal(map[string]cty.Value{
				moduleAttribute(r.Kind, ByName): cty.StringVal(r.Name), "arn": cty.StringVal(r.ARN), "uuid": cty.StringVal(r.StandIn),
			})
		}
		if b.Body.Attributes["count"] != nil {
			list := []cty.Value{}
			if at >= 0 {
				list = append(list, known)
			}
			known = cty.TupleVal(list)
		}
		types[kind][name] = known
	}
	for kind, of := range types {
		p.context.Variables[kind] = cty.ObjectVal(of)
	}
	p.knowLocals(blocks)
}

// knowLocals evaluates locals in the order in which they need each other.
func (p planning) knowLocals(blocks []*hclsyntax.Block) {
	left := map[string]hcl.Expression{}
	for _, b := range blocks {
		if b.Type == "locals" {
			for name, a := range b.Body.Attributes {
				left[name] = a.Expr
			}
		}
	}
	known := map[string]cty.Value{}
	for len(left) > 0 {
		before := len(left)
		for name, expression := range left {
			needs := slices.ContainsFunc(expression.Variables(), func(v hcl.Traversal) bool {
				return v.RootName() == "local" && left[v[1].(hcl.TraverseAttr).Name] != nil
			})
			if !needs {
				known[name] = p.evaluate(expression)
				p.context.Variables["local"] = cty.ObjectVal(known)
				delete(left, name)
			}
		}
		if len(left) == before {
			p.t.Fatalf("locals go round in a circle: %v", left)
		}
	}
}

func (p planning) evaluate(expression hcl.Expression) cty.Value {
	p.t.Helper()
	v, diagnostics := expression.Value(p.context)
	if diagnostics.HasErrors() {
		p.t.Fatal(diagnostics)
	}
	return v
}

// plain is a value of a JSON document; documents in it are read.
func (p planning) plain(v cty.Value) any {
	data, err := ctyjson.Marshal(v, v.Type())
	if err != nil {
		p.t.Fatal(err)
	}
	return p.read(data)
}

func (p planning) read(data []byte) any {
	var of any
	if err := json.Unmarshal(data, &of); err != nil {
		p.t.Fatal(err)
	}
	return unfold(of)
}

// unfold reads the documents in strings.
func unfold(v any) any {
	switch v := v.(type) {
	case string:
		var of any
		if strings.HasPrefix(v, "{") || strings.HasPrefix(v, "[") {
			if err := json.Unmarshal([]byte(v), &of); err == nil {
				return of
			}
		}
	case []any:
		for i := range v {
			v[i] = unfold(v[i])
		}
	case map[string]any:
		for key := range v {
			v[key] = unfold(v[key])
		}
	}
	return v
}

// empty tells of a list without anything, which is the same as none.
func empty(v cty.Value) bool {
	return (v.Type().IsTupleType() || v.Type().IsListType()) && v.LengthInt() == 0
}

// body is what a block comes to: arguments that are not null, and lists of blocks.
func (p planning) body(of *hclsyntax.Body) map[string]any {
	m := map[string]any{}
	for name, a := range of.Attributes {
		if name == "count" || name == "depends_on" {
			continue
		}
		if v := p.evaluate(a.Expr); !v.IsNull() && !empty(v) {
			m[name] = p.plain(v)
		}
	}
	add := func(name string, body *hclsyntax.Body) {
		list, _ := m[name].([]any)
		m[name] = append(list, p.body(body))
	}
	for _, b := range of.Blocks {
		if b.Type == "lifecycle" {
			continue
		}
		if b.Type != "dynamic" {
			add(b.Type, b.Body)
			continue
		}
		for range p.evaluate(b.Body.Attributes["for_each"].Expr).LengthInt() {
			add(b.Labels[0], b.Body.Blocks[0].Body)
		}
	}
	return m
}

// resolve gives what the resources come to that there are, by their addresses, with the
// tags that the provider gives them.
func (p planning) resolve(schema map[string]map[string]argument, blocks []*hclsyntax.Block) map[string]any {
	resources := map[string]any{}
	tags := map[string]any{}
	for _, b := range blocks {
		if b.Type == "provider" {
			tags = p.body(b.Body)["default_tags"].([]any)[0].(map[string]any)["tags"].(map[string]any)
		}
	}
	for _, b := range blocks {
		if b.Type != "resource" {
			continue
		}
		if count := b.Body.Attributes["count"]; count != nil && p.evaluate(count.Expr).RawEquals(cty.Zero) {
			continue
		}
		for _, wrong := range p.mistyped(schema[b.Labels[0]], b.Body, b.Labels[0]+"."+b.Labels[1]) {
			p.t.Error(wrong)
		}
		of := p.body(b.Body)
		if _, ok := schema[b.Labels[0]]["tags_all"]; ok {
			all := map[string]any{}
			for _, from := range []any{tags, of["tags"]} {
				list, _ := from.(map[string]any)
				for key, v := range list {
					all[key] = v
				}
			}
			of["tags"] = all
		}
		resources[b.Labels[0]+"."+b.Labels[1]] = of
	}
	return resources
}

// direct is what a value comes to that stands for nothing else.
func direct(v value) any {
	switch v := v.(type) {
	case Text:
		s, _ := v.whole()
		return s
	case Variable:
		return "./" + archiveFile
	case List:
		list := []any{}
		for _, part := range v {
			list = append(list, direct(part))
		}
		return list
	case *Map:
		m := map[string]any{}
		for _, e := range v.Entries {
			if e.Key == block("lifecycle") { // of the tool, not of AWS
				continue
			}
			of := direct(e.Value)
			switch name, called := strings.CutSuffix(e.Key, callMark); {
			case called && name == "jsonencode":
				return of
			case called && name == "filebase64sha256":
				return digestOf(of.(string))
			case called && name == "formatlist":
				return formatted(of.([]any))
			case called && name == "join":
				return joined(of.([]any))
			}
			if name, nested := strings.CutSuffix(e.Key, blockMark); nested {
				list, ok := of.([]any)
				if !ok {
					list = []any{of}
				}
				m[name] = list
				continue
			}
			if list, ok := of.([]any); of != nil && (!ok || len(list) > 0) {
				m[e.Key] = of
			}
		}
		return m
	}
	return v
}

func formatted(arguments []any) any {
	list := []any{}
	for _, word := range arguments[1].([]any) {
		list = append(list, fmt.Sprintf(arguments[0].(string), word))
	}
	return list
}

func joined(arguments []any) any {
	var words []string
	for _, word := range arguments[1].([]any) {
		words = append(words, word.(string))
	}
	return strings.Join(words, arguments[0].(string))
}
