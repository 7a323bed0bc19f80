package emulator

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
)

func TestDynamoDBDeletes(t *testing.T) {
	client := dynamoClient(t)
	stored := item{"id": str("a"), "n": num("1")}
	put(t, client, "users", stored)
	remove := func(condition *string, returned types.ReturnValue) (*dynamodb.DeleteItemOutput, error) {
		return client.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{
			TableName: aws.String("arn:aws:dynamodb:us-east-1:000000000000:table/users"), Key: item{"id": str("a")},
			ConditionExpression: condition, ReturnValues: returned, ReturnConsumedCapacity: types.ReturnConsumedCapacityIndexes,
		})
	}
	_, err := remove(aws.String("attribute_not_exists(n)"), "")
	wantCode(t, err, "ConditionalCheckFailedException")
	_, err = remove(nil, types.ReturnValueAllNew)
	if got := wantCode(t, err, "ValidationException"); got != "ReturnValues can only be ALL_OLD or NONE" {
		t.Errorf("got %s", got)
	}
	out, err := remove(aws.String("attribute_exists(n)"), types.ReturnValueAllOld)
	if err != nil || cmp.Diff(stored, out.Attributes, sameItem) != "" || *out.ConsumedCapacity.Table.CapacityUnits != 1 {
		t.Errorf("got %+v, %v", out, err)
	}
	if out, err = remove(nil, types.ReturnValueAllOld); err != nil || out.Attributes != nil {
		t.Errorf("deleting what is not there gave %+v, %v", out, err)
	}
}

func TestEqualityOfCollections(t *testing.T) {
	mapOf := func(i item) types.AttributeValue { return &types.AttributeValueMemberM{Value: i} }
	numbers := func(words ...string) types.AttributeValue { return &types.AttributeValueMemberNS{Value: words} }
	yes, no := &types.AttributeValueMemberBOOL{Value: true}, &types.AttributeValueMemberBOOL{}
	null := &types.AttributeValueMemberNULL{Value: true}
	raw := func(b ...byte) types.AttributeValue { return &types.AttributeValueMemberB{Value: b} }
	tests := map[string]struct {
		a, b types.AttributeValue
		want bool
	}{
		"maps":             {mapOf(item{"a": num("1"), "b": list(str("x"))}), mapOf(item{"b": list(str("x")), "a": num("1")}), true},
		"maps with more":   {mapOf(item{"a": num("1")}), mapOf(item{"a": num("1"), "b": num("2")}), false},
		"maps of others":   {mapOf(item{"a": num("1")}), mapOf(item{"b": num("1")}), false},
		"lists":            {list(num("1"), num("2")), list(num("1"), num("2")), true},
		"lists in order":   {list(num("1"), num("2")), list(num("2"), num("1")), false},
		"sets in no order": {wordSet("a", "b"), wordSet("b", "a"), true},
		"other sets":       {numbers("1"), numbers("2"), false},
		"sets of types":    {numbers("1"), wordSet("1"), false},
		"booleans":         {yes, yes, true},
		"other booleans":   {yes, no, false},
		"null":             {null, null, true},
		"binaries":         {raw(1, 2), raw(1, 2), true},
		"types":            {str("1"), num("1"), false},
	}
	for name, test := range tests {
		if got := equalValues(test.a, test.b); got != test.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

func TestContainsAndBeginsWithByType(t *testing.T) {
	raw := func(b ...byte) types.AttributeValue { return &types.AttributeValueMemberB{Value: b} }
	binaries := &types.AttributeValueMemberBS{Value: [][]byte{{1}, {2}}}
	numbers := &types.AttributeValueMemberNS{Value: []string{"1", "2"}}
	if !containsValue(raw(1, 2, 3), raw(2, 3)) || containsValue(raw(1), str("1")) || !containsValue(binaries, raw(2)) || containsValue(binaries, raw(3)) ||
		!containsValue(numbers, num("2")) || containsValue(numbers, str("2")) || containsValue(num("12"), num("1")) {
		t.Error("contains")
	}
	if !beginsWith(raw(1, 2), raw(1)) || beginsWith(raw(1, 2), raw(2)) || beginsWith(num("12"), num("1")) {
		t.Error("begins_with")
	}
	for want, value := range map[int]types.AttributeValue{2: raw(1, 2), 3: str("abc"), 0: list()} {
		if got, ok := sizeOf(value); !ok || got != want {
			t.Errorf("size %d, want %d", got, want)
		}
	}
	if _, ok := sizeOf(num("1")); ok {
		t.Error("numbers have no size")
	}
}

func TestDynamoDBLimitsAndSelect(t *testing.T) {
	client := dynamoClient(t)
	limits, err := client.DescribeLimits(t.Context(), &dynamodb.DescribeLimitsInput{})
	if err != nil || *limits.TableMaxReadCapacityUnits != 40000 {
		t.Errorf("got %+v, %v", limits, err)
	}
	for name, in := range map[string]dynamodb.ScanInput{
		"specific without projection": {Select: types.SelectSpecificAttributes},
		"count with projection":       {Select: types.SelectCount, ProjectionExpression: aws.String("id")},
		"all with projection":         {Select: types.SelectAllAttributes, ProjectionExpression: aws.String("id")},
		"projected without index":     {Select: types.SelectAllProjectedAttributes},
		"limit 0":                     {Limit: aws.Int32(0)},
		"segment alone":               {Segment: aws.Int32(0)},
		"segment too high":            {Segment: aws.Int32(2), TotalSegments: aws.Int32(2)},
		"bad start":                   {ExclusiveStartKey: item{"id": num("1")}},
		"between upside down":         {FilterExpression: aws.String("n BETWEEN :b AND :a"), ExpressionAttributeValues: item{":a": num("1"), ":b": num("2")}},
	} {
		t.Run(name, func(t *testing.T) {
			in.TableName = aws.String("users")
			_, err := client.Scan(t.Context(), &in)
			wantCode(t, err, "ValidationException")
		})
	}
}
