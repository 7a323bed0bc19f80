package items

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"enrich/emulator"
)

// Through the SDK's wire and back every value is what it was, whatever is left
// on the way.
func TestLoadIntoService(t *testing.T) {
	server, err := emulator.Start(t.Context(), emulator.Options{Faults: []emulator.Fault{
		{Service: "dynamodb", Operation: "BatchWriteItem", Kind: emulator.FaultUnprocessed, Rate: 0.3},
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	client := dynamodb.NewFromConfig(aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(server.Endpoint()), HTTPClient: &http.Client{Transport: transport},
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
	})
	_, err = client.CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName: aws.String("lookup"), BillingMode: types.BillingModePayPerRequest,
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: types.KeyTypeHash}},
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: types.ScalarAttributeTypeN}},
	})
	if err != nil {
		t.Fatal(err)
	}
	const count = 1000
	var in strings.Builder
	for n := range count {
		fmt.Fprintf(&in, `{"id":%d,"s":"ü","n":1234567890.12345678901234567890,"l":[true,null,{"a":""}]}`+"\n", n)
	}
	in.WriteString(`{"id":"7.0","s":"later"}`)
	report, err := Load(t.Context(), client, strings.NewReader(in.String()), Options{Table: "lookup", Key: "id", Format: NDJSON})
	if err != nil || report.Loaded != count+1 || len(report.Rejected) != 0 {
		t.Fatalf("got %+v, %v", report, err)
	}
	get := func(id string) fields {
		out, err := client.GetItem(t.Context(), &dynamodb.GetItemInput{
			TableName: aws.String("lookup"), Key: map[string]types.AttributeValue{"id": &types.AttributeValueMemberN{Value: id}},
		})
		if err != nil {
			t.Fatal(err)
		}
		return object(out.Item)
	}
	want := fields{"id": "N:999", "s": "S:ü", "n": "N:1234567890.1234567890123456789", "l": "L[true <nil> map[a:S:]]"}
	if diff := cmp.Diff(want, get("999")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(fields{"id": "N:7", "s": "S:later"}, get("7")); diff != "" {
		t.Error(diff)
	}
	scan, err := client.Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String("lookup"), Select: types.SelectCount})
	if err != nil || scan.Count != count {
		t.Errorf("%d items, %v", scan.Count, err)
	}
	var missing *types.ResourceNotFoundException
	_, err = Load(t.Context(), client, strings.NewReader(""), Options{Table: "none", Format: NDJSON})
	if !errors.As(err, &missing) || !strings.Contains(err.Error(), "lookup table (none)") {
		t.Errorf("got %v", err)
	}
}
