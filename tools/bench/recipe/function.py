"""The recipe's design, to be measured beside enrich: one GetItem and one PutObject for each record.

Written anew for this comparison. It is how the function should not be built.
"""

import base64
import json
import os
import uuid
from datetime import datetime, timezone

import boto3

table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])
s3 = boto3.client("s3")
bucket = os.environ["BUCKET_NAME"]


def handler(event, context):
    stored = 0
    for record in event["Records"]:
        try:
            data = json.loads(base64.b64decode(record["kinesis"]["data"]))
            store(enrich(data))
            stored += 1
        except Exception as error:  # the record is lost here: nobody delivers it again
            print(f"error processing record: {error}")
    return {"statusCode": 200, "body": f"processed {stored} of {len(event['Records'])} records"}


def enrich(data):
    user_id = data.get("user_id")
    if not user_id:
        data["enrichment_status"] = "no_user_id"
    else:
        item = table.get_item(Key={"user_id": user_id}).get("Item")
        data["enrichment_status"] = "success" if item else "user_not_found"
        for name in ("name", "email", "segment", "location"):
            data[f"user_{name}"] = item.get(name, "Unknown") if item else "Unknown"
    data["enriched"] = True
    data["processing_timestamp"] = datetime.now(timezone.utc).isoformat()
    return data


def store(data):
    hour = datetime.now(timezone.utc).strftime("%Y/%m/%d/%H")
    s3.put_object(
        Bucket=bucket,
        Key=f"enriched-data/{hour}/{uuid.uuid4()}.json",
        Body=json.dumps(data),
        ContentType="application/json",
    )
