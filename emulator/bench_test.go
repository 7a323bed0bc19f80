package emulator

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
)

// BenchmarkPutRecords is one full PutRecords of 400-byte records over HTTP.
func BenchmarkPutRecords(b *testing.B) {
	s := startServer(b, Options{Logger: slog.New(slog.DiscardHandler)})
	client := kinesis.NewFromConfig(sdkConfig(s))
	if _, err := client.CreateStream(b.Context(), &kinesis.CreateStreamInput{StreamName: aws.String("s"), ShardCount: aws.Int32(2)}); err != nil {
		b.Fatal(err)
	}
	body := `{"StreamName":"s","Records":[` + strings.TrimSuffix(strings.Repeat(`{"Data":"`+strings.Repeat("YWJj", 134)+`","PartitionKey":"user123456"},`, 500), ",") + `]}`
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if response, answer := send(b, s, "POST", "/", "us-east-1/kinesis", body, "X-Amz-Target", "Kinesis_20131202.PutRecords"); response.StatusCode != 200 {
			b.Fatal(answer)
		}
	}
	b.ReportMetric(float64(500*b.N)/b.Elapsed().Seconds(), "records/s")
}

// BenchmarkBatchGetItem is one full BatchGetItem over HTTP, without the cost of
// a client that decodes it.
func BenchmarkBatchGetItem(b *testing.B) {
	s := startServer(b, Options{Logger: slog.New(slog.DiscardHandler)})
	client := dynamodb.NewFromConfig(sdkConfig(s))
	createTable(b, client, "users", keyAttribute{"id", types.ScalarAttributeTypeS})
	var keys []string
	for i := range 100 {
		id := fmt.Sprintf("user%03d", i)
		put(b, client, "users", item{"id": str(id), "name": str("John Doe"), "email": str("john@example.com"), "segment": str("premium"), "location": str("New York")})
		keys = append(keys, `{"id":{"S":"`+id+`"}}`)
	}
	body := `{"RequestItems":{"users":{"Keys":[` + strings.Join(keys, ",") + `],"ProjectionExpression":"id, #n, email, #s, #l","ExpressionAttributeNames":{"#n":"name","#s":"segment","#l":"location"}}}}`
	for b.Loop() {
		if response, answer := send(b, s, "POST", "/", "us-east-1/dynamodb", body, "X-Amz-Target", "DynamoDB_20120810.BatchGetItem"); response.StatusCode != 200 {
			b.Fatal(answer)
		}
	}
	b.ReportMetric(float64(100*b.N)/b.Elapsed().Seconds(), "items/s")
}

// BenchmarkStart is the time until a server answers.
func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		s, err := Start(b.Context(), Options{Directory: b.TempDir()})
		if err != nil {
			b.Fatal(err)
		}
		send(b, s, "GET", "/_enrich/health", "", "")
		if err := s.Close(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
