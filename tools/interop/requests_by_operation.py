"""A request for each operation of the emulator that it accepts as it stands, and what AWS does not hold to of its models."""

import copy
import io
import json
import re
import subprocess
import time
import zipfile

from botocore import xform_name

ACCOUNT = "000000000000"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/judged"
STREAM = f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/judged"
TABLE = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/judged"
FUNCTION = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:judged"
GROUP = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:judged"
ALARM = f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:judged"
TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:judged"
QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:judged"
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]})
TRUST = json.dumps({
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"},
        {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"},
    ],
})
DASHBOARD = json.dumps({"widgets": [{"type": "text", "x": 0, "y": 0, "width": 6, "height": 6, "properties": {"markdown": "x"}}]})
NOW, PAST = 1_790_000_000, 1_789_990_000
TAG = {"Key": "k", "Value": "v"}
MANAGED = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"


def archive():
    """Gives a function's archive; it is never run."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as z:
        info = zipfile.ZipInfo("bootstrap")
        info.external_attr = 0o755 << 16
        z.writestr(info, "#!/bin/sh\nexec sleep 60\n")
    return buffer.getvalue()


ZIP = archive()
STREAM_NAME = {"StreamName": "judged"}
ITEM = {"TableName": "judged", "Key": {"id": {"S": "a"}}}
BUCKET = {"Bucket": "judged"}
OBJECT = {"Bucket": "judged", "Key": "a"}
ALARM_SETTINGS = {
    "AlarmName": "judged", "Namespace": "n", "MetricName": "m", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1,
    "Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold", "Dimensions": [{"Name": "d", "Value": "v"}],
    "AlarmDescription": "x", "Unit": "Count", "TreatMissingData": "missing", "DatapointsToAlarm": 1, "Tags": [TAG],
}
QUERY = {"Id": "a", "MetricStat": {"Metric": {"Namespace": "n", "MetricName": "m", "Dimensions": [{"Name": "d", "Value": "v"}]}, "Period": 60, "Stat": "Sum"}}
LIFECYCLE = {"Rules": [{"ID": "r", "Status": "Enabled", "Filter": {"Prefix": "a/"}, "Expiration": {"Days": 1}}]}
PUBLIC = {"BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": True, "RestrictPublicBuckets": True}
BUCKET_POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::judged/secret/*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]})
MAPPING = {
    "FunctionName": "judged", "EventSourceArn": STREAM, "StartingPosition": "LATEST", "BatchSize": 10, "Enabled": False,
    "MaximumBatchingWindowInSeconds": 1, "ParallelizationFactor": 1, "MaximumRecordAgeInSeconds": 60, "MaximumRetryAttempts": 1,
    "FunctionResponseTypes": ["ReportBatchItemFailures"],
}
SETTINGS = {
    "FunctionName": "judged", "Runtime": "provided.al2023", "Role": ROLE, "Handler": "bootstrap", "Timeout": 3, "MemorySize": 128,
    "Description": "x", "EphemeralStorage": {"Size": 512}, "TracingConfig": {"Mode": "PassThrough"}, "Environment": {"Variables": {"LEVEL": "b"}},
    "LoggingConfig": {"LogFormat": "JSON", "ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO", "LogGroup": "judged"},
}
RESOURCES = {}  # what prepare made and whose name AWS chooses

VALID = {
    "dynamodb": {
        "BatchGetItem": {"RequestItems": {"judged": {"Keys": [{"id": {"S": "a"}}]}}, "ReturnConsumedCapacity": "TOTAL"},
        "BatchWriteItem": {"RequestItems": {"judged": [{"PutRequest": {"Item": {"id": {"S": "a"}}}}]}, "ReturnConsumedCapacity": "TOTAL"},
        "CreateTable": {
            "TableName": "judged2", "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}], "BillingMode": "PROVISIONED",
            "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}, "TableClass": "STANDARD", "Tags": [TAG],
        },
        "DeleteItem": ITEM | {"ReturnValues": "NONE"}, "DeleteTable": {"TableName": "judged-gone"},
        "DescribeContinuousBackups": {"TableName": "judged"}, "DescribeLimits": {}, "DescribeTable": {"TableName": "judged"},
        "DescribeTimeToLive": {"TableName": "judged"}, "GetItem": ITEM | {"ExpressionAttributeNames": {"#n": "id"}, "ProjectionExpression": "#n"},
        "ListTables": {"Limit": 10}, "ListTagsOfResource": {"ResourceArn": TABLE},
        "PutItem": {"TableName": "judged", "Item": {"id": {"S": "a"}}, "ReturnValues": "NONE"},
        "Query": {"TableName": "judged", "KeyConditionExpression": "id = :i", "ExpressionAttributeValues": {":i": {"S": "a"}}, "Limit": 1, "Select": "ALL_ATTRIBUTES"},
        "Scan": {"TableName": "judged", "Limit": 1, "Segment": 0, "TotalSegments": 1}, "TagResource": {"ResourceArn": TABLE, "Tags": [TAG]},
        "UntagResource": {"ResourceArn": TABLE, "TagKeys": ["k"]},
        "UpdateContinuousBackups": {"TableName": "judged", "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": 1}},
        "UpdateItem": ITEM | {"UpdateExpression": "SET a = :a", "ExpressionAttributeValues": {":a": {"S": "x"}}},
        "UpdateTable": {"TableName": "judged", "DeletionProtectionEnabled": False},
        "UpdateTimeToLive": {"TableName": "judged", "TimeToLiveSpecification": {"Enabled": True, "AttributeName": "ttl"}},
    },
    "iam": {
        "AttachRolePolicy": {"RoleName": "judged", "PolicyArn": MANAGED},
        "CreateRole": {"RoleName": "judged2", "AssumeRolePolicyDocument": TRUST, "Path": "/p/", "Description": "x", "MaxSessionDuration": 3600, "Tags": [TAG]},
        "DeleteRole": {"RoleName": "judged-gone"}, "DeleteRolePolicy": {"RoleName": "judged", "PolicyName": "gone"},
        "DetachRolePolicy": {"RoleName": "judged", "PolicyArn": MANAGED}, "GetRole": {"RoleName": "judged"},
        "GetRolePolicy": {"RoleName": "judged", "PolicyName": "p"}, "ListAttachedRolePolicies": {"RoleName": "judged", "MaxItems": 1, "PathPrefix": "/"},
        "ListInstanceProfilesForRole": {"RoleName": "judged"}, "ListRolePolicies": {"RoleName": "judged", "MaxItems": 1},
        "ListRoleTags": {"RoleName": "judged", "MaxItems": 1}, "ListRoles": {"PathPrefix": "/", "MaxItems": 1},
        "PutRolePolicy": {"RoleName": "judged", "PolicyName": "q", "PolicyDocument": POLICY},
        "SimulatePrincipalPolicy": {"PolicySourceArn": ROLE, "ActionNames": ["s3:GetObject"], "ResourceArns": ["*"]},
        "TagRole": {"RoleName": "judged", "Tags": [TAG]}, "UntagRole": {"RoleName": "judged", "TagKeys": ["k"]},
        "UpdateAssumeRolePolicy": {"RoleName": "judged", "PolicyDocument": TRUST},
        "UpdateRole": {"RoleName": "judged", "Description": "x", "MaxSessionDuration": 3600},
        "UpdateRoleDescription": {"RoleName": "judged", "Description": "x"},
    },
    "kinesis": {
        "AddTagsToStream": STREAM_NAME | {"Tags": {"k": "v"}}, "CreateStream": {"StreamName": "judged2", "ShardCount": 1, "Tags": {"k": "v"}, "MaxRecordSizeInKiB": 1024, "StreamModeDetails": {"StreamMode": "PROVISIONED"}},
        "DecreaseStreamRetentionPeriod": STREAM_NAME | {"RetentionPeriodHours": 30}, "DeleteStream": {"StreamName": "judged-gone"}, "DescribeLimits": {},
        "DescribeStream": STREAM_NAME | {"Limit": 1}, "DescribeStreamSummary": STREAM_NAME,
        "DisableEnhancedMonitoring": STREAM_NAME | {"ShardLevelMetrics": ["IncomingBytes"]}, "EnableEnhancedMonitoring": STREAM_NAME | {"ShardLevelMetrics": ["IncomingBytes"]},
        "GetRecords": {"ShardIterator": "", "Limit": 1}, "GetShardIterator": STREAM_NAME | {"ShardId": "shardId-000000000000", "ShardIteratorType": "LATEST"},
        "IncreaseStreamRetentionPeriod": STREAM_NAME | {"RetentionPeriodHours": 48}, "ListShards": STREAM_NAME | {"MaxResults": 1}, "ListStreams": {"Limit": 1},
        "ListTagsForResource": {"ResourceARN": STREAM}, "ListTagsForStream": STREAM_NAME | {"Limit": 1},
        "MergeShards": STREAM_NAME | {"ShardToMerge": "shardId-000000000000", "AdjacentShardToMerge": "shardId-000000000001"},
        "PutRecord": STREAM_NAME | {"Data": b"x", "PartitionKey": "p"}, "PutRecords": STREAM_NAME | {"Records": [{"Data": b"x", "PartitionKey": "p"}]},
        "RemoveTagsFromStream": STREAM_NAME | {"TagKeys": ["k"]}, "SplitShard": STREAM_NAME | {"ShardToSplit": "shardId-000000000002", "NewStartingHashKey": str(2**127)},
        "StartStreamEncryption": STREAM_NAME | {"EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"}, "StopStreamEncryption": STREAM_NAME | {"EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"},
        "TagResource": {"ResourceARN": STREAM, "Tags": {"k": "v"}}, "UntagResource": {"ResourceARN": STREAM, "TagKeys": ["k"]},
        "UpdateMaxRecordSize": {"StreamARN": STREAM, "MaxRecordSizeInKiB": 2048}, "UpdateShardCount": STREAM_NAME | {"TargetShardCount": 2, "ScalingType": "UNIFORM_SCALING"},
        "UpdateStreamMode": {"StreamARN": STREAM, "StreamModeDetails": {"StreamMode": "PROVISIONED"}},
    },
    "lambda": {
        "CreateEventSourceMapping": MAPPING | {"FunctionName": "judged3"}, "CreateFunction": SETTINGS | {"FunctionName": "judged2", "Code": {"ZipFile": ZIP}, "Architectures": ["x86_64"], "Tags": {"k": "v"}},
        "DeleteEventSourceMapping": {"UUID": ""}, "DeleteFunction": {"FunctionName": "judged-gone"}, "DeleteFunctionConcurrency": {"FunctionName": "judged"},
        "GetEventSourceMapping": {"UUID": ""}, "GetFunction": {"FunctionName": "judged", "Qualifier": "$LATEST"}, "GetFunctionConcurrency": {"FunctionName": "judged"},
        "GetFunctionConfiguration": {"FunctionName": "judged"}, "Invoke": {"FunctionName": "judged", "InvocationType": "DryRun", "LogType": "None"},
        "ListEventSourceMappings": {"FunctionName": "judged", "MaxItems": 1}, "ListFunctions": {"MaxItems": 1}, "ListTags": {"Resource": FUNCTION},
        "ListVersionsByFunction": {"FunctionName": "judged", "MaxItems": 1}, "PutFunctionConcurrency": {"FunctionName": "judged", "ReservedConcurrentExecutions": 1},
        "TagResource": {"Resource": FUNCTION, "Tags": {"k": "v"}}, "UntagResource": {"Resource": FUNCTION, "TagKeys": ["k"]},
        "UpdateEventSourceMapping": {"UUID": "", "BatchSize": 20, "Enabled": False, "MaximumBatchingWindowInSeconds": 1, "ParallelizationFactor": 1, "MaximumRecordAgeInSeconds": 60, "MaximumRetryAttempts": 1, "FunctionResponseTypes": ["ReportBatchItemFailures"]},
        "UpdateFunctionCode": {"FunctionName": "judged", "ZipFile": ZIP, "Architectures": ["x86_64"]}, "UpdateFunctionConfiguration": SETTINGS,
    },
    "logs": {
        "CreateLogGroup": {"logGroupName": "judged2", "tags": {"k": "v"}, "logGroupClass": "STANDARD"}, "CreateLogStream": {"logGroupName": "judged", "logStreamName": "t"},
        "DeleteLogGroup": {"logGroupName": "judged-gone"}, "DeleteLogStream": {"logGroupName": "judged", "logStreamName": "gone"}, "DeleteRetentionPolicy": {"logGroupName": "judged"},
        "DescribeLogGroups": {"logGroupNamePrefix": "j", "limit": 1}, "DescribeLogStreams": {"logGroupName": "judged", "logStreamNamePrefix": "s", "orderBy": "LogStreamName", "limit": 1},
        "FilterLogEvents": {"logGroupName": "judged", "logStreamNames": ["s"], "startTime": 0, "endTime": 1, "filterPattern": "x", "limit": 1},
        "GetLogEvents": {"logGroupName": "judged", "logStreamName": "s", "startTime": 0, "endTime": 1, "limit": 1}, "ListTagsForResource": {"resourceArn": GROUP}, "ListTagsLogGroup": {"logGroupName": "judged"},
        "PutLogEvents": {"logGroupName": "judged", "logStreamName": "s", "logEvents": [{"timestamp": int(time.time() * 1000), "message": "x"}]}, "PutRetentionPolicy": {"logGroupName": "judged", "retentionInDays": 1},
        "TagResource": {"resourceArn": GROUP, "tags": {"k": "v"}}, "UntagResource": {"resourceArn": GROUP, "tagKeys": ["k"]},
    },
    "monitoring": {
        "DeleteAlarms": {"AlarmNames": ["gone"]}, "DeleteDashboards": {"DashboardNames": ["gone"]}, "DescribeAlarms": {"AlarmNamePrefix": "j", "StateValue": "OK", "MaxRecords": 1, "AlarmTypes": ["MetricAlarm"]},
        "DescribeAlarmHistory": {"AlarmName": "judged", "AlarmTypes": ["MetricAlarm"], "HistoryItemType": "StateUpdate", "StartDate": PAST, "EndDate": NOW, "MaxRecords": 1, "ScanBy": "TimestampDescending"},
        "DescribeAlarmsForMetric": {"Namespace": "n", "MetricName": "m", "Statistic": "Sum", "Dimensions": [{"Name": "d", "Value": "v"}], "Period": 60, "Unit": "Count"},
        "DisableAlarmActions": {"AlarmNames": ["judged"]}, "EnableAlarmActions": {"AlarmNames": ["judged"]}, "GetDashboard": {"DashboardName": "judged"},
        "GetMetricData": {"MetricDataQueries": [QUERY], "StartTime": PAST, "EndTime": NOW, "ScanBy": "TimestampAscending"},
        "GetMetricStatistics": {"Namespace": "n", "MetricName": "m", "Dimensions": [{"Name": "d", "Value": "v"}], "StartTime": PAST, "EndTime": NOW, "Period": 60, "Statistics": ["Sum"], "Unit": "Count"},
        "ListDashboards": {"DashboardNamePrefix": "j"}, "ListMetrics": {"Namespace": "n", "MetricName": "m", "Dimensions": [{"Name": "d", "Value": "v"}]}, "ListTagsForResource": {"ResourceARN": ALARM},
        "PutCompositeAlarm": {"AlarmName": "judged-all", "AlarmRule": "ALARM(judged)", "ActionsEnabled": True, "AlarmDescription": "x", "AlarmActions": [TOPIC], "OKActions": [TOPIC], "InsufficientDataActions": [TOPIC], "Tags": [TAG]},
        "PutDashboard": {"DashboardName": "judged", "DashboardBody": DASHBOARD}, "PutMetricAlarm": ALARM_SETTINGS | {"AlarmName": "judged2"},
        "PutMetricData": {"Namespace": "n", "MetricData": [{"MetricName": "m", "Value": 1.0, "Unit": "Count", "StorageResolution": 60, "Dimensions": [{"Name": "d", "Value": "v"}]}]},
        "SetAlarmState": {"AlarmName": "judged", "StateValue": "OK", "StateReason": "x"}, "TagResource": {"ResourceARN": ALARM, "Tags": [TAG]}, "UntagResource": {"ResourceARN": ALARM, "TagKeys": ["k"]},
    },
    "s3": {
        "AbortMultipartUpload": OBJECT | {"UploadId": ""}, "CompleteMultipartUpload": {},  # prepare says it
        "CopyObject": {"Bucket": "judged", "Key": "copy", "CopySource": "judged/a"}, "CreateBucket": {"Bucket": "judged2"}, "CreateMultipartUpload": OBJECT, "DeleteBucket": {"Bucket": "judged-gone"},
        "DeleteBucketEncryption": BUCKET, "DeleteBucketLifecycle": BUCKET, "DeleteBucketMetricsConfiguration": BUCKET | {"Id": "gone"}, "DeleteBucketOwnershipControls": BUCKET, "DeleteBucketPolicy": BUCKET,
        "DeleteBucketTagging": BUCKET, "DeleteObject": {"Bucket": "judged", "Key": "gone"}, "DeleteObjectTagging": {"Bucket": "judged", "Key": "b"}, "DeleteObjects": BUCKET | {"Delete": {"Objects": [{"Key": "gone"}]}}, "DeletePublicAccessBlock": BUCKET,
        "GetBucketEncryption": BUCKET, "GetBucketLifecycleConfiguration": BUCKET, "GetBucketLocation": BUCKET, "GetBucketMetricsConfiguration": BUCKET | {"Id": "m"}, "GetBucketOwnershipControls": BUCKET,
        "GetBucketPolicy": BUCKET, "GetBucketPolicyStatus": BUCKET, "GetBucketTagging": BUCKET, "GetBucketVersioning": BUCKET, "GetObject": OBJECT, "GetObjectTagging": OBJECT, "GetPublicAccessBlock": BUCKET,
        "HeadBucket": BUCKET, "HeadObject": OBJECT, "ListBucketMetricsConfigurations": BUCKET, "ListBuckets": {}, "ListMultipartUploads": BUCKET, "ListObjectVersions": BUCKET | {"EncodingType": "url"},
        "ListObjects": BUCKET | {"EncodingType": "url"}, "ListObjectsV2": BUCKET | {"EncodingType": "url"}, "ListParts": OBJECT | {"UploadId": ""},
        "PutBucketEncryption": BUCKET | {"ServerSideEncryptionConfiguration": {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}},
        "PutBucketLifecycleConfiguration": BUCKET | {"LifecycleConfiguration": LIFECYCLE}, "PutBucketMetricsConfiguration": BUCKET | {"Id": "m", "MetricsConfiguration": {"Id": "m"}},
        "PutBucketOwnershipControls": BUCKET | {"OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}}, "PutBucketPolicy": BUCKET | {"Policy": BUCKET_POLICY},
        "PutBucketTagging": BUCKET | {"Tagging": {"TagSet": [TAG]}}, "PutBucketVersioning": BUCKET | {"VersioningConfiguration": {"Status": "Enabled"}},
        "PutObject": OBJECT | {"Body": b"x", "StorageClass": "STANDARD", "ServerSideEncryption": "AES256"}, "PutObjectTagging": OBJECT | {"Tagging": {"TagSet": [TAG]}},
        "PutPublicAccessBlock": BUCKET | {"PublicAccessBlockConfiguration": PUBLIC}, "UploadPart": OBJECT | {"UploadId": "", "PartNumber": 1, "Body": b"x"},
        "UploadPartCopy": OBJECT | {"UploadId": "", "PartNumber": 1, "CopySource": "judged/a"},
    },
    "sns": {
        "ConfirmSubscription": {"TopicArn": TOPIC, "Token": ""}, "CreateTopic": {"Name": "judged2", "Attributes": {"DisplayName": "x"}, "Tags": [TAG]},
        "DeleteTopic": {"TopicArn": TOPIC + "-gone"}, "GetSubscriptionAttributes": {"SubscriptionArn": ""}, "GetTopicAttributes": {"TopicArn": TOPIC},
        "ListSubscriptions": {}, "ListSubscriptionsByTopic": {"TopicArn": TOPIC}, "ListTagsForResource": {"ResourceArn": TOPIC}, "ListTopics": {},
        "Publish": {"TopicArn": TOPIC, "Message": "x", "Subject": "x", "MessageAttributes": {"a": {"DataType": "String", "StringValue": "x"}}},
        "SetSubscriptionAttributes": {"SubscriptionArn": "", "AttributeName": "RawMessageDelivery", "AttributeValue": "true"},
        "SetTopicAttributes": {"TopicArn": TOPIC, "AttributeName": "DisplayName", "AttributeValue": "x"},
        "Subscribe": {"TopicArn": TOPIC, "Protocol": "sqs", "Endpoint": QUEUE, "ReturnSubscriptionArn": True},
        "TagResource": {"ResourceArn": TOPIC, "Tags": [TAG]}, "Unsubscribe": {"SubscriptionArn": TOPIC + ":00000000-0000-0000-0000-000000000000"}, "UntagResource": {"ResourceArn": TOPIC, "TagKeys": ["k"]},
    },
    "sqs": {
        "CreateQueue": {"QueueName": "judged2", "Attributes": {"DelaySeconds": "0"}, "tags": {"k": "v"}}, "DeleteMessage": {"QueueUrl": "", "ReceiptHandle": ""}, "DeleteQueue": {"QueueUrl": "gone"},
        "GetQueueAttributes": {"QueueUrl": "", "AttributeNames": ["All"]}, "GetQueueUrl": {"QueueName": "judged"}, "ListQueueTags": {"QueueUrl": ""},
        "ListQueues": {"QueueNamePrefix": "j", "MaxResults": 1}, "PurgeQueue": {"QueueUrl": ""},
        "ReceiveMessage": {"QueueUrl": "", "AttributeNames": ["All"], "MaxNumberOfMessages": 1, "MessageAttributeNames": ["All"], "MessageSystemAttributeNames": ["All"], "VisibilityTimeout": 1, "WaitTimeSeconds": 0},
        "SendMessage": {"QueueUrl": "", "MessageBody": "x", "DelaySeconds": 0, "MessageAttributes": {"a": {"DataType": "String", "StringValue": "x"}}},
        "SetQueueAttributes": {"QueueUrl": "", "Attributes": {"DelaySeconds": "0"}}, "TagQueue": {"QueueUrl": "", "Tags": {"k": "v"}}, "UntagQueue": {"QueueUrl": "", "TagKeys": ["k"]},
    },
    "sts": {"AssumeRole": {"RoleArn": ROLE, "RoleSessionName": "session", "DurationSeconds": 900}, "GetCallerIdentity": {}},
    "tagging": {
        "GetResources": {"TagFilters": [{"Key": "k", "Values": ["v"]}], "ResourcesPerPage": 1, "ResourceTypeFilters": ["kinesis"]}, "GetTagKeys": {}, "GetTagValues": {"Key": "k"},
    },
}


def prepare(clients):
    """Makes what the requests name."""
    clients["iam"].create_role(RoleName="judged", AssumeRolePolicyDocument=TRUST)
    clients["iam"].put_role_policy(RoleName="judged", PolicyName="p", PolicyDocument=json.dumps({
        "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["kinesis:*", "logs:*"], "Resource": "*"}]}))
    clients["kinesis"].create_stream(StreamName="judged", ShardCount=2)
    clients["dynamodb"].create_table(**(VALID["dynamodb"]["CreateTable"] | {"TableName": "judged"}))
    clients["logs"].create_log_group(logGroupName="judged")
    clients["logs"].create_log_stream(logGroupName="judged", logStreamName="s")
    clients["iam"].create_role(RoleName="judged-gone", AssumeRolePolicyDocument=TRUST)
    clients["iam"].put_role_policy(RoleName="judged", PolicyName="gone", PolicyDocument=POLICY)
    clients["kinesis"].create_stream(StreamName="judged-gone", ShardCount=1)
    clients["kinesis"].increase_stream_retention_period(StreamName="judged", RetentionPeriodHours=36)
    clients["dynamodb"].create_table(**(VALID["dynamodb"]["CreateTable"] | {"TableName": "judged-gone"}))
    clients["logs"].create_log_group(logGroupName="judged-gone")
    clients["logs"].create_log_stream(logGroupName="judged", logStreamName="gone")
    clients["monitoring"].put_dashboard(DashboardName="gone", DashboardBody=DASHBOARD)
    for name in ("judged", "judged3", "judged-gone"):
        clients["lambda"].create_function(**(VALID["lambda"]["CreateFunction"] | {"FunctionName": name}))
    mapping = clients["lambda"].create_event_source_mapping(**MAPPING)
    clients["monitoring"].put_metric_alarm(**ALARM_SETTINGS)
    clients["monitoring"].put_dashboard(DashboardName="judged", DashboardBody=DASHBOARD)
    s3 = clients["s3"]
    s3.create_bucket(Bucket="judged")
    s3.put_object(Bucket="judged", Key="a", Body=b"x")
    for operation in ("PutBucketLifecycleConfiguration", "PutBucketMetricsConfiguration", "PutBucketPolicy", "PutBucketTagging"):
        getattr(s3, xform_name(operation))(**VALID["s3"][operation])
    s3.put_object(Bucket="judged", Key="b", Body=b"x")
    upload = {"Bucket": "judged", "Key": "c"}
    upload["UploadId"] = s3.create_multipart_upload(**upload)["UploadId"]
    part = {"ETag": s3.upload_part(**upload, PartNumber=1, Body=b"x")["ETag"], "PartNumber": 1}
    VALID["s3"]["CompleteMultipartUpload"] = upload | {"MultipartUpload": {"Parts": [part]}}
    s3.put_bucket_metrics_configuration(Bucket="judged", Id="gone", MetricsConfiguration={"Id": "gone"})
    s3.create_bucket(Bucket="judged-gone")
    RESOURCES["UploadId"] = s3.create_multipart_upload(Bucket="judged", Key="a")["UploadId"]
    RESOURCES["UUID"] = mapping["UUID"]
    prepare_messages(clients["sns"], clients["sqs"])
    RESOURCES["ShardIterator"] = clients["kinesis"].get_shard_iterator(
        StreamName="judged", ShardId="shardId-000000000000", ShardIteratorType="LATEST")["ShardIterator"]


def prepare_messages(sns, sqs):
    """Makes a topic with a subscriber and a queue with a message."""
    RESOURCES["QueueUrl"] = sqs.create_queue(QueueName="judged")["QueueUrl"]
    VALID["sqs"]["DeleteQueue"] = {"QueueUrl": sqs.create_queue(QueueName="judged-gone")["QueueUrl"]}
    sqs.send_message(QueueUrl=RESOURCES["QueueUrl"], MessageBody="x")
    RESOURCES["ReceiptHandle"] = sqs.receive_message(QueueUrl=RESOURCES["QueueUrl"])["Messages"][0]["ReceiptHandle"]
    sns.create_topic(Name="judged")
    sns.create_topic(Name="judged-gone")
    RESOURCES["SubscriptionArn"] = sns.subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=QUEUE, ReturnSubscriptionArn=True)["SubscriptionArn"]
    # AWS sends the token by mail; the emulator writes the mail to its log.
    sns.subscribe(TopicArn=TOPIC, Protocol="email", Endpoint="judge@example.com")
    log = subprocess.run(["enrich", "local", "logs"], check=True, capture_output=True, text=True).stdout
    RESOURCES["Token"] = re.findall(r"Token=(\w+)", log)[-1]


def valid(service, operation):
    """Gives the request of an operation; KeyError when there is none."""
    request = copy.deepcopy(VALID[service][operation])
    for name, value in RESOURCES.items():
        if request.get(name) == "":
            request[name] = value
    return request


# Members that are not tried, with the reason.
UNTRIED = {
    "iam.CreateRole MaxSigninSessionDuration": "newer than the emulator's SDK; unknown members count for nothing",
    "iam.UpdateRole MaxSigninSessionDuration": "newer than the emulator's SDK; unknown members count for nothing",
}

# Constraints of the models whose breach is answered with success, with the reason.
OTHER = "without the member, the request is that of another operation: "
LOOSER = {
    "s3.AbortMultipartUpload UploadId: missing": OTHER + "DeleteObject",
    "s3.CopyObject CopySource: missing": OTHER + "PutObject",
    "s3.GetBucketMetricsConfiguration Id: missing": OTHER + "ListBucketMetricsConfigurations",
    "s3.ListParts UploadId: missing": OTHER + "GetObject",
    "s3.UploadPartCopy CopySource: missing": OTHER + "UploadPart",
}
