package answer_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"enrich/answer"
)

// closed is a body that is over for Read, and broken for WriteTo.
type closed struct{ io.Reader }

func (closed) Close() error                     { return nil }
func (closed) WriteTo(io.Writer) (int64, error) { return 0, errors.New("it is closed") }

func TestOnce(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		_, _ = w.Write(body)
	}))
	defer server.Close()
	text := strings.Repeat("x", 10_000)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, closed{strings.NewReader(text)})
	if err != nil {
		t.Fatal(err)
	}
	request.ContentLength = int64(len(text))
	response, err := answer.Once(server.Client()).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }() // only read from
	if got, err := io.ReadAll(response.Body); string(got) != text || err != nil {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

// A request without body stays without: net/http asks for http.NoBody itself.
func TestOnceWithoutBody(t *testing.T) {
	for _, body := range []io.ReadCloser{nil, http.NoBody} {
		client := answer.Once(client(func(r *http.Request) (*http.Response, error) {
			if r.Body != body {
				t.Errorf("the body is %v", r.Body)
			}
			return nil, http.ErrServerClosed
		}))
		if response, err := client.Do(&http.Request{Body: body}); err == nil {
			_ = response.Body.Close()
			t.Error("no error")
		}
	}
}

type client func(*http.Request) (*http.Response, error)

func (c client) Do(r *http.Request) (*http.Response, error) { return c(r) }
