package export

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// cdkLanguage is what the languages of the CDK do not have alike.
type cdkLanguage interface {
	dialect() string
	layout() *layout
	name(camel string) string // of a variable, a property, a method
	class(what string) string // with its module
	quoted(s string) string
	templated(parts []cdkPiece) string
	truth(b bool) string
	nothing() string
	this() string
	parameter(v Variable) string
	create(class string) string
	field(name string, v syntax) syntax                         // of a call's last argument
	arguments(args []bracketItem, props []bracketItem) *bracket // of a call
	structure(class string, fields []bracketItem) syntax
	entry(key string, v syntax) syntax // of a dictionary
	spread(v syntax, dictionary bool) syntax
	is(environment string, not bool) string
	defined(variable string) string // where it may be undefined
	each(c cdkAlarms) syntax
	resourceOf(construct, class string) syntax
	archive() syntax
	declare(variable string, c syntax) syntax // a constant
	later(variable, class string) string      // a variable that may stay undefined
	assign(variable string, c syntax) syntax
	when(condition string) (begin, end string)
	end() string                  // of a statement
	noAlarms(class string) string // the list before there are any
	listed(c syntax) syntax       // one more alarm
	allAlarms() string            // the list is complete
	parameters() string           // those of the stack
	byEnvironment(numbers [3]int) string
	told() []string // whom the alarms tell, with the list that is called notify
	output(id, what string, v syntax) syntax
	tag(key string, v syntax) syntax
	files(*cdkProgram) ([]File, error)
}

// cdkPiece of a text: as it stands, or an expression.
type cdkPiece struct{ literal, expression string }

// cdkUnit is one file of constructs.
type cdkUnit struct {
	program  *cdkProgram
	language cdkLanguage
	settings *cdkSettings
	layout   *layout
	stack    bool // it is the stack itself

	resources []*cdkResource // that it makes

	modules   map[string]bool   // that it imports, or classes of the core library
	variables map[Variable]bool // that it uses
	outer     map[string]bool   // keys of resources that other units make
	own       map[string]bool   // keys of resources that it makes
	setting   bool              // it uses settings
	alarms    bool              // it uses the list of all alarms
	inStack   bool              // it uses the stack that it is in
	environs  [3]bool           // environments that what is written is for
	known     map[string]bool   // keys of resources that are there for sure
}

