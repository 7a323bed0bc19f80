package emulator

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
)

func TestDynamoDBBatchGet(t *testing.T) {
	client := dynamoClient(t)
	for i := range 3 {
		put(t, client, "users", item{"id": str(fmt.Sprint(i)), "name": str("n"), "x": str("left out")})
	}
	keys := func(ids ...string) []map[string]types.AttributeValue {
		var all []map[string]types.AttributeValue
		for _, id := range ids {
			all = append(all, item{"id": str(id)})
		}
		return all
	}
	get := func(ctx context.Context, keys []map[string]types.AttributeValue) (*dynamodb.BatchGetItemOutput, error) {
		return client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{
			RequestItems: map[string]types.KeysAndAttributes{"users": {
				Keys: keys, ProjectionExpression: aws.String("id, #n"), ExpressionAttributeNames: map[string]string{"#n": "name"},
			}},
			ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal,
		})
	}
	out, err := get(t.Context(), keys("0", "2", "9"))
	if err != nil {
		t.Fatal(err)
	}
	want := []map[string]types.AttributeValue{{"id": str("0"), "name": str("n")}, {"id": str("2"), "name": str("n")}}
	if diff := cmp.Diff(want, out.Responses["users"], sameItem); diff != "" {
		t.Error(diff)
	}
	if len(out.UnprocessedKeys) != 0 || *out.ConsumedCapacity[0].CapacityUnits != 1.5 {
		t.Errorf("unprocessed %v, capacity %v", out.UnprocessedKeys, *out.ConsumedCapacity[0].CapacityUnits)
	}
	_, err = get(t.Context(), keys("0", "1", "0"))
	if got := wantCode(t, err, "ValidationException"); got != batchDuplicates {
		t.Errorf("got %s", got)
	}
	var many []string
	for i := range 101 {
		many = append(many, fmt.Sprint(i))
	}
	_, err = get(t.Context(), keys(many...))
	if got := wantCode(t, err, "ValidationException"); got != "Too many items requested for the BatchGetItem call" {
		t.Errorf("got %s", got)
	}
	// One bad key fails the whole call.
	_, err = get(t.Context(), append(keys("0"), item{"id": num("1")}))
	if got := wantCode(t, err, "ValidationException"); got != keyMismatch {
		t.Errorf("got %s", got)
	}
}

func TestDynamoDBBatchGetStopsAt16MB(t *testing.T) {
	client := dynamoClient(t)
	big := strings.Repeat("x", 390<<10)
	var keys []map[string]types.AttributeValue
	for i := range 50 {
		put(t, client, "users", item{"id": str(fmt.Sprint(i)), "x": str(big)})
		keys = append(keys, item{"id": str(fmt.Sprint(i))})
	}
	seen := map[string]bool{}
	calls := 0
	for ; len(keys) > 0; calls++ {
		out, err := client.BatchGetItem(t.Context(), &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{"users": {Keys: keys}}})
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range out.Responses["users"] {
			seen[found["id"].(*types.AttributeValueMemberS).Value] = true
		}
		keys = out.UnprocessedKeys["users"].Keys
	}
	if calls != 2 || len(seen) != 50 {
		t.Errorf("%d items in %d calls", len(seen), calls)
	}
}

func TestDynamoDBBatchWrite(t *testing.T) {
	client := dynamoClient(t)
	write := func(requests ...types.WriteRequest) error {
		_, err := client.BatchWriteItem(t.Context(), &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{"users": requests}})
		return err
	}
	putOf := func(id string) types.WriteRequest {
		return types.WriteRequest{PutRequest: &types.PutRequest{Item: item{"id": str(id)}}}
	}
	deleteOf := func(id string) types.WriteRequest {
		return types.WriteRequest{DeleteRequest: &types.DeleteRequest{Key: item{"id": str(id)}}}
	}
	if err := write(putOf("a"), putOf("b"), deleteOf("nope")); err != nil {
		t.Fatal(err)
	}
	if err := write(deleteOf("a"), putOf("c")); err != nil {
		t.Fatal(err)
	}
	described, err := client.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: aws.String("users")})
	if err != nil || *described.Table.ItemCount != 2 || *described.Table.TableSizeBytes != 6 {
		t.Errorf("got %+v, %v", described.Table, err)
	}
	if got := wantCode(t, write(putOf("a"), deleteOf("a")), "ValidationException"); got != batchDuplicates {
		t.Errorf("got %s", got)
	}
	var many []types.WriteRequest
	for i := range 26 {
		many = append(many, putOf(fmt.Sprint(i)))
	}
	if got := wantCode(t, write(many...), "ValidationException"); !strings.Contains(got, "Member must have length less than or equal to 25") {
		t.Errorf("got %s", got)
	}
	wantCode(t, write(types.WriteRequest{}), "ValidationException")
}
