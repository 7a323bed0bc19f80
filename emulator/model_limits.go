package emulator

import "regexp"

// limit is one constraint of AWS's model of an operation on a member of its input.
type limit struct {
	member   string // a path, as TagFilters[].Values[]: [] stands for each of a list or a map
	required bool
	// low and high bound a number's value, a text's characters, a list's length; a
	// high of 0 is none.
	low, high int64
	pattern   func() *regexp.Regexp // of the whole text; nil: any
}

// modelLimits are the constraints that an operation does not check itself, by
// service and operation. Their figures are those of the API references, which
// tools/interop/constraints.py holds all operations to.
func modelLimits() map[string][]limit {
	description := compiled(`^[\t\n\r\x{20}-\x{7E}\x{A1}-\x{FF}]*$`)
	marker := compiled(`^[\x{20}-\x{FF}]+$`)
	namespace := compiled(`^[^:].*$`)
	kmsKey := compiled(`^(?:(arn:(aws[a-zA-Z-]*)?:[a-z0-9-.]+:.*)|())$`)
	tagKey := limit{member: "TagKeys[]", low: 1, high: 128}
	return map[string][]limit{
		"dynamodb.CreateTable": {
			{member: "AttributeDefinitions[].AttributeType", required: true},
		},
		"dynamodb.GetItem": {
			{member: "ExpressionAttributeNames[]", high: 65535},
		},
		"dynamodb.ListTables": {
			{member: "ExclusiveStartTableName", low: 3, high: 255, pattern: compiled(`^[a-zA-Z0-9_.-]+$`)},
		},
		"dynamodb.TagResource": {
			{member: "Tags", required: true},
		},
		"dynamodb.UntagResource": {
			{member: "TagKeys", required: true},
			tagKey,
		},
		"iam.CreateRole": {
			{member: "Description", high: 1000, pattern: description},
		},
		"iam.ListAttachedRolePolicies": {
			{member: "PathPrefix", low: 1, high: 512, pattern: compiled(`^((/[A-Za-z0-9\.,\+@=_-]+)*)/$`)},
		},
		"iam.ListInstanceProfilesForRole": {
			{member: "Marker", low: 1, high: 320, pattern: marker},
			{member: "MaxItems", low: 1, high: 1000},
		},
		"iam.ListRoles": {
			{member: "PathPrefix", low: 1, high: 512, pattern: compiled(`^/[\x{21}-\x{7F}]*$`)},
		},
		"iam.SimulatePrincipalPolicy": {
			{member: "ActionNames[]", low: 3, high: 128},
			{member: "CallerArn", low: 1, high: 2048},
			{member: "Marker", low: 1, high: 320, pattern: marker},
			{member: "MaxItems", low: 1, high: 1000},
			{member: "ResourceArns[]", low: 1, high: 2048},
			{member: "ResourceOwner", low: 1, high: 2048},
		},
		"iam.TagRole": {
			{member: "Tags", required: true},
		},
		"iam.UntagRole": {
			{member: "TagKeys", required: true, high: 50},
			tagKey,
		},
		"iam.UpdateRole": {
			{member: "Description", high: 1000, pattern: description},
		},
		"iam.UpdateRoleDescription": {
			{member: "Description", required: true, high: 1000, pattern: description},
		},
		"kinesis.GetRecords": {
			{member: "StreamARN", low: 1, high: 2048, pattern: compiled(`^arn:aws.*:kinesis:.*:\d{12}:stream/\S+$`)},
			{member: "StreamId", low: 1, high: 24, pattern: compiled(`^[a-z0-9]{20}-[a-z0-9]{3}$`)},
		},
		"kinesis.ListTagsForStream": {
			{member: "ExclusiveStartTagKey", low: 1, high: 128},
		},
		"kinesis.RemoveTagsFromStream": {
			{member: "TagKeys", low: 1, high: 50},
			tagKey,
		},
		"kinesis.UntagResource": {
			{member: "TagKeys", low: 1, high: 50},
			tagKey,
		},
		"lambda.CreateFunction": {
			{member: "EphemeralStorage.Size", required: true},
			{member: "Architectures", low: 1, high: 1},
			{member: "KMSKeyArn", high: 10000, pattern: kmsKey},
			{member: "Code.S3ObjectVersion", low: 1, high: 1024},
		},
		"lambda.ListEventSourceMappings": {
			{member: "EventSourceArn", high: 10000, pattern: compiled(`^arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1})?:(\d{12})?:(.*)$`)},
		},
		"lambda.ListVersionsByFunction": {
			{member: "MaxItems", low: 1, high: 10000},
		},
		"lambda.UntagResource": {
			tagKey,
		},
		"lambda.UpdateFunctionCode": {
			{member: "Architectures", low: 1, high: 1},
			{member: "S3ObjectVersion", low: 1, high: 1024},
		},
		"lambda.UpdateFunctionConfiguration": {
			{member: "EphemeralStorage.Size", required: true},
			{member: "KMSKeyArn", high: 10000, pattern: kmsKey},
		},
		"logs.CreateLogGroup": {
			{member: "KmsKeyId", high: 256},
		},
		"logs.DescribeLogGroups": {
			{member: "LogGroupNamePrefix", low: 1, high: 512, pattern: compiled(`^[\.\-_/#A-Za-z0-9]+$`)},
		},
		"logs.DescribeLogStreams": {
			{member: "LogStreamNamePrefix", low: 1, high: 512, pattern: compiled(`^[^:*]*$`)},
		},
		"logs.FilterLogEvents": {
			{member: "EndTime"},
			{member: "LogStreamNames", low: 1, high: 100},
			{member: "StartTime"},
		},
		"logs.GetLogEvents": {
			{member: "EndTime"},
			{member: "StartTime"},
		},
		"logs.TagResource": {
			{member: "Tags", required: true},
		},
		"logs.UntagResource": {
			{member: "TagKeys", required: true, high: 50},
			tagKey,
		},
		"monitoring.DeleteAlarms": {
			{member: "AlarmNames[]", low: 1, high: 255},
		},
		"monitoring.DescribeAlarmHistory": {
			{member: "AlarmName", low: 1, high: 255},
		},
		"monitoring.DescribeAlarms": {
			{member: "ActionPrefix", low: 1, high: 1024},
			{member: "AlarmNamePrefix", low: 1, high: 255},
		},
		"monitoring.DescribeAlarmsForMetric": {
			{member: "MetricName", low: 1, high: 255},
			{member: "Namespace", low: 1, high: 255, pattern: namespace},
			{member: "Period", low: 1},
		},
		"monitoring.DisableAlarmActions": {
			{member: "AlarmNames", high: 100},
			{member: "AlarmNames[]", low: 1, high: 255},
		},
		"monitoring.EnableAlarmActions": {
			{member: "AlarmNames", high: 100},
			{member: "AlarmNames[]", low: 1, high: 255},
		},
		"monitoring.GetMetricData": {
			{member: "MetricDataQueries[].MetricStat.Metric.MetricName", low: 1, high: 255},
			{member: "MetricDataQueries[].MetricStat.Metric.Namespace", low: 1, high: 255, pattern: namespace},
			{member: "MetricDataQueries[].Period", low: 1},
		},
		"monitoring.GetMetricStatistics": {
			{member: "MetricName", low: 1, high: 255},
			{member: "Namespace", low: 1, high: 255, pattern: namespace},
		},
		"monitoring.ListMetrics": {
			{member: "Dimensions", high: 10},
			{member: "Dimensions[].Name", required: true, low: 1, high: 255},
			{member: "Dimensions[].Value", low: 1, high: 1024},
			{member: "MetricName", low: 1, high: 255},
			{member: "Namespace", low: 1, high: 255, pattern: namespace},
			{member: "OwningAccount", low: 1, high: 255},
		},
		"monitoring.PutCompositeAlarm": {
			{member: "Tags[].Value", required: true},
		},
		"monitoring.PutMetricAlarm": {
			{member: "MetricName", low: 1, high: 255},
			{member: "Namespace", low: 1, high: 255, pattern: namespace},
			{member: "Tags[].Value", required: true},
		},
		"monitoring.PutMetricData": {
			{member: "MetricData[].StorageResolution", low: 1},
		},
		"monitoring.SetAlarmState": {
			{member: "StateReasonData", high: 4000},
		},
		"monitoring.TagResource": {
			{member: "Tags", required: true},
			{member: "Tags[].Value", required: true},
		},
		"monitoring.UntagResource": {
			{member: "TagKeys", required: true},
			tagKey,
		},
		"sns.CreateTopic": {
			{member: "Tags[].Value", required: true},
		},
		"sns.TagResource": {
			{member: "Tags", required: true},
			{member: "Tags[].Value", required: true},
		},
		"sns.UntagResource": {
			{member: "TagKeys", required: true},
			tagKey,
		},
		"sts.AssumeRole": {
			{member: "ExternalId", low: 2, high: 1224, pattern: compiled(`^[\w+=,.@:\/-]*$`)},
			{member: "MinimumSessionTokenSize", high: 4096},
			{member: "SourceIdentity", low: 2, high: 256, pattern: compiled(`^[\w+=,.@-]*$`)},
		},
		"tagging.GetResources": {
			{member: "TagFilters[].Values[]", high: 256},
		},
		"tagging.GetTagValues": {
			{member: "Key", low: 1, high: 128},
		},
	}
}
