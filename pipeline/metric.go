package pipeline

// Metric of the pipeline, by everything that CloudWatch knows it by. CloudWatch
// does not check dimensions: a graph or an alarm with a wrong one is accepted and
// stays empty for ever, so every metric that is used comes from here.
type Metric struct {
	Namespace  string            `json:"namespace"`
	Name       string            `json:"name"`
	Dimensions map[string]string `json:"dimensions"`
}

func (n Names) streamMetric(name string) Metric {
	return Metric{"AWS/Kinesis", name, map[string]string{"StreamName": n.Stream}}
}

func (n Names) functionMetric(name string) Metric {
	return Metric{"AWS/Lambda", name, map[string]string{"FunctionName": n.Function}}
}

// theMapping stands for the UUID of the event source mapping, which AWS chooses. An
// alarm that names it looks the UUID up.
const theMapping = "(the event source mapping)"

const mappingDimension = "EventSourceMappingUUID"

// mappingMetric is one of those that the mapping has for its groups of metrics.
func (n Names) mappingMetric(name string) Metric {
	return Metric{"AWS/Lambda", name, map[string]string{mappingDimension: theMapping}}
}

// ownMetric is one that the function gives itself, by its log.
func (n Names) ownMetric(name string) Metric {
	return Metric{"enrich", name, map[string]string{"FunctionName": n.Function}}
}

func (n Names) tableMetric(lookup, name string) Metric {
	return Metric{"AWS/DynamoDB", name, map[string]string{"TableName": n.Tables[lookup]}}
}

// tableOperationMetric: latency and returned items exist only by operation.
func (n Names) tableOperationMetric(lookup, operation, name string) Metric {
	return Metric{"AWS/DynamoDB", name, map[string]string{"TableName": n.Tables[lookup], "Operation": operation}}
}

// bucketMetric is one of the request metrics, which exist only where the bucket
// has a configuration of them.
func (n Names) bucketMetric(name string) Metric {
	return Metric{"AWS/S3", name, map[string]string{"BucketName": n.Bucket, "FilterId": requestMetrics}}
}
