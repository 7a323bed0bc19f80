package emulator

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestJSONDecoding(t *testing.T) {
	tests := map[string]struct {
		body string
		want kinesis.GetShardIteratorInput
	}{
		"names are case sensitive": {`{"StreamName":"a","streamName":"b","STREAMNAME":"c"}`, kinesis.GetShardIteratorInput{StreamName: aws.String("a")}},
		"unknown members":          {`{"New":[{"a":1}],"StreamName":"a"}`, kinesis.GetShardIteratorInput{StreamName: aws.String("a")}},
		"null is absent":           {`{"StreamName":null}`, kinesis.GetShardIteratorInput{}},
		"the last one counts":      {`{"StreamName":"a","StreamName":"b"}`, kinesis.GetShardIteratorInput{StreamName: aws.String("b")}},
		"epoch seconds":            {`{"Timestamp":1772366400.125}`, kinesis.GetShardIteratorInput{Timestamp: aws.Time(epoch.Add(125 * time.Millisecond))}},
		"exponents":                {`{"Timestamp":1.7723664E9}`, kinesis.GetShardIteratorInput{Timestamp: aws.Time(epoch)}},
		"enums":                    {`{"ShardIteratorType":"LATEST"}`, kinesis.GetShardIteratorInput{ShardIteratorType: "LATEST"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var got kinesis.GetShardIteratorInput
			if err := decodeJSON([]byte(test.body), &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got, cmpopts.IgnoreUnexported(kinesis.GetShardIteratorInput{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestJSONDecodingRefuses(t *testing.T) {
	for body, want := range map[string]string{
		`{"StreamName":1}`:          "NUMBER_VALUE can not be converted to a String at /StreamName",
		`{"StreamName":["a"]}`:      "START_ARRAY can not be converted to a String at /StreamName",
		`{"Timestamp":"today"}`:     "STRING_VALUE can not be converted to a Double at /Timestamp",
		`{"Timestamp":1e300}`:       "out of range",
		`{"StreamName":"a"} x`:      "invalid",
		`{"StreamName":"a`:          "EOF",
		"{\"StreamName\":\"\xff\"}": "invalid UTF-8",
	} {
		err := decodeJSON([]byte(body), &kinesis.GetShardIteratorInput{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", body, err, want)
		}
	}
}

func FuzzJSON(f *testing.F) {
	f.Add(`{"TableName":"t","Item":{"a":{"M":{"b":{"L":[{"N":"1"},{"NULL":true},{"B":"AA=="}]}}},"c":{"SS":["x"]}}}`)
	f.Add(`{"Item":{"a":{"S":null,"N":"1","X":{}}},"ReturnValues":"x"}`)
	f.Fuzz(func(t *testing.T, body string) {
		var in dynamodb.PutItemInput
		if err := decodeJSON([]byte(body), &in); err != nil {
			return
		}
		if checkItem(in.Item) != nil {
			return
		}
		if _, err := itemSize(in.Item); err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		if _, err := encodeJSON(t.Context(), &dynamodb.GetItemOutput{Item: in.Item}); err != nil {
			t.Fatalf("%s: %v", body, err)
		}
	})
}