func (u *cdkUnit) code(v value) syntax {
	switch v := v.(type) {
	case nil:
		return u.language.nothing()
	case bool:
		return u.language.truth(v)
	case int:
		return strconv.Itoa(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case Text:
		return u.text(v)
	case Variable:
		return u.variable(v)
	case List:
		return u.list(v)
	case *Map:
		return &bracket{open: "{", close: "}", items: u.entries(v), spaced: !u.layout.python, object: true}
	case *Choice:
		return u.choose(v)
	case *Spliced:
		return u.choose(v.whole())
	case cdkMember:
		return u.use(string(v))
	case cdkConstruct:
		return u.refer(v.Key)
	case *cdkText:
		return sequence{u.stackItself() + "." + u.language.name("toJsonString"), u.language.arguments([]bracketItem{{code: u.code(v.Of)}}, nil)}
	case *cdkCall:
		return u.call(v)
	case *cdkStruct:
		return u.language.structure(u.structureClass(v.Class), u.fields(v.Fields))
	case cdkAlarms:
		u.alarms = true
		return u.language.each(v)
	case cdkResourceOf:
		return u.language.resourceOf(u.refer(v.Key), u.use(v.Class))
	case cdkArchive:
		return u.language.archive()
	case cdkThis:
		return u.language.this()
	}
	panic(fmt.Sprintf("export: a construct has no %T", v))
}

// use imports what a name needs.
func (u *cdkUnit) use(what string) string {
	head, _, _ := strings.Cut(what, ".")
	u.modules[head] = true
	return u.language.class(what)
}

// structureClass is imported only where a structure is written with its class.
func (u *cdkUnit) structureClass(class string) string {
	if u.layout.python {
		return u.use(class)
	}
	return class
}

// stackItself is the stack that a unit is, or is in.
func (u *cdkUnit) stackItself() string {
	if u.stack {
		return u.language.this()
	}
	u.inStack = true
	u.use("Stack")
	return "stack"
}

func (u *cdkUnit) variable(v Variable) string {
	if v == Account || v == Region || v == Partition {
		return u.stackItself() + "." + string(v) // the same in all languages
	}
	u.variables[v] = true
	return u.language.parameter(v)
}

// context is what a variable is called in a program and on the command line.
func (v Variable) context() string {
	return map[Variable]string{
		Environment: "environment", Shards: "streamShardCount", Memory: "lambdaMemorySize", Timeout: "lambdaTimeout",
	}[v]
}

// refer is the variable of a construct.
func (u *cdkUnit) refer(key string) string {
	r := u.program.byKey[u.touch(key)]
	name := u.language.name(r.name)
	if r.present != everywhere && !u.known[key] {
		return u.language.defined(name)
	}
	return name
}

// touch notes that a construct is used.
func (u *cdkUnit) touch(key string) string {
	if !u.own[key] {
		u.outer[key] = true
	}
	return key
}

// attribute is what of a construct a part of a text is.
func (u *cdkUnit) attribute(p Part) string {
	r := u.program.byKey[p.Key]
	names := map[string][2]string{
		"data stream": {"streamName", "streamArn"}, "lookup table": {"tableName", "tableArn"}, "delivery bucket": {"bucketName", "bucketArn"},
		"log group": {"logGroupName", "logGroupArn"}, "execution role": {"roleName", "roleArn"}, "function": {"functionName", "functionArn"},
		"event source mapping": {"eventSourceMappingId"}, "alarm topic": {"topicName", "topicArn"}, "dashboard": {"ref"},
	}[r.kind]
	name := names[0]
	if p.Attribute == ByARN {
		name = names[1]
	}
	return u.refer(p.Key) + "." + u.language.name(name)
}

func (u *cdkUnit) text(t Text) syntax {
	if s, ok := t.whole(); ok {
		return u.language.quoted(s)
	}
	parts := u.arns(t.Parts)
	if len(parts) == 2 && parts[0].Attribute == ByARN && u.program.byKey[parts[0].Key].kind == "delivery bucket" && strings.HasPrefix(parts[1].Literal, "/") {
		return u.refer(parts[0].Key) + "." + u.language.name("arnForObjects") + "(" + u.language.quoted(parts[1].Literal[1:]) + ")"
	}
	if only := parts[0]; len(parts) == 1 && only.Key != "" {
		return u.attribute(only)
	} else if len(parts) == 1 && slices.Contains([]Variable{Account, Region, Partition, Environment}, only.Variable) {
		return u.variable(only.Variable)
	}
	pieces := make([]cdkPiece, 0, len(parts))
	for _, p := range parts {
		switch {
		case p.Key != "":
			pieces = append(pieces, cdkPiece{expression: u.attribute(p)})
		case p.Variable != "":
			pieces = append(pieces, cdkPiece{expression: u.variable(p.Variable)})
		default:
			pieces = append(pieces, cdkPiece{literal: p.Literal})
		}
	}
	return u.language.templated(pieces)
}

// arns puts the ARN of a log group together where it is not the one that the construct
// has, which ends with ":*".
func (u *cdkUnit) arns(parts []Part) []Part {
	return arnsOfGroups(parts, func(key string) bool { return u.program.byKey[key].kind == kindLogGroup })
}

func (u *cdkUnit) call(c *cdkCall) syntax {
	name := ""
	switch {
	case c.On != nil:
		on, _ := u.layout.flat(u.code(c.On))
		name = on + "." + u.language.name(c.What)
	case c.New:
		name = u.language.create(u.use(c.What))
	default:
		name = u.use(c.What)
		if at := strings.LastIndex(name, "."); at >= 0 {
			name = name[:at+1] + u.language.name(name[at+1:])
		}
	}
	args := make([]bracketItem, 0, len(c.Args))
	for _, arg := range c.Args {
		args = append(args, bracketItem{code: u.code(arg)})
	}
	var props []bracketItem
	if c.Props != nil {
		props = u.fields(c.Props)
	}
	return sequence{name, u.language.arguments(args, props)}
}

// fields of a structure: one that is not there in an environment is undefined.
func (u *cdkUnit) fields(m *Map) []bracketItem {
	items := make([]bracketItem, 0, len(m.Entries))
	for _, e := range m.Entries {
		items = append(items, bracketItem{e.Comment, u.language.field(u.language.name(e.Key), u.code(e.Value))})
	}
	return items
}

// entries of a dictionary: one that is not there in an environment must not be written.
func (u *cdkUnit) entries(m *Map) []bracketItem {
	items := make([]bracketItem, 0, len(m.Entries))
	for _, e := range m.Entries {
		items = append(items, u.part(e.Value, e.Comment, func(v value) syntax { return u.language.entry(e.Key, u.code(v)) }, true)...)
	}
	return items
}

func (u *cdkUnit) list(l List) syntax {
	b := &bracket{open: "[", close: "]", object: true}
	concise := len(l) > 1
	for _, v := range l {
		b.items = append(b.items, u.part(v, "", u.code, false)...)
	}
	for _, item := range b.items {
		inner, ok := item.code.(*bracket)
		concise = concise && ok && len(inner.items) > 1 && inner.open == b.items[0].code.(*bracket).open
	}
	b.split = concise && !u.layout.python
	return b
}
