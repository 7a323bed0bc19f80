package export

// Headings that the resources stand under, in this order.
const (
	groupIn     = "Events come in"
	groupLookup = "What events are enriched with"
	groupOut    = "Enriched events go out, and what could not be enriched"
	groupWork   = "The function that enriches, and what it may do"
	groupTell   = "Who is told, and of what"
	groupShow   = "The pipeline on one page"
)

func headings() []string {
	return []string{groupIn, groupLookup, groupOut, groupWork, groupTell, groupShow}
}

// Why settings are as they are, in every dialect.
const (
	reasonStreamKey      = "By a key that AWS manages: nothing to pay for, and nobody needs to be granted it."
	reasonTableKey       = "By a key that AWS manages, whose use CloudTrail shows."
	reasonVersions       = "A batch that is written again replaces its objects; what they were is kept for a while."
	reasonRequestMetrics = "Without request metrics the alarm about S3 would have nothing to watch."
	reasonLogGroup       = "Made here and not by Lambda, so that it has a retention and goes when the pipeline goes."
	reasonTopicKey       = "Not encrypted: CloudWatch may not use alias/aws/sns, and a key of one's own costs."
	reasonTopicPolicy    = "Only alarms of this pipeline may publish."
	reasonSubscription   = "SNS asks the address by mail to confirm."
	reasonComposite      = "One alarm over all others, to look at and to be told of."
	reasonRole           = "All that the function may do, on exactly these resources. It may not create its log group,\nor it would bring the group back after the pipeline has gone."
	reasonLogging        = "Each batch's line of level INFO holds the metrics: do not raise the application's level."
	reasonMapping        = "From here on records flow."
	reasonStart          = "LATEST would miss what comes in before the mapping has begun to read."
	reasonRetries        = "-1 is no limit: the age of a record ends its retries."
	reasonBisect         = "A failing batch is halved until only what fails is left; the rest is reported by sequence number."
	reasonOnFailure      = "What is given up is stored under aws/lambda/."
)
