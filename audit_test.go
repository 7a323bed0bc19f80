package main

import (
	"context"
	"encoding/json"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/rogpeppe/go-internal/testscript"

	"enrich/audit"
)

// changeObject copies the first enriched object into a folder, or removes it with its
// copies, on the emulator that a file of enrich local status tells of, and waits until
// what is stored is so old: object FILE copy|remove AGE.
func changeObject(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: object FILE copy|remove AGE")
	}
	var local struct{ Endpoint string }
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &local))
	age, err := time.ParseDuration(args[2])
	ts.Check(err)
	client := s3.NewFromConfig(aws.Config{
		Region: "us-east-1", BaseEndpoint: &local.Endpoint,
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	}, func(o *s3.Options) { o.UsePathStyle = true })
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	buckets, err := client.ListBuckets(ctx, &s3.ListBucketsInput{})
	ts.Check(err)
	bucket := buckets.Buckets[0].Name
	page, err := client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: bucket, Prefix: aws.String("enriched-data/")})
	ts.Check(err)
	first := *page.Contents[0].Key
	newest := time.Time{}
	for _, o := range page.Contents {
		if o.LastModified.After(newest) {
			newest = *o.LastModified
		}
		if args[1] == "remove" && path.Base(*o.Key) == path.Base(first) {
			_, err := client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: bucket, Key: o.Key})
			ts.Check(err)
		}
	}
	if args[1] == "copy" {
		_, err := client.CopyObject(ctx, &s3.CopyObjectInput{
			Bucket: bucket, CopySource: aws.String(*bucket + "/" + first), Key: aws.String(path.Dir(first) + "/copy=1/" + path.Base(first)),
		})
		ts.Check(err)
	}
	time.Sleep(time.Until(newest.Add(age)))
}

// The line that moves has a bar, and what is wrong as soon as it is known.
func TestAuditing(t *testing.T) {
	for want, now := range map[string]audit.Progress{
		"comparing ░░░░░░░░░░░░░░░░░░░░   0%  0 records":                       {},
		"comparing ████████░░░░░░░░░░░░  43%  1 record, 2 missing":             {Read: 1, Missing: 2, Done: 0.43},
		"comparing ████████████████████ 100%  12 records, 1 missing, 3 double": {Read: 12, Missing: 1, Doubles: 3, Done: 1},
	} {
		if got := auditing(now); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// People see the first records of each kind, and how many more there are; what was not
// read has neither a key nor a time.
func TestPrintAudit(t *testing.T) {
	at, part := time.Date(2026, 3, 1, 4, 5, 6, 7e6, time.UTC), 3
	forgotten := at.Add(-time.Hour)
	r := &audit.Report{Since: at, Until: at, ForgottenBefore: &forgotten, Shards: []audit.Shard{
		{ID: "a", Counts: audit.Counts{Read: 500, Stored: 100, Missing: 400}}, {ID: "b", Counts: audit.Counts{Read: 2, Stored: 1, StoredTwice: 1}, Unexpected: 1},
	}}
	for range audit.NamedAtMost {
		r.Missing = append(r.Missing, audit.Record{ShardID: "a", SequenceNumber: "7", PartitionKey: "k\x1b[2J", Arrival: &at})
	}
	r.Doubles = []audit.Record{{ShardID: "b", SequenceNumber: "8", Part: &part, PartitionKey: "k", Arrival: &at, Places: []string{"one", "two"}}}
	r.Unexpected = []audit.Record{{ShardID: "b", SequenceNumber: "9", Places: []string{"three\x1b[2J"}}}
	p := &page{c: newPalette(false)}
	printAudit(p, r)
	text := p.String()
	for _, want := range []string{
		"warning: the stream has forgotten what arrived before ",
		"\n  all    502   101     1      0             0       0         0          400      1\n",
		"\nmissing:\n  a:7  2026-03-01T04:05:06.007Z  partition key \"k\\x1b[2J\"\n",
		"\n  and 380 more\nin more than one place:\n  b:8:3  2026-03-01T04:05:06.007Z  partition key \"k\"\n    one\n    two\n" +
			"not in the stream, or not where they belong:\n  b:9\n    three\\u001b[2J\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	if strings.Count(text, "  a:7") != shownAtMost || strings.Contains(text, "complete") {
		t.Errorf("got\n%s", text)
	}
}
