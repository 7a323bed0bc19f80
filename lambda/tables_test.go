package lambda

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"enrich/emulator"
	"enrich/enrichment"
)

// dynamo starts an emulator with a table of each type of key, each with an item of
// which the attribute name is the table's.
func dynamo(t *testing.T) (endpoint string, client *dynamodb.Client) {
	t.Helper()
	server, err := emulator.Start(t.Context(), emulator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	endpoint = server.Endpoint()
	cfg, err := configOf(environment(endpoint))
	if err != nil {
		t.Fatal(err)
	}
	cfg.BaseEndpoint = &endpoint
	client = dynamodb.NewFromConfig(cfg)
	for kind, key := range map[types.ScalarAttributeType]types.AttributeValue{
		types.ScalarAttributeTypeS: &types.AttributeValueMemberS{Value: "42"},
		types.ScalarAttributeTypeN: &types.AttributeValueMemberN{Value: "4200000000000000000000000000000000000.50"},
		types.ScalarAttributeTypeB: &types.AttributeValueMemberB{Value: []byte("\x00\xff")},
	} {
		table := "table-" + string(kind)
		_, err := client.CreateTable(t.Context(), &dynamodb.CreateTableInput{
			TableName: &table, BillingMode: types.BillingModePayPerRequest,
			AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: kind}},
			KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: types.KeyTypeHash}},
		})
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.PutItem(t.Context(), &dynamodb.PutItemInput{
			TableName: &table, Item: map[string]types.AttributeValue{"id": key, "name": &types.AttributeValueMemberS{Value: table}},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return endpoint, client
}

// lookupIn is a lookup in one of dynamo's tables.
func lookupIn(table string, kind enrichment.KeyType) string {
	return fmt.Sprintf(`[{"name":"things","table":%q,"key":"id","key_type":%q,"fields":["name"],"missing":"null"}]`, table, kind)
}

// Keys of every type find their items, however the event writes them.
func TestKeysOfEachType(t *testing.T) {
	endpoint, _ := dynamo(t)
	for _, test := range []struct {
		table string
		kind  enrichment.KeyType
		ids   []string // of events, in JSON
		found int      // of them, from the first one on
	}{
		{"table-S", enrichment.KeyString, []string{`"42"`, `42`, `42.0`, `"nobody"`}, 2},
		{
			"table-N", enrichment.KeyNumber,
			[]string{`4200000000000000000000000000000000000.5`, `"4.2000000000000000000000000000000000005e36"`, `"x"`, `42`}, 2,
		},
		{"table-B", enrichment.KeyBinary, []string{`"AP8="`, `"/w=="`, `"x"`}, 1},
	} {
		t.Run(test.table, func(t *testing.T) {
			h, err := begin(t.Context(), environment(endpoint, "ENRICH_LOOKUPS", lookupIn(test.table, test.kind)), io.Discard)
			if err != nil {
				t.Fatal(err)
			}
			_, bucket := newFakes()
			h.sink = bucket
			var records []given
			for i, id := range test.ids {
				records = append(records, given{shard, fmt.Sprint(i), "p", `{"id":` + id + `}`, beforeHour})
			}
			if c := invoke(t, h, records...); c != "" {
				t.Fatalf("to be done again from %s", c)
			}
			for i, line := range bucket.lines(t, name("e14-0")) {
				if found := strings.Contains(line, `"name":"`+test.table+`"`); found != (i < test.found) {
					t.Errorf("%s: %s", test.ids[i], line)
				}
			}
		})
	}
}

// A lookup that does not fit its table keeps the function from beginning. A table
// that is not there, or cannot be reached, does not: that may get better.
func TestProbe(t *testing.T) {
	endpoint, _ := dynamo(t)
	for _, test := range []struct{ name, lookups, endpoint, want string }{
		{"fits", lookupIn("table-N", enrichment.KeyNumber), endpoint, ""},
		{"another type", lookupIn("table-N", enrichment.KeyString), endpoint, "ENRICH_LOOKUPS: lookup things: reading table table-N, whose partition key must be the string id and its only key"},
		{"another key", strings.Replace(lookupIn("table-S", enrichment.KeyString), `"key":`, `"table_key":"ID","key":`, 1), endpoint, "whose partition key must be the string ID and its only key"},
		{"no table", lookupIn("table-X", enrichment.KeyString), endpoint, ""},
		{"nobody there", lookupIn("table-S", enrichment.KeyString), "http://127.0.0.1:1", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := begin(t.Context(), environment(test.endpoint, "ENRICH_LOOKUPS", test.lookups), io.Discard)
			switch {
			case test.want == "":
				if err != nil {
					t.Error(err)
				}
			case err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n"):
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}
