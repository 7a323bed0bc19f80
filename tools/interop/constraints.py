"""Sends requests that break one constraint of AWS's own service models each.

usage: constraints.py ENDPOINT

botocore ships the models of all services: required members, lengths, ranges,
patterns and enums. From a request that is accepted as it stands, each constraint
of its input is broken by itself; the emulator has to answer with a client's error
that has a code. What it says it has (GET /_enrich/operations) must be covered.
"""

import copy
import json
import re
import sys
import urllib.request

import boto3
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError, FlexibleChecksumError, ParamValidationError

from requests_by_operation import LOOSER, UNTRIED, prepare, valid

ENDPOINT = sys.argv[1]
BOTO = {"monitoring": "cloudwatch", "tagging": "resourcegroupstaggingapi"}
SESSION = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1")


def client(service, checked=False):
    return SESSION.client(
        BOTO.get(service, service),
        endpoint_url=ENDPOINT,
        config=Config(
            parameter_validation=checked, retries={"total_max_attempts": 1}, max_pool_connections=8,
            s3={"addressing_style": "path"}, read_timeout=30,
        ),
    )


def violations(shape, value, path=""):
    """Gives (path, what is broken, replacement) for every constraint of a given value."""
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            here = f"{path}.{name}" if path else name
            if name in shape.required_members:
                yield here, "missing", None
            if name in value:
                yield from violations(member, value[name], here)
            elif member.type_name in ("string", "integer", "long"):
                yield from scalar(member, here)
    elif shape.type_name == "list":
        if value:
            yield from violations(shape.member, value[0], path + "[0]")
        low, high = shape.metadata.get("min"), shape.metadata.get("max")
        if low:
            yield path, "too few", []
        if high and high <= 2000 and value:
            yield path, "too many", [distinct(value[0], i) for i in range(high + 1)]
    elif shape.type_name == "map":
        for key in value:
            yield from violations(shape.value, value[key], f"{path}[{key}]")
            break
    else:
        yield from scalar(shape, path)


def distinct(value, i):
    """Gives a value that differs for each i, so that no rule against repetition answers instead."""
    return f"{value}{i}" if isinstance(value, str) else value


def scalar(shape, path):
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if shape.type_name == "string":
        if shape.enum:
            yield path, "no value of the enum", "no such value"
        if high and high <= 100_000:
            yield path, "too long", "a" * (int(high) + 1)
        if low and low > 1:
            yield path, "too short", "a" * (int(low) - 1)
        pattern = shape.metadata.get("pattern")
        if pattern and not shape.enum:
            for text in ("!", "a b", "é", ":", "\x01"):
                try:
                    if not re.fullmatch(pattern, text):
                        yield path, "off the pattern", text * max(1, int(low or 1))
                        break
                except re.error:  # a pattern in Java's own dialect
                    break
    elif shape.type_name in ("integer", "long"):
        if low is not None:
            yield path, "below the minimum", int(low) - 1
        if high is not None and high < 2**31 - 1:
            yield path, "above the maximum", int(high) + 1


def broken(request, path, replacement):
    """Gives a copy of the request with the value at the path replaced, or removed."""
    request = copy.deepcopy(request)
    parts = re.findall(r"[^.\[\]]+", path)
    inner = request
    for part in parts[:-1]:
        inner = inner[int(part)] if isinstance(inner, list) else inner[part]
    last = int(parts[-1]) if isinstance(inner, list) else parts[-1]
    if replacement is None:
        del inner[last]
    else:
        inner[last] = replacement
    return request


def answer(call, request):
    """Gives the HTTP status and the error code ("" for none) of a call."""
    try:
        call(**request)
        return 200, ""
    except ClientError as e:
        return e.response["ResponseMetadata"]["HTTPStatusCode"], e.response["Error"].get("Code", "")


def once(operation):
    """Tells an operation whose request is accepted only once, so that it comes last and is not tried whole."""
    return operation.startswith(("Abort", "Complete", "Create", "Decrease", "Delete", "Increase", "Merge", "Split", "UpdateShardCount"))


def tokens(client, operation):
    """Gives the members that lead to a further page and are made by the service, as botocore's paginators name them."""
    name = xform_name(operation)
    if not client.can_paginate(name):
        return []
    given = client.get_paginator(name)._pagination_cfg["input_token"]
    given = given if isinstance(given, list) else [given]
    # Others are names of the caller's own things, as S3's markers and ExclusiveStart….
    return [t for t in given if t.endswith("Token") or t == "Marker" and client.meta.service_model.service_name != "s3"]


def judge(service, operation, clients, problems, listed):
    """Breaks each constraint of one operation, and asks for a page that nobody has told it of."""
    model = clients[service].meta.service_model.operation_model(operation)
    if model.input_shape is None:
        return 0
    request = valid(service, operation)
    call = getattr(clients[service], xform_name(operation))
    if not once(operation):
        status, code = answer(call, request)
        if status != 200:
            problems.append(f"{service}.{operation}: the request that should be valid is answered {status} {code}")
            return 0
    count = 0
    for path, what, replacement in violations(model.input_shape, request):
        member = re.sub(r"\[[^]]*\]", "[]", path)
        if f"{service}.{operation} {member}" in UNTRIED:
            continue
        name = f"{service}.{operation} {member}: {what}"
        location = model.input_shape.members.get(path)
        if what == "missing" and location is not None and location.serialization.get("location") == "uri":
            continue  # the client cannot even make the address
        try:
            status, code = answer(call, broken(request, path, replacement))
        except (ParamValidationError, FlexibleChecksumError, AttributeError, KeyError, TypeError, ValueError):
            continue  # the client cannot send it
        count += 1
        listed.add(name)
        if not (400 <= status < 500 and code) and name not in LOOSER:
            problems.append(f"{name}: answered {status} {code}")
        elif name in LOOSER and 400 <= status < 500:
            problems.append(f"{name}: is listed as an exception, but was refused with {code}")
    for token in tokens(clients[service], operation):
        status, code = answer(call, {**request, token: "no-such-page"})
        count += 1
        if not (400 <= status < 500 and code):
            problems.append(f"{service}.{operation} {token}: a token that nobody gave is answered {status} {code}")
    if once(operation):
        status, code = answer(call, request)
        if status != 200:
            problems.append(f"{service}.{operation}: the request that should be valid is answered {status} {code}")
    return count


def main():
    with urllib.request.urlopen(ENDPOINT + "/_enrich/operations") as response:
        operations = [(o["service"], o["name"]) for o in json.load(response)["operations"]]
    operations.sort(key=lambda operation: (once(operation[1]), operation))
    services = sorted({service for service, _ in operations})
    prepare({service: client(service, checked=True) for service in services})
    clients = {service: client(service) for service in services}
    problems, listed, count = [], set(), 0
    for service, operation in operations:
        try:
            valid(service, operation)
        except KeyError:
            problems.append(f"{service}.{operation}: the judge has no request for it")
            continue
        count += judge(service, operation, clients, problems, listed)
    problems += [f"{name}: is listed as an exception and was not tried" for name in LOOSER if name not in listed]
    print("\n".join(sorted(problems)))
    print(f"{len(operations)} operations, {count} broken constraints, {len(problems)} problems")
    sys.exit(1 if problems else 0)


main()
