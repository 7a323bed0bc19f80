package emulator

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// A role that is allowed nothing hears so from each service in AWS's words, in the
// protocol that the SDK reads.
func TestEachServiceRefusesWhatTheRoleDoesNotAllow(t *testing.T) {
	s := startServer(t, Options{})
	arn := createRole(t, iam.NewFromConfig(sdkConfig(s)), "worker", lambdaTrust)
	calls := callsOf(s, sessionConfig(s, s.iam.sessionFor(arn, "fn")))
	for name, want := range map[string]struct {
		status         int
		code, resource string
	}{
		"dynamodb GetItem":       {400, "AccessDeniedException", "arn:aws:dynamodb:us-east-1:000000000000:table/x"},
		"dynamodb DescribeTable": {400, "AccessDeniedException", "arn:aws:dynamodb:us-east-1:000000000000:table/x"},
		"kinesis PutRecord":      {400, "AccessDeniedException", "arn:aws:kinesis:us-east-1:000000000000:stream/x"},
		"kinesis DescribeStream": {400, "AccessDeniedException", "arn:aws:kinesis:us-east-1:000000000000:stream/x"},
		"lambda ListFunctions":   {403, "AccessDeniedException", "*"},
		"s3 ListBuckets":         {403, "AccessDenied", `"*"`},
		"iam GetRole":            {403, "AccessDenied", "arn:aws:iam::000000000000:role/x"},
		"logs DescribeLogGroups": {400, "AccessDeniedException", "arn:aws:logs:us-east-1:000000000000:log-group::log-stream:"},
		"cloudwatch ListMetrics": {403, "AccessDenied", "*"},
		"tag GetResources":       {400, "AccessDeniedException", "*"},
	} {
		t.Run(name, func(t *testing.T) {
			err := calls[name](t.Context())
			got := wantCode(t, err, want.code)
			action := strings.Replace(name, " ", ":", 1)
			if action == "s3:ListBuckets" {
				action = "s3:ListAllMyBuckets"
			}
			wording := "User: arn:aws:sts::000000000000:assumed-role/worker/fn is not authorized to perform: " + action +
				" on resource: " + want.resource + " because no identity-based policy allows the " + action + " action"
			if got != wording {
				t.Errorf("got  %s\nwant %s", got, wording)
			}
			if http, ok := errors.AsType[*smithyhttp.ResponseError](err); !ok || http.HTTPStatusCode() != want.status || http.Response == nil {
				t.Errorf("got %v, want status %d", err, want.status)
			}
		})
	}
	// Nobody needs to be allowed to ask who one is.
	must(t, calls["sts GetCallerIdentity"](t.Context()))
}

// A function's own process has the credentials of its role: what that does not allow is
// refused to it.
func TestFunctionHasItsRolesRightsOnly(t *testing.T) {
	w := newWorld(t, Options{}, 1)
	w.createFunction("store")
	roles := iam.NewFromConfig(sdkConfig(w.server))
	granted := func(bucket string) {
		t.Helper()
		_, err := roles.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: aws.String("work-role"), PolicyName: aws.String("work"),
			PolicyDocument: aws.String(strings.ReplaceAll(rolePolicy, "arn:aws:s3:::failures/*", "arn:aws:s3:::"+bucket+"/*"))})
		must(t, err)
	}
	granted("others")
	out := w.invoke("{}")
	want := "User: arn:aws:sts::000000000000:assumed-role/work-role/work is not authorized to perform: s3:PutObject on resource:"
	if got := strings.Join(w.logLines(), "\n"); out.FunctionError == nil || !strings.Contains(got, want) || !strings.Contains(got, "because no identity-based policy allows the s3:PutObject action") {
		t.Errorf("got %s", got)
	}
	if got := w.keys(); got != "" {
		t.Errorf("stored %s", got)
	}
	granted("failures")
	if out := w.invoke("{}"); out.FunctionError != nil || w.keys() != "a b c" {
		t.Errorf("got %s, stored %s", out.Payload, w.keys())
	}
}

// unheld are parts of a statement that would have no effect on the emulator.
var unheld = map[string]string{
	"unknown operator":    `"Condition":{"NumericEquals":{"aws:SourceAccount":"1"}}`,
	"operator on sets":    `"Condition":{"ForAnyValue:StringLike":{"aws:SourceAccount":"1"}}`,
	"unknown key":         `"Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}`,
	"key of known form":   `"Condition":{"StringLike":{"s3:prefix":"a/*"}}`,
	"variable in a value": `"Condition":{"StringEquals":{"aws:PrincipalArn":"${aws:username}"}}`,
	"Bool that is none":   `"Condition":{"Bool":{"aws:SecureTransport":"yes"}}`,
	"unknown element":     `"Conditions":{}`,
}

