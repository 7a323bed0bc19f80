"""Prints every setting of a pipeline's resources as one JSON document, to be compared with another's.

usage: settings.py NAME-ENVIRONMENT [--manager WORD]

It reads what AWS_ENDPOINT_URL has, or AWS itself: moto's server, our emulator. Whatever an answer holds is a
setting, but for the members named in PASSING, which tell one run from another. A resource belongs to the
pipeline by its name, so that one too many shows as well as one that is missing; of nothing the document is {}.

With --manager, WORD as the value of the tag managed-by, and in the dashboard's text, is written MANAGER. So
the documents of two tools that made the same are the same, and a tag with another word is still seen.
"""

import argparse
import json
import os
import sys
import urllib.error
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

# What differs between two pipelines that were set up alike: when, and as what, AWS made them, and how they are.
PASSING = {
    "kinesis": {"StreamCreationTimestamp", "StreamId", "SequenceNumberRange", "ShardId", "ParentShardId", "AdjacentParentShardId"},
    "dynamodb": {
        "CreationDateTime", "TableId", "ItemCount", "TableSizeBytes", "LastIncreaseDateTime", "LastDecreaseDateTime",
        "NumberOfDecreasesToday", "LastUpdateToPayPerRequestDateTime", "EarliestRestorableDateTime",
        "LatestRestorableDateTime",
    },
    "s3": {"IsTruncated"},
    "logs": {"creationTime", "storedBytes"},
    "iam": {"CreateDate", "RoleId", "RoleLastUsed", "IsTruncated"},
    "lambda": {
        "LastModified", "RevisionId", "UUID", "EventSourceMappingArn", "LastProcessingResult", "StateTransitionReason",
        "LastUpdateStatusReason", "LastUpdateStatusReasonCode", "RuntimeVersionConfig",
    },
    "sns": {"SubscriptionArn", "SubscriptionsConfirmed", "SubscriptionsPending", "SubscriptionsDeleted"},
    "cloudwatch": {
        "AlarmConfigurationUpdatedTimestamp", "StateUpdatedTimestamp", "StateTransitionedTimestamp", "StateReason",
        "StateReasonData", "StateValue", "ActionsSuppressedBy", "ActionsSuppressedReason",
    },
}  # fmt: skip

# What moto 5.2.1 cannot tell. It is asked all the same, and an answer ends the comparison: the gap is to be
# taken out of the list then.
MOTO_CANNOT = {
    "lambda GetFunctionRecursionConfig": "moto does not have it",
}

# Documents in JSON within an answer.
POLICIES = {"Policy", "PolicyDocument", "AssumeRolePolicyDocument"}
DOCUMENTS = {"DeliveryPolicy", "EffectiveDeliveryPolicy", "DashboardBody"}


class Place:
    """Who is asked: its clients, and the operations that it does not have."""

    def __init__(self, endpoint):
        # What an emulator lacks does not come with the third attempt.
        self.config = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})
        self.clients = {}
        ours = endpoint and own(endpoint + "/_enrich/operations")
        # What our emulator does not have cannot have been set there either.
        self.has = {f"{o['service']} {o['name']}" for o in ours["operations"]} if ours else None
        self.lacks = MOTO_CANNOT if endpoint and own(endpoint + "/moto-api/config") else {}
        # The key that AWS manages for DynamoDB is another one in each account: the alias tells it from one's own.
        aliases = self.ask("kms", "list_aliases").get("Aliases", [])
        self.keys = {a["TargetKeyId"]: a["AliasName"] for a in aliases if "TargetKeyId" in a}

    def client(self, service):
        if service not in self.clients:
            self.clients[service] = boto3.client(service, config=self.config)
        return self.clients[service]

    def ask(self, service, operation, unset=(), **arguments):
        """Gives an answer, all pages of it; {} for the codes by which AWS says that nothing is set."""
        client = self.client(service)
        name = client.meta.method_to_api_mapping[operation]
        signed = client.meta.service_model.signing_name  # our emulator names services as signatures do
        if self.has is not None and f"{signed} {name}" not in self.has:
            return {}
        try:
            if client.can_paginate(operation):
                answer = client.get_paginator(operation).paginate(**arguments).build_full_result()
            else:
                answer = getattr(client, operation)(**arguments)
        except ClientError as e:
            code = e.response["Error"]["Code"]
            if code in unset or (f"{service} {name}" in self.lacks and code in ("404", "500")):
                return {}
            raise
        if f"{service} {name}" in self.lacks:
            sys.exit(f"moto answers {service} {name} now: take it out of MOTO_CANNOT")
        answer.pop("ResponseMetadata", None)
        return answer


