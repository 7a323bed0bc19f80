package emulator

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// Why records were discarded.
const (
	conditionExhausted = "RetryAttemptsExhausted"
	conditionAged      = "RecordAgeExceeded"
)

// discarded is what an on-failure destination gets.
// https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
type discarded struct {
	RequestContext struct {
		RequestID              string `json:"requestId"`
		FunctionArn            string `json:"functionArn"`
		Condition              string `json:"condition"`
		ApproximateInvokeCount int    `json:"approximateInvokeCount"`
	} `json:"requestContext"`
	ResponseContext *responseContext `json:"responseContext,omitempty"`
	Version         string           `json:"version"`
	Timestamp       string           `json:"timestamp"`
	KinesisBatch    struct {
		ShardID        string `json:"shardId"`
		StartSequence  string `json:"startSequenceNumber"`
		EndSequence    string `json:"endSequenceNumber"`
		ArrivalOfFirst string `json:"approximateArrivalOfFirstRecord"`
		ArrivalOfLast  string `json:"approximateArrivalOfLastRecord"`
		BatchSize      int    `json:"batchSize"`
		StreamArn      string `json:"streamArn"`
	} `json:"KinesisBatchInfo"`
	Payload json.RawMessage `json:"payload,omitempty"` // for a bucket alone
}

type responseContext struct {
	StatusCode      int     `json:"statusCode"`
	ExecutedVersion string  `json:"executedVersion"`
	FunctionError   *string `json:"functionError"`
}

// discard gives records up: they go to the on-failure destination, if there is
// one, and the lane goes on after them. As in Lambda, a destination that cannot
// be written does not hold the shard up; metrics tell.
func (ln *lane) discard(ctx context.Context, records []*record, condition string, invocations int, v *verdict) {
	c := &ln.run.config
	destination, delivered := c.DestinationConfig.OnFailure.Destination, false
	if destination != nil {
		// The records are given up even when the mapping stops just now.
		err := ln.store(context.WithoutCancel(ctx), *destination, records, condition, invocations, v)
		if delivered = err == nil; !delivered {
			ln.lambda.logger.Error("discarded records were not delivered to the on-failure destination",
				"mapping", ln.run.mapping.uuid, "destination", *destination, "records", len(records), "error", err)
			ln.lambda.metrics.record("AWS/Lambda", "DestinationDeliveryFailures", map[string]string{"FunctionName": nameOf(*c.FunctionArn)}, 1, "Count")
		}
	}
	ln.countDiscarded(len(records), condition, delivered)
	ln.commit(records[len(records)-1].ordinal + 1)
}

// store delivers to a destination in the name of the function's role.
func (ln *lane) store(ctx context.Context, destination string, records []*record, condition string, invocations int, v *verdict) error {
	role, now := ln.role(), ln.lambda.clock.Now().UTC()
	d := ln.describeDiscarded(records, condition, invocations, v, now)
	service := partOf(destination, 2)
	if service == "s3" {
		d.Payload = ln.writer.event(records, role)
	}
	body, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("describing discarded records: %w", err)
	}
	switch service {
	case "sqs":
		if err := ln.lambda.roles.allowed(role, "sqs:SendMessage", destination); err != nil {
			return err
		}
		return ln.lambda.queues.send(destination, string(body))
	case "sns":
		if err := ln.lambda.roles.allowed(role, "sns:Publish", destination); err != nil {
			return err
		}
		return ln.lambda.topics.send(destination, string(body))
	}
	bucket := bucketARNPattern().FindStringSubmatch(destination)[1]
	key := fmt.Sprintf("aws/lambda/%s/%s/%s-%s", ln.run.mapping.uuid, ln.shard.id, now.Format("2006/01/02/2006-01-02T15.04.05"), newRequestID())
	// A bucket needs both.
	if err := ln.lambda.roles.allowed(role, "s3:ListBucket", destination); err != nil {
		return err
	}
	if err := ln.lambda.roles.allowed(role, "s3:PutObject", destination+"/"+key); err != nil {
		return err
	}
	return ln.lambda.objects.put(ctx, bucket, key, body)
}

// describeDiscarded tells of records that are given up, all but what they are.
func (ln *lane) describeDiscarded(records []*record, condition string, invocations int, v *verdict, now time.Time) *discarded {
	first, last := records[0], records[len(records)-1]
	d := new(discarded)
	d.RequestContext.RequestID = newRequestID()
	d.RequestContext.FunctionArn = *ln.run.config.FunctionArn
	d.RequestContext.Condition = condition
	d.RequestContext.ApproximateInvokeCount = invocations
	if v != nil {
		d.ResponseContext = &responseContext{StatusCode: v.status, ExecutedVersion: latestVersion, FunctionError: v.failure}
	}
	d.Version, d.Timestamp = "1.0", isoTime(now)
	d.KinesisBatch.ShardID, d.KinesisBatch.StreamArn = ln.shard.id, ln.stream.arn
	d.KinesisBatch.StartSequence, d.KinesisBatch.EndSequence = first.sequence, last.sequence
	d.KinesisBatch.ArrivalOfFirst, d.KinesisBatch.ArrivalOfLast = isoTime(time.UnixMilli(first.arrived)), isoTime(time.UnixMilli(last.arrived))
	d.KinesisBatch.BatchSize = len(records)
	return d
}
