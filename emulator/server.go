package emulator

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"time"
)

// bodyLimit is the largest request body in bytes: what Lambda accepts for a
// directly uploaded archive of 50 MB in base64, the largest of all operations
// here but S3's, which has its own limit.
const bodyLimit = 70_167_211

// Server is one running emulator.
type Server struct {
	options  Options
	owned    string // directory to remove on Close; "" when the caller gave one
	listener net.Listener
	http     *http.Server
	serving  chan struct{} // closed when the listener's loop has ended

	unsupported unsupportedCounts
	closing     sync.Once
	closed      chan struct{}
	closeErr    error

	targets map[string]jsonService  // by the prefix of X-Amz-Target
	queries map[string]queryService // by signing name
	rest    restService
	enums   enumIndex
	limits  map[string][]limit     // by service and operation
	rpc     map[string]jsonService // by the service name in an RPC v2 path
	faults  *faultInjector

	readiness *readiness
	services
}

// Start makes an emulator that listens when it returns. It accepts loopback
// addresses only: nothing that it serves is protected. Ending ctx does not stop
// the server; Close does.
func Start(ctx context.Context, options Options) (*Server, error) {
	s := &Server{options: withDefaults(options), serving: make(chan struct{}), closed: make(chan struct{})}
	listener := options.Listener
	if listener == nil {
		var err error
		if listener, err = listen(ctx, s.options.Address); err != nil {
			return nil, err
		}
	}
	s.listener = listener
	if err := s.prepare(); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	s.SetEnforceThroughput(options.EnforceThroughput)
	s.http = &http.Server{
		Handler:           s,
		ConnContext:       withConn,
		ReadHeaderTimeout: 30 * time.Second,
		ErrorLog:          slog.NewLogLogger(s.options.Logger.Handler(), slog.LevelWarn),
	}
	go func() {
		defer close(s.serving)
		if err := s.http.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.options.Logger.Error("the emulator stopped serving", "error", err)
		}
	}()
	if err := errors.Join(s.SetReadiness(options.Readiness), s.SetFaults(options.FaultSeed, options.Faults...), s.SetCallerPolicy(options.CallerPolicy)); err != nil {
		return nil, errors.Join(err, s.Close(ctx))
	}
	return s, nil
}

