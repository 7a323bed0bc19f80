package emulator

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"sync"

	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/transport/http/protocol/rpcv2"
	"github.com/fxamacker/cbor/v2"

	smithyhttp "github.com/aws/smithy-go/transport/http"
)

const cborType = "application/cbor"

// cborMode decodes as Smithy's RPC v2 says: names are case sensitive, unknown
// members are ignored, times carry tag 1.
// https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html
var cborMode = sync.OnceValues(func() (cbor.DecMode, error) {
	return cbor.DecOptions{
		FieldNameMatching: cbor.FieldNameMatchingCaseSensitive,
		TimeTag:           cbor.DecTagOptional,
		MaxNestedLevels:   64,
		MaxArrayElements:  1 << 20,
		MaxMapPairs:       1 << 16,
	}.DecMode()
})

// serveRPC answers /service/NAME/operation/OPERATION in CBOR, the way in which
// the SDKs for Go and Java call CloudWatch.
func (s *Server) serveRPC(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
	c := callerOf(r.Context())
	serviceName, name, ok := rpcPath(r.URL.Path)
	service, known := s.rpc[serviceName]
	o, has := service.operations[name]
	if !ok || !known || !has {
		s.notServed(c, cmp.Or(service.name, serviceName), name)
		writeCBORError(w, unknownOperation(serviceName+"."+name))
		return
	}
	body, failure := readBody(w, r)
	input := o.newInput()
	if failure == nil && len(body) > 0 {
		failure = decodeCBOR(body, input)
		s.countRefused(c, service.name, name, failure)
	}
	if failure == nil {
		failure = s.enums.check(input, service.invalidCode())
	}
	var output any
	if failure == nil {
		output, failure = s.invoke(r.Context(), service.name, name, o, input)
	}
	if failure != nil {
		writeCBORError(w, failure)
		return
	}
	answer, err := encodeCBOR(r.Context(), output)
	if err != nil {
		writeCBORError(w, s.internal(c, service.name+"."+name, err))
		return
	}
	writeCBOR(w, http.StatusOK, answer)
}

// rpcPath takes /service/NAME/operation/OPERATION apart; a prefix before it is allowed.
func rpcPath(path string) (service, operation string, ok bool) {
	parts := strings.Split(path, "/")
	n := len(parts)
	if n < 5 || parts[n-4] != "service" || parts[n-2] != "operation" {
		return "", "", false
	}
	return parts[n-3], parts[n-1], true
}

func decodeCBOR(body []byte, into any) *apiError {
	mode, err := cborMode()
	if err == nil {
		err = mode.Unmarshal(body, into)
	}
	if wrong, ok := errors.AsType[*cbor.UnmarshalTypeError](err); ok {
		// A union is an interface in Go: nothing that is supported has one.
		member := wrong.StructFieldName[strings.LastIndexByte(wrong.StructFieldName, '.')+1:]
		if field, ok := reflect.TypeOf(into).Elem().FieldByName(member); ok && field.Type.Kind() == reflect.Interface {
			return cwUnsupported(member)
		}
	}
	if err != nil {
		return failf(http.StatusBadRequest, "SerializationException", "%s", err.Error())
	}
	return nil
}

func encodeCBOR(ctx context.Context, output any) ([]byte, error) {
	value, ok := output.(smithy.Serializable)
	if !ok {
		return nil, fmt.Errorf("%T cannot be serialized", output)
	}
	if v := reflect.ValueOf(output); v.Kind() == reflect.Pointer && v.IsNil() {
		return []byte{0xa0}, nil // an empty map
	}
	request := smithyhttp.NewStackRequest().(*smithyhttp.Request)
	if err := rpcv2.NewCBOR(anyService("any")).SerializeRequest(ctx, anyOperation("any"), value, request); err != nil {
		return nil, err
	}
	if request.GetStream() == nil {
		return []byte{0xa0}, nil
	}
	return io.ReadAll(request.GetStream())
}

func writeCBOR(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", cborType)
	w.WriteHeader(status)
	_, _ = w.Write(body) // an error means that the client has gone
}

func writeCBORError(w http.ResponseWriter, e *apiError) {
	members := map[string]any{"__type": e.Code, "message": e.Message}
	for name, value := range e.Extra {
		members[name] = value
	}
	body, err := cbor.Marshal(members)
	if err != nil {
		panic(fmt.Sprintf("error members of %s: %v", e.Code, err))
	}
	w.Header().Set("x-amzn-query-error", e.queryError())
	writeCBOR(w, e.Status, body)
}
