package shard

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	smithytime "github.com/aws/smithy-go/time"
)

// What a reading takes of a shard. A shard gives 5 answers and 2 MB a second to all
// who read it, the event source mapping among them.
// https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html
const (
	callEvery      = time.Second
	bytesPerSecond = 1_000_000
)

const (
	limitAtFirst = 100 // records, while their sizes are not known
	limitAtMost  = 10_000
	limitGrowth  = 10 // times that of the call before: the next records may be larger
)

// pace keeps a reading within what it may take.
type pace struct {
	next  time.Time // no call before
	limit int32     // of records, for the next call
}

// wait waits until the next call may be made.
func (p *pace) wait(ctx context.Context) error {
	return sleep(ctx, time.Until(p.next))
}

// called notes that a call begins.
func (p *pace) called() { p.next = time.Now().Add(callEvery) }

// answered notes what the call gave: the next one waits until that is paid for, and
// asks for as many records of that size as a second is worth.
func (p *pace) answered(records []types.Record) {
	if len(records) == 0 {
		return
	}
	size := 0
	for _, r := range records {
		size += len(r.Data) + len(*r.PartitionKey)
	}
	if over := time.Duration(float64(size) / bytesPerSecond * float64(time.Second)); over > callEvery {
		p.next = p.next.Add(over - callEvery)
	}
	fit := bytesPerSecond * len(records) / max(size, 1)
	p.limit = int32(max(1, min(fit, int(p.limit)*limitGrowth, limitAtMost)))
}

// refused notes that a call failed for the so manyth time in a row.
func (p *pace) refused(times int) {
	p.next = p.next.Add(min(callEvery<<min(times-1, 10), longestPause) - callEvery)
}

// longestPause is between two calls that fail.
const longestPause = 16 * time.Second

// sleep ends early, with its cause, when the context ends.
func sleep(ctx context.Context, d time.Duration) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if smithytime.SleepWithContext(ctx, d) != nil {
		return context.Cause(ctx)
	}
	return nil
}
