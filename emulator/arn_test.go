package emulator

import (
	"net/http"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
)

// arnShapes are the forms of ARNs, by what an answer's ARN begins with after the
// partition: the service, whether it has a region and an account, and the resource.
// https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
var arnShapes = map[string]string{
	"table":                `dynamodb:us-east-1:000000000000:table/[a-zA-Z0-9_.-]{3,255}`,
	"role":                 `iam::000000000000:role(/[\w+=,.@-]+)+`,
	"managed policy":       `iam::aws:policy(/[\w+=,.@-]+)+`,
	"root":                 `iam::000000000000:root`,
	"session":              `sts::000000000000:assumed-role/[\w+=,.@-]+/[\w+=,.@-]+`,
	"stream":               `kinesis:us-east-1:000000000000:stream/[a-zA-Z0-9_.-]{1,128}`,
	"function":             `lambda:us-east-1:000000000000:function:[a-zA-Z0-9-_]{1,64}(:\$LATEST)?`,
	"runtime":              `lambda:us-east-1::runtime:[0-9a-f]{64}`,
	"event source mapping": `lambda:us-east-1:000000000000:event-source-mapping:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`,
	"log group":            `logs:us-east-1:000000000000:log-group:[\w./#-]+(:\*)?`,
	"log stream":           `logs:us-east-1:000000000000:log-group:[\w./#-]+:log-stream:[^:*]+`,
	"alarm":                `cloudwatch:us-east-1:000000000000:alarm:.+`,
	"dashboard":            `cloudwatch::000000000000:dashboard/[\w-]+`,
	"bucket":               `s3:::[a-z0-9.-]{3,63}`,
	"topic":                `sns:us-east-1:000000000000:[\w-]{1,256}`,
	"subscription":         `sns:us-east-1:000000000000:[\w-]{1,256}:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`,
	"queue":                `sqs:us-east-1:000000000000:[\w-]{1,80}`,
}

// unnamed are operations whose outputs have a member for an ARN that the emulator never
// has anything for, with the reason.
var unnamed = map[string]string{
	"iam.ListInstanceProfilesForRole": "there are no instance profiles",
	"lambda.Invoke":                   "its ARN is of a durable execution, which is refused",
	"sns.ConfirmSubscription":         "its token is in a mail; its answer is tested with the mail",
}

// Every ARN in an answer is one that AWS could have given for the resource.
func TestARNsOfEveryServiceAreAWSs(t *testing.T) {
	w, answers := answersOf(t)
	seen, shapes := map[Operation]int{}, map[string]bool{}
	for _, a := range answers {
		arns := within(reflect.ValueOf(a.output), "", func(_ string, v reflect.Value) bool {
			return v.Kind() == reflect.String && strings.HasPrefix(v.String(), "arn:")
		})
		for _, found := range arns {
			text, _, _ := strings.Cut(found.value.String(), " ") // an alarm's reason goes on
			seen[a.operation]++
			shapes[shapeOf(t, a.operation, found.member, text)] = true
		}
	}
	delete(shapes, "")
	for shape := range arnShapes {
		if !shapes[shape] {
			t.Errorf("no ARN of a %s was seen", shape)
		}
	}
	clients := recordingClients(w.server, &recording{})
	for _, o := range w.server.Operations() {
		output := reflect.ValueOf(clients[o.Service]).MethodByName(o.Name).Type().Out(0)
		has := mayHold(output, "", map[reflect.Type]bool{}, func(member string, t reflect.Type) bool {
			return t.Kind() == reflect.String && strings.HasSuffix(strings.ToLower(member), "arn")
		})
		if has && seen[o] == 0 && unnamed[o.Service+"."+o.Name] == "" {
			t.Errorf("%+v may answer an ARN, and none was seen", o)
		}
	}
}

// shapeOf gives the name of an ARN's shape.
func shapeOf(t *testing.T, o Operation, member, text string) string {
	t.Helper()
	parsed, err := arn.Parse(text)
	if err != nil || parsed.Partition != "aws" {
		t.Errorf("%+v: %s %q: %v", o, member, text, err)
		return ""
	}
	rest := strings.TrimPrefix(text, "arn:aws:")
	for name, shape := range arnShapes {
		if regexp.MustCompile("^(" + shape + ")$").MatchString(rest) {
			return name
		}
	}
	t.Errorf("%+v: %s %q is of no resource", o, member, text)
	return ""
}

