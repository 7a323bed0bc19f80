package pipeline

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"enrich/engine"
)

// shardMetrics names every metric: some endpoints keep ALL beside the names,
// AWS answers with the names.
func shardMetrics(names []string) []string {
	if slices.Contains(names, string(types.MetricsNameAll)) {
		names = nil
		for _, name := range types.MetricsName("").Values() {
			if name != types.MetricsNameAll {
				names = append(names, string(name))
			}
		}
	}
	names = append([]string{}, names...)
	slices.Sort(names)
	return slices.Compact(names)
}

func (s *dataStream) setMetrics(ctx context.Context, now DataStream, progress engine.Progress) error {
	if surplus := without(now.ShardMetrics, s.desired.ShardMetrics); len(surplus) > 0 {
		_, err := s.client.DisableEnhancedMonitoring(ctx, &kinesis.DisableEnhancedMonitoringInput{StreamName: &s.name, ShardLevelMetrics: surplus})
		if err != nil {
			return err
		}
		if err := s.settle(ctx, progress); err != nil {
			return err
		}
	}
	if missing := without(s.desired.ShardMetrics, now.ShardMetrics); len(missing) > 0 {
		_, err := s.client.EnableEnhancedMonitoring(ctx, &kinesis.EnableEnhancedMonitoringInput{StreamName: &s.name, ShardLevelMetrics: missing})
		return err
	}
	return nil
}

// without is what of the one list the other lacks.
func without(list, other []string) []types.MetricsName {
	var rest []types.MetricsName
	for _, name := range list {
		if !slices.Contains(other, name) {
			rest = append(rest, types.MetricsName(name))
		}
	}
	return rest
}
