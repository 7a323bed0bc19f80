"""The resource types of an export: how their properties are sent to the API of each service.

A function takes the clients, the properties, of which it takes away those that have found a place, and the resource
as it was, None if it is to be made. It gives what Ref and the attribute Arn of the resource are.
"""

import json


def as_map(tags):
    return {t["Key"]: t["Value"] for t in tags}


def retag(old, tags, add, remove):
    """Replaces the tags of a resource: the calls that change one leave its tags alone."""
    gone = [k for k in as_map(old.properties.get("Tags", [])) if k not in as_map(tags)]
    if tags:
        add(tags)
    if gone:
        remove(gone)


def rest(properties):
    """Takes what is left, for an API that calls it as the template does."""
    taken = dict(properties)
    properties.clear()
    return taken


def changed(old, properties, name):
    return old is None or old.properties.get(name) != properties.get(name)


def stream(c, p, old):
    k, name, tags = c.kinesis, {"StreamName": p["Name"]}, as_map(p.pop("Tags", []))
    before = old.properties if old else {}
    mode, shards = p.pop("StreamModeDetails"), p.pop("ShardCount", None)
    if not old:
        k.create_stream(**name, StreamModeDetails=mode, **({"ShardCount": shards} if shards else {}))
    elif before["StreamModeDetails"] != mode:
        k.update_stream_mode(StreamARN=old.arn, StreamModeDetails=mode)
    elif shards != before.get("ShardCount"):
        k.update_shard_count(**name, TargetShardCount=shards, ScalingType="UNIFORM_SCALING")
    hours, was = p.pop("RetentionPeriodHours", 24), before.get("RetentionPeriodHours", 24)
    if hours > was:
        k.increase_stream_retention_period(**name, RetentionPeriodHours=hours)
    elif hours < was:
        k.decrease_stream_retention_period(**name, RetentionPeriodHours=hours)
    if changed(old, p, "StreamEncryption"):
        k.start_stream_encryption(**name, **p["StreamEncryption"])
    del p["StreamEncryption"]
    metrics = set(p.pop("DesiredShardLevelMetrics", []))
    were = set(before.get("DesiredShardLevelMetrics", []))
    if metrics - were:
        k.enable_enhanced_monitoring(**name, ShardLevelMetrics=sorted(metrics - were))
    if were - metrics:
        k.disable_enhanced_monitoring(**name, ShardLevelMetrics=sorted(were - metrics))
    k.add_tags_to_stream(**name, Tags=tags)
    gone = [t for t in as_map(before.get("Tags", [])) if t not in tags]
    if gone:
        k.remove_tags_from_stream(**name, TagKeys=gone)
    arn = k.describe_stream_summary(**name)["StreamDescriptionSummary"]["StreamARN"]
    return p.pop("Name"), arn


def table(c, p, old):
    d, name, tags = c.dynamodb, {"TableName": p["TableName"]}, p.pop("Tags")
    recovery = p.pop("PointInTimeRecoverySpecification")
    sse = p.pop("SSESpecification")
    p["SSESpecification"] = {"Enabled": sse.pop("SSEEnabled"), **sse}
    if not old:
        arn = d.create_table(**p, Tags=tags)["TableDescription"]["TableArn"]
    else:
        arn = old.arn
        change = {n: p[n] for n in ("BillingMode", "ProvisionedThroughput", "DeletionProtectionEnabled") if n in p and changed(old, p, n)}
        if change:
            d.update_table(**name, **change)
        retag(
            old, tags,
            lambda t: d.tag_resource(ResourceArn=arn, Tags=t), lambda k: d.untag_resource(ResourceArn=arn, TagKeys=k),
        )  # fmt: skip
    if changed(old, {"PointInTimeRecoverySpecification": recovery}, "PointInTimeRecoverySpecification"):
        d.update_continuous_backups(**name, PointInTimeRecoverySpecification=recovery)
    return rest(p)["TableName"], arn


