package feed

import (
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
)

// answeredOnce keeps an SDK client from taking an answered request for a failed
// one, and sending its events again.
//
// The SDK closes a request's body as soon as the answer begins (smithy-go's
// ClientHandler.Handle). net/http may not have looked yet whether the body has
// come to its end; when it then does so by WriteTo, a closed body answers io.EOF
// (smithy-go's safeWriteToReadCloser), which net/http takes for a failed write:
// it drops the connection, the answer breaks off, and the SDK tries again. By
// Read, io.EOF is just the end. It takes a body of more than 4 KiB and a service
// that answers faster than a busy machine comes to look, such as a local one.
func answeredOnce(o *kinesis.Options) {
	next := o.HTTPClient
	if next == nil {
		next = http.DefaultClient
	}
	o.HTTPClient = bodyReader{next}
}

// bodyReader hides everything of a body but Read and Close.
type bodyReader struct{ next kinesis.HTTPClient }

func (b bodyReader) Do(request *http.Request) (*http.Response, error) {
	if request.Body != nil && request.Body != http.NoBody {
		whole := request
		request = request.WithContext(request.Context()) // a copy
		request.Body = struct{ io.ReadCloser }{whole.Body}
	}
	return b.next.Do(request)
}
