// Package answer keeps the AWS SDK from taking an answered request for a failed
// one, and sending it again.
//
// The SDK closes a request's body as soon as the answer begins (smithy-go's
// ClientHandler.Handle). net/http may not have looked yet whether the body has
// come to its end; when it then does so by WriteTo, a closed body answers io.EOF
// (smithy-go's safeWriteToReadCloser), which net/http takes for a failed write:
// it drops the connection, the answer breaks off, and the SDK tries again. By
// Read, io.EOF is just the end. It takes a body of more than 4 KiB and a service
// that answers faster than a busy machine comes to look, such as a local one.
package answer

import (
	"io"
	"net/http"
)

// Client is what the SDK sends its requests by: an *http.Client, for example.
type Client interface {
	Do(*http.Request) (*http.Response, error)
}

// Once makes a client whose requests are not taken for failed once they have been
// answered.
func Once(next Client) Client { return once{next} }

type once struct{ next Client }

// Do hides everything of the request's body but Read and Close.
func (o once) Do(request *http.Request) (*http.Response, error) {
	if request.Body != nil && request.Body != http.NoBody {
		body := request.Body
		request = request.WithContext(request.Context()) // a copy
		request.Body = struct{ io.ReadCloser }{body}
	}
	return o.next.Do(request)
}
