package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"enrich/emulator"
	"enrich/state"
	"enrich/tools/pack/archive"
)

// account is an endpoint with one pipeline in it, and the directory of its
// record.
type account struct {
	*cutter
	directory string
	config    string
	archives  fstest.MapFS
}

// everyKind has what only a setting makes, and two of what there may be many of.
const everyKind = `
alarms: {notify: [ops@example.com, "arn:aws:sns:us-east-1:123456789012:pager"]}
lookups:
- {name: users, key: user_id, fields: [name]}
- {name: products, key: sku, fields: [title]}
`

func newAccount(t testing.TB, change ...func(*emulator.Options)) *account {
	t.Helper()
	packed, err := archive.Pack([]byte("#!/bin/sh\n")) // no record comes in, so nobody runs it
	if err != nil {
		t.Fatal(err)
	}
	a := &account{cutter: newCutter(t, change...), directory: filepath.Join(t.TempDir(), "0"), archives: fstest.MapFS{}}
	for _, architecture := range architectures() {
		a.archives["function-linux-"+architecture+".zip"] = &fstest.MapFile{Data: packed}
	}
	return a
}

// newFullAccount is for a pipeline with what only a setting makes, too.
func newFullAccount(t testing.TB) *account {
	t.Helper()
	a := newAccount(t)
	a.config = filepath.Join(t.TempDir(), "all.yaml")
	if err := os.WriteFile(a.config, []byte(everyKind), 0o600); err != nil {
		t.Fatal(err)
	}
	return a
}

// places are the flags that lead to the account.
func (a *account) places() []string {
	flags := []string{"--endpoint-url", a.endpoint, "--state-dir", a.directory}
	if a.config != "" {
		flags = append(flags, "--config", a.config)
	}
	return flags
}

// enrich runs a command to its end.
func (a *account) enrich(ctx context.Context, words ...string) (code int, told string) {
	var out bytes.Buffer
	words = append(words, a.places()...)
	code = run(ctx, words, streams{in: strings.NewReader(""), out: io.Discard, err: &out}, a.archives)
	return code, out.String()
}

// well runs a command that must succeed, and gives the calls that it made.
func (a *account) well(t testing.TB, words ...string) []string {
	t.Helper()
	a.set("", "")
	if code, told := a.enrich(t.Context(), words...); code != exitDone {
		t.Fatalf("%s exits with %d: %s", words[0], code, told)
	}
	return a.heard()
}

// losing runs a command that loses calls. Where that ends the process, what it
// would still do does not count: no call arrives any more, and the record is the
// one of the moment of its death.
func (a *account) losing(t *testing.T, calls []string, how cut, words ...string) {
	t.Helper()
	t.Logf("%s loses %s", words[0], strings.Join(calls, "; "))
	ctx, kill := context.WithCancel(t.Context())
	defer kill()
	a.set(calls[0], how, calls[1:]...)
	ended := make(chan struct{})
	var code int
	var told string
	go func() {
		defer close(ended)
		code, told = a.enrich(ctx, words...)
	}()
	select {
	case <-a.lost:
	case <-ended:
	}
	if how != cutReset {
		a.directory = a.recordOfNow(t)
		kill()
	}
	<-ended
	a.front.CloseClientConnections() // what was sent and not read is of a process that is no more
	select {
	case <-a.lost:
	default:
		t.Fatalf("never came: %s; exits with %d: %s", strings.Join(a.left(), "; "), code, told)
	}
	if how == cutReset && code != exitDone {
		t.Errorf("%s exits with %d although it went on: %s", words[0], code, told)
	}
}

// fill puts into the bucket what a destroy has to take out of it: a version, a
// delete marker and an unfinished upload.
func (a *account) fill(t *testing.T) {
	t.Helper()
	client := s3.NewFromConfig(elsewhere(t, a.endpoint), func(o *s3.Options) { o.UsePathStyle = true })
	bucket, key := aws.String("data-enrichment-dev-123456789012-us-east-1"), aws.String("enriched-data/object")
	_, put := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: bucket, Key: key})
	_, marked := client.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: bucket, Key: key})
	_, begun := client.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: bucket, Key: key})
	if err := errors.Join(put, marked, begun); err != nil {
		t.Fatal(err)
	}
}

// elsewhere is a configuration that nothing of ours made.
func elsewhere(t *testing.T, endpoint string) aws.Config {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return aws.Config{
		Region: "us-east-1", BaseEndpoint: &endpoint, HTTPClient: &http.Client{Transport: transport},
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	}
}

