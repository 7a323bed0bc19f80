package pipeline

import (
	"encoding/json"

	"enrich/engine"
)

// HoldsData tells whether a resource holds what outlives a pipeline: enriched
// events and dead letters, or lookup items.
func HoldsData(r engine.Resource) bool { return r.Kind() == kindBucket || r.Kind() == kindTable }

// HoldsLogs tells whether a resource holds the function's logs.
func HoldsLogs(r engine.Resource) bool { return r.Kind() == kindLogGroup }

// Lowers lists the changes of a resource that exists after which it keeps data for
// a shorter time, which deletes the older ones, or is less protected against their
// loss.
func Lowers(r engine.Resource, changes []engine.Change) []engine.Change {
	var lower []engine.Change
	for _, change := range changes {
		if lowers(r.Kind(), change) {
			lower = append(lower, change)
		}
	}
	return lower
}

func lowers(kind string, change engine.Change) bool {
	switch field := change.Field; kind {
	case kindStream:
		return field == "retention_hours" && shorter(change)
	case kindLogGroup:
		return field == "retention_days" && shorter(change)
	case kindTable:
		// Switching recovery off deletes the backups that it has made.
		return (field == "deletion_protection" || field == "point_in_time_recovery") && change.Old == true
	case kindBucket:
		// Without the rule, or with one that is switched off, versions stay for ever.
		const rule = "lifecycle." + expireVersions
		return field == rule+".noncurrent_days" && (change.Old == nil || shorter(change)) || field == rule+".enabled" && change.Old == false
	}
	return false
}

// shorter compares two times; 0 is for ever.
func shorter(change engine.Change) bool {
	was, before := duration(change.Old)
	is, now := duration(change.New)
	return before && now && is != 0 && (was == 0 || is < was)
}

// duration is a number of Compare.
func duration(value any) (n int64, ok bool) {
	number, ok := value.(json.Number)
	if !ok {
		return 0, false
	}
	n, err := number.Int64()
	return n, err == nil
}
