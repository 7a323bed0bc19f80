package pipeline

import "enrich/cost"

// charges leave out what is stored: its size is not known.
func (t *lookupTable) charges(flow cost.Flow) []cost.Charge {
	const unknown = "the table's size is not known"
	charges := []cost.Charge{{Item: cost.TableStorage, What: "lookup tables", Beyond: unknown}}
	if t.desired.PointInTimeRecovery {
		charges = append(charges, cost.Charge{Item: cost.TableRecovery, What: "point-in-time recovery", Beyond: unknown})
	}
	if t.desired.Encryption == tableKMSKey {
		charges = append(charges, cost.Charge{Item: cost.KeyRequest, What: "the tables' key", Idle: 2 * keyRequests})
	}
	if t.desired.Mode == provisioned {
		return append(charges,
			cost.Charge{Item: cost.ReadCapacityHour, What: "read capacity", Idle: float64(t.desired.Read) * cost.Hours},
			cost.Charge{Item: cost.WriteCapacityHour, What: "write capacity", Idle: float64(t.desired.Write) * cost.Hours})
	}
	return append(charges, cost.Charge{Item: cost.ReadUnit, What: "lookups", Traffic: flow.Reads / 2})
}
