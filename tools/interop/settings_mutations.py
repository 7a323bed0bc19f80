"""Changes one setting after another of a deployed pipeline, and sees each in the document of settings.py.

usage: settings_mutations.py NAME-ENVIRONMENT

Each change is one call, and it has to show in a resource of the kind that it was made to. The pipeline is good for
nothing afterwards. What the place that is asked does not have is named; the rest must be accepted.
"""

import io
import json
import os
import sys
import zipfile

from botocore.exceptions import ClientError

from settings import Place, settings

# What moto 5.2.1 takes and does not tell afterwards, or does not take at all. One that shows ends the run: it is
# to be taken out of the list then.
MOTO_DROPS = {
    "alarm: composite": "PutCompositeAlarm is answered with 500",
    "bucket: request metrics": "ListBucketMetricsConfigurations lists none",
    "dashboard: tags": "TagResource knows alarms and insight rules only",
    "function: log format": "UpdateFunctionConfiguration drops LoggingConfig",
    "function: recursion": "PutFunctionRecursionConfig does not exist",
    "function: temporary storage": "UpdateFunctionConfiguration drops EphemeralStorage",
    "function: tracing": "UpdateFunctionConfiguration drops TracingConfig",
    "role: attached policy": "AttachRolePolicy knows the policies of AWS only after a slow start that loads them",
    "stream: largest record": "UpdateMaxRecordSize does not exist",
    "table: encryption": "UpdateTable drops SSESpecification",
}


