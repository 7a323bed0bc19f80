package feed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"enrich/emulator"
)

// service makes a stream in an emulator.
func service(t *testing.T, name string, shards int32) *kinesis.Client {
	t.Helper()
	server, err := emulator.Start(t.Context(), emulator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	client := kinesis.NewFromConfig(aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(server.Endpoint()), HTTPClient: &http.Client{Transport: transport},
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
	})
	if _, err := client.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: &name, ShardCount: &shards}); err != nil {
		t.Fatal(err)
	}
	if err := kinesis.NewStreamExistsWaiter(client, func(o *kinesis.StreamExistsWaiterOptions) {
		o.MinDelay, o.MaxDelay = time.Millisecond, 10*time.Millisecond
	}).Wait(t.Context(), &kinesis.DescribeStreamInput{StreamName: &name}, time.Minute); err != nil {
		t.Fatal(err)
	}
	return client
}

// records reads everything that a stream holds, by shard.
func records(t *testing.T, client *kinesis.Client, name string) map[string][]types.Record {
	t.Helper()
	shards, err := client.ListShards(t.Context(), &kinesis.ListShardsInput{StreamName: &name})
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string][]types.Record)
	for _, shard := range shards.Shards {
		begin, err := client.GetShardIterator(t.Context(), &kinesis.GetShardIteratorInput{
			StreamName: &name, ShardId: shard.ShardId, ShardIteratorType: types.ShardIteratorTypeTrimHorizon,
		})
		if err != nil {
			t.Fatal(err)
		}
		for iterator := begin.ShardIterator; ; {
			out, err := client.GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: iterator})
			if err != nil {
				t.Fatal(err)
			}
			found[*shard.ShardId] = append(found[*shard.ShardId], out.Records...)
			if iterator = out.NextShardIterator; aws.ToInt64(out.MillisBehindLatest) == 0 {
				break
			}
		}
	}
	return found
}

// Through the SDK's wire and back nothing is lost, altered or out of order, at
// whatever rate the stream takes it.
func TestSendToService(t *testing.T) {
	const count = 3000
	client := service(t, "events", 2)
	var in bytes.Buffer
	var want []string
	for i := range count {
		event := fmt.Sprintf(`{"user_id":"üser %d",  "n":%d, "big":12345678901234567890.0}`, i%97, i)
		want = append(want, event)
		fmt.Fprintf(&in, "%s\r\n", event)
	}
	report, err := Send(t.Context(), client, &in, Options{Stream: "events", Key: "user_id"})
	if err != nil || report.Sent != count || report.Through != count || len(report.Rejected) != 0 {
		t.Fatalf("got %+v, %v", report, err)
	}
	var got []string
	for _, shard := range records(t, client, "events") {
		var stored []types.PutRecordsRequestEntry
		for _, r := range shard {
			stored = append(stored, types.PutRecordsRequestEntry{Data: r.Data, PartitionKey: r.PartitionKey})
			got = append(got, string(r.Data))
		}
		checkOrder(t, stored)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%d stored, %d sent, or not the same", len(got), len(want))
	}
}

func TestPut(t *testing.T) {
	client := service(t, "events", 1)
	event := []byte(` {"user":{"id":5}, "n":1.0}`)
	receipt, err := Put(t.Context(), client, "events", "user.id", event)
	if err != nil {
		t.Fatal(err)
	}
	stored := records(t, client, "events")[receipt.ShardID]
	if len(stored) != 1 || *stored[0].SequenceNumber != receipt.SequenceNumber || !bytes.Equal(stored[0].Data, event) || *stored[0].PartitionKey != "5" {
		t.Errorf("got %+v, stored %+v", receipt, stored)
	}
	if off := receipt.At.Sub(*stored[0].ApproximateArrivalTimestamp); off < -2*time.Second || off > 2*time.Second {
		t.Errorf("arrived %s, reported %s", stored[0].ApproximateArrivalTimestamp, receipt.At)
	}
	for event, want := range map[string]string{
		"[]": "the event is not a JSON object",
		"":   "the event is not valid JSON",
		`{"a":"` + strings.Repeat("x", 1<<20) + `"}`: "longer than 1,048,576 bytes",
	} {
		if _, err := Put(t.Context(), client, "events", "id", []byte(event)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v", err)
		}
	}
	var missing *types.ResourceNotFoundException
	if _, err := Put(t.Context(), client, "none", "id", []byte("{}")); !errors.As(err, &missing) {
		t.Errorf("got %v", err)
	}
	if _, err := Send(t.Context(), client, strings.NewReader("{}\n"), Options{Stream: "none"}); !errors.As(err, &missing) {
		t.Errorf("got %v", err)
	}
}
