package emulator

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/transport/http/protocol/awsjson"
	"github.com/go-json-experiment/json"

	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// jsonService is a service that is reached by X-Amz-Target or RPC v2.
type jsonService struct {
	name      string // signing name
	version   string // of the JSON protocol: 1.0 or 1.1
	namespace string // before the code in __type, as DynamoDB has it
	checksum  bool   // answers carry x-amz-crc32
	invalid   string // code of a refused enum value; "" is ValidationException
	// queryErrors tells that the service once spoke the query protocol only, so
	// that its errors carry their old codes too.
	queryErrors bool
	hostIDs     bool           // answers carry x-amz-id-2
	decoding    []json.Options // beside those of all services
	operations  map[string]operation
}

func (s *Server) serveJSON(w http.ResponseWriter, r *http.Request) {
	target := r.Header.Get("X-Amz-Target")
	prefix, name, _ := strings.Cut(target, ".")
	c := callerOf(r.Context())
	service, ok := s.targets[prefix]
	if !ok {
		s.notServed(c, prefix, name)
		service.fail(w, "application/x-amz-json-1.0", unknownOperation(target))
		return
	}
	contentType := "application/x-amz-json-" + service.version
	o, ok := service.operations[name]
	if !ok {
		s.notServed(c, service.name, name)
		service.fail(w, contentType, unknownOperation(target))
		return
	}
	if service.hostIDs {
		w.Header().Set("X-Amz-Id-2", hostID(c.RequestID[:16]))
	}
	input := o.newInput()
	failure := readJSON(w, r, input, service.decoding...)
	if failure == nil {
		failure = s.enums.check(input, service.invalidCode())
	}
	var output any
	if failure == nil {
		output, failure = s.invoke(r.Context(), service.name, name, o, input)
	}
	if failure != nil {
		service.fail(w, contentType, failure)
		return
	}
	body, err := encodeJSON(r.Context(), output)
	if err != nil {
		service.fail(w, contentType, s.internal(c, target, err))
		return
	}
	service.write(w, contentType, http.StatusOK, body)
}

func unknownOperation(target string) *apiError {
	return failf(http.StatusBadRequest, "UnknownOperationException", "The emulator does not have the operation %s.", target)
}

func (j *jsonService) invalidCode() string {
	if j.invalid == "" {
		return "ValidationException"
	}
	return j.invalid
}

// readJSON reads and decodes a request's body into an input of the SDK.
func readJSON(w http.ResponseWriter, r *http.Request, input any, options ...json.Options) *apiError {
	body, failure := readBody(w, r)
	if failure != nil {
		return failure
	}
	if len(bytes.TrimSpace(body)) > 0 { // the AWS CLI of old sends none for no members
		if err := decodeJSON(body, input, options...); err != nil {
			return failf(http.StatusBadRequest, "SerializationException", "%s", err.Error())
		}
	}
	return nil
}

// readBody reads a request whole, unpacked when it was compressed, which SDKs
// do with large PutMetricData.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, *apiError) {
	limited := http.MaxBytesReader(w, r.Body, bodyLimit)
	var reader io.Reader = limited
	if strings.EqualFold(r.Header.Get("Content-Encoding"), "gzip") {
		unpacked, err := gzip.NewReader(limited)
		if err != nil {
			return nil, failf(http.StatusBadRequest, "SerializationException", "the body is not gzip: %v", err)
		}
		reader = io.LimitReader(unpacked, bodyLimit+1)
	}
	var buffer bytes.Buffer
	if n := r.ContentLength; n > 0 && n <= bodyLimit {
		buffer.Grow(int(n) + bytes.MinRead)
	}
	_, err := buffer.ReadFrom(reader)
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge || buffer.Len() > bodyLimit {
		return nil, failf(http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "Request must be smaller than %d bytes.", bodyLimit)
	}
	if err != nil {
		return nil, failf(http.StatusBadRequest, "IncompleteBody", "reading the request: %v", err)
	}
	return buffer.Bytes(), nil
}

// anyOperation stands for the operation where the SDK's protocols ask for one:
// they only look whether it has an input.
func anyOperation(name string) *smithy.OperationSchema {
	schema := smithy.NewSchema(smithy.ShapeID{Namespace: "emulator", Name: name}, smithy.ShapeTypeStructure, 0)
	return smithy.NewOperationSchema(schema, schema, nil)
}

func anyService(name string) *smithy.ServiceSchema {
	return smithy.NewServiceSchema(smithy.NewSchema(smithy.ShapeID{Namespace: "emulator", Name: name}, smithy.ShapeTypeService, 0), "")
}

// encodeJSON writes an output of the SDK as AWS does. The SDK exports no codec,
// but its protocol writes whatever can serialize itself into a request.
func encodeJSON(ctx context.Context, output any) ([]byte, error) {
	value, ok := output.(smithy.Serializable)
	if !ok {
		return nil, fmt.Errorf("%T cannot be serialized", output)
	}
	if v := reflect.ValueOf(output); v.Kind() == reflect.Pointer && v.IsNil() {
		return []byte("{}"), nil
	}
	request := smithyhttp.NewStackRequest().(*smithyhttp.Request)
	if err := awsjson.New11(anyService("any")).SerializeRequest(ctx, anyOperation("any"), value, request); err != nil {
		return nil, err
	}
	return io.ReadAll(request.GetStream())
}

func (j *jsonService) write(w http.ResponseWriter, contentType string, status int, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	if j.checksum {
		w.Header().Set("x-amz-crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(body)), 10))
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // an error means that the client has gone
}

func (j *jsonService) fail(w http.ResponseWriter, contentType string, e *apiError) {
	w.Header().Set("x-amzn-ErrorType", e.Code)
	if j.queryErrors {
		w.Header().Set("x-amzn-query-error", e.queryError())
	}
	j.write(w, contentType, e.Status, jsonErrorBody(j.typeOf(e.Code), e))
}

// typeOf gives the __type of an error: DynamoDB writes its own errors with its
// namespace and those of the framework with theirs.
func (j *jsonService) typeOf(code string) string {
	switch {
	case j.namespace == "":
		return code
	case code == "ValidationException":
		return "com.amazon.coral.validate#" + code
	case code == "ThrottlingException":
		return "com.amazon.coral.availability#" + code
	case code == "SerializationException" || code == "UnknownOperationException" ||
		code == "AccessDeniedException" || code == "InternalFailure":
		return "com.amazon.coral.service#" + code
	}
	return j.namespace + code
}

func jsonErrorBody(typ string, e *apiError) []byte {
	members := map[string]any{}
	for name, value := range e.Extra {
		members[name] = value
	}
	members["message"] = e.Message
	if typ != "" {
		members["__type"] = typ
	}
	body, err := json.Marshal(members, json.Deterministic(true))
	if err != nil {
		// Extra holds what the operations put there: plain values.
		panic(fmt.Sprintf("error members of %s: %v", e.Code, err))
	}
	return body
}

// writeJSONError answers with an error in JSON; REST services name the code in
// the header alone.
func writeJSONError(w http.ResponseWriter, e *apiError) {
	w.Header().Set("x-amzn-ErrorType", e.Code)
	body := jsonErrorBody("", e)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(e.Status)
	_, _ = w.Write(body) // an error means that the client has gone
}
