# shellcheck shell=bash
# shellcheck disable=SC2034 # the other files use what is set here
#
# data-enrichment: what deploy.sh deploys. This file and function.zip are made of enrich.yaml:
# change that, and export again.

# What the environment leaves open.
settings() {
  : "${ENVIRONMENT:=dev}"
  : "${STREAM_SHARD_COUNT:=2}"
  : "${LAMBDA_MEMORY_SIZE:=256}"
  : "${LAMBDA_TIMEOUT:=60}"
  region=
}

# Names, and settings that are single values.
define() {
  case $ENVIRONMENT in
    dev)
      point_in_time_recovery=false
      deletion_protection=false
      mapping_maximum_batching_window_in_seconds=1
      ;;
    staging)
      point_in_time_recovery=false
      deletion_protection=false
      mapping_maximum_batching_window_in_seconds=5
      ;;
    prod)
      point_in_time_recovery=true
      deletion_protection=true
      mapping_maximum_batching_window_in_seconds=5
      ;;
  esac
  pipeline=data-enrichment
  role="data-enrichment-$ENVIRONMENT-$region-role"
  stream="data-enrichment-$ENVIRONMENT-stream"
  bucket="data-enrichment-$ENVIRONMENT-$account-$region"
  log_group="/aws/lambda/data-enrichment-$ENVIRONMENT-function"
  users_table="data-enrichment-$ENVIRONMENT-users"
  function="data-enrichment-$ENVIRONMENT-function"
  function_errors_alarm="data-enrichment-$ENVIRONMENT-function-errors"
  iterator_age_alarm="data-enrichment-$ENVIRONMENT-iterator-age"
  s3_put_errors_alarm="data-enrichment-$ENVIRONMENT-s3-put-errors"
  function_throttles_alarm="data-enrichment-$ENVIRONMENT-function-throttles"
  function_duration_alarm="data-enrichment-$ENVIRONMENT-function-duration"
  dead_letters_alarm="data-enrichment-$ENVIRONMENT-dead-letters"
  failed_deliveries_alarm="data-enrichment-$ENVIRONMENT-failed-deliveries"
  lookup_table_throttling_alarm="data-enrichment-$ENVIRONMENT-lookup-table-throttling"
  incoming_records_alarm="data-enrichment-$ENVIRONMENT-incoming-records"
  failed_batches_alarm="data-enrichment-$ENVIRONMENT-failed-batches"
  pipeline_unhealthy_alarm="data-enrichment-$ENVIRONMENT-pipeline-unhealthy"
  dashboard="data-enrichment-$ENVIRONMENT-$region"
  role_arn="arn:$partition:iam::$account:role/$role"
  stream_arn="arn:$partition:kinesis:$region:$account:stream/$stream"
  bucket_arn="arn:$partition:s3:::$bucket"
  log_group_arn="arn:$partition:logs:$region:$account:log-group:$log_group"
  users_table_arn="arn:$partition:dynamodb:$region:$account:table/$users_table"
  function_errors_alarm_arn="arn:$partition:cloudwatch:$region:$account:alarm:$function_errors_alarm"
  iterator_age_alarm_arn="arn:$partition:cloudwatch:$region:$account:alarm:$iterator_age_alarm"
  s3_put_errors_alarm_arn="arn:$partition:cloudwatch:$region:$account:alarm:$s3_put_errors_alarm"
  function_throttles_alarm_arn="arn:$partition:cloudwatch:$region:$account:alarm:$function_throttles_alarm"
  function_duration_alarm_arn="arn:$partition:cloudwatch:$region:$account:alarm:$function_duration_alarm"
  dead_letters_alarm_arn="arn:$partition:cloudwatch:$region:$account:alarm:$dead_letters_alarm"
  failed_deliveries_alarm_arn="arn:$partition:cloudwatch:$region:$account:alarm:$failed_deliveries_alarm"
  lookup_table_throttling_alarm_arn="arn:$partition:cloudwatch:$region:$account:alarm:$lookup_table_throttling_alarm"
  incoming_records_alarm_arn="arn:$partition:cloudwatch:$region:$account:alarm:$incoming_records_alarm"
  failed_batches_alarm_arn="arn:$partition:cloudwatch:$region:$account:alarm:$failed_batches_alarm"
  pipeline_unhealthy_alarm_arn="arn:$partition:cloudwatch:$region:$account:alarm:$pipeline_unhealthy_alarm"
  case $ENVIRONMENT in
    dev)
      IFS= read -r -d '' pipeline_unhealthy_alarm_alarm_rule <<JSON || :
