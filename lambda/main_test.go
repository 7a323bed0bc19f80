package lambda

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestMain lets the test binary be the function, in a process of its own.
func TestMain(m *testing.M) {
	if os.Getenv("TEST_AS_FUNCTION") != "" {
		os.Exit(Main())
	}
	os.Exit(m.Run())
}

// runtimeAPI gives a function one event after the other, as Lambda does.
type runtimeAPI struct {
	t       *testing.T
	events  chan []byte
	answers chan string // what the function posts: the path's last part, a space, the body
}

func (a *runtimeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, "/2018-06-01/runtime/")
	if path == "invocation/next" {
		select {
		case event := <-a.events:
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", "request-1")
			w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(20*time.Second).UnixMilli()))
			w.Header().Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:123456789012:function:f")
			_, _ = w.Write(event)
		case <-r.Context().Done():
		}
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		a.t.Error(err)
	}
	w.WriteHeader(http.StatusAccepted)
	a.answers <- path[strings.LastIndexByte(path, '/')+1:] + " " + string(body)
}

// start runs the function in a process of its own against a cloud.
func start(t *testing.T, cloudURL string, more ...string) (*runtimeAPI, *exec.Cmd, *bytes.Buffer) {
	t.Helper()
	api := &runtimeAPI{t: t, events: make(chan []byte), answers: make(chan string, 1)}
	server := httptest.NewServer(api)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	cmd := exec.CommandContext(t.Context(), exe)
	cmd.Stdout, cmd.Stderr = &log, &log
	getenv := environment(cloudURL, append(more, "AWS_LAMBDA_RUNTIME_API", strings.TrimPrefix(server.URL, "http://"), "TEST_AS_FUNCTION", "1")...)
	for _, name := range []string{
		"AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_LAMBDA_RUNTIME_API",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "BUCKET_NAME", "TABLE_NAME", "ENRICH_LOOKUPS", "TEST_AS_FUNCTION",
	} {
		cmd.Env = append(cmd.Env, name+"="+getenv(name))
	}
	cmd.Env = append(cmd.Env, "GOCOVERDIR="+t.TempDir()) // or a binary that measures coverage complains in the log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		server.CloseClientConnections()
		server.Close()
	})
	return api, cmd, &log
}

func (a *runtimeAPI) answer() string {
	a.t.Helper()
	select {
	case answer := <-a.answers:
		return answer
	case <-time.After(20 * time.Second):
		a.t.Fatal("the function does not answer")
		return ""
	}
}

func TestFunctionProcess(t *testing.T) {
	cloud, server := newCloud(t)
	cloud.items["ann"] = json.RawMessage(`{"user_id":{"S":"ann"},"name":{"S":"Ann"}}`)
	api, _, _ := start(t, server.URL, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
	for range 2 { // a process takes one event after the other
		api.events <- eventOf(t, good(1, "ann", beforeHour), bad(2, beforeHour))
		if got := api.answer(); got != `response {"batchItemFailures":[]}` {
			t.Fatal(got)
		}
	}
	api.events <- []byte(`{"Records":1}`)
	if got := api.answer(); !strings.HasPrefix(got, "error {") || !strings.Contains(got, "decoding the Kinesis event: unexpected") {
		t.Error(got)
	}
	cloud.mutex.Lock()
	defer cloud.mutex.Unlock()
	stored := fakeBucket{objects: cloud.objects}
	want := "/bucket/dead-letter/2026/11/23/14/" + shard + "-2.ndjson.gz: †bad2\n/bucket/enriched-data/2026/11/23/14/" + shard + "-1.ndjson.gz: 1"
	if got := stored.contents(t); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestFunctionThatCannotBegin(t *testing.T) {
	api, cmd, log := start(t, "http://127.0.0.1:1", "BUCKET_NAME", "")
	want := `error {"errorMessage":"BUCKET_NAME is missing: it names the bucket for enriched records","errorType":"Function.InvalidConfiguration"}`
	if got := api.answer(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Errorf("it ends with %v", err)
	}
	if !strings.Contains(log.String(), `"error":"BUCKET_NAME is missing: `) || strings.Count(log.String(), "\n") != 1 {
		t.Errorf("log: %s", log)
	}
}
