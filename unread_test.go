package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"enrich/config"
	"enrich/pipeline"
)

// What is in the stream and not in the bucket is unread, shard by shard.
func TestUnread(t *testing.T) {
	s := unreadSession(t, newCutter(t).endpoint)
	stream, bucket := s.pipeline.Names().Stream, s.pipeline.Names().Bucket
	client, storage := kinesis.NewFromConfig(s.sdk), s.storage()
	if _, err := client.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: &stream, ShardCount: aws.Int32(2)}); err != nil {
		t.Fatal(err)
	}
	expect := func(want string) {
		t.Helper()
		if got, err := s.unread(t.Context(), stream, patience); err != nil || got != want {
			t.Errorf("%q, %v, want %q", got, err, want)
		}
	}
	expect("no unread records")
	var receipts []*kinesis.PutRecordOutput
	for i := range 5 {
		low := i < 3 // the others go to the other shard
		key := map[bool]string{true: "0", false: "340282366920938463463374607431768211455"}[low]
		receipt, err := client.PutRecord(t.Context(), &kinesis.PutRecordInput{
			StreamName: &stream, Data: []byte("{}"), PartitionKey: aws.String("k"), ExplicitHashKey: &key,
		})
		if err != nil {
			t.Fatal(err)
		}
		receipts = append(receipts, receipt)
	}
	expect("5 unread records") // and there is no bucket that would have any
	if _, err := storage.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &bucket}); err != nil {
		t.Fatal(err)
	}
	expect("5 unread records")
	for i, want := range []string{"4 unread records", "3 unread records", "2 unread records", "1 unread record", "no unread records"} {
		shard, number := *receipts[i].ShardId, *receipts[i].SequenceNumber
		key := "enriched-data/" + time.Now().UTC().Format("2006/01/02/15/") + shard + "-" + number + ".ndjson.gz"
		var body bytes.Buffer
		zip := gzip.NewWriter(&body)
		_, _ = fmt.Fprintf(zip, "{\"enrichment_id\":\"%s:%s\"}\n", shard, number) // into memory
		_ = zip.Close()
		if _, err := storage.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(body.Bytes())}); err != nil {
			t.Fatal(err)
		}
		expect(want)
	}
}

// A shard whose records are never reached, and a stream that does not answer, keep
// nobody waiting.
func TestUnreadGivesUp(t *testing.T) {
	for name, test := range map[string]struct {
		answer func(http.ResponseWriter, *http.Request)
		limit  time.Duration
		want   string
	}{
		"no end": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/x-amz-json-1.1")
			_, _ = w.Write([]byte(`{"Records":[],"NextShardIterator":"next","MillisBehindLatest":60000}`)) // to a program that waits
		}, patience, "maybe unread records"},
		"no answer": {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, 100 * time.Millisecond,
			"maybe unread records: not counted within 100ms"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCutter(t)
			next := c.next
			c.next = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if !strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".GetRecords") {
					next.ServeHTTP(w, r)
					return
				}
				if _, err := io.Copy(io.Discard, r.Body); err != nil { // until then nobody watches for the end of the connection
					return
				}
				test.answer(w, r)
			})
			s := unreadSession(t, c.endpoint)
			stream, bucket := s.pipeline.Names().Stream, s.pipeline.Names().Bucket
			if _, err := kinesis.NewFromConfig(s.sdk).CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: &stream, ShardCount: aws.Int32(1)}); err != nil {
				t.Fatal(err)
			}
			if _, err := s.storage().CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &bucket}); err != nil {
				t.Fatal(err)
			}
			if got, err := s.unread(t.Context(), stream, test.limit); err != nil || got != test.want {
				t.Errorf("%q, %v, want %q", got, err, test.want)
			}
		})
	}
}

func unreadSession(t *testing.T, endpoint string) *session {
	t.Helper()
	cfg, sdk := config.Default("dev"), elsewhere(t, endpoint)
	id := pipeline.Identity{Name: cfg.Name, Environment: "dev", Partition: "aws", Account: "123456789012", Region: "us-east-1"}
	p, err := pipeline.New(cfg, id, sdk, pipeline.Code{})
	if err != nil {
		t.Fatal(err)
	}
	return &session{cfg: cfg, sdk: sdk, id: id, pipeline: p}
}