"ALARM(\"$function_errors_alarm\") OR ALARM(\"$iterator_age_alarm\") OR ALARM(\"$s3_put_errors_alarm\") OR ALARM(\"$function_throttles_alarm\") OR ALARM(\"$function_duration_alarm\") OR ALARM(\"$dead_letters_alarm\") OR ALARM(\"$failed_deliveries_alarm\") OR ALARM(\"$lookup_table_throttling_alarm\") OR ALARM(\"$failed_batches_alarm\")"
JSON
      dashboard_incoming_records_alarm=
      ;;
    staging)
      IFS= read -r -d '' pipeline_unhealthy_alarm_alarm_rule <<JSON || :
"ALARM(\"$function_errors_alarm\") OR ALARM(\"$iterator_age_alarm\") OR ALARM(\"$s3_put_errors_alarm\") OR ALARM(\"$function_throttles_alarm\") OR ALARM(\"$function_duration_alarm\") OR ALARM(\"$dead_letters_alarm\") OR ALARM(\"$failed_deliveries_alarm\") OR ALARM(\"$lookup_table_throttling_alarm\") OR ALARM(\"$incoming_records_alarm\") OR ALARM(\"$failed_batches_alarm\")"
JSON
      IFS= read -r -d '' dashboard_incoming_records_alarm <<JSON || :
,"$incoming_records_alarm_arn"
JSON
      ;;
    prod)
      IFS= read -r -d '' pipeline_unhealthy_alarm_alarm_rule <<JSON || :
"ALARM(\"$function_errors_alarm\") OR ALARM(\"$iterator_age_alarm\") OR ALARM(\"$s3_put_errors_alarm\") OR ALARM(\"$function_throttles_alarm\") OR ALARM(\"$function_duration_alarm\") OR ALARM(\"$dead_letters_alarm\") OR ALARM(\"$failed_deliveries_alarm\") OR ALARM(\"$lookup_table_throttling_alarm\") OR ALARM(\"$incoming_records_alarm\") OR ALARM(\"$failed_batches_alarm\")"
JSON
      IFS= read -r -d '' dashboard_incoming_records_alarm <<JSON || :
,"$incoming_records_alarm_arn"
JSON
      ;;
  esac

  role_description="Enrichment function of data-enrichment-$ENVIRONMENT"
  stream_mode=PROVISIONED
  stream_shards="$STREAM_SHARD_COUNT"
  stream_retention_hours=24
  # By a key that AWS manages: nothing to pay for, and nobody needs to be granted it.
  stream_key=alias/aws/kinesis
  stream_shard_metrics=''
  # A batch that is written again replaces its objects; what they were is kept for a while.
  bucket_versioning=Enabled
  bucket_encryption=AES256
  bucket_ownership=BucketOwnerEnforced
  bucket_public_access_blocked=true
  # Without request metrics the alarm about S3 would have nothing to watch.
  bucket_request_metrics=EntireBucket
  # Made here and not by Lambda, so that it has a retention and goes when the pipeline goes.
  log_group_retention_days=30
  function_architecture=arm64
  function_sha256=digest
  mapping_source="$stream_arn"
  mapping_target="$function"
  # LATEST would miss what comes in before the mapping has begun to read.
  mapping_starting_position=TRIM_HORIZON

  tags=(
    enrich:environment "$ENVIRONMENT"
    enrich:pipeline data-enrichment
    managed-by bash
  )
}

# What events are enriched with
# -----------------------------

users_table_schema() {
  cat <<JSON
{
  "AttributeDefinitions": [{"AttributeName": "user_id", "AttributeType": "S"}],
  "KeySchema": [{"AttributeName": "user_id", "KeyType": "HASH"}]
}
JSON
}

users_table_settings() {
  table_schema=users_table_schema
  table_billing=PAY_PER_REQUEST
  table_point_in_time_recovery="$point_in_time_recovery"
  table_deletion_protection="$deletion_protection"
}

