package emulator

import (
	"strings"
	"testing"
)

func TestPolicyEvaluation(t *testing.T) {
	const table = "arn:aws:dynamodb:us-east-1:000000000000:table/users"
	read := func(elements string) string {
		return `{"Version":"2012-10-17","Statement":[{` + elements + `}]}`
	}
	tests := map[string]struct {
		policies []string
		action   string
		resource string
		want     decision
	}{
		"nothing said":          {nil, "dynamodb:GetItem", table, implicitDeny},
		"exact":                 {[]string{read(`"Effect":"Allow","Action":"dynamodb:GetItem","Resource":"` + table + `"`)}, "dynamodb:GetItem", table, allow},
		"lists":                 {[]string{read(`"Effect":"Allow","Action":["s3:x","dynamodb:GetItem"],"Resource":["arn:aws:s3:::b","` + table + `"]`)}, "dynamodb:GetItem", table, allow},
		"actions in any case":   {[]string{read(`"Effect":"Allow","Action":"DynamoDB:getitem","Resource":"*"`)}, "dynamodb:GetItem", table, allow},
		"resources in one case": {[]string{read(`"Effect":"Allow","Action":"*","Resource":"arn:aws:dynamodb:us-east-1:000000000000:table/Users"`)}, "dynamodb:GetItem", table, implicitDeny},
		"another action":        {[]string{read(`"Effect":"Allow","Action":"dynamodb:GetItem","Resource":"*"`)}, "dynamodb:GetItems", table, implicitDeny},
		"wildcard action":       {[]string{read(`"Effect":"Allow","Action":"dynamodb:*Get*","Resource":"*"`)}, "dynamodb:BatchGetItem", table, allow},
		"question mark":         {[]string{read(`"Effect":"Allow","Action":"dynamodb:GetIte?","Resource":"arn:aws:dynamodb:*:*:table/user?"`)}, "dynamodb:GetItem", table, allow},
		"not the resource":      {[]string{read(`"Effect":"Allow","Action":"dynamodb:*","Resource":"` + table + `/index/*"`)}, "dynamodb:GetItem", table, implicitDeny},
		"wildcard beyond slash": {[]string{read(`"Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::b/enriched-data/*"`)}, "s3:PutObject", "arn:aws:s3:::b/enriched-data/2026/01/x.gz", allow},
		"outside the prefix":    {[]string{read(`"Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::b/enriched-data/*"`)}, "s3:PutObject", "arn:aws:s3:::b/other/x.gz", implicitDeny},
		"deny wins": {[]string{
			read(`"Effect":"Allow","Action":"*","Resource":"*"`), read(`"Effect":"Deny","Action":"dynamodb:Get*","Resource":"*"`),
		}, "dynamodb:GetItem", table, explicitDeny},
		"NotAction":          {[]string{read(`"Effect":"Allow","NotAction":"iam:*","Resource":"*"`)}, "dynamodb:GetItem", table, allow},
		"NotAction hit":      {[]string{read(`"Effect":"Allow","NotAction":"dynamodb:*","Resource":"*"`)}, "dynamodb:GetItem", table, implicitDeny},
		"NotResource":        {[]string{read(`"Effect":"Deny","Action":"*","NotResource":"arn:aws:s3:::b/*"`)}, "dynamodb:GetItem", table, explicitDeny},
		"NotResource hit":    {[]string{read(`"Effect":"Allow","Action":"*","NotResource":"` + table + `"`)}, "dynamodb:GetItem", table, implicitDeny},
		"condition holds":    {[]string{read(`"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":true}}`)}, "dynamodb:GetItem", table, allow},
		"condition fails":    {[]string{read(`"Effect":"Deny","Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}`)}, "dynamodb:GetItem", table, implicitDeny},
		"all must hold":      {[]string{read(`"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"},"StringEquals":{"aws:SourceAccount":"1"}}`)}, "dynamodb:GetItem", table, implicitDeny},
		"one value of many":  {[]string{read(`"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:RequestedRegion":["eu-west-1","us-east-1"]}}`)}, "dynamodb:GetItem", table, allow},
		"negated and absent": {[]string{read(`"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:SourceAccount":"1"}}`)}, "dynamodb:GetItem", table, allow},
		"negated and equal":  {[]string{read(`"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:RequestedRegion":["us-east-1","x"]}}`)}, "dynamodb:GetItem", table, implicitDeny},
		"IfExists":           {[]string{read(`"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEqualsIfExists":{"aws:SourceAccount":"1"}}`)}, "dynamodb:GetItem", table, allow},
		"Null":               {[]string{read(`"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Null":{"aws:SourceAccount":"true"}}`)}, "dynamodb:GetItem", table, allow},
		"StringLike":         {[]string{read(`"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringLike":{"aws:RequestedRegion":"us-*"}}`)}, "dynamodb:GetItem", table, allow},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var policies []*policy
			for _, document := range test.policies {
				p, err := parsePolicy(document, identityPolicy)
				if err != nil {
					t.Fatal(err)
				}
				policies = append(policies, p)
			}
			got := evaluate(policies, access{test.action, test.resource, map[string]string{"aws:securetransport": "true", "aws:requestedregion": "us-east-1"}})
			if got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestPolicyRefusesWhatItWouldIgnore(t *testing.T) {
	identity := func(elements string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"` + elements + `}]}`
	}
	tests := map[string]struct{ document, want string }{
		"not JSON":              {`{`, string(errPolicySyntax)},
		"nothing":               {``, string(errPolicySyntax)},
		"no statement":          {`{"Version":"2012-10-17"}`, string(errPolicySyntax)},
		"empty list":            {`{"Version":"2012-10-17","Statement":[]}`, string(errPolicySyntax)},
		"old version":           {`{"Version":"2008-10-17","Statement":[]}`, "Policy document must be version 2012-10-17 or greater."},
		"unknown version":       {`{"Version":"2020-01-01","Statement":[]}`, string(errPolicySyntax)},
		"unknown element":       {identity(`,"Colour":"blue"`), string(errPolicySyntax)},
		"element in wrong case": {identity(`,"condition":{}`), string(errPolicySyntax)},
		"twice":                 {identity(`,"Action":"s3:Get*"`), string(errPolicySyntax)},
		"no effect":             {`{"Version":"2012-10-17","Statement":[{"Action":"s3:*","Resource":"*"}]}`, string(errPolicySyntax)},
		"no action":             {`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Resource":"*"}]}`, "Policy statement must contain actions."},
		"no resource":           {`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*"}]}`, "Policy statement must contain resources."},
		"both actions":          {identity(`,"NotAction":"iam:*"`), string(errPolicySyntax)},
		"principal":             {identity(`,"Principal":"*"`), "Policy document should not specify a principal."},
		"action without vendor": {`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"GetObject","Resource":"*"}]}`, "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."},
		"resource not an ARN":   {`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"bucket"}]}`, `Resource bucket must be in ARN format or "*".`},
		"variable":              {`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::${aws:username}"}]}`, "The emulator does not support policy variables (arn:aws:s3:::${aws:username})."},
		"unknown operator":      {identity(`,"Condition":{"IpAddress":{"aws:SourceIp":"1.2.3.4"}}`), "The emulator does not support the condition operator IpAddress."},
		"unknown key":           {identity(`,"Condition":{"StringEquals":{"aws:SourceIp":"1.2.3.4"}}`), "The emulator does not support the condition key aws:SourceIp."},
		"set operator":          {identity(`,"Condition":{"ForAllValues:StringEquals":{"aws:SourceAccount":"1"}}`), "The emulator does not support the condition operator ForAllValues:StringEquals."},
		"same SID": {`{"Version":"2012-10-17","Statement":[{"Sid":"A","Effect":"Allow","Action":"s3:*","Resource":"*"},{"Sid":"A","Effect":"Allow","Action":"s3:*","Resource":"*"}]}`,
			"Statement IDs (SID) in a single policy must be unique."},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := parsePolicy(test.document, identityPolicy)
			if err == nil || err.Error() != test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

func TestTrustPolicies(t *testing.T) {
	trust := func(principal string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":` + principal + `,"Action":"sts:AssumeRole"}]}`
	}
	tests := map[string]struct {
		document string
		lambda   bool
		account  bool
		want     string
	}{
		"lambda":         {trust(`{"Service":"lambda.amazonaws.com"}`), true, false, ""},
		"another":        {trust(`{"Service":["ec2.amazonaws.com"]}`), false, false, ""},
		"two":            {trust(`{"Service":["ec2.amazonaws.com","lambda.amazonaws.com"]}`), true, false, ""},
		"anyone":         {trust(`"*"`), true, true, ""},
		"account":        {trust(`{"AWS":"000000000000"}`), false, true, ""},
		"account's root": {trust(`{"AWS":"arn:aws:iam::000000000000:root"}`), false, true, ""},
		"other account":  {trust(`{"AWS":"arn:aws:iam::111111111111:root"}`), false, false, ""},
		"no principal":   {`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole"}]}`, false, false, "Missing required field Principal"},
		"resource":       {`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Resource":"*"}]}`, false, false, "Has prohibited field Resource"},
		"bad principal":  {trust(`{"Service":"lambda"}`), false, false, `Invalid principal in policy: "SERVICE":"lambda"`},
		"federated":      {trust(`{"Federated":"x"}`), false, false, "The emulator does not support principals of the kind Federated."},
		"condition":      {`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"aws:SourceAccount":"999999999999"}}}]}`, false, false, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p, err := parsePolicy(test.document, trustPolicy)
			if test.want != "" {
				if err == nil || err.Error() != test.want {
					t.Errorf("got %v, want %s", err, test.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			keys := map[string]string{"aws:sourceaccount": "000000000000"}
			if got := p.trusts("lambda.amazonaws.com", keys); got != test.lambda {
				t.Errorf("trusts Lambda: %t", got)
			}
			if got := p.trustsAccount("000000000000", "arn:aws:iam::000000000000:root", keys); got != test.account {
				t.Errorf("trusts the account: %t", got)
			}
		})
	}
}

func TestWildcards(t *testing.T) {
	tests := []struct {
		pattern, s string
		want       bool
	}{
		{"", "", true}, {"", "a", false}, {"*", "", true}, {"*", "abc", true}, {"a*c", "abbbc", true}, {"a*c", "abbb", false},
		{"*b*", "abc", true}, {"?", "", false}, {"a?c", "abc", true}, {"**", "x", true}, {"a*b*c", "aXbYbZc", true}, {"a*b*c", "acb", false},
	}
	for _, test := range tests {
		if got := wildcardMatch(test.pattern, test.s); got != test.want {
			t.Errorf("%q on %q: %t", test.pattern, test.s, got)
		}
	}
	if !arnMatch("arn:aws:lambda:*:*:function:f*", "arn:aws:lambda:us-east-1:0:function:fg") || arnMatch("arn:aws:*:function:f", "arn:aws:lambda:us-east-1:0:function:f") {
		t.Error("ARNs match part by part")
	}
}

func FuzzPolicy(f *testing.F) {
	f.Add(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*"],"Resource":"*","Condition":{"Bool":{"aws:SecureTransport":false}}}]}`, "s3:GetObject")
	f.Add(`{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":{"AWS":"*"},"NotAction":"s3:*","NotResource":"arn:aws:s3:::*"}}`, "x")
	f.Fuzz(func(t *testing.T, document, action string) {
		for _, kind := range []policyKind{identityPolicy, trustPolicy, resourcePolicy} {
			p, err := parsePolicy(document, kind)
			if err != nil {
				if strings.TrimSpace(err.Error()) == "" {
					t.Error("refused without a reason")
				}
				continue
			}
			verdict := evaluate([]*policy{p}, access{action: action, resource: "arn:aws:s3:::b/k"})
			if verdict == allow && !strings.Contains(document, "Allow") {
				t.Errorf("%s allows %s", document, action)
			}
			p.trusts("lambda.amazonaws.com", nil)
		}
	})
}
