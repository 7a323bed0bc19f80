package pipeline

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"enrich/engine"
)

// checkQuotas compares what the account has left in the region with what a plan
// takes of it.
func (p *Pipeline) checkQuotas(ctx context.Context, plan *engine.Plan, found *Preflight) {
	shards, streams := 0, 0
	for _, step := range plan.Steps {
		if s, ok := step.Resource.(*dataStream); ok {
			shards, streams = s.takes(step)
		}
	}
	if shards <= 0 && streams <= 0 {
		return
	}
	limits, err := kinesis.NewFromConfig(p.sdk).DescribeLimits(ctx, &kinesis.DescribeLimitsInput{})
	if err != nil {
		found.unchecked("quotas", why(err, "kinesis:DescribeLimits"))
		return
	}
	if limit, used := int(aws.ToInt32(limits.ShardLimit)), int(aws.ToInt32(limits.OpenShardCount)); used+shards > limit && shards > 0 {
		found.Problems = append(found.Problems, p.exceeded("Shards per Region", "shards", limit, used, shards)+
			", give the data stream fewer (stream.shards), or set stream.mode to on-demand")
	}
	if limit, used := int(aws.ToInt32(limits.OnDemandStreamCountLimit)), int(aws.ToInt32(limits.OnDemandStreamCount)); used+streams > limit && streams > 0 {
		found.Problems = append(found.Problems, p.exceeded("On-demand Data Streams per account", "on-demand streams", limit, used, streams)+
			", or set stream.mode to provisioned")
	}
}

// exceeded names a quota in the words of the Service Quotas console.
func (p *Pipeline) exceeded(quota, of string, limit, used, needed int) string {
	return fmt.Sprintf("the account has %d of its %d %s in %s in use, and this takes %d more: raise the quota %q of Amazon Kinesis Data Streams in the Service Quotas console",
		used, limit, of, p.id.Region, needed, quota)
}

// takes tells how many more shards and on-demand streams a step uses.
func (s *dataStream) takes(step engine.Step) (shards, streams int) {
	var now DataStream
	if step.Action == engine.Update && step.Observed != nil {
		now, _ = step.Observed.Spec.(DataStream)
	} else if step.Action != engine.Create {
		return 0, 0
	}
	if s.desired.Mode == provisioned {
		return s.desired.Shards - now.Shards, 0
	}
	if now.Mode == onDemand {
		return 0, 0
	}
	return 0, 1
}
