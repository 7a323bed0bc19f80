package pipeline

import (
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"enrich/cost"
)

func (f *function) charges(flow cost.Flow) []cost.Charge {
	second := cost.GBSecondX86
	if f.desired.Architecture == string(types.ArchitectureArm64) {
		second = cost.GBSecondARM
	}
	return []cost.Charge{
		{Item: cost.Request, What: "batches", Traffic: flow.Batches},
		{Item: second, What: "time of the function", Traffic: flow.GBSeconds(f.desired.Memory)},
		{Item: cost.CustomMetric, What: "the function's own metrics", Traffic: float64(flow.Metrics) * flow.Active()},
	}
}