// What the emulator would have to ignore is refused when it is put, in each kind of
// policy, and what was there stays.
func TestWhatWouldBeIgnoredIsRefusedWhenItIsPut(t *testing.T) {
	s := startServer(t, Options{})
	roles, bucket := iam.NewFromConfig(sdkConfig(s)), s3For(s, nil)
	createRole(t, roles, "worker", lambdaTrust)
	newBucket(t, bucket, false)
	name := aws.String("worker")
	statement := func(rest ...string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` + strings.Join(rest, ",") + `}]}`
	}
	const lambda, work = `"Principal":{"Service":"lambda.amazonaws.com"}`, `"Action":"s3:GetObject"`
	inBucket := `"Resource":"arn:aws:s3:::` + testBucket + `/*"`
	kinds := map[string]struct {
		code  string
		put   func(document string) error
		parts []string // of a statement that is taken
		more  map[string]string
	}{
		"role policy": {"MalformedPolicyDocument", func(document string) error {
			_, err := roles.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: name, PolicyName: aws.String("p"), PolicyDocument: &document})
			return err
		}, []string{work, `"Resource":"*"`}, map[string]string{
			"variable in a resource": statement(work, `"Resource":"arn:aws:s3:::${aws:username}/*"`),
			"NotPrincipal":           statement(work, `"Resource":"*"`, `"NotPrincipal":"*"`),
		}},
		"trust policy": {"MalformedPolicyDocument", func(document string) error {
			_, err := roles.UpdateAssumeRolePolicy(t.Context(), &iam.UpdateAssumeRolePolicyInput{RoleName: name, PolicyDocument: &document})
			return err
		}, []string{lambda, `"Action":"sts:AssumeRole"`}, map[string]string{
			"NotPrincipal":    statement(`"NotPrincipal":{"Service":"lambda.amazonaws.com"}`, `"Action":"sts:AssumeRole"`),
			"federated":       statement(`"Principal":{"Federated":"accounts.google.com"}`, `"Action":"sts:AssumeRole"`),
			"part left open":  statement(`"Principal":{"AWS":"arn:aws:iam::000000000000:user/*"}`, `"Action":"sts:AssumeRole"`),
			"variable in one": statement(`"Principal":{"AWS":"arn:aws:iam::000000000000:user/${aws:username}"}`, `"Action":"sts:AssumeRole"`),
		}},
		"bucket policy": {"MalformedPolicy", func(document string) error {
			_, err := bucket.PutBucketPolicy(t.Context(), &s3.PutBucketPolicyInput{Bucket: aws.String(testBucket), Policy: &document})
			return err
		}, []string{`"Principal":{"AWS":"000000000000"}`, work, inBucket}, map[string]string{
			"NotPrincipal":           statement(`"NotPrincipal":"*"`, work, inBucket),
			"canonical user":         statement(`"Principal":{"CanonicalUser":"79a5"}`, work, inBucket),
			"variable in a resource": statement(`"Principal":{"AWS":"000000000000"}`, work, `"Resource":"arn:aws:s3:::`+testBucket+`/${aws:username}"`),
			"part left open":         statement(`"Principal":{"AWS":"arn:aws:iam::000000000000:role/*"}`, work, inBucket),
		}},
	}
	for kind, test := range kinds {
		t.Run(kind, func(t *testing.T) {
			must(t, test.put(statement(test.parts...)))
			documents := map[string]string{}
			for name, part := range unheld {
				documents[name] = statement(append(test.parts[:len(test.parts):len(test.parts)], part)...)
			}
			for name, document := range test.more {
				documents[name] = document
			}
			for name, document := range documents {
				err := test.put(document)
				if api, ok := errors.AsType[smithy.APIError](err); !ok || api.ErrorCode() != test.code || api.ErrorMessage() == "" {
					t.Errorf("%s: got %v, want %s", name, err, test.code)
				}
			}
		})
	}
	if got := s.iam.assumable("arn:aws:iam::000000000000:role/worker", "lambda.amazonaws.com"); !got {
		t.Error("the trust policy that was there is gone")
	}
}

// A bucket's policy gives a role of the account what its own policies do not speak of,
// but not against what they deny.
func TestBucketPolicyAllows(t *testing.T) {
	s, owner := s3Client(t)
	newBucket(t, owner, false)
	putObject(t, owner, "k", "v")
	roles := iam.NewFromConfig(sdkConfig(s))
	arn := createRole(t, roles, "reader", lambdaTrust)
	session := s.iam.sessionFor(arn, "f")
	client := s3For(s, func(config *aws.Config) { config.Credentials = sessionConfig(s, session).Credentials })
	get := func() error {
		_, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(testBucket), Key: aws.String("k")})
		return err
	}
	allow := func(principal string) {
		t.Helper()
		_, err := owner.PutBucketPolicy(t.Context(), &s3.PutBucketPolicyInput{Bucket: aws.String(testBucket), Policy: aws.String(
			`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"` + principal + `"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::` + testBucket + `/*"}}`)})
		must(t, err)
	}
	wantCode(t, get(), "AccessDenied")
	allow("000000000000") // leaves it to IAM
	wantCode(t, get(), "AccessDenied")
	allow(arn)
	must(t, get())
	_, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(testBucket), Key: aws.String("k"), Body: strings.NewReader("x")})
	wantCode(t, err, "AccessDenied")
	_, err = roles.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: aws.String("reader"), PolicyName: aws.String("p"), PolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"s3:GetObject","Resource":"*"}}`)})
	must(t, err)
	wantCode(t, get(), "AccessDenied")
}
