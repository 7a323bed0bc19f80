package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
)

// slow is a Kinesis that answers when it is told to.
type slow struct {
	arrived chan string // operations
	answer  chan struct{}
	calls   atomic.Int32
}

func (s *slow) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return // the program is gone
	}
	s.calls.Add(1)
	s.arrived <- r.Header.Get("X-Amz-Target")
	select {
	case <-s.answer:
		_, _ = w.Write([]byte(`{}`)) // to a program that waits
	case <-r.Context().Done():
	}
}

// A call is interrupted in every way that there is.
func TestCallsInFlight(t *testing.T) {
	create := func(ctx context.Context, client *kinesis.Client) error {
		_, err := client.CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: aws.String("x"), ShardCount: aws.Int32(1)})
		return err
	}
	read := func(ctx context.Context, client *kinesis.Client) error {
		_, err := client.ListStreams(ctx, &kinesis.ListStreamsInput{})
		return err
	}
	for name, test := range map[string]struct {
		call     func(context.Context, *kinesis.Client) error
		cause    error
		finishes bool
	}{
		"a change is interrupted": {create, errInterrupted, true},
		"a read is interrupted":   {read, errInterrupted, false},
		"a change fails beside":   {create, errors.New("something else failed"), false},
		"time is up":              {create, context.DeadlineExceeded, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := &slow{arrived: make(chan string, 9), answer: make(chan struct{})}
			server := httptest.NewServer(s)
			defer server.Close()
			var told atomic.Int32
			waits := make(chan struct{}, 9)
			client := kinesis.NewFromConfig(aws.Config{
				Region: "us-east-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
				HTTPClient: finishCalls(server.Client(), func() { told.Add(1); waits <- struct{}{} }),
			})
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			ended := make(chan error, 2)
			for range 2 {
				go func() { ended <- test.call(ctx, client) }()
				<-s.arrived
			}
			cancel(test.cause)
			if test.finishes {
				<-waits
				close(s.answer)
			}
			for range 2 {
				if err := <-ended; (err == nil) != test.finishes || err != nil && !errors.Is(err, context.Canceled) {
					t.Errorf("ended with %v", err)
				}
			}
			if want := map[bool]int32{true: 1}[test.finishes]; told.Load() != want {
				t.Errorf("told %d times that it waits, want %d", told.Load(), want)
			}
			// No call begins any more.
			if err := test.call(ctx, client); !errors.Is(err, context.Canceled) || s.calls.Load() != 2 {
				t.Errorf("ended with %v after %d calls", err, s.calls.Load())
			}
		})
	}
}

// The answer to a call that has been waited for is read to its end.
func TestAnswersInFlight(t *testing.T) {
	begun, more := make(chan struct{}), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("one "))
		w.(http.Flusher).Flush()
		close(begun)
		<-more
		_, _ = w.Write([]byte("two"))
	}))
	defer server.Close()
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL, bytes.NewReader(nil))
	if err != nil {
		t.Fatal(err)
	}
	response, err := finishCalls(server.Client(), func() {}).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	<-begun
	cancel(errInterrupted)
	close(more)
	got, err := io.ReadAll(response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil || string(got) != "one two" {
		t.Errorf("got %q, %v", got, err)
	}
}

// Who interrupts is told of as such, also through what other packages make of it.
func TestInterruptionIsACancellation(t *testing.T) {
	if !errors.Is(errInterrupted, context.Canceled) || errInterrupted.Error() != "interrupted" {
		t.Error(errInterrupted)
	}
	if code, _ := recognise(errInterrupted); code != "Interrupted" {
		t.Errorf("code %s", code)
	}
}
