package emulator

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"

	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/schemas"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/traits"
)

// restRoute binds an operation to HTTP as the SDK's own schema of it says.
type restRoute struct {
	name    string
	method  string
	path    []string // segments; {Member} stands for one that fills a member
	status  int
	labels  map[string]string // member by label
	queries map[string]string // query parameter by member
	headers map[string]string // header by member
	payload string            // member that is the body itself; "" when the body is JSON
}

// lambdaRoutes reads the routes of the operations that the emulator has out of
// the SDK's schemas.
func lambdaRoutes() []restRoute {
	bindings := []struct{ operation, input *smithy.Schema }{
		{schemas.CreateEventSourceMapping, schemas.CreateEventSourceMappingRequest},
		{schemas.CreateFunction, schemas.CreateFunctionRequest},
		{schemas.DeleteEventSourceMapping, schemas.DeleteEventSourceMappingRequest},
		{schemas.DeleteFunction, schemas.DeleteFunctionRequest},
		{schemas.DeleteFunctionConcurrency, schemas.DeleteFunctionConcurrencyRequest},
		{schemas.GetEventSourceMapping, schemas.GetEventSourceMappingRequest},
		{schemas.GetFunction, schemas.GetFunctionRequest},
		{schemas.GetFunctionConcurrency, schemas.GetFunctionConcurrencyRequest},
		{schemas.GetFunctionConfiguration, schemas.GetFunctionConfigurationRequest},
		{schemas.Invoke, schemas.InvocationRequest},
		{schemas.ListEventSourceMappings, schemas.ListEventSourceMappingsRequest},
		{schemas.ListFunctions, schemas.ListFunctionsRequest},
		{schemas.ListTags, schemas.ListTagsRequest},
		{schemas.ListVersionsByFunction, schemas.ListVersionsByFunctionRequest},
		{schemas.PutFunctionConcurrency, schemas.PutFunctionConcurrencyRequest},
		{schemas.TagResource, schemas.TagResourceRequest},
		{schemas.UntagResource, schemas.UntagResourceRequest},
		{schemas.UpdateEventSourceMapping, schemas.UpdateEventSourceMappingRequest},
		{schemas.UpdateFunctionCode, schemas.UpdateFunctionCodeRequest},
		{schemas.UpdateFunctionConfiguration, schemas.UpdateFunctionConfigurationRequest},
	}
	routes := make([]restRoute, 0, len(bindings))
	for _, b := range bindings {
		routes = append(routes, routeOf(b.operation, b.input))
	}
	return routes
}

func routeOf(operation, input *smithy.Schema) restRoute {
	binding, _ := smithy.SchemaTrait[*traits.HTTP](operation)
	r := restRoute{
		name: operation.ID().Name, method: binding.Method, path: segments(binding.URI), status: binding.Code,
		labels: map[string]string{}, queries: map[string]string{}, headers: map[string]string{},
	}
	for name, member := range input.Members() {
		if _, ok := smithy.SchemaTrait[*traits.HTTPLabel](member); ok {
			r.labels["{"+name+"}"] = name
		}
		if query, ok := smithy.SchemaTrait[*traits.HTTPQuery](member); ok {
			r.queries[name] = query.Name
		}
		if header, ok := smithy.SchemaTrait[*traits.HTTPHeader](member); ok {
			r.headers[name] = header.Name
		}
		if _, ok := smithy.SchemaTrait[*traits.HTTPPayload](member); ok {
			r.payload = name
		}
	}
	return r
}

// segments cuts an escaped path; a slash at its end, which the older SDKs send,
// counts for nothing.
func segments(path string) []string {
	return strings.Split(strings.Trim(path, "/"), "/")
}

// match gives the values of the path's labels. They may hold escaped slashes
// and colons, as ARNs do.
func (r *restRoute) match(method string, path []string) (map[string]string, bool) {
	if method != r.method || len(path) != len(r.path) {
		return nil, false
	}
	values := map[string]string{}
	for i, segment := range r.path {
		member, label := r.labels[segment]
		if !label {
			if segment != path[i] {
				return nil, false
			}
			continue
		}
		value, err := url.PathUnescape(path[i])
		if err != nil || value == "" {
			return nil, false
		}
		values[member] = value
	}
	return values, true
}

