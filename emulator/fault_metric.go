package emulator

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
)

// countThrottled shows a call that was throttled in CloudWatch, where the service
// counts it: alarms are made of that.
func (s *Server) countThrottled(c caller, service, operation string, input any) {
	for _, resource := range resourcesOf(c, actionPrefix(service), input) {
		name := resource[strings.LastIndexAny(resource, "/:")+1:]
		count := func(namespace, metric, dimension string, n int) {
			s.cloudwatch.record(namespace, metric, map[string]string{dimension: name}, float64(n), "Count")
		}
		switch {
		case service == "lambda" && operation == "Invoke":
			count("AWS/Lambda", "Throttles", "FunctionName", 1)
		case service == "kinesis" && operation == "GetRecords":
			count("AWS/Kinesis", "ReadProvisionedThroughputExceeded", "StreamName", 1)
		case service == "kinesis" && strings.HasPrefix(operation, "PutRecord"):
			n := 1
			if put, ok := input.(*kinesis.PutRecordsInput); ok {
				n = len(put.Records)
			}
			count("AWS/Kinesis", "WriteProvisionedThroughputExceeded", "StreamName", n)
		case service == "dynamodb" && movesItems(operation):
			metric, n := readThrottles, 1
			if strings.HasPrefix(operation, "Put") || strings.HasPrefix(operation, "Update") || strings.HasPrefix(operation, "Delete") {
				metric = writeThrottles
			}
			switch batch := input.(type) {
			case *dynamodb.BatchGetItemInput:
				n = len(batch.RequestItems[name].Keys) + len(batch.RequestItems[resource].Keys)
			case *dynamodb.BatchWriteItemInput:
				metric, n = writeThrottles, len(batch.RequestItems[name])+len(batch.RequestItems[resource])
			}
			count("AWS/DynamoDB", metric, "TableName", n)
		}
	}
}
