package emulator

import (
	"encoding/xml"
	"net/http"
	"net/url"
	"strings"
)

// queryService is a service that is reached by form-encoded Action=….
type queryService struct {
	name       string // signing name
	version    string // of the API, as the Version parameter has it
	namespace  string // of the answers' XML
	operations map[string]operation
}

// queryNames are the signing names of the services that speak the query
// protocol, for those that the emulator does not have.
const unknownQueryNamespace = "http://webservices.amazon.com/AWSFault/2005-15-09"

// isQuery tells a request of the query protocol: Action in the form, or in the
// URL of a GET.
func isQuery(r *http.Request) bool {
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		return true
	}
	return r.URL.RawQuery != "" && r.URL.Query().Has("Action")
}

func (s *Server) serveQuery(w http.ResponseWriter, r *http.Request) {
	c := callerOf(r.Context())
	body, failure := readBody(w, r)
	if failure != nil {
		writeQueryError(w, unknownQueryNamespace, c, failure)
		return
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		writeQueryError(w, unknownQueryNamespace, c, failf(http.StatusBadRequest, "MalformedQueryString", "%s", err.Error()))
		return
	}
	for name, values := range r.URL.Query() {
		form[name] = append(form[name], values...)
	}
	action, version := form.Get("Action"), form.Get("Version")
	service, ok := s.queryServiceFor(c.Service, version)
	o, has := service.operations[action]
	switch {
	case action == "":
		writeQueryError(w, service.namespaceOr(), c, failf(http.StatusBadRequest, "MissingAction", "Missing Action"))
	case !ok || !has:
		s.notServed(c, c.Service, action)
		writeQueryError(w, service.namespaceOr(), c, failf(http.StatusBadRequest, "InvalidAction",
			"Could not find operation %s for version %s", action, version))
	default:
		s.runQuery(w, r, service, action, o, form)
	}
}

func (q *queryService) namespaceOr() string {
	if q.namespace == "" {
		return unknownQueryNamespace
	}
	return q.namespace
}

// queryServiceFor finds the service by the credential scope, or, of an unsigned
// request, by the API's version.
func (s *Server) queryServiceFor(signingName, version string) (queryService, bool) {
	if service, ok := s.queries[signingName]; ok {
		return service, service.version == version || version == ""
	}
	if signingName != "" {
		return queryService{}, false
	}
	for _, service := range s.queries {
		if service.version == version {
			return service, true
		}
	}
	return queryService{}, false
}

func (s *Server) runQuery(w http.ResponseWriter, r *http.Request, service queryService, action string, o operation, form url.Values) {
	c := callerOf(r.Context())
	input := o.newInput()
	failure := decodeQuery(form, input)
	s.countRefused(c, service.name, action, failure)
	if failure == nil {
		failure = s.enums.check(input, "ValidationError")
	}
	var output any
	if failure == nil {
		output, failure = s.invoke(r.Context(), service.name, action, o, input)
	}
	if failure != nil {
		writeQueryError(w, service.namespace, c, failure)
		return
	}
	body, err := encodeQuery(service.namespace, action, c.RequestID, output)
	if err != nil {
		writeQueryError(w, service.namespace, c, s.internal(c, service.name+"."+action, err))
		return
	}
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(body) // an error means that the client has gone
}

// queryFailure is the ErrorResponse of the query protocol.
// https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
type queryFailure struct {
	XMLName   xml.Name `xml:"ErrorResponse"`
	Namespace string   `xml:"xmlns,attr"`
	Type      string   `xml:"Error>Type"`
	Code      string   `xml:"Error>Code"`
	Message   string   `xml:"Error>Message"`
	RequestID string   `xml:"RequestId"`
}

func writeQueryError(w http.ResponseWriter, namespace string, c caller, e *apiError) {
	answer := queryFailure{Namespace: namespace, Type: e.fault(), Code: queryCode(e.Code), Message: e.Message, RequestID: c.RequestID}
	body, err := xml.Marshal(answer)
	if err != nil {
		panic("query error: " + err.Error()) // strings alone: cannot fail
	}
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(e.Status)
	_, _ = w.Write(body) // an error means that the client has gone
}

// fault tells whose error it is, in the query protocol's words.
func (e *apiError) fault() string {
	if e.Receiver {
		return "Receiver"
	}
	return "Sender"
}

// queryError is the header in which services that left the query protocol give
// the code that an error had there.
func (e *apiError) queryError() string { return queryCode(e.Code) + ";" + e.fault() }

// queryCode gives the query protocol's name of an error that is common to all
// services.
func queryCode(code string) string {
	switch code {
	case "AccessDeniedException":
		return "AccessDenied"
	case "ExpiredTokenException":
		return "ExpiredToken"
	case "ThrottlingException":
		return "Throttling"
	case "ValidationException":
		return "ValidationError"
	}
	if old := sqsQueryCode(code); old != "" {
		return old
	}
	return cloudWatchQueryCode(code)
}