// recordOfNow is a copy of the record as it is on disk at this moment, with the
// lock that a dead process leaves.
func (a *account) recordOfNow(t *testing.T) (directory string) {
	t.Helper()
	directory = t.TempDir()
	entries, err := os.ReadDir(a.directory)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	for _, entry := range entries {
		content, err := os.ReadFile(filepath.Join(a.directory, entry.Name()))
		if errors.Is(err, fs.ErrNotExist) {
			continue // a temporary file, which became the record
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(directory, entry.Name()), content, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return directory
}

// recorded tells what is recorded in each phase.
func (a *account) recorded(t *testing.T) map[state.Phase]int {
	t.Helper()
	content, err := os.ReadFile(state.Path(a.directory, false, "data-enrichment", "dev"))
	if errors.Is(err, fs.ErrNotExist) {
		return map[state.Phase]int{}
	}
	var document state.Document
	if err := errors.Join(err, json.Unmarshal(content, &document)); err != nil {
		t.Fatal(err)
	}
	phases := map[state.Phase]int{}
	for _, r := range document.Resources {
		phases[r.Phase]++
	}
	return phases
}

// without an account of one's own.
func withoutAccount(t testing.TB) {
	t.Helper()
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_CONFIG_FILE": "none", "AWS_SHARED_CREDENTIALS_FILE": "none", "AWS_ENDPOINT_URL": "", "AWS_PROFILE": "",
		"AWS_CA_BUNDLE": "", // read for each client
	} {
		t.Setenv(name, value)
	}
}

// atOnce is how many accounts are worked on at the same time: most of a destroy's
// time is waiting.
const atOnce = 24

// loss is what a deploy and the destroy after it lose; empty: nothing.
type loss struct {
	how             cut
	deploy, destroy []string
}

// losses have each call once in each way that makes a difference.
func losses(deploys, destroys []string) []loss {
	var all []loss
	pair := func(how cut, deploys, destroys [][]string) {
		for i := range max(len(deploys), len(destroys)) {
			l := loss{how: how}
			if i < len(deploys) {
				l.deploy = deploys[i]
			}
			if i < len(destroys) {
				l.destroy = destroys[i]
			}
			all = append(all, l)
		}
	}
	alone := func(calls []string) [][]string { return slices.Collect(slices.Chunk(calls, 1)) }
	writes := func(calls []string) [][]string { return alone(slices.DeleteFunc(slices.Clone(calls), reads)) }
	const together = 12 // who goes on may lose more
	pair(cutBefore, alone(deploys), alone(destroys))
	pair(cutAfter, writes(deploys), writes(destroys))
	pair(cutReset, apart(deploys, together), apart(destroys, together))
	return all
}

// Deploy and destroy lose a call, each of their calls once in each way, and are run
// again: the account holds what it would hold without that, or nothing.
func TestConvergesFromEveryCall(t *testing.T) {
	withoutAccount(t)
	model := newFullAccount(t)
	empty := takeInventory(t, model.endpoint)
	deploys := model.well(t, "deploy")
	full, recorded := takeInventory(t, model.endpoint), model.recorded(t)
	model.fill(t)
	destroys := model.well(t, "destroy", "--yes")
	same(t, "after a clean destroy", empty, takeInventory(t, model.endpoint))
	t.Logf("%d calls of a clean deploy, %d of a destroy", len(deploys), len(destroys))

	var group errgroup.Group
	group.SetLimit(atOnce)
	for i, l := range losses(deploys, destroys) {
		group.Go(func() error {
			t.Run(fmt.Sprintf("%s/%d", l.how, i), func(t *testing.T) {
				a := newFullAccount(t)
				if len(l.deploy) > 0 {
					a.losing(t, l.deploy, l.how, "deploy")
				}
				if len(l.deploy) == 0 || l.how != cutReset {
					a.well(t, "deploy")
				}
				if len(l.deploy) > 0 {
					same(t, "after deploy", full, takeInventory(t, a.endpoint))
					same(t, "record", recorded, a.recorded(t))
				}
				if len(l.destroy) == 0 {
					return
				}
				a.fill(t)
				a.losing(t, l.destroy, l.how, "destroy", "--yes")
				if l.how != cutReset {
					a.well(t, "destroy", "--yes")
				}
				same(t, "after destroy", empty, takeInventory(t, a.endpoint))
				same(t, "record", map[state.Phase]int{}, a.recorded(t))
			})
			return nil
		})
	}
	_ = group.Wait() // no error: the tests report by themselves
}

func same[T any](t *testing.T, when string, want, got T) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", when, diff)
	}
}
