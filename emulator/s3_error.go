package emulator

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"sort"
)

// Errors of S3: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html

func noSuchBucket() *apiError {
	return failf(http.StatusNotFound, "NoSuchBucket", "The specified bucket does not exist")
}

func s3Aborted() *apiError {
	return failf(http.StatusConflict, "OperationAborted", "A conflicting conditional operation is currently in progress against this resource. Please try again.")
}

func noSuchKey(key string) *apiError {
	err := failf(http.StatusNotFound, "NoSuchKey", "The specified key does not exist.")
	err.Extra = map[string]any{"Key": key}
	return err
}

func noSuchVersion(key, id string) *apiError {
	err := failf(http.StatusNotFound, "NoSuchVersion", "The specified version does not exist.")
	err.Extra = map[string]any{"Key": key, "VersionId": id}
	return err
}

func noSuchUpload(id string) *apiError {
	err := failf(http.StatusNotFound, "NoSuchUpload", "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.")
	err.Extra = map[string]any{"UploadId": id}
	return err
}

func malformedXML() *apiError {
	return failf(http.StatusBadRequest, "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema")
}

func invalidArgument(name, value, format string, args ...any) *apiError {
	err := failf(http.StatusBadRequest, "InvalidArgument", format, args...)
	err.Extra = map[string]any{"ArgumentName": name, "ArgumentValue": value}
	return err
}

func invalidRequest(format string, args ...any) *apiError {
	return failf(http.StatusBadRequest, "InvalidRequest", format, args...)
}

func preconditionFailed(condition string) *apiError {
	err := failf(http.StatusPreconditionFailed, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
	err.Extra = map[string]any{"Condition": condition}
	return err
}

func accessDenied() *apiError {
	return failf(http.StatusForbidden, "AccessDenied", "Access Denied")
}

// notImplemented names what the emulator does not have.
func notImplemented(what string) *apiError {
	return notHad(failf(http.StatusNotImplemented, "NotImplemented", "The emulator does not implement %s.", what), what)
}

// asAPIError makes any error one that can be sent.
func asAPIError(err error) *apiError {
	var known *apiError
	if errors.As(err, &known) {
		return known
	}
	return failf(http.StatusInternalServerError, "InternalError", "We encountered an internal error. Please try again. (%v)", err)
}

// writeS3Error sends an error as S3's XML.
func writeS3Error(w http.ResponseWriter, r *http.Request, failure *apiError) {
	header := w.Header()
	header.Del("Content-Length")
	header.Del("ETag")
	if failure.Status == http.StatusNotModified || r.Method == http.MethodHead {
		w.WriteHeader(failure.Status)
		return
	}
	header.Set("Content-Type", "application/xml")
	w.WriteHeader(failure.Status)
	body := xmlElement{name: "Error", children: []xmlElement{
		{name: "Code", text: failure.Code},
		{name: "Message", text: failure.Message},
	}}
	names := make([]string, 0, len(failure.Extra))
	for name := range failure.Extra {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		body.children = append(body.children, xmlElement{name: name, text: fmt.Sprint(failure.Extra[name])})
	}
	body.children = append(body.children,
		xmlElement{name: "RequestId", text: header.Get("X-Amz-Request-Id")},
		xmlElement{name: "HostId", text: header.Get("X-Amz-Id-2")})
	writeXML(w, body, "")
}

// xmlElement is a piece of XML without a struct of its own.
type xmlElement struct {
	name     string
	text     string
	children []xmlElement
}

// MarshalXML implements xml.Marshaler.
func (x xmlElement) MarshalXML(e *xml.Encoder, _ xml.StartElement) error {
	start := xml.StartElement{Name: xml.Name{Local: x.name}}
	if err := e.EncodeToken(start); err != nil {
		return err
	}
	if x.text != "" {
		if err := e.EncodeToken(xml.CharData(x.text)); err != nil {
			return err
		}
	}
	for _, child := range x.children {
		if err := e.Encode(child); err != nil {
			return err
		}
	}
	return e.EncodeToken(start.End())
}

// writeXML writes a document. What fails here is the connection, and nobody is
// left to tell.
func writeXML(w http.ResponseWriter, document any, namespace string) {
	body, err := xml.Marshal(document)
	if err != nil { // only a document that cannot be XML, which is a mistake of ours
		panic(fmt.Sprintf("writing XML: %v", err))
	}
	if namespace != "" {
		body = bytes.Replace(body, []byte(">"), []byte(` xmlns="`+namespace+`">`), 1)
	}
	_, _ = w.Write([]byte(xml.Header))
	_, _ = w.Write(body)
}
