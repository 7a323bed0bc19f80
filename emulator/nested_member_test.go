package emulator

import (
	"bytes"
	"errors"
	"go/ast"
	goimporter "go/importer"
	goparser "go/parser"
	gotoken "go/token"
	gotypes "go/types"
	"io"
	"os"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamotypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// fieldsRead gives, as path.Type.Field, the fields of the SDK's structs that the package's
// own code looks at.
func fieldsRead(t *testing.T) map[string]bool {
	t.Helper()
	exports := map[string]string{}
	list, err := exec.CommandContext(t.Context(), "go", "list", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}", ".").Output()
	if err != nil {
		t.Fatalf("listing the compiled packages: %v", err)
	}
	for line := range bytes.Lines(list) {
		path, file, _ := strings.Cut(strings.TrimSpace(string(line)), " ")
		exports[path] = file
	}
	set := gotoken.NewFileSet()
	var files []*ast.File
	packages, err := exec.CommandContext(t.Context(), "go", "list", "-f", "{{range .GoFiles}}{{.}} {{end}}", ".").Output()
	must(t, err)
	for _, name := range strings.Fields(string(packages)) {
		file, err := goparser.ParseFile(set, name, nil, goparser.SkipObjectResolution)
		must(t, err)
		files = append(files, file)
	}
	info := &gotypes.Info{Selections: map[*ast.SelectorExpr]*gotypes.Selection{}}
	importer := goimporter.ForCompiler(set, "gc", func(path string) (io.ReadCloser, error) {
		if exports[path] == "" {
			return nil, errors.New("not compiled: " + path)
		}
		return os.Open(exports[path])
	})
	_, err = (&gotypes.Config{Importer: importer}).Check("emulator", set, files, info)
	must(t, err)
	read, written := map[string]bool{}, assigned(files)
	for selector, selection := range info.Selections {
		if selection.Kind() != gotypes.FieldVal || written[selector] {
			continue
		}
		of := selection.Recv()
		if pointer, ok := of.(*gotypes.Pointer); ok {
			of = pointer.Elem()
		}
		if named, ok := of.(*gotypes.Named); ok && named.Obj().Pkg() != nil {
			read[named.Obj().Pkg().Path()+"."+named.Obj().Name()+"."+selector.Sel.Name] = true
		}
	}
	return read
}

// assigned are the selectors to which something is assigned: that is no look at them.
func assigned(files []*ast.File) map[*ast.SelectorExpr]bool {
	written := map[*ast.SelectorExpr]bool{}
	for _, file := range files {
		ast.Inspect(file, func(n ast.Node) bool {
			if assignment, ok := n.(*ast.AssignStmt); ok && assignment.Tok == gotoken.ASSIGN {
				for _, left := range assignment.Lhs {
					if selector, ok := left.(*ast.SelectorExpr); ok {
						written[selector] = true
					}
				}
			}
			return true
		})
	}
	return written
}

// unread are members within members that no code looks at, with the reason.
var unread = map[string]string{
	"dynamodb/types.KeysAndAttributes.AttributesToGet": "onlyMembers refuses it, as the test below sees",
	"iam/types.ContextEntry.ContextKeyType":            "the operators that conditions may have compare texts, whatever their type",
}

// What is refused within a member is refused by name, and counted or in AWS's own words.
func TestMembersWithinMembersAreRefusedByName(t *testing.T) {
	w := newWorld(t, Options{}, 1)
	config := sdkConfig(w.server)
	tables, queues := dynamodb.NewFromConfig(config), sqs.NewFromConfig(config)
	createTable(t, tables, "orders", keyAttribute{"id", dynamotypes.ScalarAttributeTypeS})
	queue, err := queues.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("q")})
	must(t, err)
	_, err = tables.BatchGetItem(t.Context(), &dynamodb.BatchGetItemInput{RequestItems: map[string]dynamotypes.KeysAndAttributes{"orders": {Keys: []map[string]dynamotypes.AttributeValue{{"id": str("a")}}, AttributesToGet: []string{"id"}}}})
	wantCode(t, err, "ValidationException")
	_, err = w.lambda.CreateFunction(t.Context(), w.functionInput("store", func(in *awslambda.CreateFunctionInput) { in.Code.S3ObjectVersion = aws.String("v") }))
	wantCode(t, err, "InvalidParameterValueException")
	for _, want := range []UnsupportedCount{{"dynamodb", "BatchGetItem", "AttributesToGet", 1}, {"lambda", "CreateFunction", "Code from S3", 1}} {
		if !slices.Contains(w.server.Unsupported(), want) {
			t.Errorf("%+v is not among %+v", want, w.server.Unsupported())
		}
	}
	_, err = queues.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: queue.QueueUrl, MessageBody: aws.String("m"), MessageAttributes: map[string]sqstypes.MessageAttributeValue{
		"a": {DataType: aws.String("String"), StringValue: aws.String("s"), StringListValues: []string{"t"}},
	}})
	wantCode(t, err, "AWS.SimpleQueueService.UnsupportedOperation")
}

// What is within a member is heeded as well as the member: a field of a structure that
// nothing looks at is refused, or there is a reason why it may be passed over.
func TestMembersWithinMembersAreHeeded(t *testing.T) {
	s := startServer(t, Options{})
	read, use, tables := fieldsRead(t), membersRead(t), s.tables()
	looked, excused := 0, map[string]bool{}
	for _, o := range s.Operations() {
		operation, ok := tables[o.Service][o.Name]
		if !ok || reflect.TypeOf(operation.newInput()).Elem().Kind() != reflect.Struct {
			continue
		}
		refused := use.unsupported(o, operation)
		for field := range exported(reflect.TypeOf(operation.newInput()).Elem()) {
			if slices.Contains(refused, field.Name) {
				continue
			}
			for _, nested := range nestedFields(field.Type, nil) {
				looked++
				short := nested[strings.LastIndex(nested, "service/")+len("service/"):]
				switch {
				case read[nested]:
				case unread[short] != "":
					excused[short] = true
				default:
					t.Errorf("%s.%s: within %s nothing looks at %s", o.Service, o.Name, field.Name, short)
				}
			}
		}
	}
	for name := range unread {
		if !excused[name] {
			t.Errorf("%s needs no excuse", name)
		}
	}
	if looked < 150 {
		t.Errorf("only %d members within members", looked)
	}
}

// nestedFields gives the fields of the structs within a type, as path.Type.Field.
func nestedFields(t reflect.Type, within []reflect.Type) []string {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || t == reflect.TypeFor[time.Time]() || slices.Contains(within, t) {
		return nil
	}
	var all []string
	for field := range exported(t) {
		all = append(all, t.PkgPath()+"."+t.Name()+"."+field.Name)
		all = append(all, nestedFields(field.Type, append(within, t))...)
	}
	return all
}
