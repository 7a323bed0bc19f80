package emulator

import (
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// readUnits are the capacity units that reading so many bytes takes.
func readUnits(size int, consistent *bool) float64 {
	units := float64(max(1, (size+4095)/4096))
	if deref(consistent) {
		return units
	}
	return units / 2
}

// writeUnits are the capacity units that writing so many bytes takes.
func writeUnits(size int) float64 { return float64(max(1, (size+1023)/1024)) }

// consumed records capacity as CloudWatch shows it and, if asked for, describes
// it for the answer.
func (d *dynamoService) consumed(wanted types.ReturnConsumedCapacity, t *table, metric string, units float64) *types.ConsumedCapacity {
	if d.metrics != nil {
		d.metrics.record("AWS/DynamoDB", metric, map[string]string{"TableName": t.name}, units, "Count")
	}
	switch wanted {
	case types.ReturnConsumedCapacityTotal:
		return &types.ConsumedCapacity{TableName: &t.name, CapacityUnits: &units}
	case types.ReturnConsumedCapacityIndexes:
		return &types.ConsumedCapacity{TableName: &t.name, CapacityUnits: &units, Table: &types.Capacity{CapacityUnits: &units}}
	default:
		return nil
	}
}

// The names of capacity, and of the lack of it, in CloudWatch.
const (
	readCapacity   = "ConsumedReadCapacityUnits"
	writeCapacity  = "ConsumedWriteCapacityUnits"
	readThrottles  = "ReadThrottleEvents"
	writeThrottles = "WriteThrottleEvents"
)
