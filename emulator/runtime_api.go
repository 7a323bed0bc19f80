package emulator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// payloadLimit is the largest event and the largest answer of a synchronous
// invocation, in bytes.
const payloadLimit = 6_291_556

// invocation is one event on its way through a function.
type invocation struct {
	id            string
	arn           string
	payload       []byte
	trace         string
	clientContext string
	deadline      time.Time
	answered      chan functionAnswer // holds one
}

// functionAnswer is what the function made of an event.
type functionAnswer struct {
	payload []byte
	failed  bool // the runtime reported an error
	kind    string
}

// runtimeAPI is the endpoint that one execution environment's runtime talks to.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
type runtimeAPI struct {
	listener net.Listener
	server   *http.Server
	serving  chan struct{}
	work     chan *invocation
	ready    chan struct{}       // closed at the first request for an event
	failed   chan functionAnswer // holds the runtime's own report of a failed init

	mu      sync.Mutex
	asked   bool
	current *invocation
}

func newRuntimeAPI(ctx context.Context) (*runtimeAPI, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("opening a Runtime API: %w", err)
	}
	a := &runtimeAPI{
		listener: listener, serving: make(chan struct{}), work: make(chan *invocation),
		ready: make(chan struct{}), failed: make(chan functionAnswer, 1),
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", a.next)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", a.response)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", a.failure)
	mux.HandleFunc("POST /2018-06-01/runtime/init/error", a.initFailure)
	a.server = &http.Server{Handler: mux, ReadHeaderTimeout: 30 * time.Second}
	go func() {
		defer close(a.serving)
		_ = a.server.Serve(listener) // ends when close closes the listener
	}()
	return a, nil
}

// address is what AWS_LAMBDA_RUNTIME_API holds.
func (a *runtimeAPI) address() string { return a.listener.Addr().String() }

func (a *runtimeAPI) close() {
	_ = a.server.Close() // the only error is that of a listener which is closed already
	<-a.serving
}

// next hands out the next event, and waits for one as long as it takes.
func (a *runtimeAPI) next(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	if !a.asked {
		a.asked = true
		close(a.ready)
	}
	a.mu.Unlock()
	select {
	case in := <-a.work:
		header := w.Header()
		header.Set("Lambda-Runtime-Aws-Request-Id", in.id)
		header.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(in.deadline.UnixMilli(), 10))
		header.Set("Lambda-Runtime-Invoked-Function-Arn", in.arn)
		header.Set("Lambda-Runtime-Trace-Id", in.trace)
		if in.clientContext != "" {
			header.Set("Lambda-Runtime-Client-Context", in.clientContext)
		}
		header.Set("Content-Type", "application/json")
		header.Set("Content-Length", strconv.Itoa(len(in.payload)))
		_, _ = w.Write(in.payload) // a runtime that has gone is noticed by its process
	case <-r.Context().Done():
	}
}

// give hands an event to the runtime as soon as that asks for it.
func (a *runtimeAPI) give(in *invocation, gone <-chan struct{}, late <-chan time.Time) bool {
	a.mu.Lock()
	a.current = in
	a.mu.Unlock()
	select {
	case a.work <- in:
		return true
	case <-gone:
	case <-late:
	}
	return false
}

// take gives the event that a report is about, once.
func (a *runtimeAPI) take(w http.ResponseWriter, r *http.Request) *invocation {
	a.mu.Lock()
	defer a.mu.Unlock()
	in := a.current
	if in == nil || in.id != r.PathValue("id") {
		runtimeError(w, http.StatusBadRequest, "InvalidRequestID", "Invalid request ID")
		return nil
	}
	a.current = nil
	return in
}

func (a *runtimeAPI) response(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, payloadLimit+1))
	if err != nil {
		runtimeError(w, http.StatusBadRequest, "InvalidResponse", err.Error())
		return
	}
	in := a.take(w, r)
	if in == nil {
		return
	}
	if len(body) > payloadLimit {
		n, err := io.Copy(io.Discard, r.Body)
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			n = 0 // the size is only for people
		}
		runtimeError(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", fmt.Sprintf("Exceeded maximum allowed payload size (%d bytes).", payloadLimit))
		in.answered <- functionAnswer{failed: true, kind: "Function.ResponseSizeTooLarge", payload: errorPayload("Function.ResponseSizeTooLarge",
			fmt.Sprintf("Response payload size (%d bytes) exceeded maximum allowed payload size (%d bytes).", int64(len(body))+n, payloadLimit))}
		return
	}
	accepted(w)
	in.answered <- functionAnswer{payload: body}
}

func (a *runtimeAPI) failure(w http.ResponseWriter, r *http.Request) {
	report, ok := readReport(w, r)
	if !ok {
		return
	}
	in := a.take(w, r)
	if in == nil {
		return
	}
	accepted(w)
	in.answered <- report
}

func (a *runtimeAPI) initFailure(w http.ResponseWriter, r *http.Request) {
	report, ok := readReport(w, r)
	if !ok {
		return
	}
	accepted(w)
	select {
	case a.failed <- report:
	default: // only the first report counts
	}
}

func readReport(w http.ResponseWriter, r *http.Request) (functionAnswer, bool) {
	body, err := io.ReadAll(io.LimitReader(r.Body, payloadLimit))
	if err != nil {
		runtimeError(w, http.StatusBadRequest, "InvalidErrorShape", err.Error())
		return functionAnswer{}, false
	}
	kind := r.Header.Get("Lambda-Runtime-Function-Error-Type")
	if kind == "" {
		kind = "Runtime.Unknown"
	}
	return functionAnswer{payload: body, failed: true, kind: kind}, true
}

func accepted(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.Copy(w, strings.NewReader(`{"status":"OK"}`)) // a runtime that has gone is noticed by its process
}

func runtimeError(w http.ResponseWriter, status int, kind, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(errorPayload(kind, message)) // see accepted
}
