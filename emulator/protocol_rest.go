package emulator

import (
	"bytes"
	"net/http"
	"strconv"
)

// restService is a service whose operations are told apart by method and path.
type restService interface {
	// route finds the operation of a request; nil if there is none.
	route(r *http.Request) *restCall
}

// restCall is one request of the REST-JSON protocol: an operation and how it is
// bound to HTTP.
type restCall struct {
	name      string // of the operation, as CreateFunction
	operation operation
	status    int // of success; 0 is 200
	// decode fills the input from the path, the query, the headers and the body;
	// nil: the body alone, in JSON.
	decode func(r *http.Request, body []byte, input any) *apiError
	// encode gives the body of the answer and may set headers; nil: JSON.
	encode func(header http.Header, output any) ([]byte, error)
}

func (s *Server) serveREST(w http.ResponseWriter, r *http.Request) {
	c := callerOf(r.Context())
	call := s.rest.route(r)
	if call == nil {
		s.notServed(c, "lambda", r.Method+" "+r.URL.Path)
		writeJSONError(w, failf(http.StatusNotFound, "UnknownOperationException",
			"The emulator does not have the operation %s %s of %s.", r.Method, r.URL.Path, "lambda"))
		return
	}
	body, failure := readBody(w, r)
	input := call.operation.newInput()
	if failure == nil {
		failure = call.bind(r, body, input)
	}
	if failure == nil {
		failure = s.enums.check(input, "ValidationException")
	}
	var output any
	if failure == nil {
		output, failure = s.invoke(r.Context(), "lambda", call.name, call.operation, input)
	}
	if failure != nil {
		writeJSONError(w, failure)
		return
	}
	call.answer(s, w, r, output)
}

func (call *restCall) bind(r *http.Request, body []byte, input any) *apiError {
	if call.decode != nil {
		return call.decode(r, body, input)
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	if err := decodeJSON(body, input); err != nil {
		return failf(http.StatusBadRequest, "SerializationException", "%s", err.Error())
	}
	return nil
}

func (call *restCall) answer(s *Server, w http.ResponseWriter, r *http.Request, output any) {
	var body []byte
	var err error
	w.Header().Set("Content-Type", "application/json")
	if call.encode != nil {
		body, err = call.encode(w.Header(), output)
	} else {
		body, err = encodeJSON(r.Context(), output)
	}
	if err != nil {
		writeJSONError(w, s.internal(callerOf(r.Context()), "lambda."+call.name, err))
		return
	}
	status := call.status
	if status == 0 {
		status = http.StatusOK
	}
	if status == http.StatusNoContent {
		w.WriteHeader(status)
		return
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // an error means that the client has gone
}
