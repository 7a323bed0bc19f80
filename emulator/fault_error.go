package emulator

import (
	"net/http"
	"strings"
)

const (
	rateExceeded   = "Rate exceeded"
	unknownFailure = "The request processing has failed because of an unknown error, exception or failure."
)

// throttleOf is a service's refusal of a call for its rate; input may be nil. Where a
// service has two, coin chooses.
func throttleOf(c caller, service, operation string, input any, coin bool) *apiError {
	e := failf(http.StatusBadRequest, "ThrottlingException", rateExceeded) // query protocol: Throttling
	switch service {
	case "s3":
		e = failf(http.StatusServiceUnavailable, "SlowDown", "Please reduce your request rate.")
	case "dynamodb":
		switch {
		case !movesItems(operation):
			e.Message = "Rate of requests exceeds the allowed throughput."
		case coin:
			e.Message = "Throughput exceeds the current capacity of your table or index. DynamoDB is automatically scaling your table or index so please try again shortly."
		default:
			e.Code = "ProvisionedThroughputExceededException"
			e.Message = "The level of configured provisioned throughput for the table was exceeded. Consider increasing your provisioning level with the UpdateTable API."
		}
	case "kinesis":
		e.Code = "LimitExceededException"
		if strings.HasPrefix(operation, "PutRecord") || operation == "GetRecords" || operation == "GetShardIterator" {
			e.Code = "ProvisionedThroughputExceededException"
		}
		if _, stream, ok := strings.Cut(resourcesOf(c, service, input)[0], "/"); ok {
			e.Message = rateExceeded + " for stream " + stream + " under account " + c.Account + "."
		}
	case "lambda":
		reason := "CallerRateLimitExceeded"
		if operation == "Invoke" {
			reason = "ConcurrentInvocationLimitExceeded"
		}
		e = throttled(reason)
	case "sqs":
		e.Code, e.Message = "RequestThrottled", "The request was denied due to request throttling."
	case "tag":
		e = failf(http.StatusBadRequest, "ThrottledException", "The request failed because it exceeded the allowed frequency of submitted requests.")
	}
	e.injected = true
	return e
}

// movesItems tells DynamoDB's operations on items from those on tables.
func movesItems(operation string) bool {
	return strings.HasSuffix(operation, "Item") || strings.HasSuffix(operation, "Items") || operation == "Query" || operation == "Scan"
}

// breakdownOf is a service's failure. Where a service has two, coin chooses.
func breakdownOf(service string, coin bool) *apiError {
	e := failf(http.StatusInternalServerError, "InternalFailure", unknownFailure)
	switch service {
	case "s3":
		e.Code, e.Message = "InternalError", "We encountered an internal error. Please try again."
		if coin {
			e = failf(http.StatusServiceUnavailable, "ServiceUnavailable", "Service is unable to handle request.")
		}
	case "dynamodb":
		e.Code, e.Message = "InternalServerError", "Internal server error"
	case "lambda":
		e.Code, e.Message = "ServiceException", "The AWS Lambda service encountered an internal error."
		e.Extra = map[string]any{"Type": "Service"}
	case "iam":
		e.Code = "ServiceFailure"
	case "logs":
		e.Code, e.Message = "ServiceUnavailableException", "The service cannot complete the request."
	case "sns":
		e.Code = "InternalError"
	case "cloudwatch":
		e.Code = "InternalServiceFault"
		e.Extra = map[string]any{"Message": e.Message} // that is how its member is called
	case "tag":
		e.Code, e.Message = "InternalServiceException", "The request processing failed because of an unknown error, exception, or failure. You can retry the request."
	}
	e.injected = true
	return e
}
