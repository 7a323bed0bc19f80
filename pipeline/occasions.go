package pipeline

import (
	"slices"
	"strings"

	"enrich/engine"
)

// likelihood is how certain it is that a step calls for an action.
type likelihood int

const (
	never likelihood = iota
	maybe            // hangs on what is found only on the way
	surely
)

// putBucketTags replaces all tags; the other services set and remove single ones.
const putBucketTags = "s3:PutBucketTagging"

// sparing is a resource that can tell which of its actions its definition does
// not call for. now is the data that it is found with; nil: it does not exist.
type sparing interface{ spares(now any) words }

// ofCreation tells how likely a creation calls for an action. One that goes on
// with what is there calls for less than one of something new, and for what has
// to change.
func ofCreation(step engine.Step, action string) likelihood {
	if step.Action == engine.Resume {
		if fields := occasion(action); fields != nil && changed(step.Changes, fields...) {
			return surely
		}
		return maybe
	}
	switch {
	case spared(step, nil, action):
		return never
	case slices.Contains(seldomInCreation(), action):
		return maybe
	}
	return surely
}

// ofUpdate tells the same of an update. What is on its way may turn out to differ
// otherwise than it seems.
func ofUpdate(step engine.Step, action string) likelihood {
	fields := occasion(action)
	called := fields == nil || changed(step.Changes, fields...)
	if called && slices.Contains(fields, "tags") && action != putBucketTags {
		called = slices.ContainsFunc(step.Changes, func(c engine.Change) bool {
			return changed([]engine.Change{c}, "tags") && (c.New == nil) == untags(action)
		})
	}
	switch {
	case step.Observed != nil && step.Observed.Transient:
		if !called {
			return maybe
		}
	case !called, step.Observed != nil && spared(step, step.Observed.Spec, action):
		return never
	}
	return surely
}

// ofRemoval tells the same of a deletion.
func ofRemoval(action string) likelihood {
	switch action {
	case "dynamodb:Scan", // counts what will be lost
		"dynamodb:UpdateTable", // lifts a protection
		"s3:DeleteBucketPolicy", "s3:DeleteObjectVersion", "s3:AbortMultipartUpload",
		"iam:DeleteRolePolicy", "iam:DetachRolePolicy",
		"sns:Unsubscribe": // of what has been confirmed
		return maybe
	}
	return surely
}

func spared(step engine.Step, now any, action string) bool {
	r, ok := step.Resource.(sparing)
	return ok && slices.Contains(r.spares(now), action)
}

// seldomInCreation are the actions that the creation of something new does not
// call for: it reads no more than whether it exists, and AWS sets by itself what
// it shall have. Where somebody is quicker, it does call for them.
func seldomInCreation() words {
	return words{
		"dynamodb:ListTagsOfResource", "dynamodb:DescribeContinuousBackups", "lambda:ListTags", "logs:ListTagsForResource",
		"cloudwatch:ListTagsForResource", "sns:ListTagsForResource", "iam:GetRolePolicy", "iam:ListRolePolicies", "iam:ListAttachedRolePolicies",
		"s3:PutBucketPublicAccessBlock", "s3:PutEncryptionConfiguration",
	}
}

// occasion gives the fields of which one has to change for an update to call for
// an action; nil if every update does.
func occasion(action string) []string {
	switch action {
	case "kinesis:AddTagsToStream", "kinesis:RemoveTagsFromStream", "dynamodb:TagResource", "dynamodb:UntagResource",
		"lambda:TagResource", "lambda:UntagResource", "logs:TagResource", "logs:UntagResource",
		"cloudwatch:TagResource", "cloudwatch:UntagResource", "sns:TagResource", "sns:UntagResource", "iam:TagRole", "iam:UntagRole", putBucketTags:
		return []string{"tags"}
	case "kinesis:IncreaseStreamRetentionPeriod", "kinesis:DecreaseStreamRetentionPeriod":
		return []string{"retention_hours"}
	case "kinesis:StartStreamEncryption", "s3:PutEncryptionConfiguration":
		return []string{"encryption"}
	case "kinesis:EnableEnhancedMonitoring", "kinesis:DisableEnhancedMonitoring":
		return []string{"shard_metrics"}
	case "kinesis:UpdateShardCount":
		return []string{"shards"}
	case "kinesis:UpdateStreamMode":
		return []string{"mode"}
	case "dynamodb:UpdateTable":
		return []string{"mode", "read", "write", "encryption", "deletion_protection"}
	case "dynamodb:UpdateContinuousBackups":
		return []string{"point_in_time_recovery"}
	case "lambda:UpdateFunctionCode":
		return []string{"code_sha256", "architecture"}
	case "lambda:UpdateFunctionConfiguration", "iam:PassRole":
		return configurationFields()
	case "lambda:GetFunctionConfiguration":
		return append(configurationFields(), "code_sha256", "architecture")
	case "lambda:UpdateEventSourceMapping", "lambda:GetEventSourceMapping":
		return mappingFields()
	case "iam:UpdateAssumeRolePolicy":
		return []string{"trust"}
	case "iam:PutRolePolicy", "s3:PutBucketPolicy", "sns:SetTopicAttributes":
		return []string{"policy"}
	case "iam:DeleteRolePolicy":
		return []string{"other_policies"}
	case "iam:DetachRolePolicy":
		return []string{"attached_policies"}
	case "iam:UpdateRole":
		return []string{"description"}
	case "logs:PutRetentionPolicy":
		return []string{"retention_days"}
	case "s3:PutBucketPublicAccessBlock":
		return []string{"public_access_blocked"}
	case "s3:PutBucketOwnershipControls":
		return []string{"ownership"}
	case "s3:PutBucketVersioning":
		return []string{"versioned"}
	case "s3:PutLifecycleConfiguration":
		return []string{"lifecycle"}
	case "s3:PutMetricsConfiguration":
		return []string{"request_metrics"}
	case "cloudwatch:PutCompositeAlarm":
		return compositeFields()
	case "cloudwatch:PutDashboard":
		return []string{"body"}
	}
	return nil
}

func untags(action string) bool {
	_, name, _ := strings.Cut(action, ":")
	return strings.HasPrefix(name, "Untag") || strings.HasPrefix(name, "Remove")
}