def own(url):
    """Gives what only one of the emulators answers, None if it is another one's."""
    try:
        with urllib.request.urlopen(url) as answer:
            return json.load(answer)
    except urllib.error.HTTPError:
        return None


class Reading:
    """The answers about one resource, by operation."""

    def __init__(self, place, service):
        self.place, self.service, self.answers = place, service, {}

    def ask(self, operation, unset=(), **arguments):
        answer = self.place.ask(self.service, operation, unset, **arguments)
        name = self.place.client(self.service).meta.method_to_api_mapping[operation]
        if "PolicyName" in arguments:
            name += " " + arguments["PolicyName"]
        self.answers[name] = plain(answer, PASSING[self.service])
        return answer


def plain(value, passing):
    """Takes out what passes, opens documents, and puts in order what is a set to AWS."""
    if isinstance(value, list):
        return sorted((plain(v, passing) for v in value), key=canonical)
    if not isinstance(value, dict):
        return value
    result = {}
    for key, v in value.items():
        if key in POLICIES and v:
            result[key] = policy(json.loads(v) if isinstance(v, str) else v)
        elif key in DOCUMENTS and v:
            result[key] = json.loads(v)
        elif key in ("Tags", "TagSet") or (key == "tags" and isinstance(v, dict)):
            result["Tags"] = tags(v)
        elif key not in passing:
            result[key] = plain(v, passing)
    return result


def policy(value, key=""):
    """Writes what means the same to AWS in one way: one value as a list of one, true as "true", sets in order."""
    if isinstance(value, dict):
        return {k: policy(v, k) for k, v in value.items()}
    if isinstance(value, list):
        return sorted((policy(v) for v in value), key=canonical)
    if key in ("Version", "Id", "Sid", "Effect"):
        return value
    if key:
        return [policy(value)]
    return json.dumps(value) if isinstance(value, (bool, int)) else value


def tags(value):
    """Gives tags by their keys, without those that only AWS itself sets."""
    pairs = value.items() if isinstance(value, dict) else ((t["Key"], t["Value"]) for t in value)
    return {k: v for k, v in pairs if not k.startswith("aws:")}


def canonical(value):
    return json.dumps(value, sort_keys=True, default=str)


def stream(r, name):
    r.ask("list_shards", StreamName=name, ShardFilter={"Type": "AT_LATEST"})
    r.ask("list_tags_for_stream", StreamName=name)
    arn = r.ask("describe_stream_summary", StreamName=name)["StreamDescriptionSummary"]["StreamARN"]
    r.ask("get_resource_policy", ResourceARN=arn)


def table(r, name):
    arn = r.ask("describe_table", TableName=name)["Table"]["TableArn"]
    r.ask("describe_time_to_live", TableName=name)
    r.ask("describe_continuous_backups", TableName=name)
    r.ask("list_tags_of_resource", ResourceArn=arn)
    r.ask("get_resource_policy", ("PolicyNotFoundException",), ResourceArn=arn)


def bucket(r, name):
    r.ask("get_bucket_policy", ("NoSuchBucketPolicy",), Bucket=name)
    r.ask("get_bucket_encryption", ("ServerSideEncryptionConfigurationNotFoundError",), Bucket=name)
    r.ask("get_public_access_block", ("NoSuchPublicAccessBlockConfiguration",), Bucket=name)
    r.ask("get_bucket_ownership_controls", ("OwnershipControlsNotFoundError",), Bucket=name)
    r.ask("get_bucket_lifecycle_configuration", ("NoSuchLifecycleConfiguration",), Bucket=name)
    r.ask("get_bucket_versioning", Bucket=name)
    r.ask("list_bucket_metrics_configurations", Bucket=name)
    r.ask("get_bucket_tagging", ("NoSuchTagSet",), Bucket=name)
    r.ask("get_bucket_logging", Bucket=name)
    r.ask("get_bucket_notification_configuration", Bucket=name)
    r.ask("get_bucket_cors", ("NoSuchCORSConfiguration",), Bucket=name)
    r.ask("get_bucket_website", ("NoSuchWebsiteConfiguration",), Bucket=name)
    r.ask("get_bucket_replication", ("ReplicationConfigurationNotFoundError",), Bucket=name)
    r.ask("get_object_lock_configuration", ("ObjectLockConfigurationNotFoundError",), Bucket=name)


def log_group(r, name):
    groups = r.ask("describe_log_groups", logGroupNamePrefix=name)["logGroups"]
    arn = next(g["arn"] for g in groups if g["logGroupName"] == name)
    r.ask("list_tags_for_resource", resourceArn=arn.removesuffix(":*"))
    r.ask("describe_metric_filters", logGroupName=name)
    r.ask("describe_subscription_filters", logGroupName=name)


