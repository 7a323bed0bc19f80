package main

import (
	"context"
	"encoding/json"
	"path"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/rogpeppe/go-internal/testscript"
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