# Enriched events go out, and what could not be enriched
# ------------------------------------------------------

bucket_lifecycle() {
  cat <<JSON
{
  "Rules": [
    {
      "ID": "abort-unfinished-uploads",
      "Status": "Enabled",
      "Filter": {"Prefix": ""},
      "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}
    },
    {
      "ID": "expire-old-versions",
      "Status": "Enabled",
      "Filter": {"Prefix": ""},
      "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
      "Expiration": {"ExpiredObjectDeleteMarker": true}
    }
  ]
}
JSON
}

bucket_policy() {
  cat <<JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "RefuseWithoutTLS",
      "Effect": "Deny",
      "Principal": "*",
      "Action": "s3:*",
      "Resource": ["$bucket_arn", "$bucket_arn/*"],
      "Condition": {"Bool": {"aws:SecureTransport": "false"}}
    }
  ]
}
JSON
}

# The function that enriches, and what it may do
# ----------------------------------------------

role_trust() {
  cat <<JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Lambda",
      "Effect": "Allow",
      "Principal": {"Service": "lambda.amazonaws.com"},
      "Action": "sts:AssumeRole"
    }
  ]
}
JSON
}

# All that the function may do, on exactly these resources. It may not create its log group,
# or it would bring the group back after the pipeline has gone.
role_policy() {
  cat <<JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "ReadStream",
      "Effect": "Allow",
      "Action": [
        "kinesis:DescribeStream",
        "kinesis:DescribeStreamSummary",
        "kinesis:GetRecords",
        "kinesis:GetShardIterator",
        "kinesis:ListShards"
      ],
      "Resource": "$stream_arn"
    },
    {
      "Sid": "ReadLookupTables",
      "Effect": "Allow",
      "Action": "dynamodb:BatchGetItem",
      "Resource": "$users_table_arn"
    },
    {
      "Sid": "WriteObjects",
      "Effect": "Allow",
      "Action": "s3:PutObject",
      "Resource": ["$bucket_arn/enriched-data/*", "$bucket_arn/dead-letter/*", "$bucket_arn/aws/lambda/*"]
    },
    {"Sid": "CheckBucket", "Effect": "Allow", "Action": "s3:ListBucket", "Resource": "$bucket_arn"},
    {
      "Sid": "WriteLogs",
      "Effect": "Allow",
      "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
      "Resource": "$log_group_arn:*"
    }
  ]
}
JSON
}

# Each batch's line of level INFO holds the metrics: do not raise the application's level.
function_settings() {
  cat <<JSON
{
  "Runtime": "provided.al2023",
  "Handler": "bootstrap",
  "MemorySize": $LAMBDA_MEMORY_SIZE,
  "Timeout": $LAMBDA_TIMEOUT,
  "Role": "$role_arn",
  "Environment": {"Variables": {"BUCKET_NAME": "$bucket", "LOG_LEVEL": "info", "TABLE_NAME": "$users_table"}},
  "LoggingConfig": {"LogGroup": "$log_group", "LogFormat": "JSON", "ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO"}
}
JSON
}

# From here on records flow.
# A failing batch is halved until only what fails is left; the rest is reported by sequence number.
# -1 is no limit: the age of a record ends its retries.
# What is given up is stored under aws/lambda/.
mapping_settings() {
  cat <<JSON
{
  "Enabled": true,
  "BatchSize": 1000,
  "MaximumBatchingWindowInSeconds": $mapping_maximum_batching_window_in_seconds,
  "ParallelizationFactor": 1,
  "MaximumRetryAttempts": -1,
  "MaximumRecordAgeInSeconds": 43200,
  "BisectBatchOnFunctionError": true,
  "FunctionResponseTypes": ["ReportBatchItemFailures"],
  "DestinationConfig": {"OnFailure": {"Destination": "$bucket_arn"}},
  "MetricsConfig": {"Metrics": ["EventCount"]}
}
JSON
}

# Who is told, and of what
# ------------------------

