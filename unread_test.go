package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
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
	endpoint := newCutter(t).endpoint
	cfg, sdk := config.Default("dev"), elsewhere(t, endpoint)
	id := pipeline.Identity{Name: cfg.Name, Environment: "dev", Partition: "aws", Account: "123456789012", Region: "us-east-1"}
	p, err := pipeline.New(cfg, id, sdk, pipeline.Code{})
	if err != nil {
		t.Fatal(err)
	}
	s := &session{cfg: cfg, sdk: sdk, id: id, pipeline: p}
	stream, bucket := p.Names().Stream, p.Names().Bucket
	client, storage := kinesis.NewFromConfig(sdk), s.storage()
	if _, err := client.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: &stream, ShardCount: aws.Int32(2)}); err != nil {
		t.Fatal(err)
	}
	if _, err := storage.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &bucket}); err != nil {
		t.Fatal(err)
	}
	expect := func(want string) {
		t.Helper()
		if got, err := s.unread(t.Context(), stream); err != nil || got != want {
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
