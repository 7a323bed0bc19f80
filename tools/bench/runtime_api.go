//go:build linux

package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	account  = "000000000000"
	region   = "us-east-1"
	timeout  = time.Minute // of an invocation: the pipeline's default
	function = "arn:aws:lambda:" + region + ":" + account + ":function:bench"
)

// runtimeAPI is as much of Lambda's Runtime API as a function needs.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
type runtimeAPI struct {
	ready   chan struct{} // closed at the first question for an event
	events  chan []byte
	answers chan reply
	asked   sync.Once
}

// reply is what a function makes of an event.
type reply struct {
	body   []byte
	failed bool
}

func newRuntimeAPI() *runtimeAPI {
	return &runtimeAPI{ready: make(chan struct{}), events: make(chan []byte), answers: make(chan reply, 1)}
}

func (a *runtimeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "/invocation/next") {
		a.asked.Do(func() { close(a.ready) })
		select {
		case event := <-a.events:
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", "request")
			w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(timeout).UnixMilli()))
			w.Header().Set("Lambda-Runtime-Invoked-Function-Arn", function)
			w.Header().Set("Content-Length", fmt.Sprint(len(event)))
			_, _ = w.Write(event) // that the function has gone is noticed by its process
		case <-r.Context().Done():
		}
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // likewise
	}
	w.WriteHeader(http.StatusAccepted)
	a.answers <- reply{body: body, failed: !strings.HasSuffix(r.URL.Path, "/response")}
}
