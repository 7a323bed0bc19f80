package emulator

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
)

// usersTable is a valid CreateTable, for tests to change.
func usersTable() *dynamodb.CreateTableInput {
	return &dynamodb.CreateTableInput{
		TableName: aws.String("users"), BillingMode: types.BillingModePayPerRequest,
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: types.KeyTypeHash}},
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: types.ScalarAttributeTypeS}},
	}
}

func TestDynamoDBTable(t *testing.T) {
	clock := NewManualClock(epoch)
	client := dynamodb.NewFromConfig(sdkConfig(startServer(t, Options{Clock: clock})))
	ctx := t.Context()
	in := usersTable()
	in.SSESpecification = &types.SSESpecification{Enabled: aws.Bool(true), SSEType: types.SSETypeKms}
	in.DeletionProtectionEnabled = aws.Bool(true)
	in.Tags = []types.Tag{{Key: aws.String("team"), Value: aws.String("web")}}
	created, err := client.CreateTable(ctx, in)
	if err != nil || created.TableDescription.TableStatus != types.TableStatusCreating {
		t.Fatalf("got %+v, %v", created, err)
	}
	out, err := client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: in.TableName})
	if err != nil {
		t.Fatal(err)
	}
	table := out.Table
	if table.TableStatus != types.TableStatusActive || *table.TableArn != "arn:aws:dynamodb:us-east-1:000000000000:table/users" ||
		!table.CreationDateTime.Equal(epoch) || table.BillingModeSummary.BillingMode != types.BillingModePayPerRequest ||
		*table.ProvisionedThroughput.ReadCapacityUnits != 0 || !*table.DeletionProtectionEnabled ||
		table.SSEDescription.Status != types.SSEStatusEnabled || *table.SSEDescription.KMSMasterKeyArn != "arn:aws:kms:us-east-1:000000000000:alias/aws/dynamodb" {
		t.Errorf("got %+v", table)
	}
	_, err = client.CreateTable(ctx, in)
	if got := wantCode(t, err, "ResourceInUseException"); got != "Table already exists: users" {
		t.Errorf("got %s", got)
	}
	remove := func() error {
		_, err := client.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: in.TableName})
		return err
	}
	if got := wantCode(t, remove(), "ValidationException"); !strings.Contains(got, "protected against deletion") {
		t.Errorf("got %s", got)
	}
	if _, err := client.UpdateTable(ctx, &dynamodb.UpdateTableInput{TableName: in.TableName, DeletionProtectionEnabled: aws.Bool(false)}); err != nil {
		t.Fatal(err)
	}
	if err := remove(); err != nil {
		t.Fatal(err)
	}
	if got := wantCode(t, remove(), "ResourceNotFoundException"); got != "Requested resource not found: Table: users not found" {
		t.Errorf("got %s", got)
	}
}

