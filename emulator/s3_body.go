package emulator

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"strconv"
	"strings"
)

const (
	// s3MaxObject is the largest body of one PUT.
	s3MaxObject = 5 << 30
	// s3MaxDocument is the largest XML or JSON document of a subresource.
	s3MaxDocument = 2 << 20
	// maxChunkLine bounds a chunk's header and a trailer.
	maxChunkLine = 4 << 10
)

// readObject reads the body of an object: plain, or in the chunks of
// aws-chunked, whose trailers are put into the headers.
func readObject(r *http.Request) ([]byte, error) {
	if !strings.HasPrefix(r.Header.Get("X-Amz-Content-Sha256"), "STREAMING-") && !hasToken(r.Header.Get("Content-Encoding"), "aws-chunked") {
		if r.ContentLength < 0 {
			return nil, failf(http.StatusLengthRequired, "MissingContentLength", "You must provide the Content-Length HTTP header.")
		}
		return readSized(r.Body, r.ContentLength)
	}
	size, err := strconv.ParseInt(r.Header.Get("X-Amz-Decoded-Content-Length"), 10, 64)
	if err != nil || size < 0 {
		return nil, failf(http.StatusLengthRequired, "MissingContentLength", "You must provide the Content-Length HTTP header.")
	}
	body, trailers, err := readChunked(r.Body, size)
	if err != nil {
		return nil, err
	}
	for name := range strings.SplitSeq(r.Header.Get("X-Amz-Trailer"), ",") {
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		value, ok := trailers[strings.ToLower(name)]
		if !ok {
			return nil, failf(http.StatusBadRequest, "MalformedTrailerError", "The request contained trailing data that was not well-formed or did not conform to our published schema.")
		}
		r.Header.Set(name, value)
	}
	return body, nil
}

func readSized(in io.Reader, size int64) ([]byte, error) {
	if size > s3MaxObject {
		return nil, failf(http.StatusBadRequest, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size")
	}
	if size > s3Capacity {
		return nil, failf(http.StatusServiceUnavailable, "SlowDown", "Please reduce your request rate. The emulator holds at most %d bytes of objects.", s3Capacity)
	}
	var body bytes.Buffer
	body.Grow(int(min(size, 8<<20))) // a length is only a promise
	n, err := io.Copy(&body, io.LimitReader(in, size))
	if err != nil || n != size {
		return nil, incompleteBody()
	}
	return body.Bytes(), nil
}

func incompleteBody() *apiError {
	return failf(http.StatusBadRequest, "IncompleteBody", "You did not provide the number of bytes specified by the Content-Length HTTP header")
}

// readChunked decodes aws-chunked: "<hex size>[;chunk-signature=…]\r\n<data>\r\n"
// until a chunk of size 0, then "name:value\r\n" trailers.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
func readChunked(r io.Reader, size int64) ([]byte, map[string]string, error) {
	if size > s3MaxObject {
		return nil, nil, failf(http.StatusBadRequest, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size")
	}
	in := bufio.NewReaderSize(r, maxChunkLine)
	var body bytes.Buffer
	body.Grow(int(min(size, 8<<20)))
	for {
		line, err := chunkLine(in)
		if err != nil {
			return nil, nil, err
		}
		digits, _, _ := strings.Cut(line, ";")
		n, err := strconv.ParseInt(strings.TrimSpace(digits), 16, 64)
		if err != nil || n < 0 || int64(body.Len())+n > size {
			return nil, nil, incompleteBody()
		}
		if n == 0 {
			break
		}
		if copied, err := io.CopyN(&body, in, n); err != nil || copied != n {
			return nil, nil, incompleteBody()
		}
		if line, err := chunkLine(in); err != nil || line != "" {
			return nil, nil, incompleteBody()
		}
	}
	if int64(body.Len()) != size {
		return nil, nil, incompleteBody()
	}
	trailers, err := chunkTrailers(in)
	return body.Bytes(), trailers, err
}

func chunkTrailers(in *bufio.Reader) (map[string]string, error) {
	trailers := map[string]string{}
	for {
		line, err := in.ReadSlice('\n')
		if err == io.EOF && len(line) == 0 {
			return trailers, nil
		}
		if err != nil && err != io.EOF {
			return nil, incompleteBody()
		}
		text := strings.TrimRight(string(line), "\r\n")
		if text == "" {
			if err == io.EOF {
				return trailers, nil
			}
			continue
		}
		name, value, ok := strings.Cut(text, ":")
		if !ok || len(trailers) > 8 {
			return nil, failf(http.StatusBadRequest, "MalformedTrailerError", "The request contained trailing data that was not well-formed or did not conform to our published schema.")
		}
		trailers[strings.ToLower(strings.TrimSpace(name))] = strings.TrimSpace(value)
	}
}

// chunkLine reads one line without its end.
func chunkLine(in *bufio.Reader) (string, error) {
	line, err := in.ReadSlice('\n')
	if err != nil {
		return "", incompleteBody()
	}
	return strings.TrimRight(string(line), "\r\n"), nil
}

// readDocument reads the XML or JSON body of a subresource and checks what its
// headers promise.
func readDocument(r *http.Request) ([]byte, error) {
	var body []byte
	var err error
	if strings.HasPrefix(r.Header.Get("X-Amz-Content-Sha256"), "STREAMING-") {
		body, err = readObject(r)
	} else {
		body, err = io.ReadAll(io.LimitReader(r.Body, s3MaxDocument+1))
	}
	if err != nil {
		return nil, incompleteBody()
	}
	if len(body) > s3MaxDocument {
		return nil, failf(http.StatusBadRequest, "MaxMessageLengthExceeded", "Your request was too big.")
	}
	if _, _, err := verify(body, r.Header); err != nil {
		return nil, err
	}
	return body, nil
}

// hasToken tells whether a comma-separated header has a value.
func hasToken(header, token string) bool {
	for part := range strings.SplitSeq(header, ",") {
		if strings.EqualFold(strings.TrimSpace(part), token) {
			return true
		}
	}
	return false
}