def mutations(pipeline, account, mapping):
    """Gives what is changed, where, and the call that changes it."""
    stream = {"StreamName": f"{pipeline}-stream"}
    stream_arn = f"arn:aws:kinesis:us-east-1:{account}:stream/{pipeline}-stream"
    table, table_arn = {"TableName": f"{pipeline}-users"}, f"arn:aws:dynamodb:us-east-1:{account}:table/{pipeline}-users"
    bucket = {"Bucket": f"{pipeline}-{account}-us-east-1"}
    group, role = f"/aws/lambda/{pipeline}-function", {"RoleName": f"{pipeline}-us-east-1-role"}
    function = {"FunctionName": f"{pipeline}-function"}
    function_arn = f"arn:aws:lambda:us-east-1:{account}:function:{pipeline}-function"
    mapped = {"UUID": mapping}
    topic = f"arn:aws:sns:us-east-1:{account}:{pipeline}-alarms"
    document = json.dumps({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "s3:GetObject",
                       "Resource": f"arn:aws:s3:::{bucket['Bucket']}/*"}],
    })  # fmt: skip
    trust = json.dumps({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "edgelambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
    })  # fmt: skip
    inline = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]})
    rule = {"ID": "r", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 9}}
    tag = {"Key": "mutation", "Value": "1"}

    yield "stream: tags", "kinesis", "add_tags_to_stream", {**stream, "Tags": {"mutation": "1"}}
    yield "stream: retention", "kinesis", "increase_stream_retention_period", {**stream, "RetentionPeriodHours": 30}
    yield "stream: shard metrics", "kinesis", "enable_enhanced_monitoring", {**stream, "ShardLevelMetrics": ["OutgoingBytes"]}
    yield "stream: shards", "kinesis", "update_shard_count", {**stream, "TargetShardCount": 4, "ScalingType": "UNIFORM_SCALING"}
    yield "stream: encryption", "kinesis", "stop_stream_encryption", {**stream, "EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"}
    yield "stream: mode", "kinesis", "update_stream_mode", {"StreamARN": stream_arn, "StreamModeDetails": {"StreamMode": "ON_DEMAND"}}
    yield "stream: largest record", "kinesis", "update_max_record_size", {"StreamARN": stream_arn, "MaxRecordSizeInKiB": 2048}

    yield "table: tags", "dynamodb", "tag_resource", {"ResourceArn": table_arn, "Tags": [tag]}
    yield "table: recovery", "dynamodb", "update_continuous_backups", {
        **table, "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}}  # fmt: skip
    yield "table: time to live", "dynamodb", "update_time_to_live", {
        **table, "TimeToLiveSpecification": {"Enabled": True, "AttributeName": "until"}}  # fmt: skip
    yield "table: deletion protection", "dynamodb", "update_table", {**table, "DeletionProtectionEnabled": True}
    yield "table: billing", "dynamodb", "update_table", {
        **table, "BillingMode": "PROVISIONED", "ProvisionedThroughput": {"ReadCapacityUnits": 7, "WriteCapacityUnits": 3}}  # fmt: skip
    yield "table: encryption", "dynamodb", "update_table", {**table, "SSESpecification": {"Enabled": False}}

    yield "bucket: tags", "s3", "put_bucket_tagging", {**bucket, "Tagging": {"TagSet": [tag]}}
    yield "bucket: policy", "s3", "put_bucket_policy", {**bucket, "Policy": document}
    yield "bucket: public access", "s3", "put_public_access_block", {
        **bucket, "PublicAccessBlockConfiguration": {"BlockPublicAcls": True}}  # fmt: skip
    yield "bucket: encryption", "s3", "put_bucket_encryption", {
        **bucket,
        "ServerSideEncryptionConfiguration": {
            "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}, "BucketKeyEnabled": True}]
        },
    }
    yield "bucket: ownership", "s3", "put_bucket_ownership_controls", {
        **bucket, "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}}  # fmt: skip
    yield "bucket: lifecycle", "s3", "put_bucket_lifecycle_configuration", {**bucket, "LifecycleConfiguration": {"Rules": [rule]}}
    yield "bucket: versioning", "s3", "put_bucket_versioning", {**bucket, "VersioningConfiguration": {"Status": "Suspended"}}
    yield "bucket: request metrics", "s3", "put_bucket_metrics_configuration", {
        **bucket, "Id": "Other", "MetricsConfiguration": {"Id": "Other"}}  # fmt: skip
    yield "bucket: CORS", "s3", "put_bucket_cors", {
        **bucket, "CORSConfiguration": {"CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}]}}  # fmt: skip
    yield "bucket: website", "s3", "put_bucket_website", {
        **bucket, "WebsiteConfiguration": {"IndexDocument": {"Suffix": "index.html"}}}  # fmt: skip

    yield "log_group: tags", "logs", "tag_resource", {
        "resourceArn": f"arn:aws:logs:us-east-1:{account}:log-group:{group}", "tags": {"mutation": "1"}}  # fmt: skip
    yield "log_group: retention", "logs", "put_retention_policy", {"logGroupName": group, "retentionInDays": 5}
    yield "log_group: metric filter", "logs", "put_metric_filter", {
        "logGroupName": group, "filterName": "f", "filterPattern": "x",
        "metricTransformations": [{"metricName": "m", "metricNamespace": "n", "metricValue": "1"}],
    }  # fmt: skip

    yield "role: tags", "iam", "tag_role", {**role, "Tags": [tag]}
    yield "role: trust", "iam", "update_assume_role_policy", {**role, "PolicyDocument": trust}
    yield "role: policy", "iam", "put_role_policy", {**role, "PolicyName": "pipeline", "PolicyDocument": inline}
    yield "role: another policy", "iam", "put_role_policy", {**role, "PolicyName": "other", "PolicyDocument": inline}
    yield "role: attached policy", "iam", "attach_role_policy", {
        **role, "PolicyArn": "arn:aws:iam::aws:policy/service-role/AWSLambdaKinesisExecutionRole"}  # fmt: skip
    yield "role: description", "iam", "update_role", {**role, "Description": "mutation"}
    yield "role: session", "iam", "update_role", {**role, "MaxSessionDuration": 7200}

    yield "function: tags", "lambda", "tag_resource", {"Resource": function_arn, "Tags": {"mutation": "1"}}
    for what, value in {
        "memory": {"MemorySize": 1024}, "timeout": {"Timeout": 61}, "description": {"Description": "mutation"},
        "variables": {"Environment": {"Variables": {"LOG_LEVEL": "warn"}}}, "handler": {"Handler": "other"},
        "runtime": {"Runtime": "provided.al2"}, "log format": {"LoggingConfig": {"LogFormat": "Text"}},
        "tracing": {"TracingConfig": {"Mode": "Active"}}, "temporary storage": {"EphemeralStorage": {"Size": 1024}},
    }.items():  # fmt: skip
        yield f"function: {what}", "lambda", "update_function_configuration", {**function, **value}
    yield "function: code", "lambda", "update_function_code", {**function, "ZipFile": archive()}
    yield "function: concurrency", "lambda", "put_function_concurrency", {**function, "ReservedConcurrentExecutions": 7}
    yield "function: permission", "lambda", "add_permission", {
        **function, "StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"}  # fmt: skip
    yield "function: recursion", "lambda", "put_function_recursion_config", {**function, "RecursiveLoop": "Allow"}

    yield "mapping: tags", "lambda", "tag_resource", {
        "Resource": f"arn:aws:lambda:us-east-1:{account}:event-source-mapping:{mapping}", "Tags": {"mutation": "1"}}  # fmt: skip
    for what, value in {
        "batch": {"BatchSize": 77}, "window": {"MaximumBatchingWindowInSeconds": 7}, "retries": {"MaximumRetryAttempts": 7},
        "age": {"MaximumRecordAgeInSeconds": 777}, "parallel batches": {"ParallelizationFactor": 7},
        "bisection": {"BisectBatchOnFunctionError": False}, "responses": {"FunctionResponseTypes": []},
        "destination": {"DestinationConfig": {"OnFailure": {"Destination": topic}}},
        "switch": {"Enabled": False}, "metrics": {"MetricsConfig": {"Metrics": []}},
    }.items():  # fmt: skip
        yield f"mapping: {what}", "lambda", "update_event_source_mapping", {**mapped, **value}

    yield "topic: tags", "sns", "tag_resource", {"ResourceArn": topic, "Tags": [tag]}
    yield "topic: subscription", "sns", "subscribe", {"TopicArn": topic, "Protocol": "email", "Endpoint": "other@example.com"}
    yield "topic: display name", "sns", "set_topic_attributes", {
        "TopicArn": topic, "AttributeName": "DisplayName", "AttributeValue": "mutation"}  # fmt: skip
    yield "topic: policy", "sns", "set_topic_attributes", {
        "TopicArn": topic, "AttributeName": "Policy",
        "AttributeValue": json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sns:Publish", "Resource": topic}]}),
    }  # fmt: skip

    yield from alarms(pipeline, account, topic, tag)
    yield "dashboard: tags", "cloudwatch", "tag_resource", {
        "ResourceARN": f"arn:aws:cloudwatch::{account}:dashboard/{pipeline}-us-east-1", "Tags": [tag]}  # fmt: skip
    yield "dashboard: body", "cloudwatch", "put_dashboard", {
        "DashboardName": f"{pipeline}-us-east-1", "DashboardBody": '{"widgets":[]}'}  # fmt: skip


def alarms(pipeline, account, topic, tag):
    """Gives the changes of alarms. PutMetricAlarm replaces a whole alarm, so that each is a change of the last one."""
    name = f"{pipeline}-function-errors"
    arn = f"arn:aws:cloudwatch:us-east-1:{account}:alarm:{name}"
    yield "alarm: tags", "cloudwatch", "tag_resource", {"ResourceARN": arn, "Tags": [tag]}
    alarm = {
        "AlarmName": name, "AlarmDescription": "mutation", "Namespace": "AWS/Lambda", "MetricName": "Errors",
        "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 5, "DatapointsToAlarm": 3, "Threshold": 1.0,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold", "TreatMissingData": "notBreaching",
        "Dimensions": [{"Name": "FunctionName", "Value": f"{pipeline}-function"}],
    }  # fmt: skip
    for what, value in {
        "description": {}, "statistic": {"Statistic": "Maximum"}, "period": {"Period": 120}, "threshold": {"Threshold": 2.0},
        "periods": {"EvaluationPeriods": 6}, "datapoints": {"DatapointsToAlarm": 4}, "metric": {"MetricName": "Throttles"},
        "namespace": {"Namespace": "other"}, "dimensions": {"Dimensions": []}, "missing data": {"TreatMissingData": "breaching"},
        "comparison": {"ComparisonOperator": "GreaterThanThreshold"}, "action": {"AlarmActions": [topic]},
        "OK action": {"OKActions": [topic]}, "actions": {"ActionsEnabled": False},
        "another one": {"AlarmName": f"{pipeline}-one-more"},
    }.items():  # fmt: skip
        alarm = {**alarm, **value}
        yield f"alarm: {what}", "cloudwatch", "put_metric_alarm", alarm
    math = {k: v for k, v in alarm.items() if k not in ("Namespace", "MetricName", "Statistic", "Period", "Dimensions")}
    metric = {"Metric": {"Namespace": "n", "MetricName": "m"}, "Period": 60, "Stat": "p99"}
    for expression in ("m1 * 2", "m1 * 3"):
        queries = [{"Id": "e", "Expression": expression}, {"Id": "m1", "MetricStat": metric, "ReturnData": False}]
        yield "alarm: expression", "cloudwatch", "put_metric_alarm", {**math, "Metrics": queries}
    yield "alarm: composite", "cloudwatch", "put_composite_alarm", {
        "AlarmName": f"{pipeline}-pipeline-unhealthy", "AlarmRule": f'ALARM("{name}")'}  # fmt: skip


def archive():
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as z:
        z.writestr("bootstrap", "another")
    return data.getvalue()


def main():
    pipeline = sys.argv[1]
    place = Place(os.environ["AWS_ENDPOINT_URL"])
    drops = MOTO_DROPS if place.lacks else {}
    account = place.client("sts").get_caller_identity()["Account"]
    (mapping,) = [m["UUID"] for m in place.ask("lambda", "list_event_source_mappings")["EventSourceMappings"]]
    problems, seen, absent, before = [], 0, [], {}
    for what, service, operation, arguments in mutations(pipeline, account, mapping):
        client, kind = place.client(service), what.split(":")[0]
        name = f"{client.meta.service_model.signing_name} {client.meta.method_to_api_mapping[operation]}"
        if place.has is not None and name not in place.has:
            absent.append(what)
            continue
        before.setdefault(kind, settings(place, pipeline, only=kind))
        try:
            getattr(client, operation)(**arguments)
        except ClientError as e:
            if what not in drops:
                problems.append(f"{what}: {e}")
            continue
        after = settings(place, pipeline, only=kind)
        changed = after != before[kind]
        before[kind] = after
        if changed and what in drops:
            problems.append(f"{what} is seen now: take it out of MOTO_DROPS")
        elif not changed and what not in drops:
            problems.append(f"{what} is not seen")
        seen += changed
    for problem in problems:
        print(problem)
    print(f"{seen} changes seen, {len(drops)} dropped, {len(absent)} impossible: {', '.join(absent) or 'none'}")
    print(f"{len(problems)} problems")


main()
