package feed

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
)

// doer answers a request at once and keeps its body.
type doer struct {
	answer string
	body   io.Reader
}

func (d *doer) Do(request *http.Request) (*http.Response, error) {
	d.body = request.Body
	if _, err := io.Copy(io.Discard, struct{ io.Reader }{request.Body}); err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/x-amz-json-1.1"}},
		Body: io.NopCloser(strings.NewReader(d.answer)), Request: request,
	}, nil
}

// net/http looks for more of a body after the last byte, perhaps only when the
// answer is there already and the SDK has closed the body. It must find its end
// then, not an error: that would tear down the connection under the answer, and
// the SDK would send everything again.
func TestBodyEndsAfterTheAnswer(t *testing.T) {
	for name, run := range map[string]func(*kinesis.Client) error{
		"send": func(c *kinesis.Client) error {
			_, err := Send(t.Context(), c, strings.NewReader("{}\n"), Options{Stream: "s"})
			return err
		},
		"put": func(c *kinesis.Client) error {
			_, err := Put(t.Context(), c, "s", "", []byte("{}"))
			return err
		},
	} {
		d := &doer{answer: `{"FailedRecordCount":0,"Records":[{"SequenceNumber":"1","ShardId":"s"}],"SequenceNumber":"1","ShardId":"s"}`}
		err := run(kinesis.NewFromConfig(aws.Config{
			Region: "us-east-1", HTTPClient: d, Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
		}))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if n, err := io.Copy(io.Discard, d.body); n != 0 || err != nil {
			t.Errorf("%s: %d more bytes, %v", name, n, err)
		}
	}
}
