package pipeline

import "enrich/cost"

// charges has shard-level metrics whole: they are sent each minute.
func (s *dataStream) charges(flow cost.Flow) []cost.Charge {
	charges := s.provisionedCharges(flow)
	idle := flow.Shards
	if s.desired.Mode == onDemand {
		charges, idle = s.onDemandCharges(flow), onDemandShards
	}
	if metrics := len(s.desired.ShardMetrics); metrics > 0 {
		charges = append(charges, cost.Charge{
			Item: cost.CustomMetric, What: "shard-level metrics", Idle: float64(metrics * idle), Traffic: float64(metrics * (flow.Shards - idle)),
		})
	}
	if s.desired.Encryption != "" {
		charges = append(charges, cost.Charge{Item: cost.KeyRequest, What: "the stream's key", Idle: 2 * keyRequests})
	}
	return charges
}

// Retention in hours, behind each of which there is another price.
const (
	includedRetention = 24
	extendedRetention = 168
)

// putUnit is what a record is counted in, in bytes.
const putUnit = 25 << 10

func (s *dataStream) provisionedCharges(flow cost.Flow) []cost.Charge {
	hours := float64(s.desired.Shards) * cost.Hours
	units := (flow.EventBytes + putUnit - 1) / putUnit
	charges := []cost.Charge{
		{Item: cost.ShardHour, What: "shards", Idle: hours},
		{Item: cost.PutUnit, What: "events put", Traffic: flow.Events() * float64(units)},
	}
	if s.desired.RetentionHours > includedRetention {
		charges = append(charges, cost.Charge{Item: cost.ExtendedHour, What: "retention up to 7 days", Idle: hours})
	}
	if beyond := s.desired.RetentionHours - extendedRetention; beyond > 0 {
		charges = append(charges, cost.Charge{Item: cost.LongTerm, What: "retention beyond 7 days", Traffic: kept(flow.Bytes(), beyond)})
	}
	return charges
}

// onDemandCharges has a record of what comes in as whole KBs.
func (s *dataStream) onDemandCharges(flow cost.Flow) []cost.Charge {
	in := flow.Events() * float64((flow.EventBytes+1023)/1024*1024)
	charges := []cost.Charge{
		{Item: cost.StreamHour, What: "stream", Idle: cost.Hours},
		{Item: cost.DataIn, What: "events put", Traffic: in / cost.GB},
		{Item: cost.DataOut, What: "events read by the function", Traffic: flow.Bytes() / cost.GB},
	}
	if extended := min(s.desired.RetentionHours, extendedRetention) - includedRetention; extended > 0 {
		charges = append(charges, cost.Charge{Item: cost.OnDemandExtended, What: "retention up to 7 days", Traffic: kept(flow.Bytes(), extended)})
	}
	if beyond := s.desired.RetentionHours - extendedRetention; beyond > 0 {
		charges = append(charges, cost.Charge{Item: cost.OnDemandLongTerm, What: "retention beyond 7 days", Traffic: kept(flow.Bytes(), beyond)})
	}
	return charges
}

// kept is what of a month's bytes is there at any time when each stays some hours,
// in GB-months.
func kept(bytes float64, hours int) float64 { return bytes * float64(hours) / cost.Hours / cost.GB }
