package pipeline

import "strings"

// Quota is a limit of an account that can be raised.
type Quota struct {
	Name    string // as in the Service Quotas console; "" where the error does not tell which
	Service string // the console's code of the service; "" as above
	Code    string // L-…; "" where AWS gives none that is the same everywhere
}

// Exhausted tells whether an error says that a quota is used up. Some services use
// the same code for a rate that is exceeded and for what only so many may do at the
// same time: these pass.
func Exhausted(err error) bool {
	return hasCode(err, "LimitExceededException", "LimitExceeded", "LimitExceededFault", "ServiceQuotaExceededException",
		"TooManyBuckets", "CodeStorageExceededException") && !says(err, "rate exceeded", "simultaneously")
}

// QuotaOf names the quota that an error says is used up; false: it is no such error.
func QuotaOf(err error) (Quota, bool) {
	if !Exhausted(err) {
		return Quota{}, false
	}
	for _, known := range []struct {
		says  string // in the error's code, message or the call that it ended
		quota Quota
	}{
		{"exceed the shard limit", Quota{"Shards per Region", "kinesis", ""}},
		{"exceed the on-demand stream limit", Quota{"On-demand Data Streams per account", "kinesis", ""}},
		{"CreateTable", Quota{"Maximum number of tables", "dynamodb", "L-F98FE922"}},
		{"TooManyBuckets", Quota{"General purpose buckets", "s3", "L-DC2B2D3D"}},
		{"CodeStorageExceededException", Quota{"Function and layer storage", "lambda", "L-2ACBD22F"}},
		{"RolesPerAccount", Quota{"Roles per account", "iam", "L-FE177D64"}},
		{"CreateLogGroup", Quota{"Log groups", "logs", ""}},
		{"PutMetricAlarm", Quota{"Number of metric alarms", "monitoring", ""}},
	} {
		if strings.Contains(strings.ToLower(err.Error()), strings.ToLower(known.says)) {
			return known.quota, true
		}
	}
	return Quota{}, true
}