func TestDynamoDBRefusesTables(t *testing.T) {
	client := dynamodb.NewFromConfig(sdkConfig(startServer(t, Options{})))
	tests := map[string]struct {
		change func(*dynamodb.CreateTableInput)
		want   string
	}{
		"short name":     {func(in *dynamodb.CreateTableInput) { in.TableName = aws.String("ab") }, "TableName must be at least 3 characters long"},
		"bad name":       {func(in *dynamodb.CreateTableInput) { in.TableName = aws.String("a b") }, "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"},
		"no definitions": {func(in *dynamodb.CreateTableInput) { in.AttributeDefinitions = nil }, "Some index key attributes are not defined in AttributeDefinitions. Keys: [id]"},
		"too many definitions": {func(in *dynamodb.CreateTableInput) {
			in.AttributeDefinitions = append(in.AttributeDefinitions, types.AttributeDefinition{AttributeName: aws.String("x"), AttributeType: "S"})
		}, "Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions"},
		"range first":       {func(in *dynamodb.CreateTableInput) { in.KeySchema[0].KeyType = types.KeyTypeRange }, "The first KeySchemaElement is not a HASH key type"},
		"key type":          {func(in *dynamodb.CreateTableInput) { in.AttributeDefinitions[0].AttributeType = "X" }, "Value 'X' at 'attributeDefinitions.1.member.attributeType' failed to satisfy constraint: Member must satisfy enum value set: [S, N, B]"},
		"no capacity":       {func(in *dynamodb.CreateTableInput) { in.BillingMode = "" }, "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED"},
		"needless capacity": {func(in *dynamodb.CreateTableInput) { in.ProvisionedThroughput = units(1, 1) }, "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST"},
		"capacity 0": {func(in *dynamodb.CreateTableInput) {
			in.BillingMode, in.ProvisionedThroughput = types.BillingModeProvisioned, units(0, 1)
		}, "Member must have value greater than or equal to 1"},
		"billing mode": {func(in *dynamodb.CreateTableInput) { in.BillingMode = "FREE" }, "Value 'FREE' at 'billingMode' failed to satisfy constraint: Member must satisfy enum value set: [PROVISIONED, PAY_PER_REQUEST]"},
		"index": {func(in *dynamodb.CreateTableInput) {
			in.GlobalSecondaryIndexes = []types.GlobalSecondaryIndex{{IndexName: aws.String("by-x"), KeySchema: in.KeySchema, Projection: &types.Projection{ProjectionType: types.ProjectionTypeAll}}}
		}, "The emulator does not support the member GlobalSecondaryIndexes here."},
		"stream": {func(in *dynamodb.CreateTableInput) {
			in.StreamSpecification = &types.StreamSpecification{StreamEnabled: aws.Bool(true)}
		}, "The emulator does not support the member StreamSpecification here."},
		"tag": {func(in *dynamodb.CreateTableInput) {
			in.Tags = []types.Tag{{Key: aws.String("aws:x"), Value: aws.String("")}}
		}, "Tag keys starting with aws: are reserved"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			in := usersTable()
			test.change(in)
			_, err := client.CreateTable(t.Context(), in)
			if got := wantCode(t, err, "ValidationException"); !strings.Contains(got, test.want) {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func units(read, write int64) *types.ProvisionedThroughput {
	return &types.ProvisionedThroughput{ReadCapacityUnits: &read, WriteCapacityUnits: &write}
}

func TestDynamoDBCapacityChanges(t *testing.T) {
	clock := NewManualClock(epoch)
	client := dynamodb.NewFromConfig(sdkConfig(startServer(t, Options{Clock: clock})))
	in := usersTable()
	in.BillingMode, in.ProvisionedThroughput = types.BillingModeProvisioned, units(5, 5)
	if _, err := client.CreateTable(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	update := func(mode types.BillingMode, capacity *types.ProvisionedThroughput) (*dynamodb.UpdateTableOutput, error) {
		clock.Advance(time.Minute)
		return client.UpdateTable(t.Context(), &dynamodb.UpdateTableInput{TableName: in.TableName, BillingMode: mode, ProvisionedThroughput: capacity})
	}
	out, err := update("", units(6, 4))
	if err != nil {
		t.Fatal(err)
	}
	got := out.TableDescription.ProvisionedThroughput
	if *got.ReadCapacityUnits != 6 || *got.WriteCapacityUnits != 4 || *got.NumberOfDecreasesToday != 1 || !got.LastIncreaseDateTime.Equal(epoch.Add(time.Minute)) {
		t.Errorf("got %+v", got)
	}
	_, err = update("", units(6, 4))
	if message := wantCode(t, err, "ValidationException"); !strings.Contains(message, "will not change") {
		t.Errorf("got %s", message)
	}
	if out, err = update(types.BillingModePayPerRequest, nil); err != nil || out.TableDescription.BillingModeSummary.BillingMode != types.BillingModePayPerRequest {
		t.Fatalf("got %+v, %v", out, err)
	}
	_, err = update("", units(6, 4))
	wantCode(t, err, "ValidationException")
	_, err = update("", nil)
	wantCode(t, err, "ValidationException")
	if out, err = update(types.BillingModeProvisioned, units(6, 4)); err != nil || *out.TableDescription.ProvisionedThroughput.ReadCapacityUnits != 6 {
		t.Fatalf("got %+v, %v", out, err)
	}
}

func TestDynamoDBListsTablesInPages(t *testing.T) {
	client := dynamodb.NewFromConfig(sdkConfig(startServer(t, Options{})))
	var want []string
	for i := range 5 {
		want = append(want, fmt.Sprintf("table-%d", i))
		createTable(t, client, want[i], keyAttribute{"id", types.ScalarAttributeTypeB})
	}
	var got []string
	pages := dynamodb.NewListTablesPaginator(client, &dynamodb.ListTablesInput{Limit: aws.Int32(2)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, page.TableNames...)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestDynamoDBPointInTimeRecovery(t *testing.T) {
	clock := NewManualClock(epoch)
	client := dynamodb.NewFromConfig(sdkConfig(startServer(t, Options{Clock: clock})))
	createTable(t, client, "users", keyAttribute{"id", types.ScalarAttributeTypeS})
	name := aws.String("users")
	set := func(on bool, days *int32) (*dynamodb.UpdateContinuousBackupsOutput, error) {
		return client.UpdateContinuousBackups(t.Context(), &dynamodb.UpdateContinuousBackupsInput{
			TableName: name, PointInTimeRecoverySpecification: &types.PointInTimeRecoverySpecification{PointInTimeRecoveryEnabled: &on, RecoveryPeriodInDays: days},
		})
	}
	described := func() *types.PointInTimeRecoveryDescription {
		t.Helper()
		out, err := client.DescribeContinuousBackups(t.Context(), &dynamodb.DescribeContinuousBackupsInput{TableName: name})
		if err != nil {
			t.Fatal(err)
		}
		return out.ContinuousBackupsDescription.PointInTimeRecoveryDescription
	}
	if got := described(); got.PointInTimeRecoveryStatus != types.PointInTimeRecoveryStatusDisabled || got.RecoveryPeriodInDays != nil {
		t.Errorf("got %+v", got)
	}
	if _, err := set(true, nil); err != nil {
		t.Fatal(err)
	}
	clock.Advance(time.Hour)
	if got := described(); *got.RecoveryPeriodInDays != 35 || !got.EarliestRestorableDateTime.Equal(epoch) || !got.LatestRestorableDateTime.Equal(epoch.Add(55*time.Minute)) {
		t.Errorf("got %+v", got)
	}
	if _, err := set(true, aws.Int32(7)); err != nil {
		t.Fatal(err)
	}
	clock.Advance(30 * 24 * time.Hour)
	if got := described(); *got.RecoveryPeriodInDays != 7 || !got.EarliestRestorableDateTime.Equal(clock.Now().Add(-7*24*time.Hour)) {
		t.Errorf("got %+v", got)
	}
	_, err := set(true, aws.Int32(36))
	wantCode(t, err, "ValidationException")
	if out, err := set(false, nil); err != nil || out.ContinuousBackupsDescription.PointInTimeRecoveryDescription.PointInTimeRecoveryStatus != types.PointInTimeRecoveryStatusDisabled {
		t.Errorf("got %+v, %v", out, err)
	}
	_, err = client.DescribeContinuousBackups(t.Context(), &dynamodb.DescribeContinuousBackupsInput{TableName: aws.String("absent")})
	wantCode(t, err, "TableNotFoundException")
}

func TestDynamoDBTimeToLive(t *testing.T) {
	client := dynamodb.NewFromConfig(sdkConfig(startServer(t, Options{})))
	createTable(t, client, "users", keyAttribute{"id", types.ScalarAttributeTypeS})
	name := aws.String("users")
	set := func(on bool, attribute string) error {
		_, err := client.UpdateTimeToLive(t.Context(), &dynamodb.UpdateTimeToLiveInput{TableName: name, TimeToLiveSpecification: &types.TimeToLiveSpecification{Enabled: &on, AttributeName: &attribute}})
		return err
	}
	if got := wantCode(t, set(false, "expires"), "ValidationException"); got != "TimeToLive is already disabled" {
		t.Errorf("got %s", got)
	}
	if err := set(true, "expires"); err != nil {
		t.Fatal(err)
	}
	out, err := client.DescribeTimeToLive(t.Context(), &dynamodb.DescribeTimeToLiveInput{TableName: name})
	if err != nil || out.TimeToLiveDescription.TimeToLiveStatus != types.TimeToLiveStatusEnabled || *out.TimeToLiveDescription.AttributeName != "expires" {
		t.Errorf("got %+v, %v", out, err)
	}
	if got := wantCode(t, set(true, "other"), "ValidationException"); got != "TimeToLive is already enabled" {
		t.Errorf("got %s", got)
	}
	wantCode(t, set(false, "other"), "ValidationException")
	if err := set(false, "expires"); err != nil {
		t.Error(err)
	}
}

func TestDynamoDBTags(t *testing.T) {
	client := dynamodb.NewFromConfig(sdkConfig(startServer(t, Options{})))
	createTable(t, client, "users", keyAttribute{"id", types.ScalarAttributeTypeS})
	arn := aws.String("arn:aws:dynamodb:us-east-1:000000000000:table/users")
	want := map[string]string{}
	var tags []types.Tag
	for i := range 25 {
		key, value := fmt.Sprintf("key-%02d", i), fmt.Sprint(i)
		want[key] = value
		tags = append(tags, types.Tag{Key: &key, Value: &value})
	}
	if _, err := client.TagResource(t.Context(), &dynamodb.TagResourceInput{ResourceArn: arn, Tags: tags}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.UntagResource(t.Context(), &dynamodb.UntagResourceInput{ResourceArn: arn, TagKeys: []string{"key-03", "nope"}}); err != nil {
		t.Fatal(err)
	}
	delete(want, "key-03")
	got := map[string]string{}
	calls := 0
	for token := (*string)(nil); calls == 0 || token != nil; calls++ {
		page, err := client.ListTagsOfResource(t.Context(), &dynamodb.ListTagsOfResourceInput{ResourceArn: arn, NextToken: token})
		if err != nil {
			t.Fatal(err)
		}
		for _, tag := range page.Tags {
			got[*tag.Key] = *tag.Value
		}
		token = page.NextToken
	}
	if diff := cmp.Diff(want, got); diff != "" || calls != 3 {
		t.Errorf("%d calls: %s", calls, diff)
	}
	_, err := client.ListTagsOfResource(t.Context(), &dynamodb.ListTagsOfResourceInput{ResourceArn: aws.String(*arn + "x")})
	wantCode(t, err, "ResourceNotFoundException")
}

func TestDynamoDBStoreHoldsItsOrder(t *testing.T) {
	var store itemStore
	key := func(hash, sort string) primaryKey { return newPrimaryKey([]byte(hash), []byte(sort)) }
	for i := range 5000 {
		store.put(storedItem{key: key(fmt.Sprint(i%50), fmt.Sprintf("%05d", i)), size: 2})
	}
	for i := 0; i < 5000; i += 2 {
		store.delete(key(fmt.Sprint(i%50), fmt.Sprintf("%05d", i)))
	}
	store.delete(key("absent", ""))
	store.put(storedItem{key: key("1", "00001"), size: 10})
	if store.count != 2500 || store.bytes != 2499*2+10 {
		t.Errorf("%d items, %d bytes", store.count, store.bytes)
	}
	previous, seen := primaryKey(""), 0
	for item := range store.after("") {
		if item.key <= previous {
			t.Fatal("out of order")
		}
		previous = item.key
		seen++
	}
	if seen != 2500 {
		t.Errorf("%d items in the order", seen)
	}
	partition := 0
	for range store.partition(newPrimaryKey([]byte("1"), nil), false) {
		partition++
	}
	if partition != 100 {
		t.Errorf("%d items in a partition", partition)
	}
}
