package pipeline

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"enrich/config"
	"enrich/engine"
)

// What somebody changes by hand is found, named and mended.
func TestDrift(t *testing.T) {
	c := newCloud(t)
	p := c.pipeline(t, func(c *config.Config) { c.Alarms.Notify = []string{"arn:aws:sns:us-east-1:123456789012:pager"} })
	n := p.names
	tests := []struct {
		name, key string
		change    func(t *testing.T, observed *engine.Observed) error
		want      []string
	}{
		{"encryption stopped", keyStream, func(t *testing.T, _ *engine.Observed) error {
			_, err := kinesis.NewFromConfig(c.sdk).StopStreamEncryption(t.Context(), &kinesis.StopStreamEncryptionInput{
				StreamName: &n.Stream, EncryptionType: "KMS", KeyId: aws.String(streamKey),
			})
			return err
		}, []string{"encryption"}},
		{"stream tags gone", keyStream, func(t *testing.T, _ *engine.Observed) error {
			_, err := kinesis.NewFromConfig(c.sdk).RemoveTagsFromStream(t.Context(), &kinesis.RemoveTagsFromStreamInput{
				StreamName: &n.Stream, TagKeys: []string{tagPipeline, tagEnvironment},
			})
			return err
		}, []string{"tags." + tagEnvironment, "tags." + tagPipeline}},
		{"deletion protected", tableKey("users"), func(t *testing.T, _ *engine.Observed) error {
			_, err := dynamodb.NewFromConfig(c.sdk).UpdateTable(t.Context(), &dynamodb.UpdateTableInput{
				TableName: aws.String(n.Tables["users"]), DeletionProtectionEnabled: aws.Bool(true),
			})
			return err
		}, []string{"deletion_protection"}},
		{"point-in-time recovery", tableKey("users"), func(t *testing.T, _ *engine.Observed) error {
			_, err := dynamodb.NewFromConfig(c.sdk).UpdateContinuousBackups(t.Context(), &dynamodb.UpdateContinuousBackupsInput{
				TableName:                        aws.String(n.Tables["users"]),
				PointInTimeRecoverySpecification: &dynamodbtypes.PointInTimeRecoverySpecification{PointInTimeRecoveryEnabled: aws.Bool(true)},
			})
			return err
		}, []string{"point_in_time_recovery"}},
		{"role's policy gone", keyRole, func(t *testing.T, _ *engine.Observed) error {
			_, err := iam.NewFromConfig(c.sdk).DeleteRolePolicy(t.Context(), &iam.DeleteRolePolicyInput{RoleName: &n.Role, PolicyName: aws.String(PolicyName)})
			return err
		}, []string{
			"policy.CheckBucket.Action", "policy.CheckBucket.Effect", "policy.CheckBucket.Resource", "policy.CheckBucket.Sid",
			"policy.ReadLookupTables.Action", "policy.ReadLookupTables.Effect", "policy.ReadLookupTables.Resource", "policy.ReadLookupTables.Sid",
			"policy.ReadStream.Action", "policy.ReadStream.Effect", "policy.ReadStream.Resource", "policy.ReadStream.Sid",
			"policy.WriteLogs.Action", "policy.WriteLogs.Effect", "policy.WriteLogs.Resource", "policy.WriteLogs.Sid",
			"policy.WriteObjects.Action", "policy.WriteObjects.Effect", "policy.WriteObjects.Resource", "policy.WriteObjects.Sid",
		}},
		{"others trusted", keyRole, func(t *testing.T, _ *engine.Observed) error {
			_, err := iam.NewFromConfig(c.sdk).UpdateAssumeRolePolicy(t.Context(), &iam.UpdateAssumeRolePolicyInput{
				RoleName: &n.Role,
				PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Sid":"Lambda","Effect":"Allow",` +
					`"Principal":{"Service":["lambda.amazonaws.com","ec2.amazonaws.com"]},"Action":"sts:AssumeRole"}]}`),
			})
			return err
		}, []string{"trust.Lambda.Principal.Service"}},
		{"function may do more", keyRole, func(t *testing.T, _ *engine.Observed) error {
			roles := iam.NewFromConfig(c.sdk)
			_, err := roles.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: &n.Role, PolicyName: aws.String("extra"),
				PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`)})
			if err != nil {
				return err
			}
			_, err = roles.AttachRolePolicy(t.Context(), &iam.AttachRolePolicyInput{
				RoleName: &n.Role, PolicyArn: aws.String("arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"),
			})
			return err
		}, []string{"attached_policies", "other_policies"}},
		{"bucket policy gone", keyBucket, func(t *testing.T, _ *engine.Observed) error {
			_, err := storage(c.sdk).DeleteBucketPolicy(t.Context(), &s3.DeleteBucketPolicyInput{Bucket: &n.Bucket})
			return err
		}, []string{
			"policy.RefuseWithoutTLS.Action", "policy.RefuseWithoutTLS.Condition.Bool.aws:SecureTransport", "policy.RefuseWithoutTLS.Effect",
			"policy.RefuseWithoutTLS.Principal", "policy.RefuseWithoutTLS.Resource", "policy.RefuseWithoutTLS.Sid",
		}},
		{"public access", keyBucket, func(t *testing.T, _ *engine.Observed) error {
			_, err := storage(c.sdk).DeletePublicAccessBlock(t.Context(), &s3.DeletePublicAccessBlockInput{Bucket: &n.Bucket})
			return err
		}, []string{"public_access_blocked"}},
		{"versioning suspended", keyBucket, func(t *testing.T, _ *engine.Observed) error {
			_, err := storage(c.sdk).PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{
				Bucket: &n.Bucket, VersioningConfiguration: &s3types.VersioningConfiguration{Status: s3types.BucketVersioningStatusSuspended},
			})
			return err
		}, []string{"versioned"}},
		{"lifecycle gone", keyBucket, func(t *testing.T, _ *engine.Observed) error {
			_, err := storage(c.sdk).DeleteBucketLifecycle(t.Context(), &s3.DeleteBucketLifecycleInput{Bucket: &n.Bucket})
			return err
		}, []string{
			"lifecycle.abort-unfinished-uploads.abort_uploads_days", "lifecycle.abort-unfinished-uploads.enabled",
			"lifecycle.expire-old-versions.enabled", "lifecycle.expire-old-versions.expire_delete_markers", "lifecycle.expire-old-versions.noncurrent_days",
		}},
		{"current objects expire", keyBucket, func(t *testing.T, _ *engine.Observed) error {
			_, err := storage(c.sdk).PutBucketLifecycleConfiguration(t.Context(), &s3.PutBucketLifecycleConfigurationInput{
				Bucket: &n.Bucket, LifecycleConfiguration: &s3types.BucketLifecycleConfiguration{Rules: []s3types.LifecycleRule{
					{
						ID: aws.String("abort-unfinished-uploads"), Status: s3types.ExpirationStatusEnabled, Filter: &s3types.LifecycleRuleFilter{Prefix: aws.String("")},
						AbortIncompleteMultipartUpload: &s3types.AbortIncompleteMultipartUpload{DaysAfterInitiation: aws.Int32(7)},
					},
					{
						ID: aws.String("expire-old-versions"), Status: s3types.ExpirationStatusEnabled, Filter: &s3types.LifecycleRuleFilter{Prefix: aws.String("")},
						NoncurrentVersionExpiration: &s3types.NoncurrentVersionExpiration{NoncurrentDays: aws.Int32(30)},
						Expiration:                  &s3types.LifecycleExpiration{Days: aws.Int32(1)},
					},
				}},
			})
			return err
		}, []string{"lifecycle.expire-old-versions.expire_delete_markers", "lifecycle.expire-old-versions.other"}},
		{"mapping disabled", keyMapping, func(t *testing.T, o *engine.Observed) error {
			client := awslambda.NewFromConfig(c.sdk)
			if _, err := client.UpdateEventSourceMapping(t.Context(), &awslambda.UpdateEventSourceMappingInput{UUID: &o.ID, Enabled: aws.Bool(false)}); err != nil {
				return err
			}
			m := pick(t, p, keyMapping).(*eventSourceMapping)
			return m.settle(t.Context(), o.ID, &notes{}, mappingDisabled)
		}, []string{"enabled"}},
		{"variables changed", keyFunction, func(t *testing.T, _ *engine.Observed) error {
			client := awslambda.NewFromConfig(c.sdk)
			if _, err := client.UpdateFunctionConfiguration(t.Context(), &awslambda.UpdateFunctionConfigurationInput{FunctionName: &n.Function, MemorySize: aws.Int32(1024)}); err != nil {
				return err
			}
			return pick(t, p, keyFunction).(*function).settle(t.Context(), &notes{})
		}, []string{"memory"}},
		{"events not counted", keyMapping, func(t *testing.T, observed *engine.Observed) error {
			_, err := awslambda.NewFromConfig(c.sdk).UpdateEventSourceMapping(t.Context(), &awslambda.UpdateEventSourceMappingInput{
				UUID: &observed.ID, MetricsConfig: &lambdatypes.EventSourceMappingMetricsConfig{Metrics: []lambdatypes.EventSourceMappingMetric{}},
			})
			return err
		}, []string{"metrics"}},
		{"alarm silenced", alarmKey(alarmIteratorAge), func(t *testing.T, _ *engine.Observed) error {
			desired := pick(t, p, alarmKey(alarmIteratorAge)).(*metricAlarm).desired
			only := desired.Metrics[0]
			_, err := cloudWatch(c.sdk).PutMetricAlarm(t.Context(), &cloudwatch.PutMetricAlarmInput{
				AlarmName: aws.String("orders-dev-iterator-age"), AlarmDescription: &desired.Description,
				Namespace: &only.Namespace, MetricName: &only.Name, Dimensions: dimensionList(map[string]string{"FunctionName": "other"}),
				Statistic: "Maximum", Period: aws.Int32(60), EvaluationPeriods: aws.Int32(5), DatapointsToAlarm: aws.Int32(5),
				AlarmActions: desired.Notify, OKActions: desired.Notify,
				Threshold: &desired.Threshold, ComparisonOperator: "GreaterThanOrEqualToThreshold", TreatMissingData: aws.String(missingIsWell),
			})
			return err
		}, []string{"metrics"}},
		{"nobody told of the end", alarmKey(alarmThrottles), func(t *testing.T, _ *engine.Observed) error {
			desired := pick(t, p, alarmKey(alarmThrottles)).(*metricAlarm).desired
			only := desired.Metrics[0]
			_, err := cloudWatch(c.sdk).PutMetricAlarm(t.Context(), &cloudwatch.PutMetricAlarmInput{
				AlarmName: aws.String("orders-dev-function-throttles"), AlarmDescription: &desired.Description, AlarmActions: desired.Notify,
				Namespace: &only.Namespace, MetricName: &only.Name, Dimensions: dimensionList(only.Dimensions),
				Statistic: "Sum", Period: aws.Int32(60), EvaluationPeriods: aws.Int32(5), DatapointsToAlarm: aws.Int32(3),
				Threshold: &desired.Threshold, ComparisonOperator: "GreaterThanOrEqualToThreshold", TreatMissingData: aws.String(missingIsWell),
			})
			return err
		}, []string{"notify"}},
		{"dashboard redrawn", keyDashboard, func(t *testing.T, _ *engine.Observed) error {
			_, err := cloudWatch(c.sdk).PutDashboard(t.Context(), &cloudwatch.PutDashboardInput{
				DashboardName: &n.Dashboard, DashboardBody: aws.String(`{"widgets":[{"type":"text","x":0,"y":0,"width":3,"height":3,"properties":{"markdown":` +
					`"` + pick(t, p, keyDashboard).(*dashboard).marker + `"}}]}`),
			})
			return err
		}, []string{"body"}},
	}
	for _, test := range tests {
		t.Run(test.key+"/"+test.name, func(t *testing.T) {
			resource := deployed(t, p, test.key)
			if err := test.change(t, same(t, resource)); err != nil {
				t.Fatal(err)
			}
			observed := read(t, resource)
			changes := resource.Diff(observed)
			if got := fields(changes); !slices.Equal(got, test.want) {
				t.Errorf("differs in %q, want %q", got, test.want)
			}
			if err := resource.Update(t.Context(), observed, changes, &notes{}); err != nil {
				t.Fatal(err)
			}
			if healed := same(t, resource); healed.Unhealthy != "" {
				t.Errorf("still %s", healed.Unhealthy)
			}
		})
	}
}

// What stops records from flowing is told as ill health, not only as a
// difference.
func TestUnhealthy(t *testing.T) {
	c := newCloud(t)
	p := c.pipeline(t)
	mapping := deployed(t, p, keyMapping)
	id := read(t, mapping).ID
	if _, err := awslambda.NewFromConfig(c.sdk).UpdateEventSourceMapping(t.Context(), &awslambda.UpdateEventSourceMappingInput{UUID: &id, Enabled: aws.Bool(false)}); err != nil {
		t.Fatal(err)
	}
	if observed := read(t, mapping); observed.Unhealthy == "" {
		t.Errorf("a disabled mapping is well: %+v", observed)
	}
	role := pick(t, p, keyRole)
	if _, err := iam.NewFromConfig(c.sdk).DeleteRolePolicy(t.Context(), &iam.DeleteRolePolicyInput{RoleName: &p.names.Role, PolicyName: aws.String(PolicyName)}); err != nil {
		t.Fatal(err)
	}
	if observed := read(t, role); observed.Unhealthy == "" {
		t.Errorf("a role without policy is well: %+v", observed)
	}

	alarm := deployed(t, p, alarmKey(alarmFunctionErrors))
	if observed := read(t, alarm); observed.Unhealthy != "" {
		t.Errorf("%s is ill health: %s", observed.Status, observed.Unhealthy)
	}
	c.sound(t, alarm)
	if observed := read(t, alarm); observed.Status != "ALARM" || !strings.HasSuffix(observed.Unhealthy, " (a test)") {
		t.Errorf("an alarm is well: %+v", observed)
	}

	staging := c.pipeline(t, func(c *config.Config) { c.Environment, c.Alarms.IncomingRecords = "staging", 1 })
	idle := deployed(t, staging, alarmKey(alarmIncomingRecords))
	c.sound(t, idle)
	if observed := read(t, idle); observed.Status != "ALARM" || observed.Unhealthy != "" {
		t.Errorf("no traffic is ill health: %+v", observed)
	}
}

// sound puts an alarm into the state ALARM.
func (c cloud) sound(t *testing.T, alarm engine.Resource) {
	t.Helper()
	_, err := cloudWatch(c.sdk).SetAlarmState(t.Context(), &cloudwatch.SetAlarmStateInput{
		AlarmName: aws.String(alarm.Name()), StateValue: "ALARM", StateReason: aws.String("a\ntest"),
	})
	if err != nil {
		t.Fatal(err)
	}
}
