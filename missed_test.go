package main

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// askKinesis sends a request in Kinesis's protocol to the emulator that a file tells of:
// ask FILE OPERATION BODY.
func askKinesis(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: ask FILE OPERATION BODY")
	}
	var local struct{ Endpoint string }
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &local))
	request, err := http.NewRequest(http.MethodPost, local.Endpoint, strings.NewReader(args[2]))
	ts.Check(err)
	request.Header.Set("X-Amz-Target", "Kinesis_20131202."+args[1])
	request.Header.Set("Content-Type", "application/x-amz-json-1.1")
	response, err := http.DefaultClient.Do(request)
	ts.Check(err)
	ts.Check(response.Body.Close())
	if response.StatusCode != http.StatusBadRequest {
		ts.Fatalf("%s is answered with %s", args[1], response.Status)
	}
}
