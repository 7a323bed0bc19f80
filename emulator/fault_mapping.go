package emulator

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
)

// pollPause is how long a mapping waits after a read that went wrong: it polls a
// shard once a second.
// https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html
const pollPause = time.Second

// readsNow tells whether the mapping gets what it reads: its reads suffer the faults
// of Kinesis' GetRecords. After one that goes wrong it has waited.
func (ln *lane) readsNow(ctx context.Context) bool {
	faults := ln.lambda.faults
	if faults.inForce() == nil {
		return true
	}
	hit := faults.strike(caller{Account: ln.stream.account}, "kinesis", "GetRecords", &kinesis.GetRecordsInput{StreamARN: &ln.stream.arn})
	if hit == nil {
		return true
	}
	if hit.kind == FaultThrottle {
		ln.lambda.metrics.record("AWS/Kinesis", "ReadProvisionedThroughputExceeded", map[string]string{"StreamName": ln.stream.name}, 1, "Count")
	}
	hit.wait(ctx)
	if hit.kind == "" {
		return true
	}
	ln.run.pause(ctx, pollPause)
	return false
}
