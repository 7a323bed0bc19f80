package pipeline

import "enrich/engine"

// HoldsData tells whether a resource holds what outlives a pipeline: enriched
// events and dead letters, or lookup items.
func HoldsData(r engine.Resource) bool { return r.Kind() == kindBucket || r.Kind() == kindTable }

// HoldsLogs tells whether a resource holds the function's logs.
func HoldsLogs(r engine.Resource) bool { return r.Kind() == kindLogGroup }
