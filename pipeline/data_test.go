package pipeline

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"golang.org/x/sync/errgroup"

	"enrich/config"
	"enrich/engine"
)

// A new table of the default lookup has the sample users in dev, and only there.
// They are stored once: what somebody changed or deleted stays so.
func TestSamples(t *testing.T) {
	c := newCloud(t)
	client := dynamodb.NewFromConfig(c.sdk)
	p := c.pipeline(t)
	table := deployed(t, p, tableKey("users"))
	item, err := client.GetItem(t.Context(), &dynamodb.GetItemInput{
		TableName: aws.String(table.Name()), Key: map[string]types.AttributeValue{"user_id": &types.AttributeValueMemberS{Value: "user456"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"user_id": "user456", "name": "Jane Smith", "email": "jane@example.com", "segment": "standard", "location": "California"}
	for name, value := range want {
		if got, ok := item.Item[name].(*types.AttributeValueMemberS); !ok || got.Value != value {
			t.Errorf("%s: %v, want %s", name, item.Item[name], value)
		}
	}
	_, err = client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String(table.Name()), Item: map[string]types.AttributeValue{
		"user_id": &types.AttributeValueMemberS{Value: "user456"}, "name": &types.AttributeValueMemberS{Value: "Jane Jones"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := table.Create(t.Context(), &notes{}); err != nil {
		t.Fatal(err)
	}
	if n := count(t, client, table.Name()); n != 3 {
		t.Errorf("%d items", n)
	}
	item, err = client.GetItem(t.Context(), &dynamodb.GetItemInput{
		TableName: aws.String(table.Name()), Key: map[string]types.AttributeValue{"user_id": &types.AttributeValueMemberS{Value: "user456"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := item.Item["name"].(*types.AttributeValueMemberS); !ok || got.Value != "Jane Jones" {
		t.Errorf("a changed item was overwritten: %v", item.Item)
	}

	for name, change := range map[string]func(*config.Config){
		"another lookup":      func(c *config.Config) { c.Lookups[0].Prefix, c.Lookups[0].Name = "u_", "others" },
		"another environment": func(c *config.Config) { c.Environment = "staging" },
	} {
		p := c.pipeline(t, change)
		table := deployed(t, p, tableKey(p.cfg.Lookups[0].Name))
		if n := count(t, client, table.Name()); n != 0 {
			t.Errorf("%s: %d items", name, n)
		}
	}
}

func count(t *testing.T, client *dynamodb.Client, table string) int {
	t.Helper()
	answer, err := client.Scan(t.Context(), &dynamodb.ScanInput{TableName: &table})
	if err != nil {
		t.Fatal(err)
	}
	return int(answer.Count)
}

// In prod a table is protected, and only force takes it away.
func TestDeletionProtection(t *testing.T) {
	c := newCloud(t)
	prod := func(c *config.Config) { c.Environment = "prod" }
	p := c.pipeline(t, prod)
	table := pick(t, p, tableKey("users"))
	if err := table.Create(t.Context(), &notes{}); err != nil {
		t.Fatal(err)
	}
	spec := same(t, table).Spec.(LookupTable)
	if !spec.DeletionProtection || !spec.PointInTimeRecovery {
		t.Errorf("%+v", spec)
	}
	if err := table.Delete(t.Context(), &notes{}); err == nil || !strings.Contains(err.Error(), "--force") {
		t.Errorf("deleted a protected table: %v", err)
	}
	same(t, table)
	p.Force = true
	if err := pick(t, p, tableKey("users")).Delete(t.Context(), &notes{}); err != nil {
		t.Fatal(err)
	}
	absent(t, table)
}

// A bucket is deleted with every version, delete marker and unfinished upload,
// whatever its policy says, and however many there are.
func TestBucketIsEmptied(t *testing.T) {
	c := newCloud(t)
	p := c.pipeline(t)
	bucket := deployed(t, p, keyBucket)
	client := storage(c.sdk)
	name := bucket.Name()
	if _, err := client.DeleteBucketPolicy(t.Context(), &s3.DeleteBucketPolicyInput{Bucket: &name}); err != nil {
		t.Fatal(err)
	}
	if contents, err := bucket.(engine.Container).Contents(t.Context()); err != nil || contents != "empty" {
		t.Errorf("contents: %q, %v", contents, err)
	}
	group, ctx := errgroup.WithContext(t.Context())
	group.SetLimit(16)
	for i := range 1100 {
		group.Go(func() error {
			key := fmt.Sprintf("enriched-data/%d", i%1050) // some with two versions
			_, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: &name, Key: &key, Body: bytes.NewReader([]byte("x"))})
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	if _, err := client.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &name, Key: aws.String("enriched-data/3")}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: &name, Key: aws.String("unfinished")}); err != nil {
		t.Fatal(err)
	}
	if contents, err := bucket.(engine.Container).Contents(t.Context()); err != nil || contents != "1100 object versions, 1100 bytes" {
		t.Errorf("contents: %q, %v", contents, err)
	}
	if err := bucket.Update(t.Context(), read(t, bucket), bucket.Diff(read(t, bucket)), &notes{}); err != nil {
		t.Fatal(err)
	}
	told := &notes{}
	if err := bucket.Delete(t.Context(), told); err != nil {
		t.Fatal(err)
	}
	absent(t, bucket)
	if last := strings.Join(told.statuses, "\n"); !strings.Contains(last, "deleted 1101 object versions") {
		t.Errorf("progress:\n%s", last)
	}
}

// Somebody may have stored objects with keys that XML cannot hold. They are deleted, and
// not in their place what has another key.
func TestBucketWithOddKeysIsEmptied(t *testing.T) {
	c := newCloud(t)
	bucket := deployed(t, c.pipeline(t), keyBucket)
	client, name := storage(c.sdk), bucket.Name()
	if _, err := client.DeleteBucketPolicy(t.Context(), &s3.DeleteBucketPolicyInput{Bucket: &name}); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"\x01/a", "b\n\r\t\x1f", "c\uffff", "d%01+ d"} {
		for range 2 {
			if _, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &name, Key: &key, Body: bytes.NewReader([]byte("x"))}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := client.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: &name, Key: &key}); err != nil {
			t.Fatal(err)
		}
	}
	if contents, err := bucket.(engine.Container).Contents(t.Context()); err != nil || contents != "8 object versions, 8 bytes" {
		t.Errorf("contents: %q, %v", contents, err)
	}
	told := &notes{}
	if err := bucket.Delete(t.Context(), told); err != nil {
		t.Fatal(err)
	}
	absent(t, bucket)
	if last := strings.Join(told.statuses, "\n"); !strings.Contains(last, "deleted 8 object versions") {
		t.Errorf("progress:\n%s", last)
	}
}

// An interrupted wait ends at once and says what was waited for.
func TestInterrupted(t *testing.T) {
	c := newCloud(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, resource := range c.pipeline(t).Resources() {
		err := resource.Create(ctx, &notes{})
		if err == nil || !strings.HasPrefix(err.Error(), "creating "+resource.Kind()+" ("+resource.Name()+"): ") {
			t.Errorf("%s: %v", resource.Key(), err)
		}
	}
}
