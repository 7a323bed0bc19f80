package pipeline

import (
	"testing"

	"enrich/engine"
)

// What is written is read back as the same, whatever its form.
func TestReadPolicy(t *testing.T) {
	p := offline(t, "dev", "aws", "us-east-1", addLookup)
	for _, policy := range []Policy{trustPolicy(), p.permissions(), transportPolicy("arn:aws:s3:::b")} {
		document, err := policy.document()
		if err != nil {
			t.Fatal(err)
		}
		if changes := engine.Compare(policy.statements(), readPolicy(document)); len(changes) > 0 {
			t.Errorf("%s\n%s", document, list(changes))
		}
	}
	tests := []struct {
		name, document string
		same           bool
	}{
		{"lists", `{"Version":"2012-10-17","Statement":[{"Sid":"Lambda","Effect":"Allow","Principal":{"Service":["lambda.amazonaws.com"]},"Action":["sts:AssumeRole"]}]}`, true},
		{"another principal", `{"Version":"2012-10-17","Statement":[{"Sid":"Lambda","Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}`, false},
		{"everyone", `{"Version":"2012-10-17","Statement":[{"Sid":"Lambda","Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}]}`, false},
		{"a condition more", `{"Version":"2012-10-17","Statement":[{"Sid":"Lambda","Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole","Condition":{"Bool":{"a":"true"}}}]}`, false},
		{"a statement more", `{"Version":"2012-10-17","Statement":[{"Sid":"Lambda","Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"},{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}]}`, false},
		{"an element of others", `{"Version":"2012-10-17","Statement":[{"Sid":"Lambda","Effect":"Allow","NotPrincipal":{"Service":"x"},"Action":"sts:AssumeRole"}]}`, false},
		{"the old version", `{"Version":"2008-10-17","Statement":[]}`, false},
		{"nothing", ``, false},
		{"no policy", `oh`, false},
	}
	for _, test := range tests {
		changes := engine.Compare(trustPolicy().statements(), readPolicy(test.document))
		if same := len(changes) == 0; same != test.same {
			t.Errorf("%s: same %v\n%s", test.name, same, list(changes))
		}
	}
}

// S3 and IAM may answer with the words of a list in another order.
func TestPolicyInAnotherOrder(t *testing.T) {
	wanted := Policy{Version: PolicyVersion, Statements: []Statement{{
		Sid: "S", Effect: "Deny", Principal: principal{"AWS": {"a", "b"}}, Action: words{"s3:b", "s3:a"},
		Resource:  words{"arn:aws:s3:::b", "arn:aws:s3:::b/*"},
		Condition: map[string]map[string]conditions{"StringEquals": {"k": {"2", "1"}}},
	}}}
	answer := `{"Version":"2012-10-17","Statement":[{"Sid":"S","Effect":"Deny","Principal":{"AWS":["b","a"]},"Action":["s3:a","s3:b"],` +
		`"Resource":["arn:aws:s3:::b/*","arn:aws:s3:::b"],"Condition":{"StringEquals":{"k":["1","2"]}}}]}`
	if changes := engine.Compare(wanted.statements(), readPolicy(answer)); len(changes) > 0 {
		t.Error(list(changes))
	}
	if wanted.Statements[0].Action[0] != "s3:b" || wanted.Statements[0].Condition["StringEquals"]["k"][0] != "2" {
		t.Errorf("comparing has changed what is sent: %+v", wanted)
	}
}

// Two statements of one name, or of none, are two statements.
func TestStatementsKeepAll(t *testing.T) {
	policy := Policy{Statements: []Statement{{Sid: "a"}, {Sid: "a"}, {}, {}}}
	if got := len(policy.statements()); got != 4 {
		t.Errorf("%d statements", got)
	}
}

func FuzzReadPolicy(f *testing.F) {
	f.Add(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":["s3:*"],"Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}`)
	f.Add(`{"Version":"2012-10-17","Statement":[{"Principal":{"Service":[]}}]}`)
	f.Add(`null`)
	f.Fuzz(func(t *testing.T, document string) {
		read := readPolicy(document)
		if read == nil {
			t.Fatal("nil")
		}
		// It has a JSON form, or a plan could not show it.
		engine.Compare(trustPolicy().statements(), read)
	})
}

func FuzzUnescape(f *testing.F) {
	f.Add("%7B%22a%22%3A1%7D")
	f.Add("100%")
	f.Add("a+b")
	f.Fuzz(func(t *testing.T, document string) {
		if document == "a+b" && unescape(document) != document {
			t.Error("a plus became a space")
		}
		unescape(document)
	})
}
