package lambda

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
)

// closed is a body that the SDK has closed already: over for Read, and broken for
// WriteTo.
type closed struct{ io.Reader }

func (closed) Close() error                     { return nil }
func (closed) WriteTo(io.Writer) (int64, error) { return 0, errors.New("it is closed") }

// What a service has answered is not sent again.
func TestAnsweredOnce(t *testing.T) {
	_, server := newCloud(t)
	cfg, err := configOf(environment(server.URL))
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, closed{strings.NewReader(strings.Repeat("x", 10_000))})
	if err != nil {
		t.Fatal(err)
	}
	request.ContentLength = 10_000
	response, err := cfg.HTTPClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		t.Error(err)
	}
	_ = response.Body.Close() // read to its end
}
