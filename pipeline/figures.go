package pipeline

import "slices"

// Figure is a metric as people ask for it.
type Figure struct {
	Name      string // as iterator-age
	Title     string
	Unit      string // "" for a number of things
	Statistic string // Sum, Average, Maximum or a percentile
	Metric    Metric
	Graph     string // of the dashboard, which draws it
	Watched   bool   // by status, and by the top of the dashboard
}

const (
	sum     = "Sum"
	average = "Average"
	maximum = "Maximum"
	slowest = "p99"
)

// Figures are those that tell how the pipeline does, on the way of an event. The
// status, metrics and the dashboard read this one list.
func (p *Pipeline) Figures() []Figure {
	n := p.names
	return slices.Concat(
		graphed("Records in", []Figure{
			watched("records-in", "records put", "", sum, n.streamMetric("IncomingRecords")),
			figure("refused", "records refused: not enough shards", "", sum, n.streamMetric("WriteProvisionedThroughputExceeded")),
		}),
		graphed("Bytes", []Figure{
			figure("bytes-in", "bytes put", "bytes", sum, n.streamMetric("IncomingBytes")),
			figure("bytes-stored", "bytes stored, compressed", "bytes", sum, n.bucketMetric("BytesUploaded")),
		}),
		graphed("How far readers are behind", []Figure{
			watched("iterator-age", "how far the function is behind", "ms", maximum, n.functionMetric("IteratorAge")),
			figure("reader-age", "how far any reader is behind", "ms", maximum, n.streamMetric("GetRecords.IteratorAgeMilliseconds")),
		}),
		graphed("Batches", []Figure{
			figure("invocations", "batches", "", sum, n.functionMetric("Invocations")),
			watched("errors", "batches that failed", "", sum, n.functionMetric("Errors")),
			watched("throttles", "batches that were throttled", "", sum, n.functionMetric("Throttles")),
			figure("failed-deliveries", "batches that were given up and not stored", "", sum, n.functionMetric("DestinationDeliveryFailures")),
		}),
		graphed("Time of a batch", []Figure{
			figure("duration", "time of a batch", "ms", average, n.functionMetric("Duration")),
			watched("duration-p99", "time of the slowest hundredth", "ms", slowest, n.functionMetric("Duration")),
			figure("duration-max", "time of the slowest", "ms", maximum, n.functionMetric("Duration")),
		}),
		graphed("Batches at the same time", []Figure{
			figure("concurrency", "batches at the same time", "", maximum, n.functionMetric("ConcurrentExecutions")),
		}),
		graphed("Records", []Figure{
			watched("enriched", "records stored enriched", "", sum, n.ownMetric("RecordsEnriched")),
			watched("dead-letters", "records stored as dead letters", "", sum, n.ownMetric("RecordsDeadLettered")),
			watched("lookup-misses", "records without an item", "", sum, n.ownMetric("LookupMisses")),
		}),
		graphed("Lookups", []Figure{
			watched("lookup-keys", "keys of batches to be looked up", "", sum, n.ownMetric("LookupKeys")),
			watched("cache-hits", "keys that needed no lookup", "", sum, n.ownMetric("CacheHits")),
			figure("lookups", "requests to the lookup tables", "", sum, n.ownMetric("Lookups")),
			watched("lookup-throttles", "of them refused, wholly or in part", "", sum, n.ownMetric("LookupThrottles")),
		}),
		p.tableFigures(),
		graphed("Objects", []Figure{
			watched("store-errors", "objects that could not be stored", "", sum, n.ownMetric("StoreErrors")),
			figure("objects", "objects stored", "", sum, n.bucketMetric("PutRequests")),
			figure("bucket-4xx", "requests to the bucket refused", "", sum, n.bucketMetric("4xxErrors")),
			figure("bucket-5xx", "requests to the bucket that failed", "", sum, n.bucketMetric("5xxErrors")),
		}),
	)
}

// tableFigures are those of each lookup table.
func (p *Pipeline) tableFigures() []Figure {
	var reads, times []Figure
	for _, lookup := range p.cfg.Lookups {
		name, table := lookup.Name, ""
		if len(p.cfg.Lookups) > 1 {
			table = "-" + name
		}
		reads = append(reads,
			figure("read-units"+table, "read units of "+name, "", sum, p.names.tableMetric(name, "ConsumedReadCapacityUnits")),
			figure("read-throttles"+table, "reads of "+name+" throttled", "", sum, p.names.tableMetric(name, "ReadThrottleEvents")),
		)
		times = append(times,
			figure("read-time"+table, "time of a lookup in "+name, "ms", average, p.names.tableOperationMetric(name, "BatchGetItem", "SuccessfulRequestLatency")),
		)
	}
	return slices.Concat(graphed("Reads of the lookup tables", reads), graphed("Time of a lookup", times))
}

// Watched are the figures that the status shows.
func (p *Pipeline) Watched() []Figure {
	return slices.DeleteFunc(p.Figures(), func(f Figure) bool { return !f.Watched })
}

func figure(name, title, unit, statistic string, metric Metric) Figure {
	return Figure{Name: name, Title: title, Unit: unit, Statistic: statistic, Metric: metric}
}

func watched(name, title, unit, statistic string, metric Metric) Figure {
	f := figure(name, title, unit, statistic, metric)
	f.Watched = true
	return f
}

// graphed are figures that one graph draws. They have one unit.
func graphed(graph string, figures []Figure) []Figure {
	for i := range figures {
		figures[i].Graph = graph
	}
	return figures
}