def bucket(c, p, old):
    s, name = c.s3, p.pop("BucketName")
    if not old:
        place = {} if c.region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": c.region}}
        s.create_bucket(Bucket=name, **place)
    s.put_bucket_versioning(Bucket=name, VersioningConfiguration=p.pop("VersioningConfiguration"))
    encryption = p.pop("BucketEncryption")
    rules = [
        {"ApplyServerSideEncryptionByDefault": r.pop("ServerSideEncryptionByDefault"), **r}
        for r in encryption.pop("ServerSideEncryptionConfiguration")
    ]
    s.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": rules, **encryption})
    access = p.pop("PublicAccessBlockConfiguration")
    s.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=access)
    s.put_bucket_ownership_controls(Bucket=name, OwnershipControls=p.pop("OwnershipControls"))
    lifecycle = p.pop("LifecycleConfiguration")
    # A rule without a filter is one for all objects, which the API says by an empty prefix.
    lifecycle["Rules"] = [lifecycle_rule(r) for r in lifecycle["Rules"]]
    s.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration=lifecycle)
    for metrics in p.pop("MetricsConfigurations"):
        s.put_bucket_metrics_configuration(Bucket=name, Id=metrics["Id"], MetricsConfiguration=metrics)
    s.put_bucket_tagging(Bucket=name, Tagging={"TagSet": p.pop("Tags")})
    return name, f"arn:aws:s3:::{name}"


def lifecycle_rule(rule):
    sent = {"ID": rule.pop("Id"), "Filter": {"Prefix": ""}}
    if "ExpiredObjectDeleteMarker" in rule:
        sent["Expiration"] = {"ExpiredObjectDeleteMarker": rule.pop("ExpiredObjectDeleteMarker")}
    return {**sent, **rule}


def bucket_policy(c, p, old):
    name = p.pop("Bucket")
    c.s3.put_bucket_policy(Bucket=name, Policy=json.dumps(p.pop("PolicyDocument")))
    return name, None


def role(c, p, old):
    i, name, tags = c.iam, {"RoleName": p["RoleName"]}, p.pop("Tags")
    policies = {v["PolicyName"]: json.dumps(v["PolicyDocument"]) for v in p.pop("Policies")}
    trust = json.dumps(p.pop("AssumeRolePolicyDocument"))
    if not old:
        arn = i.create_role(**rest(p), AssumeRolePolicyDocument=trust, Tags=tags)["Role"]["Arn"]
    else:
        arn = old.arn
        i.update_assume_role_policy(**name, PolicyDocument=trust)
        i.update_role(**rest(p))
        for gone in {v["PolicyName"] for v in old.properties["Policies"]} - set(policies):
            i.delete_role_policy(**name, PolicyName=gone)
        retag(old, tags, lambda t: i.tag_role(**name, Tags=t), lambda k: i.untag_role(**name, TagKeys=k))
    for policy, document in policies.items():
        i.put_role_policy(**name, PolicyName=policy, PolicyDocument=document)
    return name["RoleName"], arn


def remove_role(c, old):
    for policy in old.properties["Policies"]:
        c.iam.delete_role_policy(RoleName=old.physical_resource_id, PolicyName=policy["PolicyName"])
    c.iam.delete_role(RoleName=old.physical_resource_id)


def log_group(c, p, old):
    name, tags = p.pop("LogGroupName"), p.pop("Tags")
    if not old:
        c.logs.create_log_group(logGroupName=name, tags=as_map(tags))
    c.logs.put_retention_policy(logGroupName=name, retentionInDays=p.pop("RetentionInDays"))
    (group,) = c.logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    arn = group["logGroupArn"]
    if old:
        retag(
            old, tags,
            lambda t: c.logs.tag_resource(resourceArn=arn, tags=as_map(t)),
            lambda k: c.logs.untag_resource(resourceArn=arn, tagKeys=k),
        )  # fmt: skip
    return name, group["arn"]  # with :* at its end, as CloudFormation gives it


def function(c, p, old):
    f, name, tags = c.awslambda, {"FunctionName": p["FunctionName"]}, p.pop("Tags")
    if not old:
        return name["FunctionName"], f.create_function(**rest(p), Tags=as_map(tags))["FunctionArn"]
    code, architectures = p.pop("Code"), p.pop("Architectures")
    if code != old.properties["Code"] or architectures != old.properties["Architectures"]:
        f.update_function_code(**name, **code, Architectures=architectures)
    f.update_function_configuration(**rest(p))
    retag(
        old, tags,
        lambda t: f.tag_resource(Resource=old.arn, Tags=as_map(t)), lambda k: f.untag_resource(Resource=old.arn, TagKeys=k),
    )  # fmt: skip
    return name["FunctionName"], old.arn


