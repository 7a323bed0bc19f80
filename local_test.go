package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
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
