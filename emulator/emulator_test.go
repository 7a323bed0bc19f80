package emulator

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	awscredentials "github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/smithy-go"
)

// epoch is when tests with a clock of their own begin.
var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// startServer runs an emulator for the length of a test; what it logs is shown
// when the test fails.
func startServer(t testing.TB, options Options) *Server {
	t.Helper()
	if options.Logger == nil {
		options.Logger = slog.New(slog.NewTextHandler(testWriter{t}, nil))
	}
	s, err := Start(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			t.Errorf("closing the server: %v", err)
		}
	})
	return s
}

type testWriter struct{ t testing.TB }

func (w testWriter) Write(p []byte) (int, error) {
	w.t.Logf("%s", p)
	return len(p), nil
}

// sdkConfig configures an SDK client for a server, without retries.
func sdkConfig(s *Server) aws.Config {
	return aws.Config{
		Region:       "us-east-1",
		BaseEndpoint: aws.String(s.Endpoint()),
		Credentials:  awscredentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
		Retryer:      func() aws.Retryer { return aws.NopRetryer{} },
		HTTPClient:   plainBodies{awshttp.NewBuildableClient()},
	}
}

// plainBodies hides that the SDK's request bodies can write themselves. Once the
// SDK has closed such a body, smithy-go 1.28 answers io.EOF as an error; net/http
// looks for surplus bytes after it sent a body, so when the answer is faster than
// that, it takes the EOF for a failed write and closes the connection under the
// answer.
type plainBodies struct{ inner aws.HTTPClient }

func (p plainBodies) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil && r.Body != http.NoBody {
		r = r.WithContext(r.Context())
		r.Body = struct{ io.ReadCloser }{r.Body}
	}
	return p.inner.Do(r)
}

// sessionConfig is sdkConfig signed by a role's session.
func sessionConfig(s *Server, c credentials) aws.Config {
	config := sdkConfig(s)
	config.Credentials = awscredentials.NewStaticCredentialsProvider(c.AccessKeyID, c.SecretAccessKey, c.SessionToken)
	return config
}

// wantCode fails unless err is an AWS error with a code, and gives its message.
func wantCode(t testing.TB, err error, code string) string {
	t.Helper()
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok || api.ErrorCode() != code {
		t.Fatalf("got error %v, want code %s", err, code)
	}
	return api.ErrorMessage()
}

// asError is errors.As without its complaint about a target of a wrong type.
func asError[E error](err error, target *E) bool {
	found, ok := errors.AsType[E](err)
	*target = found
	return ok
}