function_errors_alarm_settings() {
  cat <<JSON
{
  "AlarmDescription": "The function fails: batches are repeated and their shards stand still",
  "ActionsEnabled": true,
  "Namespace": "AWS/Lambda",
  "MetricName": "Errors",
  "Dimensions": [{"Name": "FunctionName", "Value": "$function"}],
  "Statistic": "Sum",
  "Period": 60,
  "ComparisonOperator": "GreaterThanOrEqualToThreshold",
  "Threshold": 1,
  "EvaluationPeriods": 5,
  "DatapointsToAlarm": 3,
  "TreatMissingData": "notBreaching",
  "AlarmActions": [],
  "OKActions": []
}
JSON
}

iterator_age_alarm_settings() {
  cat <<JSON
{
  "AlarmDescription": "The function is behind: records wait, and at last expire",
  "ActionsEnabled": true,
  "Namespace": "AWS/Lambda",
  "MetricName": "IteratorAge",
  "Dimensions": [{"Name": "FunctionName", "Value": "$function"}],
  "Statistic": "Maximum",
  "Period": 60,
  "ComparisonOperator": "GreaterThanOrEqualToThreshold",
  "Threshold": 600000,
  "EvaluationPeriods": 5,
  "DatapointsToAlarm": 5,
  "TreatMissingData": "notBreaching",
  "AlarmActions": [],
  "OKActions": []
}
JSON
}

s3_put_errors_alarm_settings() {
  cat <<JSON
{
  "AlarmDescription": "S3 refuses requests to the delivery bucket: enriched events cannot be stored",
  "ActionsEnabled": true,
  "Metrics": [
    {
      "Id": "m1",
      "ReturnData": false,
      "MetricStat": {
        "Metric": {
          "Namespace": "AWS/S3",
          "MetricName": "4xxErrors",
          "Dimensions": [{"Name": "BucketName", "Value": "$bucket"}, {"Name": "FilterId", "Value": "EntireBucket"}]
        },
        "Stat": "Sum",
        "Period": 60
      }
    },
    {
      "Id": "m2",
      "ReturnData": false,
      "MetricStat": {
        "Metric": {
          "Namespace": "AWS/S3",
          "MetricName": "5xxErrors",
          "Dimensions": [{"Name": "BucketName", "Value": "$bucket"}, {"Name": "FilterId", "Value": "EntireBucket"}]
        },
        "Stat": "Sum",
        "Period": 60
      }
    },
    {
      "Id": "value",
      "Label": "S3 refuses requests to the delivery bucket",
      "Expression": "FILL(m1, 0) + FILL(m2, 0)",
      "ReturnData": true
    }
  ],
  "ComparisonOperator": "GreaterThanOrEqualToThreshold",
  "Threshold": 1,
  "EvaluationPeriods": 5,
  "DatapointsToAlarm": 3,
  "TreatMissingData": "notBreaching",
  "AlarmActions": [],
  "OKActions": []
}
JSON
}

function_throttles_alarm_settings() {
  cat <<JSON
{
  "AlarmDescription": "The function is throttled: the account has no executions left for it",
  "ActionsEnabled": true,
  "Namespace": "AWS/Lambda",
  "MetricName": "Throttles",
  "Dimensions": [{"Name": "FunctionName", "Value": "$function"}],
  "Statistic": "Sum",
  "Period": 60,
  "ComparisonOperator": "GreaterThanOrEqualToThreshold",
  "Threshold": 1,
  "EvaluationPeriods": 5,
  "DatapointsToAlarm": 3,
  "TreatMissingData": "notBreaching",
  "AlarmActions": [],
  "OKActions": []
}
JSON
}

function_duration_alarm_settings() {
  cat <<JSON
{
  "AlarmDescription": "The function is slow: batches take almost as long as they may, and fail when they take longer",
  "ActionsEnabled": true,
  "Metrics": [
    {
      "Id": "m1",
      "ReturnData": false,
      "MetricStat": {
        "Metric": {
          "Namespace": "AWS/Lambda",
          "MetricName": "Duration",
          "Dimensions": [{"Name": "FunctionName", "Value": "$function"}]
        },
        "Stat": "Maximum",
        "Period": 60
      }
    },
    {
      "Id": "value",
      "Label": "The function is slow",
      "Expression": "100 * m1 / ($LAMBDA_TIMEOUT * 1000)",
      "ReturnData": true
    }
  ],
  "ComparisonOperator": "GreaterThanOrEqualToThreshold",
  "Threshold": 80,
  "EvaluationPeriods": 5,
  "DatapointsToAlarm": 3,
  "TreatMissingData": "notBreaching",
  "AlarmActions": [],
  "OKActions": []
}
JSON
}

