package export

import (
	"maps"
	"slices"

	"enrich/pipeline"
)

// tags of a resource as most services have them.
func (s *stackScope) tags(tags map[string]string) value {
	list := make(List, 0, len(tags))
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, object("Key", literal(key), "Value", s.text(tags[key])))
	}
	return list
}

func stackStream(s *stackScope) ([]resource, error) {
	d := s.Settings.(pipeline.DataStream)
	properties := object("Name", s.named())
	if d.Mode == "on-demand" {
		properties.put("StreamModeDetails", object("StreamMode", literal("ON_DEMAND")))
	} else {
		properties.put("StreamModeDetails", object("StreamMode", literal("PROVISIONED")))
		properties.put("ShardCount", s.number(d.Shards))
	}
	properties.put("RetentionPeriodHours", d.RetentionHours)
	properties.explain("StreamEncryption", object("EncryptionType", literal("KMS"), "KeyId", literal(d.Encryption)),
		reasonStreamKey)
	properties.put("DesiredShardLevelMetrics", s.words(d.ShardMetrics))
	properties.put("Tags", s.tags(d.Tags))
	return []resource{s.resource("AWS::Kinesis::Stream", groupIn, "", properties)}, nil
}

func stackTable(s *stackScope) ([]resource, error) {
	d := s.Settings.(pipeline.LookupTable)
	properties := object("TableName", s.named(),
		"AttributeDefinitions", List{object("AttributeName", literal(d.Key), "AttributeType", literal(d.KeyType))},
		"KeySchema", List{object("AttributeName", literal(d.Key), "KeyType", literal("HASH"))})
	if d.Mode == "on-demand" {
		properties.put("BillingMode", literal("PAY_PER_REQUEST"))
	} else {
		properties.put("BillingMode", literal("PROVISIONED"))
		properties.put("ProvisionedThroughput", object("ReadCapacityUnits", d.Read, "WriteCapacityUnits", d.Write))
	}
	properties.explain("SSESpecification", object("SSEEnabled", true, "SSEType", literal("KMS")),
		reasonTableKey)
	properties.put("PointInTimeRecoverySpecification", object("PointInTimeRecoveryEnabled", d.PointInTimeRecovery))
	properties.put("DeletionProtectionEnabled", d.DeletionProtection)
	properties.put("Tags", s.tags(d.Tags))
	return []resource{s.resource("AWS::DynamoDB::Table", groupLookup, "", properties)}, nil
}

func stackBucket(s *stackScope) ([]resource, error) {
	d := s.Settings.(pipeline.DeliveryBucket)
	versioning := "Suspended"
	if d.Versioned {
		versioning = "Enabled"
	}
	properties := object("BucketName", s.named())
	properties.explain("VersioningConfiguration", object("Status", literal(versioning)),
		reasonVersions)
	properties.put("BucketEncryption", object("ServerSideEncryptionConfiguration", List{
		object("ServerSideEncryptionByDefault", object("SSEAlgorithm", literal(d.Encryption))),
	}))
	block := d.PublicAccessBlocked
	properties.put("PublicAccessBlockConfiguration", object(
		"BlockPublicAcls", block, "BlockPublicPolicy", block, "IgnorePublicAcls", block, "RestrictPublicBuckets", block))
	properties.put("OwnershipControls", object("Rules", List{object("ObjectOwnership", literal(d.Ownership))}))
	var rules List
	for _, id := range slices.Sorted(maps.Keys(d.Lifecycle)) {
		rules = append(rules, lifecycleRule(id, d.Lifecycle[id]))
	}
	properties.put("LifecycleConfiguration", object("Rules", rules))
	var metrics List
	for _, id := range d.RequestMetrics {
		metrics = append(metrics, object("Id", literal(id)))
	}
	properties.explain("MetricsConfigurations", metrics, reasonRequestMetrics)
	properties.put("Tags", s.tags(d.Tags))
	policy, err := s.policy(s.Policy, s.beside)
	if err != nil {
		return nil, err
	}
	return []resource{
		s.resource("AWS::S3::Bucket", groupOut, "", properties),
		{
			ID: s.id + "Policy", Type: "AWS::S3::BucketPolicy", Group: groupOut,
			Properties: object("Bucket", s.beside(s.Name), "PolicyDocument", policy),
		},
	}, nil
}

func lifecycleRule(id string, r pipeline.LifecycleRule) *Map {
	status := "Disabled"
	if r.Enabled {
		status = "Enabled"
	}
	rule := object("Id", literal(id), "Status", literal(status))
	if r.Prefix != "" {
		rule.put("Prefix", literal(r.Prefix))
	}
	if r.AbortUploadsDays > 0 {
		rule.put("AbortIncompleteMultipartUpload", object("DaysAfterInitiation", r.AbortUploadsDays))
	}
	if r.NoncurrentDays > 0 {
		rule.put("NoncurrentVersionExpiration", object("NoncurrentDays", r.NoncurrentDays))
	}
	if r.ExpireDeleteMarkers {
		rule.put("ExpiredObjectDeleteMarker", true)
	}
	return rule
}

// anyStream ends what CloudFormation gives as the ARN of a log group.
const anyStream = ":*"

func stackLogGroup(s *stackScope) ([]resource, error) {
	d := s.Settings.(pipeline.LogGroup)
	properties := object("LogGroupName", s.named())
	if d.RetentionDays > 0 {
		properties.put("RetentionInDays", d.RetentionDays)
	}
	properties.put("Tags", s.tags(d.Tags))
	return []resource{s.resource("AWS::Logs::LogGroup", groupWork,
		reasonLogGroup, properties)}, nil
}
