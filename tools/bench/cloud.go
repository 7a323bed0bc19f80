//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"enrich/answer"
	"enrich/emulator"
	"enrich/items"
)

const (
	tableName  = "bench-dev-users"
	bucketName = "bench-dev"
)

// latency is how late answers are, beside what the emulator itself takes.
type latency struct{ dynamodb, s3 time.Duration }

// cloud is the emulator's DynamoDB and S3 over TLS, as far away as AWS's.
type cloud struct {
	emulator    *emulator.Server
	front       *httptest.Server
	certificate string // path of the file that a client has to trust
	late        latency
	calls       calls
}

// calls counts what is charged.
type calls struct {
	reads atomic.Int64 // requests to DynamoDB
	keys  atomic.Int64 // that they asked for
	puts  atomic.Int64 // requests to S3
}

// newCloud makes a cloud with a bucket and a table of so many users. Directory is
// the emulator's and gets the certificate.
func newCloud(ctx context.Context, directory string, users int) (*cloud, error) {
	server, err := emulator.Start(ctx, emulator.Options{Account: account, Region: region, Directory: directory})
	if err != nil {
		return nil, err
	}
	c := &cloud{emulator: server, certificate: filepath.Join(directory, "certificate.pem")}
	c.front = httptest.NewUnstartedServer(c)
	c.front.StartTLS() // with HTTP/1.1 only, as DynamoDB and S3 are
	block := &pem.Block{Type: "CERTIFICATE", Bytes: c.front.Certificate().Raw}
	err = os.WriteFile(c.certificate, pem.EncodeToMemory(block), 0o600)
	if err == nil {
		err = c.fill(ctx, users)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("filling the emulator: %w", err), c.close(ctx))
	}
	return c, nil
}

func (c *cloud) close(ctx context.Context) error {
	c.front.Close()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return c.emulator.Close(ctx)
}

func (c *cloud) fill(ctx context.Context, users int) error {
	cfg := aws.Config{
		Region: region, BaseEndpoint: aws.String(c.emulator.Endpoint()), HTTPClient: answer.Once(http.DefaultClient),
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
	}
	buckets := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
	if _, err := buckets.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(bucketName)}); err != nil {
		return err
	}
	tables := dynamodb.NewFromConfig(cfg)
	if _, err := tables.CreateTable(ctx, &dynamodb.CreateTableInput{
		TableName: aws.String(tableName), BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("user_id"), AttributeType: types.ScalarAttributeTypeS}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("user_id"), KeyType: types.KeyTypeHash}},
	}); err != nil {
		return err
	}
	exists := dynamodb.NewTableExistsWaiter(tables)
	if err := exists.Wait(ctx, &dynamodb.DescribeTableInput{TableName: aws.String(tableName)}, time.Minute); err != nil {
		return err
	}
	var lines strings.Builder
	for n := range users {
		lines.WriteString(user(n))
	}
	report, err := items.Load(ctx, tables, strings.NewReader(lines.String()), items.Options{Table: tableName, Format: "ndjson"})
	if err == nil && report.Loaded != users {
		err = fmt.Errorf("%d of %d users were loaded: %v", report.Loaded, users, report.Rejected)
	}
	return err
}

// variables is the environment of a function that uses this cloud.
func (c *cloud) variables(megabytes int) []string {
	return []string{
		"AWS_ENDPOINT_URL=" + c.front.URL, "SSL_CERT_FILE=" + c.certificate, "AWS_CA_BUNDLE=" + c.certificate,
		"AWS_REGION=" + region, "AWS_DEFAULT_REGION=" + region, "AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=local",
		"AWS_LAMBDA_FUNCTION_NAME=bench", fmt.Sprintf("AWS_LAMBDA_FUNCTION_MEMORY_SIZE=%d", megabytes),
		"BUCKET_NAME=" + bucketName, "TABLE_NAME=" + tableName,
		"PYTHONDONTWRITEBYTECODE=1", // in Lambda, the place of the code cannot be written to
	}
}

// ServeHTTP counts a request and answers it, not before its time.
func (c *cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	late := c.late.s3
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		late = c.late.dynamodb
		c.calls.reads.Add(1)
		c.calls.keys.Add(keysOf(target, r))
	} else if r.Method == http.MethodPut {
		c.calls.puts.Add(1)
	}
	time.Sleep(late)
	c.emulator.ServeHTTP(w, r)
}

// keysOf counts the keys that a request asks DynamoDB for, and leaves the body as
// it was.
func keysOf(target string, r *http.Request) int64 {
	if !strings.HasSuffix(target, ".BatchGetItem") {
		return 1
	}
	body, err := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	var request struct {
		RequestItems map[string]struct{ Keys []json.RawMessage }
	}
	if err != nil || json.Unmarshal(body, &request) != nil {
		return 0 // the emulator says what is wrong with it
	}
	n := 0
	for _, table := range request.RequestItems {
		n += len(table.Keys)
	}
	return int64(n)
}
