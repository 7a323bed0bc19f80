package emulator

import (
	"cmp"
	"fmt"
	"go/ast"
	goparser "go/parser"
	gotoken "go/token"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// The table of operations in docs/emulator.md is made of the code: run
// UPDATE_DOCS=1 go test ./emulator -run TestDocumentOfOperations
// after a change.
func TestDocumentOfOperationsIsCurrent(t *testing.T) {
	const path, begin = "../docs/emulator.md", "<!-- generated: operations -->\n"
	document, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	written, table, found := strings.Cut(string(document), begin)
	if !found {
		t.Fatalf("%s has no line %s", path, begin)
	}
	want := operationTable(t, startServer(t, Options{}))
	if table == want {
		return
	}
	if os.Getenv("UPDATE_DOCS") == "" {
		t.Fatalf("%s is stale: run UPDATE_DOCS=1 go test ./emulator -run TestDocumentOfOperations", path)
	}
	if err := os.WriteFile(path, []byte(written+begin+want), 0o600); err != nil {
		t.Fatal(err)
	}
}

// operationTable writes each operation with the members of its input that the
// code reads and those that it does not.
func operationTable(t *testing.T, s *Server) string {
	read := membersRead(t)
	tables := s.tables()
	var b strings.Builder
	service := ""
	for _, o := range s.Operations() {
		if o.Service != service {
			service = o.Service
			fmt.Fprintf(&b, "\n### %s\n\n| operation | members | not supported |\n| --- | --- | --- |\n", service)
		}
		var has, not []string
		if o.Service == "s3" {
			for _, header := range s3MembersOf()[o.Name].headers {
				has = append(has, "x-amz-"+strings.ToLower(header))
			}
			has = append(has, s3MembersOf()[o.Name].queries...)
		}
		if operation, ok := tables[o.Service][o.Name]; ok {
			not = read.unsupported(o, operation)
			for _, member := range inputMembers(operation) {
				if !slices.Contains(not, member) {
					has = append(has, member)
				}
			}
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", o.Name, cmp.Or(strings.Join(has, ", "), "–"), cmp.Or(strings.Join(not, ", "), "–"))
	}
	return b.String()
}

// needless are members that no code reads because there is nothing to do for them, with
// the reason.
var needless = map[string]string{
	"dynamodb.BatchWriteItem ReturnItemCollectionMetrics": "only tables with local secondary indexes have any, and there are none",
	"dynamodb.DeleteItem ReturnItemCollectionMetrics":     "only tables with local secondary indexes have any, and there are none",
	"dynamodb.PutItem ReturnItemCollectionMetrics":        "only tables with local secondary indexes have any, and there are none",
	"dynamodb.UpdateItem ReturnItemCollectionMetrics":     "only tables with local secondary indexes have any, and there are none",
	"kinesis.DeleteStream EnforceConsumerDeletion":        "no stream has registered consumers",
	"logs.FilterLogEvents Interleaved":                    "AWS itself does not heed it: events are always interleaved",
	"logs.FilterLogEvents Unmask":                         "without data protection policies nothing is masked",
	"logs.GetLogEvents Unmask":                            "without data protection policies nothing is masked",
	"logs.PutLogEvents SequenceToken":                     "AWS itself does not heed it",
	"monitoring.PutMetricData StrictEntityValidation":     "it is about EntityMetricData, which is refused",
}

// refusedByFind tells a member that operations hand to what finds a stream for them,
// which refuses it.
func refusedByFind(o Operation, member string) bool {
	return o.Service == "kinesis" && member == "StreamId"
}

// memberUse tells, by the name of an input's type, which members its functions
// read, apart from refusing them.
type memberUse map[string]map[string]bool

func (m memberUse) has(input reflect.Type, member string) bool { return m[input.Name()][member] }

// unsupported are the members of an operation's input that nothing heeds.
func (m memberUse) unsupported(o Operation, operation operation) []string {
	input := reflect.TypeOf(operation.newInput()).Elem()
	return slices.DeleteFunc(inputMembers(operation), func(member string) bool {
		return m.has(input, member) && !refusedByFind(o, member) || needless[o.Service+"."+o.Name+" "+member] != ""
	})
}

// inputMembers are all members of an operation's input.
func inputMembers(operation operation) []string {
	input := reflect.TypeOf(operation.newInput()).Elem()
	if input.Kind() != reflect.Struct {
		return nil
	}
	var members []string
	for field := range exported(input) {
		members = append(members, field.Name)
	}
	return members
}

// membersRead reads the package's own source: a function with a parameter in of
// an SDK's input reads in.Member. What stands in a call that refuses members by
// name, or in the condition of one, counts as not read.
func membersRead(t *testing.T) memberUse {
	t.Helper()
	use := memberUse{}
	names, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if !strings.HasSuffix(name.Name(), ".go") || strings.HasSuffix(name.Name(), "_test.go") {
			continue
		}
		file, err := goparser.ParseFile(gotoken.NewFileSet(), name.Name(), nil, goparser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, declaration := range file.Decls {
			if f, ok := declaration.(*ast.FuncDecl); ok && f.Body != nil {
				use.function(f)
			}
		}
	}
	return use
}

func (m memberUse) function(f *ast.FuncDecl) {
	inputs := map[string]string{}
	for _, parameter := range f.Type.Params.List {
		star, ok := parameter.Type.(*ast.StarExpr)
		if !ok {
			continue
		}
		selector, ok := star.X.(*ast.SelectorExpr)
		if !ok || !strings.HasSuffix(selector.Sel.Name, "Input") {
			continue
		}
		for _, name := range parameter.Names {
			inputs[name.Name] = selector.Sel.Name
		}
	}
	ast.Inspect(f.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if called, ok := n.Fun.(*ast.Ident); ok && (called.Name == "firstUnsupported" || called.Name == "refuseUsed") {
				return false
			}
		case *ast.IfStmt:
			if refuses(n.Body.List) {
				return false
			}
		case *ast.CaseClause:
			if refuses(n.Body) {
				return false
			}
		case *ast.SelectorExpr:
			of, ok := n.X.(*ast.Ident)
			if !ok || inputs[of.Name] == "" {
				return true
			}
			if m[inputs[of.Name]] == nil {
				m[inputs[of.Name]] = map[string]bool{}
			}
			m[inputs[of.Name]][n.Sel.Name] = true
		}
		return true
	})
}

// refuses tells whether a block does nothing but answer that something is not
// supported.
func refuses(body []ast.Stmt) bool {
	if len(body) != 1 {
		return false
	}
	answer, ok := body[0].(*ast.ReturnStmt)
	if !ok || len(answer.Results) == 0 {
		return false
	}
	call, ok := answer.Results[len(answer.Results)-1].(*ast.CallExpr)
	if !ok {
		return false
	}
	name, ok := call.Fun.(*ast.Ident)
	return ok && slices.Contains([]string{"unsupportedMember", "cwUnsupported", "logsUnsupported", "snsUnsupported", "sqsUnsupported"}, name.Name)
}