def mapping(c, p, old):
    f, tags = c.awslambda, p.pop("Tags")
    if not old:
        made = f.create_event_source_mapping(**rest(p), Tags=as_map(tags))
        return made["UUID"], made["EventSourceMappingArn"]
    del p["EventSourceArn"], p["StartingPosition"]  # others would be those of another mapping
    f.update_event_source_mapping(UUID=old.physical_resource_id, **rest(p))
    retag(
        old, tags,
        lambda t: f.tag_resource(Resource=old.arn, Tags=as_map(t)), lambda k: f.untag_resource(Resource=old.arn, TagKeys=k),
    )  # fmt: skip
    return old.physical_resource_id, old.arn


def topic(c, p, old):
    tags = p.pop("Tags")
    arn = old.arn if old else c.sns.create_topic(Name=p["TopicName"], Tags=tags)["TopicArn"]
    del p["TopicName"]
    if old:
        retag(
            old, tags,
            lambda t: c.sns.tag_resource(ResourceArn=arn, Tags=t), lambda k: c.sns.untag_resource(ResourceArn=arn, TagKeys=k),
        )  # fmt: skip
    return arn, arn


def topic_policy(c, p, old):
    document = json.dumps(p.pop("PolicyDocument"))
    topics = p.pop("Topics")
    for arn in topics:
        c.sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=document)
    return topics[0], None


def subscription(c, p, old):
    return c.sns.subscribe(**rest(p), ReturnSubscriptionArn=True)["SubscriptionArn"], None


def alarm(c, p, old):
    return any_alarm(c, p, old, c.cloudwatch.put_metric_alarm)


def composite_alarm(c, p, old):
    return any_alarm(c, p, old, c.cloudwatch.put_composite_alarm)


def any_alarm(c, p, old, put):
    name, tags = p["AlarmName"], p.get("Tags", [])
    put(**rest(p))
    found = c.cloudwatch.describe_alarms(AlarmNames=[name], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    (made,) = found["MetricAlarms"] + found["CompositeAlarms"]
    arn = made["AlarmArn"]
    if old:
        retag(
            old, tags,
            lambda t: c.cloudwatch.tag_resource(ResourceARN=arn, Tags=t),
            lambda k: c.cloudwatch.untag_resource(ResourceARN=arn, TagKeys=k),
        )  # fmt: skip
    return name, arn


def remove_alarm(c, old):
    c.cloudwatch.delete_alarms(AlarmNames=[old.physical_resource_id])


def dashboard(c, p, old):
    name = p["DashboardName"]
    c.cloudwatch.put_dashboard(**rest(p))
    return name, None


TYPES = {
    "AWS::CloudWatch::Alarm": (alarm, remove_alarm),
    "AWS::CloudWatch::CompositeAlarm": (composite_alarm, remove_alarm),
    "AWS::CloudWatch::Dashboard": (
        dashboard, lambda c, old: c.cloudwatch.delete_dashboards(DashboardNames=[old.physical_resource_id])),
    "AWS::DynamoDB::Table": (table, lambda c, old: c.dynamodb.delete_table(TableName=old.physical_resource_id)),
    "AWS::IAM::Role": (role, remove_role),
    "AWS::Kinesis::Stream": (stream, lambda c, old: c.kinesis.delete_stream(StreamName=old.physical_resource_id)),
    "AWS::Lambda::EventSourceMapping": (
        mapping, lambda c, old: c.awslambda.delete_event_source_mapping(UUID=old.physical_resource_id)),
    "AWS::Lambda::Function": (function, lambda c, old: c.awslambda.delete_function(FunctionName=old.physical_resource_id)),
    "AWS::Logs::LogGroup": (log_group, lambda c, old: c.logs.delete_log_group(logGroupName=old.physical_resource_id)),
    "AWS::S3::Bucket": (bucket, lambda c, old: c.s3.delete_bucket(Bucket=old.physical_resource_id)),
    "AWS::S3::BucketPolicy": (bucket_policy, lambda c, old: None),  # moto deletes in no order: it goes with its bucket
    "AWS::SNS::Subscription": (
        subscription, lambda c, old: c.sns.unsubscribe(SubscriptionArn=old.physical_resource_id)),
    "AWS::SNS::Topic": (topic, lambda c, old: c.sns.delete_topic(TopicArn=old.arn)),
    "AWS::SNS::TopicPolicy": (topic_policy, lambda c, old: None),  # and this with its topic
}  # fmt: skip
