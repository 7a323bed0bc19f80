package emulator

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"
)

// What no model of AWS has is ignored where AWS ignores it, and changes nothing; where it
// might be something that AWS has, it is refused by name.
func TestUnknownMembersOfEachProtocol(t *testing.T) {
	w := newWorld(t, Options{}, 1)
	w.createFunction("store")
	newBucket(t, s3For(w.server, nil), false)
	putObject(t, s3For(w.server, nil), "k", "v")
	metrics, err := cbor.Marshal(map[string]any{"Namespace": "none", "namespace": "AWS/S3", "New": map[string]any{"a": []int{1}}})
	must(t, err)
	const granite, concurrency = "/service/GraniteServiceVersion20100801/operation/ListMetrics", "/2017-10-31/functions/work/concurrency"
	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	for name, test := range map[string]struct {
		service, method, path, body string
		header                      []string
		status                      int
		want                        string // in the answer
		counted                     string // the member; "" none is
	}{
		"JSON":                         {"kinesis", "POST", "/", `{"Limit":1,"New":{"a":[1]},"limit":0}`, []string{"X-Amz-Target", "Kinesis_20131202.ListStreams"}, 200, `"events"`, ""},
		"query":                        {"iam", "POST", "/", "Action=GetRole&Version=2010-05-08&RoleName=work-role&New.member.1=a&rolename=x", form, 200, "<RoleName>work-role</RoleName>", ""},
		"CBOR":                         {"monitoring", "POST", granite, string(metrics), []string{"Smithy-Protocol", "rpc-v2-cbor", "Content-Type", cborType}, 200, "Metrics", ""},
		"REST-JSON":                    {"lambda", "PUT", concurrency + "?New=1", `{"ReservedConcurrentExecutions":7,"New":{"a":[1]},"reservedConcurrentExecutions":8}`, []string{"X-Amz-New", "1"}, 200, `{"ReservedConcurrentExecutions":7}`, ""},
		"REST-JSON, another case":      {"lambda", "PUT", concurrency, `{"reservedConcurrentExecutions":8}`, nil, 400, "eservedConcurrentExecutions", ""},
		"S3, query parameter":          {"s3", "GET", "/" + testBucket + "/k?new=1&x-id=GetObject", "", nil, 200, "v", ""},
		"S3, header of nobody's":       {"s3", "GET", "/" + testBucket + "/k", "", []string{"X-New", "1"}, 200, "v", ""},
		"S3, header":                   {"s3", "GET", "/" + testBucket + "/k", "", []string{"X-Amz-New", "1"}, 501, "<Code>NotImplemented</Code>", "x-amz-new"},
		"S3, header of another":        {"s3", "PUT", "/" + testBucket + "/new", "x", []string{"X-Amz-Copy-Source-Range", "bytes=0-0"}, 501, "A header you provided implies functionality that is not implemented", "x-amz-copy-source-range"},
		"S3, parameter of another":     {"s3", "GET", "/" + testBucket + "?start-after=a", "", nil, 501, "<Code>NotImplemented</Code>", "start-after"},
		"S3, two subresources":         {"s3", "GET", "/" + testBucket + "?policy&tagging", "", nil, 400, "Conflicting query string parameters: policy, tagging", ""},
		"S3, one that is absent":       {"s3", "GET", "/" + testBucket + "?policy&acl", "", nil, 400, "Conflicting query string parameters: acl, policy", ""},
		"S3, a list is no subresource": {"s3", "GET", "/" + testBucket + "?list-type=2&versioning", "", nil, 200, "<VersioningConfiguration", ""},
		"S3, element":                  {"s3", "PUT", "/" + testBucket + "?versioning", "<VersioningConfiguration><Status>Enabled</Status><New/></VersioningConfiguration>", nil, 400, "<Code>MalformedXML</Code>", ""},
		"S3, element of another case":  {"s3", "PUT", "/" + testBucket + "?versioning", "<VersioningConfiguration><status>Enabled</status></VersioningConfiguration>", nil, 400, "<Code>MalformedXML</Code>", ""},
	} {
		t.Run(name, func(t *testing.T) {
			before := w.server.Unsupported()
			response, body := send(t, w.server, test.method, test.path, "us-east-1/"+test.service, test.body, test.header...)
			if response.StatusCode != test.status || !strings.Contains(body, test.want) {
				t.Errorf("got %d %s", response.StatusCode, body)
			}
			var counted []string
			for _, u := range w.server.Unsupported() {
				if !slices.Contains(before, u) {
					counted = append(counted, u.Member)
				}
			}
			if got := strings.Join(counted, " "); got != test.counted {
				t.Errorf("counted %q, want %q", got, test.counted)
			}
		})
	}
	if response, _ := send(t, w.server, http.MethodGet, "/"+testBucket+"/new", "us-east-1/s3", ""); response.StatusCode != http.StatusNotFound {
		t.Errorf("what was refused was stored: %d", response.StatusCode)
	}
}
