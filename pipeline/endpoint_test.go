package pipeline

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"enrich/config"
	"enrich/emulator"
	"enrich/engine"
)

// endpointVariable names a moto server to run the tests against, in the place of
// our own emulator. It is reset before each test: moto keeps the tags of alarms
// and log groups that were deleted.
const endpointVariable = "ENRICH_TEST_ENDPOINT"

// cloud is an endpoint and the identity of the pipelines in it.
type cloud struct {
	sdk      aws.Config
	id       Identity
	emulated bool
}

// newCloud is the endpoint that was chosen, or an emulator of the test's own.
func newCloud(t *testing.T) cloud {
	t.Helper()
	address := os.Getenv(endpointVariable)
	if address == "" {
		c, _ := newEmulated(t)
		return c
	}
	reset(t, address)
	return cloudAt(t, address)
}

// newEmulated starts an emulator of the test's own, whatever endpoint was chosen.
func newEmulated(t *testing.T) (cloud, *emulator.Server) {
	t.Helper()
	return emulatedWith(t, emulator.Options{})
}

func emulatedWith(t *testing.T, options emulator.Options) (cloud, *emulator.Server) {
	t.Helper()
	server, err := emulator.Start(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	c := cloudAt(t, server.Endpoint())
	c.emulated = true
	return c, server
}

func cloudAt(t *testing.T, address string) cloud {
	t.Helper()
	// A server that ends waits for connections that were never used.
	transport := http.DefaultTransport.(*http.Transport).Clone()
	t.Cleanup(transport.CloseIdleConnections)
	sdk := aws.Config{
		Region:       "us-east-1",
		HTTPClient:   &http.Client{Transport: transport},
		BaseEndpoint: &address,
		Credentials:  credentials.NewStaticCredentialsProvider("test", "test", ""),
	}
	caller, err := sts.NewFromConfig(sdk).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	if err != nil {
		t.Fatal(err)
	}
	return cloud{
		sdk: sdk,
		id: Identity{
			Name: "orders", Environment: "dev", Partition: "aws", Account: aws.ToString(caller.Account), Region: "us-east-1",
		},
	}
}

func reset(t *testing.T, address string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address+"/moto-api/reset", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("resetting %s: %s, %v", address, response.Status, err)
	}
}

// pipeline makes the default one, changed by what is given.
func (c cloud) pipeline(t *testing.T, changes ...func(*config.Config)) *Pipeline {
	t.Helper()
	cfg := config.Default(c.id.Environment)
	cfg.Name = c.id.Name
	cfg.Alarms.Composite = c.emulated // moto answers with an error
	for _, change := range changes {
		change(&cfg)
	}
	id := c.id
	id.Environment = cfg.Environment
	p, err := New(cfg, id, c.sdk, archive(t, "#!/bin/sh\n"))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// archive has a program that nobody runs.
func archive(t *testing.T, program string) Code {
	t.Helper()
	var data bytes.Buffer
	writer := zip.NewWriter(&data)
	header := &zip.FileHeader{Name: "bootstrap", Method: zip.Deflate}
	header.SetMode(0o755)
	file, err := writer.CreateHeader(header)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.Write([]byte(program)); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(data.Bytes())
	return Code{Zip: data.Bytes(), SHA256: base64.StdEncoding.EncodeToString(sum[:])}
}

// notes keeps what a resource told.
type notes struct {
	mutex    sync.Mutex
	id, arn  string
	statuses []string
}

func (n *notes) Identified(id, arn string) {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	n.id, n.arn = id, arn
}

func (n *notes) Status(text string) {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	n.statuses = append(n.statuses, text)
}

func (n *notes) Waits() (done func()) { return func() {} }

// pick finds a resource of the pipeline.
func pick(t *testing.T, p *Pipeline, key string) engine.Resource {
	t.Helper()
	resources := p.Resources()
	i := slices.IndexFunc(resources, func(r engine.Resource) bool { return r.Key() == key })
	if i < 0 {
		t.Fatalf("no resource %s", key)
	}
	return resources[i]
}

// deployed makes a resource and all that it depends on, and leaves nothing behind.
func deployed(t *testing.T, p *Pipeline, key string) engine.Resource {
	t.Helper()
	resource := pick(t, p, key)
	for _, need := range resource.DependsOn() {
		deployed(t, p, need)
	}
	if _, err := resource.Read(t.Context()); err == nil {
		return resource // somebody else's need as well
	}
	t.Cleanup(func() {
		if err := resource.Delete(context.WithoutCancel(t.Context()), &notes{}); err != nil {
			t.Error(err)
		}
	})
	if err := resource.Create(t.Context(), &notes{}); err != nil {
		t.Fatal(err)
	}
	return resource
}

// read expects the resource to be there.
func read(t *testing.T, resource engine.Resource) *engine.Observed {
	t.Helper()
	observed, err := resource.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return observed
}

// absent expects the resource not to be there.
func absent(t *testing.T, resource engine.Resource) {
	t.Helper()
	if observed, err := resource.Read(t.Context()); !errors.Is(err, engine.ErrNotFound) {
		t.Fatalf("%s: %+v, %v, want not found", resource.Key(), observed, err)
	}
}

// same expects nothing to differ.
func same(t *testing.T, resource engine.Resource) *engine.Observed {
	t.Helper()
	observed := read(t, resource)
	if changes := resource.Diff(observed); len(changes) > 0 {
		t.Fatalf("%s: %s", resource.Key(), list(changes))
	}
	return observed
}

func list(changes []engine.Change) string {
	text := ""
	for _, c := range changes {
		text += fmt.Sprintf("%s: %v → %v\n", c.Field, c.Old, c.New)
	}
	return text
}

// fields of changes.
func fields(changes []engine.Change) []string {
	var names []string
	for _, c := range changes {
		names = append(names, c.Field)
	}
	return names
}
