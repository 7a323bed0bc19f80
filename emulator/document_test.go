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
		if operation, ok := tables[o.Service][o.Name]; ok {
			input := reflect.TypeOf(operation.newInput()).Elem()
			if input.Kind() == reflect.Struct {
				for field := range exported(input) {
					if read.has(input, field.Name) {
						has = append(has, field.Name)
					} else {
						not = append(not, field.Name)
					}
				}
			}
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", o.Name, cmp.Or(strings.Join(has, ", "), "–"), cmp.Or(strings.Join(not, ", "), "–"))
	}
	return b.String()
}

// memberUse tells, by the name of an input's type, which members its functions
// read, apart from refusing them.
type memberUse map[string]map[string]bool

func (m memberUse) has(input reflect.Type, member string) bool { return m[input.Name()][member] }

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
			if called, ok := n.Fun.(*ast.Ident); ok && called.Name == "firstUnsupported" {
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
	return ok && slices.Contains([]string{"unsupportedMember", "cwUnsupported", "logsUnsupported"}, name.Name)
}