dead_letters_alarm_settings() {
  cat <<JSON
{
  "AlarmDescription": "Records cannot be enriched: they are stored in dead-letter/",
  "ActionsEnabled": true,
  "Namespace": "enrich",
  "MetricName": "RecordsDeadLettered",
  "Dimensions": [{"Name": "FunctionName", "Value": "$function"}],
  "Statistic": "Sum",
  "Period": 60,
  "ComparisonOperator": "GreaterThanOrEqualToThreshold",
  "Threshold": 1,
  "EvaluationPeriods": 1,
  "DatapointsToAlarm": 1,
  "TreatMissingData": "notBreaching",
  "AlarmActions": [],
  "OKActions": []
}
JSON
}

failed_deliveries_alarm_settings() {
  cat <<JSON
{
  "AlarmDescription": "S3 does not take failed batches: their records are lost when the stream forgets them",
  "ActionsEnabled": true,
  "Namespace": "AWS/Lambda",
  "MetricName": "DestinationDeliveryFailures",
  "Dimensions": [{"Name": "FunctionName", "Value": "$function"}],
  "Statistic": "Sum",
  "Period": 60,
  "ComparisonOperator": "GreaterThanOrEqualToThreshold",
  "Threshold": 1,
  "EvaluationPeriods": 1,
  "DatapointsToAlarm": 1,
  "TreatMissingData": "notBreaching",
  "AlarmActions": [],
  "OKActions": []
}
JSON
}

lookup_table_throttling_alarm_settings() {
  cat <<JSON
{
  "AlarmDescription": "The lookup table users is throttled: batches are repeated until it has room",
  "ActionsEnabled": true,
  "Namespace": "AWS/DynamoDB",
  "MetricName": "ReadThrottleEvents",
  "Dimensions": [{"Name": "TableName", "Value": "$users_table"}],
  "Statistic": "Sum",
  "Period": 60,
  "ComparisonOperator": "GreaterThanOrEqualToThreshold",
  "Threshold": 1,
  "EvaluationPeriods": 5,
  "DatapointsToAlarm": 3,
  "TreatMissingData": "notBreaching",
  "AlarmActions": [],
  "OKActions": []
}
JSON
}

incoming_records_alarm_settings() {
  cat <<JSON
{
  "AlarmDescription": "No records come in: producers have stopped or cannot reach the stream",
  "ActionsEnabled": true,
  "Namespace": "AWS/Kinesis",
  "MetricName": "IncomingRecords",
  "Dimensions": [{"Name": "StreamName", "Value": "$stream"}],
  "Statistic": "Sum",
  "Period": 300,
  "ComparisonOperator": "LessThanThreshold",
  "Threshold": 1,
  "EvaluationPeriods": 3,
  "DatapointsToAlarm": 3,
  "TreatMissingData": "breaching",
  "AlarmActions": [],
  "OKActions": []
}
JSON
}

failed_batches_alarm_settings() {
  cat <<JSON
{
  "AlarmDescription": "Batches are given up: their records are stored in aws/lambda/, not enriched",
  "ActionsEnabled": true,
  "Namespace": "AWS/Lambda",
  "MetricName": "OnFailureDestinationDeliveredEventCount",
  "Dimensions": [{"Name": "EventSourceMappingUUID", "Value": "$mapping_uuid"}],
  "Statistic": "Sum",
  "Period": 60,
  "ComparisonOperator": "GreaterThanOrEqualToThreshold",
  "Threshold": 1,
  "EvaluationPeriods": 1,
  "DatapointsToAlarm": 1,
  "TreatMissingData": "notBreaching",
  "AlarmActions": [],
  "OKActions": []
}
JSON
}

# One alarm over all others, to look at and to be told of.
pipeline_unhealthy_alarm_settings() {
  cat <<JSON
{
  "AlarmDescription": "The pipeline is unhealthy: one of its alarms at least is on",
  "ActionsEnabled": true,
  "AlarmRule": $pipeline_unhealthy_alarm_alarm_rule,
  "AlarmActions": [],
  "OKActions": []
}
JSON
}

# The pipeline on one page
# ------------------------