func withDefaults(o Options) Options {
	if o.Address == "" {
		o.Address = "127.0.0.1:0"
	}
	if o.Account == "" {
		o.Account = "000000000000"
	}
	if o.Region == "" {
		o.Region = "us-east-1"
	}
	if o.Clock == nil {
		o.Clock = wallClock{}
	}
	if o.StreamMemory == 0 {
		o.StreamMemory = 1 << 30
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// listen opens a loopback address and refuses any other.
func listen(ctx context.Context, address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("listening on %q: %w", address, err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("listening on %q: the emulator serves without checking signatures, so it listens on loopback addresses only, as 127.0.0.1", address)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w", address, err)
	}
	return listener, nil
}

func (s *Server) prepare() error {
	if s.options.Directory == "" {
		directory, err := os.MkdirTemp("", "aws-emulator-")
		if err != nil {
			return fmt.Errorf("making a directory for functions: %w", err)
		}
		s.options.Directory, s.owned = directory, directory
	}
	s.wire()
	return nil
}

// Endpoint is the URL to give to an SDK, as AWS_ENDPOINT_URL.
func (s *Server) Endpoint() string { return "http://" + s.listener.Addr().String() }

// Closed is closed when the server has stopped, also after a request to its
// shutdown address.
func (s *Server) Closed() <-chan struct{} { return s.closed }

// Close stops the mappings, the functions and the server, in this order, waits
// for requests in flight until ctx ends, and removes what the server made.
// Closing twice gives the first result again.
func (s *Server) Close(ctx context.Context) error {
	s.closing.Do(func() {
		defer close(s.closed)
		err := s.halt(ctx)
		if shutdown := s.http.Shutdown(ctx); shutdown != nil {
			// Who still keeps a connection busy is cut off: nothing may outlive Close.
			err = errors.Join(err, shutdown, s.http.Close())
		}
		<-s.serving
		if s.owned != "" {
			err = errors.Join(err, os.RemoveAll(s.owned))
		}
		s.closeErr = err
	})
	select {
	case <-s.closed:
		return s.closeErr
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ServeHTTP finds the service and the protocol of a request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/_enrich/") {
		s.serveControl(w, r)
		return
	}
	c, leave := s.callerFor(r)
	defer leave()
	r = r.WithContext(withCaller(r.Context(), c))
	w.Header().Set("x-amzn-RequestId", c.RequestID)
	w.Header().Set("Date", s.options.Clock.Now().UTC().Format(http.TimeFormat))
	defer s.recoverPanic(w, r)
	switch {
	case r.Header.Get("X-Amz-Target") != "":
		s.serveJSON(w, r)
	case r.Header.Get("Smithy-Protocol") != "" || (c.Service == "monitoring" && strings.HasPrefix(r.URL.Path, "/service/")):
		s.serveRPC(w, r)
	case c.Service == "lambda" || (c.Service == "" && datedPath(r.URL.Path)):
		s.serveREST(w, r)
	case c.Service != "s3" && isQuery(r):
		s.serveQuery(w, r)
	case c.Service == "s3" || c.Service == "":
		s.serveS3(w, r)
	default:
		s.notServed(c, c.Service, r.Method+" "+r.URL.Path)
		writeJSONError(w, failf(http.StatusNotFound, "UnknownOperationException",
			"The emulator does not have the service %s.", c.Service))
	}
}

// callerFor tells who calls, and what to call when the call has ended.
func (s *Server) callerFor(r *http.Request) (c caller, leave func()) {
	accessKey, region, service := scopeOf(r)
	if region == "" {
		region = s.options.Region
	}
	id := newRequestID()
	if service == "dynamodb" {
		id = newTableRequestID()
	}
	c = caller{
		AccessKey: accessKey, Region: region, Service: service,
		Account: s.options.Account, Partition: partitionOf(region), RequestID: id,
		policy: s.iam.user.Load(),
	}
	if !strings.HasPrefix(accessKey, "ASIA") {
		return c, func() {}
	}
	c.Session, leave = s.iam.enter(accessKey)
	return c, leave
}

// newRequestID gives a random (version 4) UUID.
func newRequestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand crashes the program instead
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// newTableRequestID gives an ID as DynamoDB does: 26 characters by chance, and always
// the same after them.
func newTableRequestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // as above
	return base32.HexEncoding.WithPadding(base32.NoPadding).EncodeToString(b[:]) + "VV4KQNSO5AEMVJF66Q9ASUAAJG"
}

// datedPath tells whether a path begins with the date of a REST API, as
// Lambda's /2015-03-31/functions.
func datedPath(path string) bool {
	if len(path) < 12 || path[0] != '/' || path[11] != '/' {
		return false
	}
	_, err := time.Parse(time.DateOnly, path[1:11])
	return err == nil
}

// invoke runs one operation, if no fault keeps it from that, and measures it.
func (s *Server) invoke(ctx context.Context, serviceName, name string, o operation, input any) (output any, failure *apiError) {
	started := s.options.Clock.Now()
	output, failure = s.attempt(ctx, serviceName, name, o, input)
	s.measure(callerOf(ctx), serviceName, name, input, output, failure, s.options.Clock.Now().Sub(started))
	return output, failure
}

func (s *Server) attempt(ctx context.Context, serviceName, name string, o operation, input any) (output any, failure *apiError) {
	c := callerOf(ctx)
	hit := s.faults.strike(c, serviceName, name, input)
	if hit == nil {
		return s.run(ctx, serviceName, name, o, input)
	}
	if failure = hit.before(ctx); failure == nil {
		output, failure = s.run(ctx, serviceName, name, o, input)
	} else if hit.kind == FaultThrottle && serviceName == "lambda" && name == "Invoke" {
		s.lambda.countKeptOut(input)
	}
	hit.after(ctx)
	return output, failure
}

// run authorizes and runs one operation; whatever goes wrong comes back as an
// error in AWS's terms.
func (s *Server) run(ctx context.Context, serviceName, name string, o operation, input any) (output any, failure *apiError) {
	c := callerOf(ctx)
	defer func() {
		if p := recover(); p != nil {
			output, failure = nil, s.internal(c, serviceName+"."+name, fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
		}
	}()
	if failure := s.authorize(c, serviceName, name, input); failure != nil {
		return nil, failure
	}
	if failure := s.checkModel(serviceName, name, input); failure != nil {
		return nil, failure
	}
	output, err := o.invoke(ctx, input)
	if err == nil {
		return output, nil
	}
	if api, ok := errors.AsType[*apiError](err); ok {
		if api.unsupported != "" {
			s.notHeeded(c, serviceName, name, api.unsupported)
		}
		return nil, api
	}
	return nil, s.internal(c, serviceName+"."+name, err)
}

// internal logs a fault of the emulator and gives what the client may see of it.
func (s *Server) internal(c caller, operation string, err error) *apiError {
	s.options.Logger.Error("internal failure", "operation", operation, "request", c.RequestID, "error", err)
	return failf(http.StatusInternalServerError, "InternalFailure",
		"The request processing has failed because of an unknown error, exception or failure. (%s)", operation)
}

// recoverPanic answers for a handler that broke outside of an operation.
func (s *Server) recoverPanic(w http.ResponseWriter, r *http.Request) {
	p := recover()
	if p == nil {
		return
	}
	if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(p)
	}
	failure := s.internal(callerOf(r.Context()), r.Method+" "+r.URL.Path, fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
	writeJSONError(w, failure)
}
