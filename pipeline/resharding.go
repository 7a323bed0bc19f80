package pipeline

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"enrich/engine"
)

// setShards goes to the desired count in steps that AWS takes: at most double
// and at least half of what there is. It reads the count before each step, as a
// stream that was on demand has a count of its own.
// https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateShardCount.html
func (s *dataStream) setShards(ctx context.Context, _ DataStream, progress engine.Progress) error {
	for s.desired.Mode == provisioned {
		summary, err := s.describe(ctx)
		if err != nil {
			return err
		}
		now := int(aws.ToInt32(summary.OpenShardCount))
		if now == s.desired.Shards {
			return nil
		}
		next := nextShards(now, s.desired.Shards)
		progress.Status(fmt.Sprintf("resharding from %d to %d of %d", now, next, s.desired.Shards))
		_, err = s.client.UpdateShardCount(ctx, &kinesis.UpdateShardCountInput{
			StreamName:       &s.name,
			TargetShardCount: aws.Int32(int32(next)),
			ScalingType:      types.ScalingTypeUniformScaling,
		})
		if err != nil {
			return err
		}
		if err := s.settle(ctx, progress); err != nil {
			return err
		}
	}
	return nil
}

// nextShards is the count nearest to the wanted one that one step can reach.
func nextShards(now, wanted int) int {
	return max(min(wanted, now*2), (now+1)/2)
}