dashboard_body() {
  cat <<JSON
{
  "start": "-PT3H",
  "periodOverride": "inherit",
  "widgets": [
    {
      "type": "text",
      "x": 0,
      "y": 0,
      "width": 24,
      "height": 2,
      "properties": {
        "markdown": "# data-enrichment-$ENVIRONMENT\nPipeline **data-enrichment**, environment **$ENVIRONMENT**, managed by **bash**: what is changed here lasts until the next deploy."
      }
    },
    {
      "type": "alarm",
      "x": 0,
      "y": 2,
      "width": 24,
      "height": 3,
      "properties": {
        "title": "Alarms",
        "alarms": [
          "$function_errors_alarm_arn",
          "$iterator_age_alarm_arn",
          "$s3_put_errors_alarm_arn",
          "$function_throttles_alarm_arn",
          "$function_duration_alarm_arn",
          "$dead_letters_alarm_arn",
          "$failed_deliveries_alarm_arn",
          "$lookup_table_throttling_alarm_arn"$dashboard_incoming_records_alarm,
          "$failed_batches_alarm_arn",
          "$pipeline_unhealthy_alarm_arn"
        ]
      }
    },
    {
      "type": "metric",
      "x": 0,
      "y": 5,
      "width": 24,
      "height": 4,
      "properties": {
        "title": "The last five minutes",
        "region": "$region",
        "view": "singleValue",
        "sparkline": true,
        "stat": "Sum",
        "period": 300,
        "metrics": [
          ["AWS/Kinesis", "IncomingRecords", "StreamName", "$stream", {"label": "records-in"}],
          [
            "AWS/Lambda",
            "IteratorAge",
            "FunctionName",
            "$function",
            {"label": "iterator-age", "stat": "Maximum"}
          ],
          ["AWS/Lambda", "Errors", "FunctionName", "$function", {"label": "errors"}],
          ["AWS/Lambda", "Throttles", "FunctionName", "$function", {"label": "throttles"}],
          ["AWS/Lambda", "Duration", "FunctionName", "$function", {"label": "duration-p99", "stat": "p99"}],
          ["enrich", "RecordsEnriched", "FunctionName", "$function", {"label": "enriched"}],
          ["enrich", "RecordsDeadLettered", "FunctionName", "$function", {"label": "dead-letters"}],
          ["enrich", "LookupMisses", "FunctionName", "$function", {"label": "lookup-misses"}],
          ["enrich", "LookupKeys", "FunctionName", "$function", {"label": "lookup-keys"}],
          ["enrich", "CacheHits", "FunctionName", "$function", {"label": "cache-hits"}],
          ["enrich", "LookupThrottles", "FunctionName", "$function", {"label": "lookup-throttles"}],
          ["enrich", "StoreErrors", "FunctionName", "$function", {"label": "store-errors"}]
        ]
      }
    },
    {
      "type": "metric",
      "x": 0,
      "y": 9,
      "width": 8,
      "height": 6,
      "properties": {
        "title": "Records in",
        "region": "$region",
        "view": "timeSeries",
        "stat": "Sum",
        "period": 60,
        "metrics": [
          ["AWS/Kinesis", "IncomingRecords", "StreamName", "$stream", {"label": "records put"}],
          [
            "AWS/Kinesis",
            "WriteProvisionedThroughputExceeded",
            "StreamName",
            "$stream",
            {"label": "records refused: not enough shards"}
          ]
        ],
        "yAxis": {"left": {"min": 0, "label": "a minute", "showUnits": false}}
      }
    },
    {
      "type": "metric",
      "x": 8,
      "y": 9,
      "width": 8,
      "height": 6,
      "properties": {
        "title": "Bytes",
        "region": "$region",
        "view": "timeSeries",
        "stat": "Sum",
        "period": 60,
        "metrics": [
          ["AWS/Kinesis", "IncomingBytes", "StreamName", "$stream", {"label": "bytes put"}],
          [
            "AWS/S3",
            "BytesUploaded",
            "BucketName",
            "$bucket",
            "FilterId",
            "EntireBucket",
            {"label": "bytes stored, compressed"}
          ]
        ],
        "yAxis": {"left": {"min": 0, "label": "bytes a minute", "showUnits": false}}
      }
    },
    {
      "type": "metric",
      "x": 16,
      "y": 9,
      "width": 8,
      "height": 6,
      "properties": {
        "title": "How far readers are behind",
        "region": "$region",
        "view": "timeSeries",
        "stat": "Maximum",
        "period": 60,
        "metrics": [
          [
            "AWS/Lambda",
            "IteratorAge",
            "FunctionName",
            "$function",
            {"label": "how far the function is behind"}
          ],
          [
            "AWS/Kinesis",
            "GetRecords.IteratorAgeMilliseconds",
            "StreamName",
            "$stream",
            {"label": "how far any reader is behind"}
          ]
        ],
        "yAxis": {"left": {"min": 0, "label": "ms", "showUnits": false}}
      }
    },
    {
      "type": "metric",
      "x": 0,
      "y": 15,
      "width": 8,
      "height": 6,
      "properties": {
        "title": "Batches",
        "region": "$region",
        "view": "timeSeries",
        "stat": "Sum",
        "period": 60,
        "metrics": [
          ["AWS/Lambda", "Invocations", "FunctionName", "$function", {"label": "batches"}],
          ["AWS/Lambda", "Errors", "FunctionName", "$function", {"label": "batches that failed"}],
          ["AWS/Lambda", "Throttles", "FunctionName", "$function", {"label": "batches that were throttled"}],
          [
            "AWS/Lambda",
            "DestinationDeliveryFailures",
            "FunctionName",
            "$function",
            {"label": "batches that were given up and not stored"}
          ]
        ],
        "yAxis": {"left": {"min": 0, "label": "a minute", "showUnits": false}}
      }
    },
    {
      "type": "metric",
      "x": 8,
      "y": 15,
      "width": 8,
      "height": 6,
      "properties": {
        "title": "Time of a batch",
        "region": "$region",
        "view": "timeSeries",
        "stat": "Average",
        "period": 60,
        "metrics": [
          ["AWS/Lambda", "Duration", "FunctionName", "$function", {"label": "time of a batch"}],
          [
            "AWS/Lambda",
            "Duration",
            "FunctionName",
            "$function",
            {"label": "time of the slowest hundredth", "stat": "p99"}
          ],
          [
            "AWS/Lambda",
            "Duration",
            "FunctionName",
            "$function",
            {"label": "time of the slowest", "stat": "Maximum"}
          ]
        ],
        "yAxis": {"left": {"min": 0, "label": "ms", "showUnits": false}}
      }
    },
    {
      "type": "metric",
      "x": 16,
      "y": 15,
      "width": 8,
      "height": 6,
      "properties": {
        "title": "Batches at the same time",
        "region": "$region",
        "view": "timeSeries",
        "stat": "Maximum",
        "period": 60,
        "metrics": [
          [
            "AWS/Lambda",
            "ConcurrentExecutions",
            "FunctionName",
            "$function",
            {"label": "batches at the same time"}
          ]
        ],
        "yAxis": {"left": {"min": 0, "showUnits": false}}
      }
    },
    {
      "type": "metric",
      "x": 0,
      "y": 21,
      "width": 8,
      "height": 6,
      "properties": {
        "title": "Records",
        "region": "$region",
        "view": "timeSeries",
        "stat": "Sum",
        "period": 60,
        "metrics": [
          ["enrich", "RecordsEnriched", "FunctionName", "$function", {"label": "records stored enriched"}],
          [
            "enrich",
            "RecordsDeadLettered",
            "FunctionName",
            "$function",
            {"label": "records stored as dead letters"}
          ],
          ["enrich", "LookupMisses", "FunctionName", "$function", {"label": "records without an item"}]
        ],
        "yAxis": {"left": {"min": 0, "label": "a minute", "showUnits": false}}
      }
    },
    {
      "type": "metric",
      "x": 8,
      "y": 21,
      "width": 8,
      "height": 6,
      "properties": {
        "title": "Lookups",
        "region": "$region",
        "view": "timeSeries",
        "stat": "Sum",
        "period": 60,
        "metrics": [
          ["enrich", "LookupKeys", "FunctionName", "$function", {"label": "keys of batches to be looked up"}],
          ["enrich", "CacheHits", "FunctionName", "$function", {"label": "keys that needed no lookup"}],
          ["enrich", "Lookups", "FunctionName", "$function", {"label": "requests to the lookup tables"}],
          [
            "enrich",
            "LookupThrottles",
            "FunctionName",
            "$function",
            {"label": "of them refused, wholly or in part"}
          ]
        ],
        "yAxis": {"left": {"min": 0, "label": "a minute", "showUnits": false}}
      }
    },
    {
      "type": "metric",
      "x": 16,
      "y": 21,
      "width": 8,
      "height": 6,
      "properties": {
        "title": "Reads of the lookup tables",
        "region": "$region",
        "view": "timeSeries",
        "stat": "Sum",
        "period": 60,
        "metrics": [
          [
            "AWS/DynamoDB",
            "ConsumedReadCapacityUnits",
            "TableName",
            "$users_table",
            {"label": "read units of users"}
          ],
          [
            "AWS/DynamoDB",
            "ReadThrottleEvents",
            "TableName",
            "$users_table",
            {"label": "reads of users throttled"}
          ]
        ],
        "yAxis": {"left": {"min": 0, "label": "a minute", "showUnits": false}}
      }
    },
    {
      "type": "metric",
      "x": 0,
      "y": 27,
      "width": 8,
      "height": 6,
      "properties": {
        "title": "Time of a lookup",
        "region": "$region",
        "view": "timeSeries",
        "stat": "Average",
        "period": 60,
        "metrics": [
          [
            "AWS/DynamoDB",
            "SuccessfulRequestLatency",
            "Operation",
            "BatchGetItem",
            "TableName",
            "$users_table",
            {"label": "time of a lookup in users"}
          ]
        ],
        "yAxis": {"left": {"min": 0, "label": "ms", "showUnits": false}}
      }
    },
    {
      "type": "metric",
      "x": 8,
      "y": 27,
      "width": 8,
      "height": 6,
      "properties": {
        "title": "Objects",
        "region": "$region",
        "view": "timeSeries",
        "stat": "Sum",
        "period": 60,
        "metrics": [
          [
            "enrich",
            "StoreErrors",
            "FunctionName",
            "$function",
            {"label": "objects that could not be stored"}
          ],
          [
            "AWS/S3",
            "PutRequests",
            "BucketName",
            "$bucket",
            "FilterId",
            "EntireBucket",
            {"label": "objects stored"}
          ],
          [
            "AWS/S3",
            "4xxErrors",
            "BucketName",
            "$bucket",
            "FilterId",
            "EntireBucket",
            {"label": "requests to the bucket refused"}
          ],
          [
            "AWS/S3",
            "5xxErrors",
            "BucketName",
            "$bucket",
            "FilterId",
            "EntireBucket",
            {"label": "requests to the bucket that failed"}
          ]
        ],
        "yAxis": {"left": {"min": 0, "label": "a minute", "showUnits": false}}
      }
    }
  ]
}
JSON
}