var (
	uuidForm  = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	tableForm = regexp.MustCompile(`^[0-9A-V]{26}VV4KQNSO5AEMVJF66Q9ASUAAJG$`)
	s3Form    = regexp.MustCompile(`^[0-9A-Z]{16}$`)
	s3Host    = regexp.MustCompile(`^[A-Za-z0-9+/]{60,}=*$`)
)

// requestID gives the ID of an answer and whether it has its service's form.
func requestID(service string, header http.Header) (string, bool) {
	switch id := header.Get("X-Amzn-Requestid"); service {
	case "s3":
		s3 := header.Get("X-Amz-Request-Id")
		return s3, id == "" && s3Form.MatchString(s3) && s3Host.MatchString(header.Get("X-Amz-Id-2"))
	case "dynamodb":
		return id, tableForm.MatchString(id)
	case "kinesis":
		return id, uuidForm.MatchString(id) && s3Host.MatchString(header.Get("X-Amz-Id-2"))
	default:
		return id, uuidForm.MatchString(id)
	}
}

// Every answer has a request ID of its own, in its service's form, and where the protocol
// has it in the body too it is the same.
func TestRequestIDsOfEveryServiceAreAWSs(t *testing.T) {
	w, answers := answersOf(t)
	seen, services := map[string]bool{}, map[string]bool{}
	inBody := regexp.MustCompile(`<RequestId>([^<]*)</RequestId>`)
	for _, a := range answers {
		id, ok := requestID(a.operation.Service, a.header)
		if !ok || seen[id] {
			t.Errorf("%+v: request ID %q", a.operation, id)
		}
		seen[id], services[a.operation.Service] = true, true
		query := a.operation.Service == "iam" || a.operation.Service == "sts" || a.operation.Service == "sns"
		if found := inBody.FindSubmatch(a.body); query && (found == nil || string(found[1]) != id) {
			t.Errorf("%+v: the body has not the ID %s: %.300s", a.operation, id, a.body)
		}
	}
	if len(services) != 11 {
		t.Errorf("only the services %v", services)
	}
	failures(t, w.server)
}

// failures are refused, in each protocol: the ID is there all the same.
func failures(t *testing.T, s *Server) {
	t.Helper()
	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	for name, test := range map[string]struct {
		service, method, path, body string
		header                      []string
		inBody                      bool
	}{
		"JSON of tables":  {"dynamodb", "POST", "/", "{", []string{"X-Amz-Target", "DynamoDB_20120810.ListTables"}, false},
		"JSON of streams": {"kinesis", "POST", "/", "{", []string{"X-Amz-Target", "Kinesis_20131202.ListStreams"}, false},
		"JSON of queues":  {"sqs", "POST", "/", `{"QueueName":"nope"}`, []string{"X-Amz-Target", "AmazonSQS.GetQueueUrl"}, false},
		"query":           {"iam", "POST", "/", "Action=GetRole&Version=2010-05-08&RoleName=nope", form, true},
		"CBOR":            {"monitoring", "POST", "/service/GraniteServiceVersion20100801/operation/GetDashboard", "\xa0", []string{"Smithy-Protocol", "rpc-v2-cbor", "Content-Type", cborType}, false},
		"REST-JSON":       {"lambda", "GET", "/2015-03-31/functions/nope", "", nil, false},
		"REST-XML":        {"s3", "GET", "/no-such-bucket/k", "", nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			response, body := send(t, s, test.method, test.path, "us-east-1/"+test.service, test.body, test.header...)
			id, ok := requestID(test.service, response.Header)
			if response.StatusCode < 400 || !ok {
				t.Errorf("status %d, request ID %q, %v", response.StatusCode, id, response.Header)
			}
			if test.inBody && !strings.Contains(body, "<RequestId>"+id+"</RequestId>") {
				t.Errorf("the body has not the ID %s: %s", id, body)
			}
		})
	}
}
