package emulator

import (
	"encoding/json"
	"testing"
)

// TestFilterRules has the table of Lambda's filter rule syntax, and what it says of arrays and numbers.
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html#filtering-syntax
func TestFilterRules(t *testing.T) {
	for _, c := range []struct{ name, pattern, matching, other string }{
		{"null", `{"UserID":[null]}`, `{"UserID":null}`, `{"UserID":"null"}`},
		{"null is not absent", `{"UserID":[null]}`, `{"UserID":null}`, `{}`},
		{"empty", `{"LastName":[""]}`, `{"LastName":""}`, `{"LastName":null}`},
		{"equals", `{"Name":["Alice"]}`, `{"Name":"Alice"}`, `{"Name":"alice"}`},
		{"equals true", `{"On":[true]}`, `{"On":true}`, `{"On":"true"}`},
		{"equals number", `{"N":[300]}`, `{"N":300}`, `{"N":301}`},
		{"numbers are compared as they are written", `{"N":[300]}`, `{"N":300}`, `{"N":3.0e2}`},
		{"a number is no string", `{"N":[300]}`, `{"N":300}`, `{"N":"300"}`},
		{"equals ignore case", `{"Name":[{"equals-ignore-case":"alice"}]}`, `{"Name":"ALICE"}`, `{"Name":"alicia"}`},
		{"and", `{"Location":["New York"],"Day":["Monday"]}`, `{"Location":"New York","Day":"Monday"}`, `{"Location":"New York","Day":"Friday"}`},
		{"or", `{"PaymentType":["Credit","Debit"]}`, `{"PaymentType":"Debit"}`, `{"PaymentType":"Cash"}`},
		{"or of fields, the first", `{"$or":[{"Location":["New York"]},{"Day":["Monday"]}]}`, `{"Location":"New York"}`, `{"Day":"Friday"}`},
		{"or of fields, the second", `{"$or":[{"Location":["New York"]},{"Day":["Monday"]}]}`, `{"Day":"Monday"}`, `{}`},
		{"or beside and", `{"a":[1],"$or":[{"b":[1]},{"c":[1]}]}`, `{"a":1,"c":1}`, `{"a":2,"c":1}`},
		{"not", `{"Weather":[{"anything-but":["Raining"]}]}`, `{"Weather":"Sunny"}`, `{"Weather":"Raining"}`},
		{"not one", `{"Weather":[{"anything-but":"Raining"}]}`, `{"Weather":null}`, `{"Weather":"Raining"}`},
		{"not needs the field", `{"Weather":[{"anything-but":["Raining"]}]}`, `{"Weather":""}`, `{}`},
		{"not numbers", `{"N":[{"anything-but":[1,2]}]}`, `{"N":3}`, `{"N":2}`},
		{"numeric equals", `{"Price":[{"numeric":["=",100]}]}`, `{"Price":1e2}`, `{"Price":100.5}`},
		{"numeric range, upper", `{"Price":[{"numeric":[">",10,"<=",20]}]}`, `{"Price":20}`, `{"Price":20.001}`},
		{"numeric range, lower", `{"Price":[{"numeric":[">",10,"<=",20]}]}`, `{"Price":10.001}`, `{"Price":10}`},
		{"numeric of a string", `{"Price":[{"numeric":[">=",10]}]}`, `{"Price":10}`, `{"Price":"11"}`},
		{"numeric below", `{"Price":[{"numeric":["<",-1.5]}]}`, `{"Price":-2}`, `{"Price":-1.5}`},
		{"exists", `{"ProductName":[{"exists":true}]}`, `{"ProductName":null}`, `{"Product":1}`},
		{"exists is of leaves", `{"a":[{"exists":true}]}`, `{"a":1}`, `{"a":{"b":1}}`},
		{"does not exist", `{"ProductName":[{"exists":false}]}`, `{}`, `{"ProductName":null}`},
		{"does not exist below nothing", `{"a":{"b":[{"exists":false}]}}`, `{"c":1}`, `{"a":{"b":1}}`},
		{"does not exist in any element", `{"a":{"b":[{"exists":false}]}}`, `{"a":[{"c":1},{"d":1}]}`, `{"a":[{"c":1},{"b":1}]}`},
		{"does not exist, or is", `{"a":["x",{"exists":false}]}`, `{"a":"x"}`, `{"a":"y"}`},
		{"begins with", `{"Region":[{"prefix":"us-"}]}`, `{"Region":"us-east-1"}`, `{"Region":"eu-us-1"}`},
		{"ends with", `{"FileName":[{"suffix":".png"}]}`, `{"FileName":"a.png"}`, `{"FileName":"a.png.gz"}`},
		{"many levels", `{"a":{"b":{"c":["x"]}}}`, `{"a":{"b":{"c":"x","d":1},"e":1}}`, `{"a":{"b":"x"}}`},
		{"an element of an array", `{"a":["x"]}`, `{"a":["y","x"]}`, `{"a":["y"]}`},
		{"an object in an array", `{"a":{"b":[1],"c":[2]}}`, `{"a":[{"b":0},{"b":1,"c":2}]}`, `{"a":[{"b":1},{"c":2}]}`},
		{"an empty array has no leaf", `{"a":{"b":[{"exists":false}]}}`, `{"a":[]}`, `{"a":[{"b":1}]}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := parseFilterPattern([]byte(c.pattern))
			must(t, err)
			if !p.matches(object(t, c.matching)) {
				t.Errorf("%s does not match %s", c.pattern, c.matching)
			}
			if p.matches(object(t, c.other)) {
				t.Errorf("%s matches %s", c.pattern, c.other)
			}
		})
	}
}

func object(t testing.TB, text string) map[string]any {
	t.Helper()
	v, ok := jsonValue([]byte(text))
	if !ok {
		t.Fatalf("%s is not JSON", text)
	}
	return v.(map[string]any)
}

func TestInvalidFilterPatterns(t *testing.T) {
	for _, pattern := range []string{
		``, `single-string`, `"string"`, `[]`, `[{"eventName":["INSERT"=123}]`, `{}`, `{"a":{}}`, `{"a":[]}`, `{"a":"x"}`, `{"a":1}`, `{"a":null}`, `{"a":[["x"]]}`,
		`{"a":[{}]}`, `{"a":[{"prefix":"x","suffix":"y"}]}`, `{"a":[{"prefix":1}]}`, `{"a":[{"unknown":"x"}]}`, `{"a":[{"exists":"true"}]}`,
		`{"a":[{"anything-but":[]}]}`, `{"a":[{"anything-but":["x",1]}]}`, `{"a":[{"anything-but":true}]}`,
		`{"a":[{"numeric":[]}]}`, `{"a":[{"numeric":["=","1"]}]}`, `{"a":[{"numeric":["!=",1]}]}`, `{"a":[{"numeric":["<",2,">",1]}]}`, `{"a":[{"numeric":[">",2,"<",1]}]}`,
		`{"a":[{"numeric":[">",1,">",2]}]}`, `{"a":[{"numeric":["=",1,"<",2]}]}`, `{"a":[{"numeric":[">",6e9]}]}`, `{"a":[{"numeric":["",1,"<",2]}]}`,
		`{"$or":[{"a":[1]}]}`, `{"$or":{"a":[1]}}`, `{"$or":[{"a":[1]},{}]}`, `{"a":[1]} {"b":[1]}`,
	} {
		if _, err := parseFilterPattern([]byte(pattern)); err == nil {
			t.Errorf("%s passes as a pattern", pattern)
		}
	}
}

// FuzzFilterPattern checks that no pattern and no event end in a panic, and that a pattern which asks for
// the value of one member is right about it.
func FuzzFilterPattern(f *testing.F) {
	f.Add(`{"a":[{"numeric":[">",1,"<",2]},{"exists":false}]}`, `{"a":1.5}`, "x")
	f.Add(`{"$or":[{"a":{"b":["x"]}},{"c":[{"anything-but":"y"}]}]}`, `{"a":[{"b":["x",[]]},null]}`, "")
	f.Add(`{"a":[{"prefix":"x"}]}`, `[{"a":{"a":1}}]`, "\xff")
	f.Fuzz(func(t *testing.T, pattern, event, value string) {
		if p, err := parseFilterPattern([]byte(pattern)); err == nil {
			if v, ok := jsonValue([]byte(event)); ok {
				members, _ := v.(map[string]any)
				p.matches(members)
			}
		}
		text, err := json.Marshal(value)
		must(t, err)
		of := object(t, `{"a":`+string(text)+`}`)
		for rule, want := range map[string]bool{
			string(text): true, `{"anything-but":` + string(text) + `}`: false, `{"prefix":` + string(text) + `}`: true,
			`{"exists":true}`: true, `{"exists":false}`: false, `{"numeric":["=",0]}`: false,
		} {
			p, err := parseFilterPattern([]byte(`{"a":[` + rule + `]}`))
			must(t, err)
			if got := p.matches(of); got != want {
				t.Errorf("%s of %s: %v", rule, text, got)
			}
		}
	})
}
