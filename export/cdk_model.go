package export

import (
	"slices"
	"strconv"
)

// What the constructs of the CDK are made of, beside the values that every dialect has.
// One description does for all languages, as jsii derives the names of the others from
// those in TypeScript.

// cdkCall makes a construct or a value, or asks something of one: new s3.Bucket(…),
// Duration.hours(24), stream.grantRead(…).
type cdkCall struct {
	On    value  // whose method it is; nil: what is called is a class or a static method
	What  string // with the module, which those of the core library do not have
	New   bool
	Args  List
	Props *Map // fields of the last argument
}

// cdkStruct is an interface's object where a call has none of its own.
type cdkStruct struct {
	Class  string
	Fields *Map
}

// cdkMember is a constant of an enumeration or a class.
type cdkMember string

// cdkConstruct is the construct of a resource itself, rather than one of its attributes.
type cdkConstruct struct{ Key string }

// cdkResourceOf is the CloudFormation resource that a construct of the higher level makes.
type cdkResourceOf struct{ Key, Class string }

// cdkText is a text that has JSON.
type cdkText struct{ Of value }

// cdkAlarms is a list of the ARNs of all alarms that have been made before, or of some of
// them, or the rule that any is on.
type cdkAlarms struct {
	Rule     bool
	From, To int // To 0: all
}

// cdkThis is the scope that constructs are made in.
type cdkThis struct{}

// made is a new object or construct of a class.
func made(class string, args List, pairs ...any) *cdkCall {
	c := &cdkCall{What: class, New: true, Args: args}
	if len(pairs) > 0 {
		c.Props = object(pairs...)
	}
	return c
}

// static is a static method's value.
func static(method string, args ...value) *cdkCall { return &cdkCall{What: method, Args: args} }

// method is a method's value.
func method(of value, name string, args ...value) *cdkCall {
	return &cdkCall{On: of, What: name, Args: args}
}

func structure(class string, pairs ...any) *cdkStruct {
	return &cdkStruct{class, object(pairs...)}
}

func (c *cdkCall) parts() *Map {
	all := &Map{}
	for i, arg := range c.Args {
		all.put(strconv.Itoa(i), arg)
	}
	if c.Props != nil {
		all.Entries = append(all.Entries, c.Props.Entries...)
	}
	return all
}

func (c *cdkCall) of(parts *Map) compound {
	n := len(c.Args)
	other := &cdkCall{On: c.On, What: c.What, New: c.New}
	for _, e := range parts.Entries[:n] {
		other.Args = append(other.Args, e.Value)
	}
	if c.Props != nil {
		other.Props = &Map{Entries: parts.Entries[n:]}
	}
	return other
}

func (c *cdkCall) like(other compound) bool {
	o, ok := other.(*cdkCall)
	return ok && o.What == c.What && o.New == c.New && len(o.Args) == len(c.Args) && (o.Props == nil) == (c.Props == nil) &&
		!slices.Contains(c.Args, nil) && !slices.Contains(o.Args, nil) && same([3]value{c.On, o.On, c.On})
}

func (s *cdkStruct) parts() *Map { return s.Fields }

func (s *cdkStruct) of(parts *Map) compound { return &cdkStruct{s.Class, parts} }

func (s *cdkStruct) like(other compound) bool {
	o, ok := other.(*cdkStruct)
	return ok && o.Class == s.Class
}

func (t *cdkText) parts() *Map { return object("json", t.Of) }

func (t *cdkText) of(parts *Map) compound { return &cdkText{parts.Entries[0].Value} }

func (t *cdkText) like(other compound) bool {
	_, ok := other.(*cdkText)
	return ok
}
