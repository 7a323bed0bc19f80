package main

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"
)

// streamed checks that a stream holds the lines of a file, each of them once:
// emulate, then streamed STREAM FILE.
func streamed(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: emulate, then streamed STREAM FILE")
	}
	client := kinesis.New(kinesis.Options{
		Region: ts.Getenv("AWS_REGION"), BaseEndpoint: aws.String(ts.Getenv("AWS_ENDPOINT_URL")),
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	})
	var got []string
	shards, err := client.ListShards(context.Background(), &kinesis.ListShardsInput{StreamName: &args[0]})
	ts.Check(err)
	for _, shard := range shards.Shards {
		begin, err := client.GetShardIterator(context.Background(), &kinesis.GetShardIteratorInput{
			StreamName: &args[0], ShardId: shard.ShardId, ShardIteratorType: types.ShardIteratorTypeTrimHorizon,
		})
		ts.Check(err)
		for iterator := begin.ShardIterator; ; {
			out, err := client.GetRecords(context.Background(), &kinesis.GetRecordsInput{ShardIterator: iterator})
			ts.Check(err)
			for _, r := range out.Records {
				got = append(got, string(r.Data))
			}
			if iterator = out.NextShardIterator; aws.ToInt64(out.MillisBehindLatest) == 0 {
				break
			}
		}
	}
	want := strings.Split(strings.TrimSuffix(ts.ReadFile(args[1]), "\n"), "\n")
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		ts.Fatalf("%s holds something else (- missing, + too many):\n%s", args[0], diff)
	}
}
