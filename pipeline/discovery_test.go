package pipeline

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"enrich/config"
	"enrich/engine"
)

// What carries the pipeline's tags is found under the keys that the record would
// have, whatever the configuration says now.
func TestDiscover(t *testing.T) {
	c := newCloud(t)
	before := c.pipeline(t, func(c *config.Config) {
		notified(c)
		c.Lookups = append(c.Lookups, c.Lookups[0])
		c.Lookups[1].Name, c.Lookups[1].Prefix = "products", "product_"
	})
	var want []string
	for _, r := range before.Resources() {
		deployed(t, before, r.Key())
		// AWS's index has no roles, and subscriptions no tags. moto's lacks more.
		if r.Kind() != kindRole && r.Kind() != kindSubscription && (c.emulated || slices.Contains([]string{kindTable, kindAlarm, kindBucket, kindFunction}, r.Kind())) {
			want = append(want, r.Key()+" "+r.Kind()+" "+r.Name())
		}
	}
	neighbour := c
	neighbour.id.Name = "orders-dev" // whose table orders-dev-dev-users begins like ours
	deployed(t, neighbour.pipeline(t), tableKey("users"))
	tagOther(t, c, before)

	found, strange, err := c.pipeline(t).Discover(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range found {
		got = append(got, r.Key()+" "+r.Kind()+" "+r.Name())
		if _, err := r.Read(t.Context()); err != nil {
			t.Error(err)
		}
	}
	for _, resource := range want {
		if !slices.Contains(got, resource) {
			t.Errorf("not found: %s", resource)
		}
	}
	if c.emulated && len(got) != len(want) {
		t.Errorf("found %q, want %q", got, want)
	}
	if !slices.Equal(strange, []string{c.id.tableARN("ledger")}) {
		t.Errorf("strange: %q", strange)
	}
}

// tagOther makes a table that somebody gave our tags, but not a name of ours.
func tagOther(t *testing.T, c cloud, p *Pipeline) {
	t.Helper()
	client := dynamodb.NewFromConfig(c.sdk)
	_, err := client.CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName: aws.String("ledger"), BillingMode: types.BillingModePayPerRequest, Tags: tableTags(p.tags),
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: types.ScalarAttributeTypeS}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: types.KeyTypeHash}},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// No ARN but one that the pipeline would give leads to a resource: it would be
// deleted.
func TestByARN(t *testing.T) {
	p := newCloud(t).pipeline(t)
	id := p.id
	for _, arn := range []string{
		"", "orders-dev-stream", "arn:aws:sqs:us-east-1:" + id.Account + ":orders-dev-queue",
		id.streamARN("orders-dev-stream2"), id.tableARN("orders-dev"), id.tableARN("orders-devusers"), id.tableARN("orders-dev-users") + "/index/x",
		id.tableARN("orders-dev-users/stream/x"), id.alarmARN("orders-prod-x"), id.bucketARN("orders-dev"), id.functionARN(p.names.Function) + ":1",
		id.logGroupARN("/aws/lambda/other"), id.dashboardARN("other"), id.topicARN("orders-dev-alarm"), id.topicARN("orders-dev-alarms") + ":a-subscription",
		"arn:aws:dynamodb:eu-west-1:" + id.Account + ":table/orders-dev-users", "arn:aws:dynamodb:us-east-1:999999999999:table/orders-dev-users",
	} {
		if r := p.byARN(arn); r != nil {
			t.Errorf("%s leads to %s %s", arn, r.Kind(), r.Name())
		}
	}
	for _, want := range []engine.Resource{pick(t, p, keyStream), pick(t, p, tableKey("users")), pick(t, p, keyBucket), pick(t, p, keyLogGroup)} {
		if r := p.byARN(want.ARN()); r == nil || r.Key() != want.Key() || r.Name() != want.Name() {
			t.Errorf("%s leads to %+v", want.ARN(), r)
		}
	}
}
