package export

import (
	"maps"
	"slices"

	"enrich/pipeline"
)

// Keys of a Map that are more than an argument: a block, and a function that is called
// with the value.
const (
	blockMark = "{}"
	callMark  = "()"
)

func block(name string) string { return name + blockMark }

// encoded is a document as JSON.
func encoded(v value) *Map { return object("jsonencode"+callMark, v) }

func moduleStream(s *moduleScope) ([]resource, error) {
	d := s.Settings.(pipeline.DataStream)
	properties := object("name", s.named())
	mode := "PROVISIONED"
	if d.Mode == "on-demand" {
		mode = "ON_DEMAND"
	} else {
		properties.put("shard_count", s.number(d.Shards))
	}
	properties.put("retention_period", d.RetentionHours)
	properties.put("shard_level_metrics", s.words(d.ShardMetrics))
	properties.explain("encryption_type", literal("KMS"), reasonStreamKey)
	properties.put("kms_key_id", literal(d.Encryption))
	properties.explain("enforce_consumer_deletion", true, "A destroy does not fail at readers with enhanced fan-out.")
	properties.put("tags", s.tags(d.Tags))
	properties.put(block("stream_mode_details"), object("stream_mode", literal(mode)))
	properties.explain(block("lifecycle"), object(block("precondition"), object("condition", moduleOwnState,
		"error_message", literal("This is the workspace of another environment, whose resources would be replaced. Select the one with the environment's name."))),
		"Whoever keeps the states of the environments in workspaces does not deploy one over another.")
	return []resource{s.resource(groupIn, "", properties)}, nil
}

// moduleOwnState is true but in the workspace of another environment.
const moduleOwnState Variable = "own state"

func moduleTable(s *moduleScope) ([]resource, error) {
	d := s.Settings.(pipeline.LookupTable)
	properties := object("name", s.named())
	if d.Mode == "on-demand" {
		properties.put("billing_mode", literal("PAY_PER_REQUEST"))
	} else {
		properties.put("billing_mode", literal("PROVISIONED"))
		properties.put("read_capacity", d.Read)
		properties.put("write_capacity", d.Write)
	}
	properties.put("hash_key", literal(d.Key))
	properties.put("deletion_protection_enabled", d.DeletionProtection)
	properties.put("tags", s.tags(d.Tags))
	properties.put(block("attribute"), object("name", literal(d.Key), "type", literal(d.KeyType)))
	properties.explain(block("server_side_encryption"), object("enabled", true), reasonTableKey)
	properties.put(block("point_in_time_recovery"), object("enabled", d.PointInTimeRecovery))
	return []resource{s.resource(groupLookup, "", properties)}, nil
}

func moduleBucket(s *moduleScope) ([]resource, error) {
	d := s.Settings.(pipeline.DeliveryBucket)
	policy, err := s.policy(s.Policy, s.beside)
	if err != nil {
		return nil, err
	}
	versioning := "Suspended"
	if d.Versioned {
		versioning = "Enabled"
	}
	name := s.beside(s.Name)
	blocked := d.PublicAccessBlocked
	bucket := s.resource(groupOut, "", object("bucket", s.named(), "tags", s.tags(d.Tags)))
	list := []resource{
		bucket,
		s.further(typeVersioning, reasonVersions, bucket,
			object("bucket", name, block("versioning_configuration"), object("status", literal(versioning)))),
		s.further("aws_s3_bucket_server_side_encryption_configuration", "", bucket,
			object("bucket", name, block("rule"), object(block("apply_server_side_encryption_by_default"), object("sse_algorithm", literal(d.Encryption))))),
		s.further("aws_s3_bucket_public_access_block", "", bucket,
			object("bucket", name, "block_public_acls", blocked, "block_public_policy", blocked, "ignore_public_acls", blocked, "restrict_public_buckets", blocked)),
		s.further("aws_s3_bucket_ownership_controls", "", bucket,
			object("bucket", name, block("rule"), object("object_ownership", literal(d.Ownership)))),
		s.further("aws_s3_bucket_policy", "", bucket, object("bucket", name, "policy", encoded(policy))),
	}
	// S3 refuses to change both at the same time.
	list[5].DependsOn = []string{list[3].ID}
	if len(d.Lifecycle) > 0 {
		var rules List
		for _, id := range slices.Sorted(maps.Keys(d.Lifecycle)) {
			rules = append(rules, moduleRule(id, d.Lifecycle[id]))
		}
		lifecycle := s.further("aws_s3_bucket_lifecycle_configuration", "", bucket, object("bucket", name, block("rule"), rules))
		lifecycle.DependsOn = []string{list[1].ID} // whose versions it expires
		list = append(list, lifecycle)
	}
	for _, id := range d.RequestMetrics {
		metric := s.further("aws_s3_bucket_metric", reasonRequestMetrics, bucket, object("bucket", name, "name", literal(id)))
		metric.ID = metric.Type + "." + snake(id)
		list = append(list, metric)
	}
	return list, nil
}

func moduleRule(id string, r pipeline.LifecycleRule) *Map {
	status := "Disabled"
	if r.Enabled {
		status = "Enabled"
	}
	filter := &Map{} // all objects
	if r.Prefix != "" {
		filter.put("prefix", literal(r.Prefix))
	}
	rule := object("id", literal(id), "status", literal(status), block("filter"), filter)
	if r.AbortUploadsDays > 0 {
		rule.put(block("abort_incomplete_multipart_upload"), object("days_after_initiation", r.AbortUploadsDays))
	}
	if r.NoncurrentDays > 0 {
		rule.put(block("noncurrent_version_expiration"), object("noncurrent_days", r.NoncurrentDays))
	}
	if r.ExpireDeleteMarkers {
		rule.put(block("expiration"), object("expired_object_delete_marker", true))
	}
	return rule
}

func moduleLogGroup(s *moduleScope) ([]resource, error) {
	d := s.Settings.(pipeline.LogGroup)
	properties := object("name", s.named())
	if d.RetentionDays > 0 {
		properties.put("retention_in_days", d.RetentionDays)
	}
	properties.put("tags", s.tags(d.Tags))
	return []resource{s.resource(groupWork, reasonLogGroup, properties)}, nil
}
