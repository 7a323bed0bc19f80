"""Drives a deployed pipeline on the emulator with boto3, as a program of its users would.

usage: journey.py ENDPOINT NAME-ENVIRONMENT
"""

import gzip
import json
import sys
import time
from datetime import datetime, timedelta, timezone

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT, NAME = sys.argv[1:3]
SESSION = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1")


def client(service):
    """Gives a client that does not repeat calls: what fails has to show."""
    return SESSION.client(
        service,
        endpoint_url=ENDPOINT,
        config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
    )


def until(what, condition, seconds=60):
    """Waits for a condition to give something true, and gives that."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < deadline, f"{what} took longer than {seconds} s"
        time.sleep(0.2)


def refused(code, status, call, **arguments):
    """Asserts that a call fails with an error code and an HTTP status."""
    try:
        call(**arguments)
    except ClientError as e:
        got = e.response["Error"]["Code"], e.response["ResponseMetadata"]["HTTPStatusCode"]
        assert got == (code, status), f"got {got}, want {(code, status)}"
        assert e.response["ResponseMetadata"].get("RequestId"), "an error without a request ID"
        return e
    raise AssertionError(f"{call} was not refused")


def put(kinesis, count):
    """Puts events of two users, one of whom has no profile, and gives them by their IDs."""
    kinesis.get_waiter("stream_exists").wait(StreamName=f"{NAME}-stream")
    events = {
        f"e{i}": {"event_id": f"e{i}", "user_id": "user123" if i % 2 else "nobody", "n": i} for i in range(count)
    }
    answer = kinesis.put_records(
        StreamName=f"{NAME}-stream",
        Records=[{"Data": json.dumps(e).encode(), "PartitionKey": e["user_id"]} for e in events.values()],
    )
    assert answer["FailedRecordCount"] == 0, answer
    last = {}
    for record in answer["Records"]:
        number = int(record["SequenceNumber"])
        assert number > last.get(record["ShardId"], 0), "sequence numbers do not grow"
        last[record["ShardId"]] = number
    return events


def read_stream(kinesis, count):
    """Reads all shards from the oldest record on."""
    found = []
    # boto3's own paginator repeats the name beside the token, which Kinesis refuses.
    page = kinesis.list_shards(StreamName=f"{NAME}-stream", MaxResults=1)
    shards = page["Shards"]
    while "NextToken" in page:
        page = kinesis.list_shards(NextToken=page["NextToken"], MaxResults=1)
        shards += page["Shards"]
    assert len(shards) == 2, shards
    for shard in shards:
        iterator = kinesis.get_shard_iterator(
            StreamName=f"{NAME}-stream", ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        while True:
            answer = kinesis.get_records(ShardIterator=iterator, Limit=3)
            found += answer["Records"]
            iterator = answer["NextShardIterator"]
            if not answer["Records"] and answer["MillisBehindLatest"] == 0:
                break
    assert len(found) == count, f"{len(found)} records in the stream, {count} were put"


def read_objects(s3, bucket, events):
    """Waits until every event lies enriched in the bucket, once and unharmed."""
    s3.get_waiter("bucket_exists").wait(Bucket=bucket)

    def all_records():
        records = []
        pages = s3.get_paginator("list_objects_v2").paginate(
            Bucket=bucket, Prefix="enriched-data/", PaginationConfig={"PageSize": 1}
        )
        for item in (item for page in pages for item in page.get("Contents", [])):
            # Reading the body to its end verifies the checksum that the answer carries.
            answer = s3.get_object(Bucket=bucket, Key=item["Key"], ChecksumMode="ENABLED")
            assert answer["ResponseMetadata"]["HTTPHeaders"].get("x-amz-checksum-crc32"), "no checksum"
            records += [json.loads(line) for line in gzip.decompress(answer["Body"].read()).splitlines()]
        return records if len(records) >= len(events) else None

    records = until("storing the events", all_records)
    assert sorted(r["event_id"] for r in records) == sorted(events), "lost or repeated"
    for record in records:
        event = events[record["event_id"]]
        assert event.items() <= record.items(), f"{event} became {record}"
        assert record["user_name"] == ("John Doe" if event["user_id"] == "user123" else "Unknown"), record


def checksums(s3, bucket):
    """Stores an object whose checksum is right, and one whose is not."""
    s3.put_object(Bucket=bucket, Key="interop/right", Body=b"123456789", ChecksumAlgorithm="CRC32")
    head = s3.head_object(Bucket=bucket, Key="interop/right", ChecksumMode="ENABLED")
    assert head["ChecksumCRC32"] == "y/Q5Jg==", head
    refused("BadDigest", 400, s3.put_object, Bucket=bucket, Key="interop/wrong", Body=b"12", ChecksumCRC32="y/Q5Jg==")
    refused("404", 404, s3.head_object, Bucket=bucket, Key="interop/wrong")
    s3.get_waiter("object_exists").wait(Bucket=bucket, Key="interop/right")
    s3.delete_object(Bucket=bucket, Key="interop/right")
    s3.get_waiter("object_not_exists").wait(Bucket=bucket, Key="interop/right")


def table(dynamodb):
    """Writes and reads the lookup table; boto3 verifies the CRC32 of each answer."""
    name = f"{NAME}-users"
    dynamodb.get_waiter("table_exists").wait(TableName=name)
    keys = [f"interop{i}" for i in range(5)]
    writes = [{"PutRequest": {"Item": {"user_id": {"S": key}, "name": {"S": key.upper()}}}} for key in keys]
    assert not dynamodb.batch_write_item(RequestItems={name: writes})["UnprocessedItems"]
    pages = dynamodb.get_paginator("scan").paginate(TableName=name, PaginationConfig={"PageSize": 2})
    found = {item["user_id"]["S"] for page in pages for item in page["Items"]}
    assert found.issuperset(keys), found
    answer = dynamodb.get_item(TableName=name, Key={"user_id": {"S": keys[0]}}, ConsistentRead=True)
    assert answer["Item"]["name"]["S"] == "INTEROP0", answer
    refused(
        "ConditionalCheckFailedException", 400, dynamodb.put_item, TableName=name,
        Item={"user_id": {"S": keys[0]}}, ConditionExpression="attribute_not_exists(user_id)",
    )
    for key in keys:
        dynamodb.delete_item(TableName=name, Key={"user_id": {"S": key}})


def logs_and_metrics(logs, cloudwatch, count):
    """Reads what the function logged, and the figures that came of it."""
    group = f"/aws/lambda/{NAME}-function"
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=group, filterPattern='{ $.msg = "batch" }', PaginationConfig={"PageSize": 1}
    )
    batches = [json.loads(event["message"]) for page in pages for event in page["events"]]
    assert sum(batch["RecordsEnriched"] for batch in batches) == count, batches
    now = datetime.now(timezone.utc)

    def total(namespace, metric, dimension, value):
        points = cloudwatch.get_metric_statistics(
            Namespace=namespace, MetricName=metric, Dimensions=[{"Name": dimension, "Value": value}],
            StartTime=now - timedelta(hours=1), EndTime=now + timedelta(hours=1), Period=60, Statistics=["Sum"],
        )["Datapoints"]
        return sum(point["Sum"] for point in points)

    assert total("AWS/Kinesis", "IncomingRecords", "StreamName", f"{NAME}-stream") == count
    assert total("AWS/Lambda", "Invocations", "FunctionName", f"{NAME}-function") == len(batches)
    assert total("AWS/Lambda", "Errors", "FunctionName", f"{NAME}-function") == 0
    assert total("enrich", "RecordsEnriched", "FunctionName", f"{NAME}-function") == count
    pages = cloudwatch.get_paginator("describe_alarms").paginate(AlarmNamePrefix=NAME, PaginationConfig={"PageSize": 2})
    alarms = {alarm["AlarmName"]: alarm["StateValue"] for page in pages for alarm in page["MetricAlarms"]}
    assert f"{NAME}-iterator-age" in alarms, alarms
    assert "ALARM" not in alarms.values(), alarms
    cloudwatch.set_alarm_state(AlarmName=f"{NAME}-function-errors", StateValue="ALARM", StateReason="to see the waiter end")
    cloudwatch.get_waiter("alarm_exists").wait(AlarmNames=[f"{NAME}-function-errors"])


def function(awslambda, iam, sts):
    """Looks at the function, its mapping and its role."""
    name = f"{NAME}-function"
    awslambda.get_waiter("function_active_v2").wait(FunctionName=name)
    pages = awslambda.get_paginator("list_event_source_mappings").paginate(FunctionName=name)
    mappings = [mapping for page in pages for mapping in page["EventSourceMappings"]]
    assert [mapping["State"] for mapping in mappings] == ["Enabled"], mappings
    answer = awslambda.invoke(FunctionName=name, Payload=b'{"Records":[]}')
    assert answer["StatusCode"] == 200 and json.load(answer["Payload"]) == {"batchItemFailures": []}, answer
    role = awslambda.get_function_configuration(FunctionName=name)["Role"]
    assert iam.get_role(RoleName=role.rsplit("/", 1)[1])["Role"]["Arn"] == role
    assert sts.get_caller_identity()["Account"] == role.split(":")[4]


def errors(clients):
    """Asks for what does not exist."""
    absent = clients["kinesis"].exceptions.ResourceNotFoundException
    e = refused("ResourceNotFoundException", 400, clients["kinesis"].describe_stream, StreamName="absent")
    assert isinstance(e, absent), e
    refused("ResourceNotFoundException", 400, clients["dynamodb"].describe_table, TableName="absent")
    refused("ResourceNotFoundException", 404, clients["lambda"].get_function, FunctionName="absent")
    refused("ResourceNotFoundException", 400, clients["logs"].get_log_events, logGroupName="absent", logStreamName="s")
    refused("ResourceNotFound", 404, clients["cloudwatch"].get_dashboard, DashboardName="absent")
    refused("NoSuchEntity", 404, clients["iam"].get_role, RoleName="absent")
    refused("NoSuchBucket", 404, clients["s3"].list_objects_v2, Bucket="absent-bucket")
    refused("NoSuchKey", 404, clients["s3"].get_object, Bucket=bucket_name(clients), Key="absent")


def bucket_name(clients):
    return f"{NAME}-{clients['sts'].get_caller_identity()['Account']}-us-east-1"


def main():
    names = ["kinesis", "dynamodb", "s3", "lambda", "logs", "cloudwatch", "iam", "sts", "resourcegroupstaggingapi"]
    clients = {name: client(name) for name in names}
    bucket = bucket_name(clients)
    events = put(clients["kinesis"], 20)
    read_objects(clients["s3"], bucket, events)
    read_stream(clients["kinesis"], len(events))
    checksums(clients["s3"], bucket)
    table(clients["dynamodb"])
    logs_and_metrics(clients["logs"], clients["cloudwatch"], len(events))
    function(clients["lambda"], clients["iam"], clients["sts"])
    pages = clients["resourcegroupstaggingapi"].get_paginator("get_resources").paginate(ResourcesPerPage=2)
    tagged = [r["ResourceARN"] for page in pages for r in page["ResourceTagMappingList"]]
    assert any(arn.endswith(f":stream/{NAME}-stream") for arn in tagged) and len(tagged) == len(set(tagged)), tagged
    errors(clients)
    print("the journey succeeded")


main()
