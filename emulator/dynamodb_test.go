package emulator

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func str(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
func num(s string) types.AttributeValue { return &types.AttributeValueMemberN{Value: s} }

type item = map[string]types.AttributeValue

// sameItem compares items, whose types carry unexported marks.
var sameItem = cmpopts.IgnoreUnexported(
	types.AttributeValueMemberS{}, types.AttributeValueMemberN{}, types.AttributeValueMemberB{}, types.AttributeValueMemberBOOL{},
	types.AttributeValueMemberNULL{}, types.AttributeValueMemberM{}, types.AttributeValueMemberL{}, types.AttributeValueMemberSS{},
	types.AttributeValueMemberNS{}, types.AttributeValueMemberBS{},
)

// dynamoClient gives a client of a fresh server with the tables users (hash key
// id) and events (hash key user, sort key at, a number).
func dynamoClient(t testing.TB) *dynamodb.Client {
	t.Helper()
	client := dynamodb.NewFromConfig(sdkConfig(startServer(t, Options{})))
	createTable(t, client, "users", keyAttribute{"id", types.ScalarAttributeTypeS})
	createTable(t, client, "events", keyAttribute{"user", types.ScalarAttributeTypeS}, keyAttribute{"at", types.ScalarAttributeTypeN})
	return client
}

func createTable(t testing.TB, client *dynamodb.Client, name string, keys ...keyAttribute) {
	t.Helper()
	in := &dynamodb.CreateTableInput{TableName: &name, BillingMode: types.BillingModePayPerRequest}
	for i, key := range keys {
		kind := types.KeyTypeHash
		if i > 0 {
			kind = types.KeyTypeRange
		}
		in.KeySchema = append(in.KeySchema, types.KeySchemaElement{AttributeName: &key.name, KeyType: kind})
		in.AttributeDefinitions = append(in.AttributeDefinitions, types.AttributeDefinition{AttributeName: &key.name, AttributeType: key.kind})
	}
	if _, err := client.CreateTable(t.Context(), in); err != nil {
		t.Fatal(err)
	}
}

func put(t testing.TB, client *dynamodb.Client, table string, i item) {
	t.Helper()
	if _, err := client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &table, Item: i}); err != nil {
		t.Fatal(err)
	}
}

func TestDynamoDBKeepsEveryTypeOfAttribute(t *testing.T) {
	client := dynamoClient(t)
	want := item{
		"id": str("a"), "n": num("-12.5"), "b": &types.AttributeValueMemberB{Value: []byte{0, 1, 255}},
		"t": &types.AttributeValueMemberBOOL{Value: true}, "f": &types.AttributeValueMemberBOOL{}, "z": &types.AttributeValueMemberNULL{Value: true},
		"m":  &types.AttributeValueMemberM{Value: item{"x": str(""), "y": &types.AttributeValueMemberM{Value: item{}}}},
		"l":  &types.AttributeValueMemberL{Value: []types.AttributeValue{num("1"), str("ü\u2028<&>")}},
		"ss": &types.AttributeValueMemberSS{Value: []string{"p", "q"}},
		"ns": &types.AttributeValueMemberNS{Value: []string{"1", "2.5"}},
		"bs": &types.AttributeValueMemberBS{Value: [][]byte{{1}, {2}}},
	}
	put(t, client, "users", want)
	got, err := client.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String("users"), Key: item{"id": str("a")}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got.Item, sameItem); diff != "" {
		t.Error(diff)
	}
	absent, err := client.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String("users"), Key: item{"id": str("b")}})
	if err != nil || absent.Item != nil {
		t.Errorf("an absent item gave %v, %v", absent, err)
	}
}

func TestDynamoDBRefusesWhatItCannotStore(t *testing.T) {
	client := dynamoClient(t)
	set := func(words ...string) types.AttributeValue { return &types.AttributeValueMemberSS{Value: words} }
	deep := str("x")
	for range nestingLimit {
		deep = &types.AttributeValueMemberL{Value: []types.AttributeValue{deep}}
	}
	tests := map[string]struct {
		item item
		want string
	}{
		"no key":            {item{"name": str("x")}, "One or more parameter values were invalid: Missing the key id in the item"},
		"key of wrong type": {item{"id": num("1")}, "One or more parameter values were invalid: Type mismatch for key id expected: S actual: N"},
		"empty key":         {item{"id": str("")}, "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: id"},
		"long key":          {item{"id": str(strings.Repeat("x", 2049))}, "One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of2048 bytes"},
		"not a number":      {item{"id": str("a"), "n": num("1x")}, "The parameter cannot be converted to a numeric value: 1x"},
		"too exact":         {item{"id": str("a"), "n": num(strings.Repeat("1", 39))}, "Attempting to store more than 38 significant digits in a Number"},
		"empty set":         {item{"id": str("a"), "s": set()}, "One or more parameter values were invalid: An string set  may not be empty"},
		"double in set":     {item{"id": str("a"), "s": set("x", "x")}, "One or more parameter values were invalid: Input collection [x, x] contains duplicates."},
		"false null":        {item{"id": str("a"), "z": &types.AttributeValueMemberNULL{}}, "One or more parameter values were invalid: Null attribute value types must have the value of true"},
		"too deep":          {item{"id": str("a"), "l": deep}, "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit"},
		"too large":         {item{"id": str("a"), "x": str(strings.Repeat("x", itemLimit-3))}, "Item size has exceeded the maximum allowed size"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String("users"), Item: test.item})
			if got := wantCode(t, err, "ValidationException"); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
	// Exactly 400 KB: "id" + "a" + "x" take four bytes.
	put(t, client, "users", item{"id": str("a"), "x": str(strings.Repeat("x", itemLimit-4))})
}