def role(r, name):
    r.ask("get_role", RoleName=name)
    r.ask("list_role_tags", RoleName=name)
    r.ask("list_attached_role_policies", RoleName=name)
    for policy_name in r.ask("list_role_policies", RoleName=name)["PolicyNames"]:
        r.ask("get_role_policy", RoleName=name, PolicyName=policy_name)


def function(r, name):
    arn = r.ask("get_function_configuration", FunctionName=name)["FunctionArn"]
    r.ask("list_tags", Resource=arn)
    r.ask("get_function_concurrency", FunctionName=name)
    r.ask("get_function_recursion_config", FunctionName=name)
    r.ask("get_policy", ("ResourceNotFoundException",), FunctionName=name)
    r.ask("list_aliases", FunctionName=name)


def mapping(r, uuid):
    r.ask("list_tags", Resource=r.ask("get_event_source_mapping", UUID=uuid)["EventSourceMappingArn"])


def topic(r, arn):
    r.ask("get_topic_attributes", TopicArn=arn)
    r.ask("list_tags_for_resource", ResourceArn=arn)
    r.ask("list_subscriptions_by_topic", TopicArn=arn)


def alarm(r, name):
    answer = r.ask("describe_alarms", AlarmNames=[name], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    (found,) = answer.get("MetricAlarms", []) + answer.get("CompositeAlarms", [])
    r.ask("list_tags_for_resource", ResourceARN=found["AlarmArn"])


def dashboard(r, name):
    arn = r.ask("get_dashboard", DashboardName=name)["DashboardArn"]
    r.ask("list_tags_for_resource", ("ResourceNotFoundException",), ResourceARN=arn)


def belonging(place, pipeline):
    """Gives what reads a kind of resource, its service, and what lists the names of those that carry the pipeline's."""

    def listed(service, operation, members, member=None):
        return [v[member] if member else v for v in place.ask(service, operation).get(members, [])]

    def ours(names):
        return [n for n in names if n.rsplit(":", 1)[-1].removeprefix("/aws/lambda/").startswith(pipeline + "-")]

    def alarms():
        answer = place.ask("cloudwatch", "describe_alarms", AlarmTypes=["MetricAlarm", "CompositeAlarm"])
        return [a["AlarmName"] for members in ("MetricAlarms", "CompositeAlarms") for a in answer.get(members, [])]

    def mappings():
        found = listed("lambda", "list_event_source_mappings", "EventSourceMappings")
        return [m["UUID"] for m in found if ours([m["FunctionArn"]])]

    yield stream, "kinesis", lambda: ours(listed("kinesis", "list_streams", "StreamNames"))
    yield table, "dynamodb", lambda: ours(listed("dynamodb", "list_tables", "TableNames"))
    yield bucket, "s3", lambda: ours(listed("s3", "list_buckets", "Buckets", "Name"))
    yield log_group, "logs", lambda: ours(listed("logs", "describe_log_groups", "logGroups", "logGroupName"))
    yield role, "iam", lambda: ours(listed("iam", "list_roles", "Roles", "RoleName"))
    yield function, "lambda", lambda: ours(listed("lambda", "list_functions", "Functions", "FunctionName"))
    yield mapping, "lambda", mappings
    yield topic, "sns", lambda: ours(listed("sns", "list_topics", "Topics", "TopicArn"))
    yield alarm, "cloudwatch", lambda: ours(alarms())
    yield dashboard, "cloudwatch", lambda: ours(
        listed("cloudwatch", "list_dashboards", "DashboardEntries", "DashboardName")
    )


def settings(place, pipeline, manager=None, only=None):
    """Gives the document, of one kind of resources if it is told which."""
    document, ids = {}, []
    for read, service, find in belonging(place, pipeline):
        for name in find() if only in (None, read.__name__) else []:
            reading = Reading(place, service)
            read(reading, name)
            document.setdefault(read.__name__, {})[name] = reading.answers
            if read is mapping:
                ids.append(name)
    text = json.dumps(document, indent=2, sort_keys=True)
    for uuid in ids:
        text = text.replace(uuid, "MAPPING")  # the alarm of its failed batches has it, too
    for key, alias in place.keys.items():
        text = text.replace(f":key/{key}", f":{alias}")
    if manager:
        text = text.replace(f'"managed-by": "{manager}"', '"managed-by": "MANAGER"')
        text = text.replace(f"managed by **{manager}**", "managed by **MANAGER**")
    return text + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pipeline", metavar="NAME-ENVIRONMENT")
    parser.add_argument("--manager", metavar="WORD")
    arguments = parser.parse_args()
    place = Place(os.environ.get("AWS_ENDPOINT_URL", "").rstrip("/"))
    print(settings(place, arguments.pipeline, arguments.manager), end="")


if __name__ == "__main__":
    main()
