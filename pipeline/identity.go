package pipeline

// Identity is what every name and ARN of a pipeline derives from.
type Identity struct {
	Name        string
	Environment string
	Partition   string // aws, aws-cn, aws-us-gov …: from the caller's ARN, never assumed
	Account     string // 12 digits
	Region      string
}

// arn builds the ARN of something in the pipeline's account and region.
func (id Identity) arn(service, resource string) string {
	return "arn:" + id.Partition + ":" + service + ":" + id.Region + ":" + id.Account + ":" + resource
}

// globalARN builds the ARN of something that lives in no region (IAM,
// dashboards).
func (id Identity) globalARN(service, resource string) string {
	return "arn:" + id.Partition + ":" + service + "::" + id.Account + ":" + resource
}

// bucketARN has neither account nor region: bucket names are unique in a
// partition.
func (id Identity) bucketARN(bucket string) string {
	return "arn:" + id.Partition + ":s3:::" + bucket
}

func (id Identity) streamARN(name string) string   { return id.arn("kinesis", "stream/"+name) }
func (id Identity) tableARN(name string) string    { return id.arn("dynamodb", "table/"+name) }
func (id Identity) functionARN(name string) string { return id.arn("lambda", "function:"+name) }
func (id Identity) roleARN(name string) string     { return id.globalARN("iam", "role/"+name) }
func (id Identity) topicARN(name string) string    { return id.arn("sns", name) }
func (id Identity) alarmARN(name string) string    { return id.arn("cloudwatch", "alarm:"+name) }

// logGroupARN is the form that tagging takes; policies on streams need ":*"
// after it.
func (id Identity) logGroupARN(name string) string { return id.arn("logs", "log-group:"+name) }

func (id Identity) dashboardARN(name string) string {
	return id.globalARN("cloudwatch", "dashboard/"+name)
}

func (id Identity) mappingARN(uuid string) string {
	return id.arn("lambda", "event-source-mapping:"+uuid)
}

// prefix begins every name.
func (id Identity) prefix() string { return id.Name + "-" + id.Environment }
