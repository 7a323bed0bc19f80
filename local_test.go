package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/rogpeppe/go-internal/testscript"
)

// announceOther writes the file of an emulator whose process number and port
// belong to something else now: other FILE.
func announceOther(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: other FILE")
	}
	server := httptest.NewServer(http.NotFoundHandler())
	ts.Defer(server.Close)
	port, err := portOf(strings.TrimPrefix(server.URL, "http://"))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), fmt.Appendf(nil, `{"pid":%d,"port":%d,"endpoint":%q,"started":%q}`,
		os.Getpid(), port, server.URL, time.Now().Format(time.RFC3339)), 0o600))
}

// untag takes the tags off a stream, as if somebody else had made it: untag
// STREAM.
func untag(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: emulate, then untag STREAM")
	}
	client := kinesis.NewFromConfig(aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(ts.Getenv("AWS_ENDPOINT_URL")),
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	})
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, err := client.RemoveTagsFromStream(ctx, &kinesis.RemoveTagsFromStreamInput{
		StreamName: aws.String(args[0]), TagKeys: []string{"enrich:pipeline", "enrich:environment", "managed-by"},
	})
	ts.Check(err)
}

// refusingMetadata starts an instance metadata service that gives nothing:
// metadata.
func refusingMetadata(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: metadata")
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
	}))
	ts.Defer(server.Close)
	ts.Setenv("AWS_EC2_METADATA_DISABLED", "false")
	ts.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", server.URL)
}

// takePort listens on a port and puts its number into TAKEN: taken.
func takePort(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: taken")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { ts.Check(listener.Close()) })
	port, err := portOf(listener.Addr().String())
	ts.Check(err)
	ts.Setenv("TAKEN", fmt.Sprint(port))
}

// An emulator that does not answer is not taken for a dead one: a second one
// beside it would have nothing of what the first one holds.
func TestFindWaitsForBusyEmulator(t *testing.T) {
	asked := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(asked)
		<-r.Context().Done()
	}))
	defer server.Close()
	l := place{t.TempDir()}
	d, err := announcement(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.announce(d); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked
		cancel()
	}()
	running, _, err := l.find(ctx)
	if running != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("%v, %v", running, err)
	}
	if !l.announced(os.Getpid()) {
		t.Error("its file is gone")
	}
}

func TestAnnouncement(t *testing.T) {
	l := place{t.TempDir()}
	d, err := announcement("http://127.0.0.1:4566")
	if err != nil || d.Port != 4566 || d.PID != os.Getpid() {
		t.Fatalf("%+v, %v", d, err)
	}
	if err := l.announce(d); err != nil {
		t.Fatal(err)
	}
	if err := l.withdraw(d.PID + 1); err != nil || !l.announced(d.PID) {
		t.Errorf("another process withdrew the file: %v", err)
	}
	if err := l.withdraw(d.PID); err != nil || l.announced(d.PID) {
		t.Errorf("the file is still there: %v", err)
	}
	if err := l.withdraw(d.PID); err != nil {
		t.Errorf("withdrawing twice: %v", err)
	}
	for _, endpoint := range []string{"", "http://127.0.0.1", "http://127.0.0.1:x", "%"} {
		if d, err := announcement(endpoint); err == nil {
			t.Errorf("%q gives %+v", endpoint, d)
		}
	}
	for _, content := range []string{"", "{", "[]", "{}", `{"pid":1}`, `{"pid":-1,"endpoint":"x"}`, `{"pid":"1","endpoint":"x"}`} {
		if d, complete := parseAnnouncement([]byte(content)); complete {
			t.Errorf("%q gives %+v", content, d)
		}
	}
}

// Every line of a followed log is whole, and with -o json a document.
func TestFollowLog(t *testing.T) {
	for json, want := range map[bool]string{
		false: "one\n\"two\"\n",
		true:  "{\"line\":\"one\"}\n{\"line\":\"\\\"two\\\"\"}\n",
	} {
		o, stdout, _ := recorded(look{json: json})
		p := &program{out: o}
		err := p.followLog(withoutTime(t), strings.NewReader("one\n\"two\"\nbegun"))
		if code, ok := errors.AsType[exit](err); !ok || code != exitDone {
			t.Errorf("ended with %v", err)
		}
		if stdout.String() != want {
			t.Errorf("json %v: got\n%s\nwant\n%s", json, stdout, want)
		}
	}
}