func TestDynamoDBRefusesKeysThatDoNotFit(t *testing.T) {
	client := dynamoClient(t)
	for name, key := range map[string]item{
		"wrong type": {"id": num("1")}, "wrong name": {"ID": str("1")}, "too many": {"id": str("1"), "x": str("2")}, "none": {},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := client.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String("users"), Key: key})
			if got := wantCode(t, err, "ValidationException"); got != keyMismatch {
				t.Errorf("got %s", got)
			}
		})
	}
	_, err := client.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String("absent"), Key: item{"id": str("1")}})
	if got := wantCode(t, err, "ResourceNotFoundException"); got != "Requested resource not found" {
		t.Errorf("got %s", got)
	}
}

func TestDynamoDBConditions(t *testing.T) {
	client := dynamoClient(t)
	stored := item{
		"id": str("a"), "n": num("5"), "tag": str("blue"), "list": &types.AttributeValueMemberL{Value: []types.AttributeValue{str("x"), num("2")}},
		"m": &types.AttributeValueMemberM{Value: item{"k": num("1")}}, "set": &types.AttributeValueMemberSS{Value: []string{"p"}},
	}
	put(t, client, "users", stored)
	values := item{":five": num("5.0"), ":six": num("6"), ":one": num("1"), ":bl": str("bl"), ":x": str("x"), ":p": str("p"), ":S": str("S"), ":blue": str("blue")}
	tests := map[string]bool{
		"attribute_exists(id)":                     true,
		"attribute_not_exists(id)":                 false,
		"attribute_not_exists(nope)":               true,
		"n = :five":                                true,
		"n <> :five":                               false,
		"nope <> :five":                            true,
		"nope = :five":                             false,
		"nope < :five":                             false,
		"n < :six AND n > :one":                    true,
		"n >= :six OR n <= :one":                   false,
		"NOT n = :six":                             true,
		"not (n = :five and tag = :blue)":          false,
		"n = :six OR n = :five AND tag = :blue":    true,
		"n BETWEEN :one AND :six":                  true,
		"n between :six and :six":                  false,
		"tag IN (:x, :blue)":                       true,
		"tag IN (:x)":                              false,
		"begins_with(tag, :bl)":                    true,
		"contains(tag, :bl)":                       true,
		"contains(list, :x)":                       true,
		"contains(#set, :p)":                       true,
		"contains(#set, :x)":                       false,
		"attribute_type(tag, :S)":                  true,
		"attribute_type(n, :S)":                    false,
		"size(tag) = :five":                        false,
		"size(#list) > :one":                       true,
		"m.k = :one":                               true,
		"#list[1] < :five":                         true,
		"#list[9] = :five":                         false,
		"n = tag":                                  false,
		"n < :bl":                                  false,
		"(((n = :five)))":                          true,
		"attribute_exists(m.k) AND NOT tag = :one": true,
	}
	for expression, want := range tests {
		t.Run(expression, func(t *testing.T) {
			in := &dynamodb.PutItemInput{TableName: aws.String("users"), Item: stored, ConditionExpression: &expression}
			in.ExpressionAttributeValues = used(values, expression)
			if strings.Contains(expression, "#list") {
				in.ExpressionAttributeNames = map[string]string{"#list": "list"}
			}
			if strings.Contains(expression, "#set") {
				in.ExpressionAttributeNames = map[string]string{"#set": "set"}
			}
			if expression == "contains(list, :x)" { // LIST is a reserved word
				in.ConditionExpression, in.ExpressionAttributeNames = aws.String("contains(#l, :x)"), map[string]string{"#l": "list"}
			}
			_, err := client.PutItem(t.Context(), in)
			if want {
				if err != nil {
					t.Error(err)
				}
				return
			}
			wantCode(t, err, "ConditionalCheckFailedException")
		})
	}
}

// used gives those of the values that an expression mentions.
func used(values item, expression string) item {
	found := item{}
	for name, value := range values {
		for _, word := range strings.FieldsFunc(expression, func(r rune) bool { return strings.ContainsRune(" (),=<>", r) }) {
			if word == name {
				found[name] = value
			}
		}
	}
	if len(found) == 0 {
		return nil
	}
	return found
}

