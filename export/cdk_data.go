package export

import (
	"fmt"
	"maps"
	"slices"

	"enrich/pipeline"
)

// destroyed is the removal policy of all that has one: what destroy leaves nothing of.
const cdkDestroyed cdkMember = "RemovalPolicy.DESTROY"

func cdkStream(s *cdkScope) (cdkForm, error) {
	d := s.Settings.(pipeline.DataStream)
	stream := s.construct("kinesis.Stream", "streamName", s.named())
	if d.Mode == "on-demand" {
		stream.Props.put("streamMode", cdkMember("kinesis.StreamMode.ON_DEMAND"))
	} else {
		stream.Props.put("streamMode", cdkMember("kinesis.StreamMode.PROVISIONED"))
		stream.Props.put("shardCount", s.number(d.Shards))
	}
	stream.Props.put("retentionPeriod", static("Duration.hours", d.RetentionHours))
	if d.Encryption != "alias/aws/kinesis" {
		return cdkForm{}, fmt.Errorf("encryption by %s", d.Encryption)
	}
	stream.Props.explain("encryption", cdkMember("kinesis.StreamEncryption.MANAGED"), reasonStreamKey)
	var metrics List
	for _, metric := range d.ShardMetrics {
		metrics = append(metrics, constant("kinesis.ShardLevelMetrics", metric))
	}
	if len(metrics) > 0 {
		stream.Props.put("shardLevelMetrics", metrics)
	}
	stream.Props.put("removalPolicy", cdkDestroyed)
	return cdkForm{Group: groupIn, New: stream, Tags: d.Tags}, nil
}

func cdkTable(s *cdkScope) (cdkForm, error) {
	d := s.Settings.(pipeline.LookupTable)
	kind, ok := map[string]cdkMember{"S": "dynamodb.AttributeType.STRING", "N": "dynamodb.AttributeType.NUMBER", "B": "dynamodb.AttributeType.BINARY"}[d.KeyType]
	if !ok {
		return cdkForm{}, fmt.Errorf("a key of the type %q", d.KeyType)
	}
	table := s.construct("dynamodb.Table", "tableName", s.named(),
		"partitionKey", structure("dynamodb.Attribute", "name", literal(d.Key), "type", kind))
	if d.Mode == "on-demand" {
		table.Props.put("billingMode", cdkMember("dynamodb.BillingMode.PAY_PER_REQUEST"))
	} else {
		table.Props.put("billingMode", cdkMember("dynamodb.BillingMode.PROVISIONED"))
		table.Props.put("readCapacity", d.Read)
		table.Props.put("writeCapacity", d.Write)
	}
	table.Props.explain("encryption", cdkMember("dynamodb.TableEncryption.AWS_MANAGED"), reasonTableKey)
	table.Props.put("pointInTimeRecoverySpecification",
		structure("dynamodb.PointInTimeRecoverySpecification", "pointInTimeRecoveryEnabled", d.PointInTimeRecovery))
	table.Props.put("deletionProtection", d.DeletionProtection)
	table.Props.put("removalPolicy", cdkDestroyed)
	return cdkForm{Group: groupLookup, New: table, Tags: d.Tags}, nil
}

func cdkBucket(s *cdkScope) (cdkForm, error) {
	d := s.Settings.(pipeline.DeliveryBucket)
	if d.Encryption != "AES256" || !d.PublicAccessBlocked {
		return cdkForm{}, fmt.Errorf("encryption by %s, public access blocked: %t", d.Encryption, d.PublicAccessBlocked)
	}
	bucket := s.construct("s3.Bucket", "bucketName", s.named())
	bucket.Props.explain("versioned", d.Versioned, reasonVersions)
	bucket.Props.put("encryption", cdkMember("s3.BucketEncryption.S3_MANAGED"))
	bucket.Props.put("blockPublicAccess", cdkMember("s3.BlockPublicAccess.BLOCK_ALL"))
	bucket.Props.put("objectOwnership", constant("s3.ObjectOwnership", d.Ownership))
	var rules List
	for _, id := range slices.Sorted(maps.Keys(d.Lifecycle)) {
		rules = append(rules, cdkLifecycleRule(id, d.Lifecycle[id]))
	}
	bucket.Props.put("lifecycleRules", rules)
	var metrics List
	for _, id := range d.RequestMetrics {
		metrics = append(metrics, structure("s3.BucketMetrics", "id", literal(id)))
	}
	bucket.Props.explain("metrics", metrics, reasonRequestMetrics)
	bucket.Props.put("removalPolicy", cdkDestroyed)
	policy, err := s.resourcePolicy(s.Policy)
	return cdkForm{Group: groupOut, New: bucket, After: policy, Tags: d.Tags}, err
}

func cdkLifecycleRule(id string, r pipeline.LifecycleRule) value {
	rule := structure("s3.LifecycleRule", "id", literal(id), "enabled", r.Enabled)
	if r.Prefix != "" {
		rule.Fields.put("prefix", literal(r.Prefix))
	}
	if r.AbortUploadsDays > 0 {
		rule.Fields.put("abortIncompleteMultipartUploadAfter", static("Duration.days", r.AbortUploadsDays))
	}
	if r.NoncurrentDays > 0 {
		rule.Fields.put("noncurrentVersionExpiration", static("Duration.days", r.NoncurrentDays))
	}
	if r.ExpireDeleteMarkers {
		rule.Fields.put("expiredObjectDeleteMarker", true)
	}
	return rule
}

// cdkRetention has what the CDK calls the days that a log group keeps its events.
var cdkRetention = map[int]string{
	0: "INFINITE", 1: "ONE_DAY", 3: "THREE_DAYS", 5: "FIVE_DAYS", 7: "ONE_WEEK", 14: "TWO_WEEKS", 30: "ONE_MONTH",
	60: "TWO_MONTHS", 90: "THREE_MONTHS", 120: "FOUR_MONTHS", 150: "FIVE_MONTHS", 180: "SIX_MONTHS", 365: "ONE_YEAR",
	400: "THIRTEEN_MONTHS", 545: "EIGHTEEN_MONTHS", 731: "TWO_YEARS", 1096: "THREE_YEARS", 1827: "FIVE_YEARS", 2192: "SIX_YEARS",
	2557: "SEVEN_YEARS", 2922: "EIGHT_YEARS", 3288: "NINE_YEARS", 3653: "TEN_YEARS",
}

func cdkLogGroup(s *cdkScope) (cdkForm, error) {
	d := s.Settings.(pipeline.LogGroup)
	retention, ok := cdkRetention[d.RetentionDays]
	if !ok {
		return cdkForm{}, fmt.Errorf("a retention of %d days", d.RetentionDays)
	}
	return cdkForm{Group: groupWork, Comment: reasonLogGroup, Tags: d.Tags, New: s.construct("logs.LogGroup", "logGroupName", s.named(),
		"retention", cdkMember("logs.RetentionDays."+retention), "removalPolicy", cdkDestroyed)}, nil
}
