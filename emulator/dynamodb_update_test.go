package emulator

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
)

func list(values ...types.AttributeValue) types.AttributeValue {
	return &types.AttributeValueMemberL{Value: values}
}

func wordSet(words ...string) types.AttributeValue {
	return &types.AttributeValueMemberSS{Value: words}
}

func TestDynamoDBUpdates(t *testing.T) {
	client := dynamoClient(t)
	start := item{
		"id": str("a"), "n": num("5"), "l": list(num("0"), num("1"), num("2")),
		"m": &types.AttributeValueMemberM{Value: item{"k": str("v")}}, "s": wordSet("p", "q"),
	}
	values := item{":1": num("1"), ":x": str("x"), ":l": list(str("y")), ":s": wordSet("q", "r"), ":all": wordSet("p", "q")}
	with := func(changes item) item {
		out := item{}
		for name, value := range start {
			out[name] = value
		}
		for name, value := range changes {
			if value == nil {
				delete(out, name)
			} else {
				out[name] = value
			}
		}
		return out
	}
	tests := map[string]item{
		"SET a = :x":                        with(item{"a": str("x")}),
		"set n = n + :1":                    with(item{"n": num("6")}),
		"SET n = n - :1, b = n":             with(item{"n": num("4"), "b": num("5")}),
		"SET c = if_not_exists(c, :1)":      with(item{"c": num("1")}),
		"SET n = if_not_exists(n, :1)":      with(nil),
		"SET c = if_not_exists(c, :1) + :1": with(item{"c": num("2")}),
		"SET l = list_append(l, :l)":        with(item{"l": list(num("0"), num("1"), num("2"), str("y"))}),
		"SET l[1] = :x":                     with(item{"l": list(num("0"), str("x"), num("2"))}),
		"SET l[7] = :x":                     with(item{"l": list(num("0"), num("1"), num("2"), str("x"))}),
		"SET m.k2 = :x":                     with(item{"m": &types.AttributeValueMemberM{Value: item{"k": str("v"), "k2": str("x")}}}),
		"REMOVE n, l[0], l[2]":              with(item{"n": nil, "l": list(num("1"))}),
		"REMOVE m.k":                        with(item{"m": &types.AttributeValueMemberM{Value: item{}}}),
		"REMOVE nope":                       with(nil),
		"ADD n :1":                          with(item{"n": num("6")}),
		"ADD c :1":                          with(item{"c": num("1")}),
		"ADD s :s":                          with(item{"s": wordSet("p", "q", "r")}),
		"DELETE s :s":                       with(item{"s": wordSet("p")}),
		"DELETE s :all":                     with(item{"s": nil}),
		"SET a = :x REMOVE n ADD c :1 DELETE s :s": with(item{"a": str("x"), "n": nil, "c": num("1"), "s": wordSet("p")}),
	}
	for expression, want := range tests {
		t.Run(expression, func(t *testing.T) {
			put(t, client, "users", start)
			out, err := client.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
				TableName: aws.String("users"), Key: item{"id": str("a")}, UpdateExpression: &expression,
				ExpressionAttributeValues: used(values, expression), ReturnValues: types.ReturnValueAllNew,
			})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, out.Attributes, sameItem); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDynamoDBRefusesUpdates(t *testing.T) {
	client := dynamoClient(t)
	put(t, client, "users", item{"id": str("a"), "n": num("5"), "t": str("x"), "l": list()})
	tests := map[string]string{
		"SET id = :x":                "One or more parameter values were invalid: Cannot update attribute id. This attribute is part of the key",
		"SET c = nope + :1":          missingOperand,
		"SET c = nope":               missingOperand,
		"SET c = t + :1":             wrongOperand,
		"SET c = list_append(n, :1)": wrongOperand,
		"SET nope.k = :x":            wrongPath,
		"SET n.k = :x":               wrongPath,
		"SET l[0].k = :x":            wrongPath,
		"SET a = :x, a = :1":         "Invalid UpdateExpression: Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [a], path two: [a]",
		"SET a = :x SET b = :1":      `Invalid UpdateExpression: The "SET" section can only be used once in an update expression;`,
		"DELETE n :1":                "Invalid UpdateExpression: Incorrect operand type for operator or function; operator: DELETE, operand type: NUMBER",
		"ADD n :x":                   "Invalid UpdateExpression: Incorrect operand type for operator or function; operator: ADD, operand type: STRING",
		"FOO a":                      `Invalid UpdateExpression: Syntax error; token: "FOO", near: "FOO a"`,
		"SET a = nope(:x)":           "Invalid UpdateExpression: Invalid function name; function: nope",
	}
	values := item{":1": num("1"), ":x": str("x")}
	for expression, want := range tests {
		t.Run(expression, func(t *testing.T) {
			_, err := client.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
				TableName: aws.String("users"), Key: item{"id": str("a")}, UpdateExpression: &expression,
				ExpressionAttributeValues: used(values, expression),
			})
			if got := wantCode(t, err, "ValidationException"); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

func TestDynamoDBUpdateReturnsWhatItIsAsked(t *testing.T) {
	client := dynamoClient(t)
	update := func(returned types.ReturnValue) item {
		t.Helper()
		put(t, client, "users", item{"id": str("a"), "n": num("1"), "x": str("same")})
		out, err := client.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
			TableName: aws.String("users"), Key: item{"id": str("a")}, UpdateExpression: aws.String("SET n = n + :1"),
			ExpressionAttributeValues: item{":1": num("1")}, ReturnValues: returned,
		})
		if err != nil {
			t.Fatal(err)
		}
		return out.Attributes
	}
	for returned, want := range map[types.ReturnValue]item{
		types.ReturnValueNone:       nil,
		types.ReturnValueAllOld:     {"id": str("a"), "n": num("1"), "x": str("same")},
		types.ReturnValueAllNew:     {"id": str("a"), "n": num("2"), "x": str("same")},
		types.ReturnValueUpdatedOld: {"n": num("1")},
		types.ReturnValueUpdatedNew: {"n": num("2")},
	} {
		if diff := cmp.Diff(want, update(returned), sameItem); diff != "" {
			t.Errorf("%s: %s", returned, diff)
		}
	}
}

func TestDynamoDBUpdateMakesAnItem(t *testing.T) {
	client := dynamoClient(t)
	key := item{"id": str("new")}
	if _, err := client.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{TableName: aws.String("users"), Key: key}); err != nil {
		t.Fatal(err)
	}
	got, err := client.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String("users"), Key: key})
	if err != nil || cmp.Diff(key, got.Item, sameItem) != "" {
		t.Errorf("got %v, %v", got, err)
	}
	_, err = client.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
		TableName: aws.String("users"), Key: item{"id": str("other")}, ConditionExpression: aws.String("attribute_exists(id)"),
	})
	wantCode(t, err, "ConditionalCheckFailedException")
}

func TestDynamoDBUpdateLeavesWhatReadersHold(t *testing.T) {
	client := dynamoClient(t)
	put(t, client, "users", item{"id": str("a"), "n": num("0"), "l": list(num("0"))})
	done := make(chan error)
	go func() {
		for range 50 {
			if _, err := client.Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String("users")}); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	for range 50 {
		_, err := client.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
			TableName: aws.String("users"), Key: item{"id": str("a")}, UpdateExpression: aws.String("SET n = n + :1, l[0] = :1"),
			ExpressionAttributeValues: item{":1": num("1")},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}