func TestDynamoDBConditionFailureCanReturnTheItem(t *testing.T) {
	client := dynamoClient(t)
	put(t, client, "users", item{"id": str("a"), "n": num("1")})
	_, err := client.PutItem(t.Context(), &dynamodb.PutItemInput{
		TableName: aws.String("users"), Item: item{"id": str("a")}, ConditionExpression: aws.String("attribute_not_exists(id)"),
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	var failed *types.ConditionalCheckFailedException
	wantCode(t, err, "ConditionalCheckFailedException")
	if !asError(err, &failed) || cmp.Diff(item{"id": str("a"), "n": num("1")}, failed.Item, sameItem) != "" {
		t.Errorf("got %v with %v", err, failed)
	}
}

func TestDynamoDBRefusesBadExpressions(t *testing.T) {
	client := dynamoClient(t)
	tests := []struct {
		expression string
		names      map[string]string
		values     item
		want       string
	}{
		{"name = :v", nil, item{":v": str("x")}, "Invalid ConditionExpression: Attribute name is a reserved keyword; reserved keyword: name"},
		{"#n = :v", nil, item{":v": str("x")}, "Invalid ConditionExpression: An expression attribute name used in the document path is not defined; attribute name: #n"},
		{"a = :v", nil, nil, "Invalid ConditionExpression: An expression attribute value used in expression is not defined; attribute value: :v"},
		{"a = :v", map[string]string{"#n": "x"}, item{":v": str("x")}, "Value provided in ExpressionAttributeNames unused in expressions: keys: {#n}"},
		{"attribute_exists(a)", nil, item{":v": str("x")}, "Value provided in ExpressionAttributeValues unused in expressions: keys: {:v}"},
		{"a = ", nil, item{":v": str("x")}, `Invalid ConditionExpression: Syntax error; token: "<EOF>", near: "a = "`},
		{"a ! :v", nil, item{":v": str("x")}, `Invalid ConditionExpression: Syntax error; token: "!", near: "a ! :v"`},
		{" ", nil, nil, "Invalid ConditionExpression: The expression can not be empty;"},
		{"nope(a)", nil, nil, "Invalid ConditionExpression: Invalid function name; function: nope"},
		{"contains(a)", nil, nil, "Invalid ConditionExpression: Incorrect number of operands for operator or function; operator or function: contains, number of operands: 1"},
		{"attribute_exists(:v)", nil, item{":v": str("x")}, "Invalid ConditionExpression: Operator or function requires a document path; operator or function: attribute_exists"},
		{"a = :v", map[string]string{}, item{":v": str("x")}, "ExpressionAttributeNames must not be empty"},
	}
	for _, test := range tests {
		t.Run(test.expression, func(t *testing.T) {
			_, err := client.PutItem(t.Context(), &dynamodb.PutItemInput{
				TableName: aws.String("users"), Item: item{"id": str("a")}, ConditionExpression: &test.expression,
				ExpressionAttributeNames: test.names, ExpressionAttributeValues: test.values,
			})
			if got := wantCode(t, err, "ValidationException"); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestDynamoDBProjects(t *testing.T) {
	client := dynamoClient(t)
	put(t, client, "users", item{
		"id": str("a"), "name": str("Jo"), "m": &types.AttributeValueMemberM{Value: item{"x": num("1"), "y": num("2")}},
		"l": &types.AttributeValueMemberL{Value: []types.AttributeValue{num("0"), num("1"), &types.AttributeValueMemberM{Value: item{"z": num("9")}}}},
	})
	tests := map[string]item{
		"#n, nope":  {"name": str("Jo")},
		"m.y":       {"m": &types.AttributeValueMemberM{Value: item{"y": num("2")}}},
		"l[2].z":    {"l": &types.AttributeValueMemberL{Value: []types.AttributeValue{&types.AttributeValueMemberM{Value: item{"z": num("9")}}}}},
		"l[1],l[0]": {"l": &types.AttributeValueMemberL{Value: []types.AttributeValue{num("0"), num("1")}}},
		"m.nope":    {},
	}
	for expression, want := range tests {
		t.Run(expression, func(t *testing.T) {
			in := &dynamodb.GetItemInput{TableName: aws.String("users"), Key: item{"id": str("a")}, ProjectionExpression: &expression}
			if strings.Contains(expression, "#n") {
				in.ExpressionAttributeNames = map[string]string{"#n": "name"}
			}
			got, err := client.GetItem(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got.Item, sameItem); diff != "" {
				t.Error(diff)
			}
		})
	}
	for _, bad := range []string{"m, m.x", "m.x, m", "id, id", "m.x, m[0]"} {
		_, err := client.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String("users"), Key: item{"id": str("a")}, ProjectionExpression: &bad})
		if got := wantCode(t, err, "ValidationException"); !strings.Contains(got, "Two document paths") {
			t.Errorf("%s: got %s", bad, got)
		}
	}
}
