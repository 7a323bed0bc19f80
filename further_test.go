package main

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// denied refuses operations to everybody.
type denied struct {
	operations []string
	next       http.Handler
}

func (d denied) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	target := r.Header.Get("X-Amz-Target")
	operation := target[strings.LastIndex(target, ".")+1:]
	if !slices.Contains(d.operations, operation) {
		d.next.ServeHTTP(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.Header().Set("X-Amzn-Errortype", "AccessDeniedException")
	w.WriteHeader(http.StatusBadRequest)
	_, _ = w.Write([]byte(`{"message":"User is not authorized to perform ` + operation + `"}`)) // to a program that waits
}

// Who may not ask for tags works by names alone, and is told so once a command.
func TestWithoutTheIndexOfTags(t *testing.T) {
	withoutAccount(t)
	a := newAccount(t)
	a.next = denied{[]string{"GetResources"}, a.next}
	for _, command := range [][]string{{"deploy"}, {"status"}, {"plan"}, {"destroy", "--yes"}} {
		code, told := a.enrich(t.Context(), command...)
		if code != exitDone || strings.Count(told, "warning: looking for resources by their tags: ") != 1 {
			t.Errorf("%s exits with %d: %s", command[0], code, told)
		}
	}
}
