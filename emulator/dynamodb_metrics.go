package emulator

import (
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// measure records the metrics of one call about items. The capacity that it took
// is recorded where it is known.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
func (d *dynamoService) measure(c caller, operation string, input, output any, failure *apiError, took time.Duration) {
	if d.metrics == nil || !movesItems(operation) {
		return
	}
	throttled := failure != nil && (failure.Code == tooMuchThroughput || failure.Code == "ThrottlingException")
	conditional := failure != nil && failure.Code == "ConditionalCheckFailedException"
	if failure != nil && failure.Status < http.StatusInternalServerError && !throttled && !conditional {
		// Of the account: what is wrong may be that there is no such table.
		d.metrics.record("AWS/DynamoDB", "UserErrors", nil, 1, "Count")
		return
	}
	for _, resource := range resourcesOf(c, "dynamodb", input) {
		name := resource[strings.LastIndexByte(resource, '/')+1:]
		d.mu.RLock()
		t := d.tables[tableKey{c.Region, name}]
		d.mu.RUnlock()
		if t == nil && !throttled { // throttling comes before the table is looked for
			continue
		}
		table := map[string]string{"TableName": name}
		both := map[string]string{"TableName": name, "Operation": operation}
		switch {
		case failure == nil:
			d.metrics.record("AWS/DynamoDB", "SuccessfulRequestLatency", both, milliseconds(took), "Milliseconds")
			switch out := output.(type) {
			case *dynamodb.QueryOutput:
				d.metrics.record("AWS/DynamoDB", "ReturnedItemCount", both, float64(out.Count), "Count")
			case *dynamodb.ScanOutput:
				d.metrics.record("AWS/DynamoDB", "ReturnedItemCount", both, float64(out.Count), "Count")
			}
		case conditional:
			d.metrics.record("AWS/DynamoDB", "ConditionalCheckFailedRequests", table, 1, "Count")
		case throttled:
			metric, n := throttleEvents(operation, resource, name, input)
			d.metrics.record("AWS/DynamoDB", metric, table, float64(n), "Count")
			d.metrics.record("AWS/DynamoDB", "ThrottledRequests", both, 1, "Count")
		default:
			d.metrics.record("AWS/DynamoDB", "SystemErrors", both, 1, "Count")
		}
	}
}

// throttleEvents gives the metric that counts the items of a throttled call, and
// how many of them are of one table.
func throttleEvents(operation, resource, table string, input any) (metric string, n int) {
	switch batch := input.(type) {
	case *dynamodb.BatchGetItemInput:
		return readThrottles, len(batch.RequestItems[table].Keys) + len(batch.RequestItems[resource].Keys)
	case *dynamodb.BatchWriteItemInput:
		return writeThrottles, len(batch.RequestItems[table]) + len(batch.RequestItems[resource])
	}
	if operation == "GetItem" || operation == "Query" || operation == "Scan" {
		return readThrottles, 1
	}
	return writeThrottles, 1
}
