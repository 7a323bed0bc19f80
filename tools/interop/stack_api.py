"""What stacks.py adds to moto's API, and how it uses that."""

import copy
from urllib.parse import parse_qs

import boto3
from botocore.config import Config
from moto import server
from moto.awslambda.models import LambdaFunction
from moto.cloudwatch.responses import CloudWatchResponse
from moto.server import DomainDispatcherApplication


class Clients:
    """The server's own API, which a stack uses as anybody else does."""

    def __init__(self, endpoint, region):
        self.endpoint, self.region = endpoint, region

    def __getattr__(self, service):
        config = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        found = boto3.client(
            {"awslambda": "lambda"}.get(service, service),
            endpoint_url=self.endpoint, region_name=self.region, config=config, **keys,
        )  # fmt: skip
        setattr(self, service, found)
        return found


def complete(put, clients, properties, old):
    """Makes or changes a resource, and sees that each of its properties has found a place."""
    left = copy.deepcopy(properties)
    made = put(clients, left, old)
    if left:
        raise ValueError(f"{put.__name__}: no place for {sorted(left)}")
    return made


def serve(arguments):
    """Runs the server, with three things that deploy uses and moto does not tell: else nothing could be compared."""
    # moto's PutMetricAlarm is made to be that of composite alarms as well, but nothing calls it by this name.
    assert not hasattr(CloudWatchResponse, "put_composite_alarm"), "moto has composite alarms now"
    CloudWatchResponse.put_composite_alarm = CloudWatchResponse.put_metric_alarm
    tell_log_format()
    server.DomainDispatcherApplication = RequestMetrics
    server.main(arguments)


def tell_log_format():
    """Keeps a function's LoggingConfig, which moto drops."""
    create, configure, tell = (getattr(LambdaFunction, n) for n in ("__init__", "update_configuration", "get_configuration"))

    def __init__(self, account_id, spec, *args, **kwargs):
        self.logging = spec.get("LoggingConfig")
        create(self, account_id, spec, *args, **kwargs)

    def update_configuration(self, config_updates):
        self.logging = config_updates.get("LoggingConfig", self.logging)
        return configure(self, config_updates)

    def get_configuration(self, *args, **kwargs):
        told = tell(self, *args, **kwargs)
        assert "LoggingConfig" not in told, "moto tells LoggingConfig now"
        return {**told, "LoggingConfig": self.logging} if self.logging else told

    LambdaFunction.__init__ = __init__
    LambdaFunction.update_configuration, LambdaFunction.get_configuration = update_configuration, get_configuration


class RequestMetrics(DomainDispatcherApplication):
    """Keeps metrics configurations of buckets: moto takes them and lists none, and DELETE takes away the bucket."""

    kept = {}

    def __call__(self, environ, start_response):
        query, method = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True), environ["REQUEST_METHOD"]
        bucket = environ["PATH_INFO"].strip("/")
        if method == "DELETE" and not query:
            self.kept.pop(bucket, None)
        if "metrics" not in query:
            return super().__call__(environ, start_response)
        kept, (identity,) = self.kept.setdefault(bucket, {}), query.get("id", [None])
        status, body = "200 OK", b""
        if method == "PUT":
            kept[identity] = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        elif method == "DELETE":
            kept.pop(identity, None)
            status = "204 No Content"
        elif not identity:
            body = b"<ListMetricsConfigurationsResult>%s</ListMetricsConfigurationsResult>" % b"".join(kept.values())
        elif identity in kept:
            body = kept[identity]
        else:
            status, body = "404 Not Found", b"<Error><Code>NoSuchConfiguration</Code><Message>none</Message></Error>"
        start_response(status, [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
        return [body]
