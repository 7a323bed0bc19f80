//go:build !windows

package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"enrich/emulator"
)

// Whoever read what a deploy prints goes away in the middle of a call, as head
// does, and tee at a Ctrl-C: the deploy ends as if they had stayed.
func TestDeployOutlivesItsReader(t *testing.T) {
	for name, test := range map[string]struct {
		interrupt bool
		code      int
		next      string
	}{
		"head": {false, exitFailed, "nothing to change"},
		"tee":  {true, exitInterrupted, "created      event source mapping"},
	} {
		t.Run(name, func(t *testing.T) {
			server, err := emulator.Start(t.Context(), emulator.Options{Account: "123456789012"})
			if err != nil {
				t.Fatal(err)
			}
			h := &holdUp{next: server}
			front := httptest.NewServer(h)
			t.Cleanup(func() {
				front.CloseClientConnections()
				front.Close()
				if err := server.Close(context.WithoutCancel(t.Context())); err != nil {
					t.Error(err)
				}
			})
			directory := t.TempDir()
			deploy := func() *exec.Cmd { return inAccount(t, directory, front.URL, "deploy") }
			arrived := h.hold("CreateTable")
			first := deploy()
			reader, writer, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			first.Stdout, first.Stderr = writer, writer
			if err := first.Start(); err != nil {
				t.Fatal(err)
			}
			<-arrived
			for _, end := range []*os.File{reader, writer} {
				if err := end.Close(); err != nil {
					t.Fatal(err)
				}
			}
			if test.interrupt {
				if err := first.Process.Signal(os.Interrupt); err != nil {
					t.Fatal(err)
				}
			}
			close(h.released)
			_ = first.Wait() // its exit code tells
			if code := first.ProcessState.ExitCode(); code != test.code {
				t.Errorf("%s, want exit code %d", first.ProcessState, test.code)
			}
			if shown, err := deploy().CombinedOutput(); err != nil || !strings.Contains(string(shown), test.next) {
				t.Errorf("the next deploy: %v\n%s", err, shown)
			}
		})
	}
}

// inAccount is the program in a directory of its own.
func inAccount(t *testing.T, directory, endpoint string, words ...string) *exec.Cmd {
	t.Helper()
	path, err := exec.LookPath("enrich")
	if err != nil {
		t.Fatal(err)
	}
	program := exec.CommandContext(t.Context(), path, words...)
	program.Dir = directory
	program.Env = append(os.Environ(), "AWS_ENDPOINT_URL="+endpoint, "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_REGION=us-east-1")
	return program
}

// A command that only prints ends in silence, also where there would be no end of
// what it prints.
func TestPrintingEndsWithItsReader(t *testing.T) {
	d := newDeployer(t)
	storage := s3.NewFromConfig(elsewhere(t, d.endpoint), func(o *s3.Options) { o.UsePathStyle = true })
	if _, err := storage.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String(deployerBucket)}); err != nil {
		t.Fatal(err)
	}
	key := "enriched-data/" + time.Now().UTC().Format("2006/01/02/15/") + "shardId-000000000000-1.ndjson.gz"
	if _, err := storage.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(deployerBucket), Key: &key, Body: bytes.NewReader(nil)}); err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || !strings.HasSuffix(r.URL.Path, ".ndjson.gz") {
			d.server.ServeHTTP(w, r)
			return
		}
		zip := gzip.NewWriter(w)
		for i := 0; r.Context().Err() == nil; i++ {
			_, _ = fmt.Fprintf(zip, "{\"n\":%d}\n", i) // until nobody listens
		}
	}))
	defer front.Close()
	for _, words := range [][]string{{"results"}, {"results", "-o", "json"}} {
		program := inAccount(t, d.directory, front.URL, words...)
		var told bytes.Buffer
		program.Stderr = &told
		out, err := program.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := program.Start(); err != nil {
			t.Fatal(err)
		}
		if line, err := bufio.NewReader(out).ReadString('\n'); err != nil {
			t.Errorf("%s prints %q, %v", words, line, err)
		}
		if err := out.Close(); err != nil {
			t.Fatal(err)
		}
		_ = program.Wait() // its exit code tells
		if code := program.ProcessState.ExitCode(); code != exitUnread || told.Len() > 0 {
			t.Errorf("%s: %s: %s", words, program.ProcessState, told.String())
		}
	}
}

// gone is a pipe that nobody reads any more.
type gone struct{}

func (gone) Write([]byte) (int, error) { return 0, syscall.EPIPE }

// What has no reader from the beginning is no failure of a command that only
// prints.
func TestNobodyReads(t *testing.T) {
	for _, words := range [][]string{{"version"}, {"--version"}, {"--help"}, {"version", "-o", "json"}} {
		var told bytes.Buffer
		code := run(t.Context(), words, streams{in: strings.NewReader(""), out: gone{}, err: &told}, os.DirFS(os.Getenv(archivesVariable)))
		if code != exitUnread || told.Len() > 0 {
			t.Errorf("%s exits with %d: %s", words, code, told.String())
		}
	}
}