// route finds the operation of a request; nil if there is none.
func (l *lambdaService) route(r *http.Request) *restCall {
	path := segments(r.URL.EscapedPath())
	for i := range l.routes {
		values, ok := l.routes[i].match(r.Method, path)
		if ok {
			return l.call(&l.routes[i], values, r)
		}
	}
	return l.archiveCall(r)
}

func (l *lambdaService) call(route *restRoute, values map[string]string, r *http.Request) *restCall {
	call := &restCall{
		name: route.name, operation: l.table[route.name], status: route.status,
		decode: func(r *http.Request, body []byte, input any) *apiError {
			return route.decode(r, values, body, input)
		},
	}
	switch route.name {
	case "Invoke":
		call.status = invokeStatus(types.InvocationType(r.Header.Get("X-Amz-Invocation-Type")))
		call.encode = encodeInvocation
	case "DeleteFunction":
		call.status = http.StatusNoContent // what AWS answers for all but functions that must drain
	}
	return call
}

func (r *restRoute) decode(request *http.Request, values map[string]string, body []byte, input any) *apiError {
	v := reflect.ValueOf(input).Elem()
	if r.payload != "" {
		v.FieldByName(r.payload).SetBytes(body)
	} else if len(bytes.TrimSpace(body)) > 0 {
		if err := decodeJSON(body, input); err != nil {
			return failf(http.StatusBadRequest, "SerializationException", "%s", err.Error())
		}
	}
	for member, value := range values {
		if err := setMember(v.FieldByName(member), []string{value}); err != nil {
			return failf(http.StatusBadRequest, "ValidationException", "%s: %s", member, err)
		}
	}
	query := request.URL.Query()
	for member, name := range r.queries {
		if err := setMember(v.FieldByName(member), query[name]); err != nil {
			return failf(http.StatusBadRequest, "ValidationException", "%s: %s", name, err)
		}
	}
	for member, name := range r.headers {
		if err := setMember(v.FieldByName(member), request.Header.Values(name)); err != nil {
			return failf(http.StatusBadRequest, "ValidationException", "%s: %s", name, err)
		}
	}
	if in, ok := input.(*awslambda.CreateEventSourceMappingInput); ok {
		return checkStartingPosition(in.StartingPosition)
	}
	return nil
}

// setMember fills a member of an input from the texts of a path, a query or a
// header; without texts it stays as it is.
func setMember(field reflect.Value, texts []string) error {
	if len(texts) == 0 {
		return nil
	}
	target := field
	if field.Kind() == reflect.Pointer {
		target = reflect.New(field.Type().Elem()).Elem()
		defer func() { field.Set(target.Addr()) }()
	}
	switch target.Kind() {
	case reflect.String:
		target.SetString(texts[0])
	case reflect.Int32:
		n, err := strconv.ParseInt(texts[0], 10, 32)
		if err != nil {
			return fmt.Errorf("%q is not an Integer", texts[0])
		}
		target.SetInt(n)
	case reflect.Bool:
		b, err := strconv.ParseBool(texts[0])
		if err != nil {
			return fmt.Errorf("%q is not a Boolean", texts[0])
		}
		target.SetBool(b)
	case reflect.Slice:
		target.Set(reflect.ValueOf(texts))
	default:
		return fmt.Errorf("members of type %s are not bound to HTTP", target.Type())
	}
	return nil
}

func invokeStatus(kind types.InvocationType) int {
	switch kind {
	case types.InvocationTypeEvent:
		return http.StatusAccepted
	case types.InvocationTypeDryRun:
		return http.StatusNoContent
	}
	return http.StatusOK
}

// encodeInvocation answers with the function's own bytes.
func encodeInvocation(header http.Header, output any) ([]byte, error) {
	out := output.(*awslambda.InvokeOutput)
	for name, value := range map[string]*string{
		"X-Amz-Function-Error": out.FunctionError, "X-Amz-Log-Result": out.LogResult, "X-Amz-Executed-Version": out.ExecutedVersion,
	} {
		if value != nil {
			header.Set(name, *value)
		}
	}
	return out.Payload, nil
}
