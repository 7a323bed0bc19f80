package emulator

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

func TestDynamoDBScanGivesEveryItemOnce(t *testing.T) {
	client := dynamoClient(t)
	const items = 300
	for i := range items {
		put(t, client, "users", item{"id": str(fmt.Sprint(i)), "n": num(fmt.Sprint(i % 3))})
	}
	tests := map[string]dynamodb.ScanInput{
		"whole":   {},
		"by 7":    {Limit: aws.Int32(7)},
		"by 300":  {Limit: aws.Int32(items)},
		"by 1000": {Limit: aws.Int32(1000)},
	}
	for name, in := range tests {
		t.Run(name, func(t *testing.T) {
			in.TableName = aws.String("users")
			wantEach(t, scanAll(t, client, in), items)
		})
	}
	t.Run("segments", func(t *testing.T) {
		all := map[string]int{}
		for segment := range int32(4) {
			for id, times := range scanAll(t, client, dynamodb.ScanInput{TableName: aws.String("users"), Segment: &segment, TotalSegments: aws.Int32(4), Limit: aws.Int32(11)}) {
				all[id] += times
			}
		}
		wantEach(t, all, items)
	})
	t.Run("filter", func(t *testing.T) {
		out, err := client.Scan(t.Context(), &dynamodb.ScanInput{
			TableName: aws.String("users"), FilterExpression: aws.String("n = :v"), ExpressionAttributeValues: item{":v": num("1")}, Select: types.SelectCount,
		})
		if err != nil || out.Count != 100 || out.ScannedCount != items || out.Items != nil {
			t.Errorf("got %+v, %v", out, err)
		}
	})
}

func scanAll(t *testing.T, client *dynamodb.Client, in dynamodb.ScanInput) map[string]int {
	t.Helper()
	seen := map[string]int{}
	pages := dynamodb.NewScanPaginator(client, &in)
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range page.Items {
			seen[found["id"].(*types.AttributeValueMemberS).Value]++
		}
	}
	return seen
}

func wantEach(t *testing.T, seen map[string]int, count int) {
	t.Helper()
	for id, times := range seen {
		if times != 1 {
			t.Errorf("%s was seen %d times", id, times)
		}
	}
	if len(seen) != count {
		t.Errorf("%d items, want %d", len(seen), count)
	}
}

func TestDynamoDBPagesEndAt1MB(t *testing.T) {
	client := dynamoClient(t)
	for i := range 8 {
		put(t, client, "users", item{"id": str(fmt.Sprint(i)), "x": str(strings.Repeat("x", 300<<10))})
	}
	out, err := client.Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String("users"), ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal})
	if err != nil || out.Count != 4 || out.LastEvaluatedKey == nil {
		t.Fatalf("got %d items, %v, %v", out.Count, out.LastEvaluatedKey, err)
	}
	if got := *out.ConsumedCapacity.CapacityUnits; got != 150.5 {
		t.Errorf("consumed %v units", got)
	}
	wantEach(t, scanAll(t, client, dynamodb.ScanInput{TableName: aws.String("users")}), 8)
}

func TestDynamoDBQuery(t *testing.T) {
	client := dynamoClient(t)
	for _, user := range []string{"a", "b", "a\x00"} {
		for _, at := range []string{"-5", "-0.5", "0", "2", "10", "100"} {
			put(t, client, "events", item{"user": str(user), "at": num(at), "v": str(user + at)})
		}
	}
	tests := map[string]struct {
		condition string
		backward  bool
		want      string
	}{
		"all":       {"#u = :u", false, "-5 -0.5 0 2 10 100"},
		"backward":  {"#u = :u", true, "100 10 2 0 -0.5 -5"},
		"equal":     {"#u = :u AND #at = :two", false, "2"},
		"greater":   {"#u = :u AND #at > :two", false, "10 100"},
		"not above": {"#u = :u AND #at <= :two", false, "-5 -0.5 0 2"},
		"between":   {"(#u = :u) AND (#at BETWEEN :low AND :two)", false, "-0.5 0 2"},
	}
	values := item{":u": str("a"), ":two": num("2.0"), ":low": num("-1")}
	for name, test := range tests {
		for _, limit := range []*int32{nil, aws.Int32(2)} {
			t.Run(fmt.Sprint(name, limit != nil), func(t *testing.T) {
				in := &dynamodb.QueryInput{
					TableName: aws.String("events"), KeyConditionExpression: &test.condition, ScanIndexForward: aws.Bool(!test.backward), Limit: limit,
					ExpressionAttributeNames: map[string]string{"#u": "user"}, ExpressionAttributeValues: used(values, test.condition),
				}
				if strings.Contains(test.condition, "#at") {
					in.ExpressionAttributeNames["#at"] = "at"
				}
				var got []string
				pages := dynamodb.NewQueryPaginator(client, in)
				for pages.HasMorePages() {
					page, err := pages.NextPage(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					for _, found := range page.Items {
						got = append(got, found["at"].(*types.AttributeValueMemberN).Value)
					}
				}
				if strings.Join(got, " ") != test.want {
					t.Errorf("got %v, want %s", got, test.want)
				}
			})
		}
	}
}

func TestDynamoDBRefusesQueries(t *testing.T) {
	client := dynamoClient(t)
	tests := map[string]struct {
		condition, filter string
		want              string
	}{
		"no hash key":       {"#at = :n", "", "Query condition missed key schema element: user"},
		"hash key not =":    {"#u > :s", "", queryUnsupported},
		"wrong type":        {"#u = :n", "", "One or more parameter values were invalid: Condition parameter type does not match schema type"},
		"sort key <>":       {"#u = :s AND #at <> :n", "", queryUnsupported},
		"or":                {"#u = :s OR #at = :n", "", "Invalid operator used in KeyConditionExpression: OR, NOT and IN are not allowed"},
		"two on the key":    {"#u = :s AND #u = :s", "", "KeyConditionExpressions must only contain one condition per key"},
		"another attribute": {"#u = :s AND v = :s", "", "Query condition missed key schema element: at"},
		"filter on the key": {"#u = :s", "#at = :n", "Filter Expression can only contain non-primary key attributes: Primary key attribute: at"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			in := &dynamodb.QueryInput{TableName: aws.String("events"), KeyConditionExpression: &test.condition, ExpressionAttributeNames: map[string]string{}}
			if test.filter != "" {
				in.FilterExpression = &test.filter
			}
			both := test.condition + " " + test.filter
			for placeholder, attribute := range map[string]string{"#u": "user", "#at": "at"} {
				if strings.Contains(both, placeholder) {
					in.ExpressionAttributeNames[placeholder] = attribute
				}
			}
			in.ExpressionAttributeValues = used(item{":s": str("x"), ":n": num("1")}, both)
			_, err := client.Query(t.Context(), in)
			if got := wantCode(t, err, "ValidationException"); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestDynamoDBDoesNotPretendToHaveIndexes(t *testing.T) {
	client := dynamoClient(t)
	_, err := client.Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String("users"), IndexName: aws.String("by-name")})
	if got := wantCode(t, err, "ValidationException"); got != "The table does not have the specified index: by-name" {
		t.Errorf("got %s", got)
	}
	_, err = client.Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String("users"), AttributesToGet: []string{"id"}})
	if got := wantCode(t, err, "ValidationException"); !strings.Contains(got, "AttributesToGet") {
		t.Errorf("got %s", got)
	}
}