# All resources, in the order in which they can be made.
pipeline() { # COMMAND
  "$1" role "$role"
  "$1" stream "$stream"
  "$1" bucket "$bucket"
  "$1" log_group "$log_group"
  "$1" table "$users_table" users_table_settings
  "$1" function "$function"
  "$1" mapping "$stream to $function"
  "$1" alarm "$function_errors_alarm" function_errors_alarm_settings
  "$1" alarm "$iterator_age_alarm" iterator_age_alarm_settings
  "$1" alarm "$s3_put_errors_alarm" s3_put_errors_alarm_settings
  "$1" alarm "$function_throttles_alarm" function_throttles_alarm_settings
  "$1" alarm "$function_duration_alarm" function_duration_alarm_settings
  "$1" alarm "$dead_letters_alarm" dead_letters_alarm_settings
  "$1" alarm "$failed_deliveries_alarm" failed_deliveries_alarm_settings
  "$1" alarm "$lookup_table_throttling_alarm" lookup_table_throttling_alarm_settings
  case $ENVIRONMENT in staging | prod) "$1" alarm "$incoming_records_alarm" incoming_records_alarm_settings ;; esac
  "$1" alarm "$failed_batches_alarm" failed_batches_alarm_settings
  "$1" composite "$pipeline_unhealthy_alarm" pipeline_unhealthy_alarm_settings
  "$1" dashboard "$dashboard"
}
