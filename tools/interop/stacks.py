"""Runs moto's server, with what it lacks for the stacks of an export.

usage: stacks.py -H HOST -p PORT

moto's CloudFormation reads templates, with their parameters, conditions, mappings and functions, makes change
sets, orders resources, updates and deletes them. But of most resource types it drops properties, and some it does
not have (GAPS). Here these types send the properties that moto has resolved to the service's own API, as they stand
where the API calls them alike: botocore refuses what is not a parameter, and what finds no place fails the stack.
"""

import inspect
import json
import re
import sys

from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER
from moto.cloudformation import parsing
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import CloudFormationBackend, Stack
from moto.core.common_models import CloudFormationModel

import stack_api
from stack_resources import TYPES

# What moto 5.2.1 has not learned: words that its model of a type does not have, or the whole type. The server does
# not start when moto has learned one, which is to be taken out then.
GAPS = {
    "AWS::CloudWatch::Alarm": None,
    "AWS::CloudWatch::CompositeAlarm": None,
    "AWS::CloudWatch::Dashboard": ["Tags"],
    "AWS::DynamoDB::Table": ["PointInTimeRecoverySpecification", "update_from_cloudformation_json"],
    "AWS::IAM::Role": ["update_assume_role_policy", "tag_role"],
    "AWS::Kinesis::Stream": ["StreamModeDetails", "StreamEncryption", "DesiredShardLevelMetrics"],
    "AWS::Lambda::EventSourceMapping": ["Key"],  # it keeps the list of tags where Lambda has a map
    "AWS::Lambda::Function": ["Architectures", "LoggingConfig", "Tags"],
    "AWS::Logs::LogGroup": ["update_from_cloudformation_json"],
    "AWS::S3::Bucket": [
        "VersioningConfiguration", "PublicAccessBlockConfiguration", "OwnershipControls", "LifecycleConfiguration",
        "MetricsConfigurations",
    ],
    "AWS::S3::BucketPolicy": None,
    "AWS::SNS::Subscription": None,
    "AWS::SNS::Topic": ["set_topic_attributes"],  # an update deletes it, with its policy and subscriptions
    "AWS::SNS::TopicPolicy": None,
}  # fmt: skip


def check_gaps():
    """Ends the program when moto knows what GAPS says that it does not, or when a type is replaced for no reason."""
    models = parsing.get_model_map()
    if set(GAPS) != set(TYPES):
        sys.exit(f"GAPS and TYPES have not the same types: {set(GAPS) ^ set(TYPES)}")
    for kind, words in GAPS.items():
        if words is None and kind in models:
            sys.exit(f"moto has {kind} now: take it out of GAPS")
        source = "" if words is None else of_stacks(models[kind])
        for word in words or []:
            if word in source:
                sys.exit(f"moto's {kind} has {word} now: take it out of GAPS")


def of_stacks(model):
    """Gives the source of what moto's CloudFormation calls of a type of resources."""
    methods = ["create_from_cloudformation_json", "update_from_cloudformation_json"]
    return "".join(inspect.getsource(vars(model)[m].__func__) for m in methods if m in vars(model))


def model(kind, put, remove, endpoint):
    """Makes moto's model of a type of resources out of two functions: one makes or changes a resource, one deletes it."""

    class Model(CloudFormationModel):
        __module__ = "moto.cloudformation"  # moto files instances under the second word

        def __init__(self, clients, properties, made):
            self.clients, self.properties = clients, properties
            self.physical_resource_id, self.arn = made

        @staticmethod
        def cloudformation_type():
            return kind

        @staticmethod
        def cloudformation_name_type():
            return ""

        @classmethod
        def has_cfn_attr(cls, attr):
            return attr == "Arn"

        def get_cfn_attribute(self, name):
            assert name == "Arn" and self.arn, f"{kind} has no {name}"
            return self.arn

        @classmethod
        def create_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id, region_name, **kwargs):
            clients = stack_api.Clients(endpoint, region_name)
            properties = cloudformation_json["Properties"]
            return cls(clients, properties, stack_api.complete(put, clients, properties, None))

        @classmethod
        def update_from_cloudformation_json(
            cls, original_resource, new_resource_name, cloudformation_json, account_id, region_name
        ):
            old, properties = original_resource, cloudformation_json["Properties"]
            if replaced(kind, old.properties, properties):
                remove(old.clients, old)
                old = None
            clients = original_resource.clients
            return cls(clients, properties, stack_api.complete(put, clients, properties, old))

        def delete(self, account_id, region_name):
            remove(self.clients, self)

    return Model


def replaced(kind, old, new):
    """Tells by AWS's schema whether a change replaces a resource; one with a name of its own refuses that."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    paths = schema.get("createOnlyProperties", []) + schema.get("conditionalCreateOnlyProperties", [])
    names = [path.removeprefix("/properties/") for path in paths]
    found = [name for name in names if old.get(name) != new.get(name)]
    if found and all(path.removeprefix("/properties/") in new for path in schema["primaryIdentifier"]):
        message = f"CloudFormation cannot update a stack when a custom-named resource requires replacing: {kind} for {found}"
        raise ValidationError(message=message)
    return bool(found)


def execute_like_cloudformation():
    """Gives a stack of a change set its outputs, and sees when the next one has the same parameters."""
    execute = CloudFormationBackend.execute_change_set

    def execute_change_set(self, change_set_name, stack_name=None):
        execute(self, change_set_name, stack_name)
        stack = self.stacks[self.describe_change_set(change_set_name).stack_id]
        stack._parse_template()
        stack.output_map = stack._create_output_map()

    def has_parameters(self, others):
        """Compares with what they are: moto does with those of the first deploy."""
        return all(str(self.stack_parameters.get(name)) == str(value) for name, value in others.items())

    CloudFormationBackend.execute_change_set, Stack.has_parameters = execute_change_set, has_parameters


def resolve_like_cloudformation():
    """Mends two of moto's functions on templates."""
    resolve, references = parsing.clean_json, parsing.get_references_from_template

    def clean_json(value, resources):
        """Drops AWS::NoValue from lists, where moto leaves a None, which Fn::Join writes as such."""
        found = resolve(value, resources)
        return [v for v in found if v is not None] if isinstance(value, list) else found

    def get_references_from_template(template):
        """Sees a parameter in Fn::Sub, too: moto takes a resource with it for one that has not changed."""
        return references(template) + re.findall(r"\$\{(\w+)", json.dumps(template))

    assert resolve(["a", {"Ref": "nothing"}], {"nothing": None}) == ["a", None], "moto drops AWS::NoValue now"
    assert not references({"Fn::Sub": "${P}"}), "moto sees references in Fn::Sub now"
    parsing.clean_json, parsing.get_references_from_template = clean_json, get_references_from_template


def main():
    endpoint = "http://127.0.0.1:" + sys.argv[sys.argv.index("-p") + 1]
    check_gaps()
    models = [model(kind, put, remove, endpoint) for kind, (put, remove) in TYPES.items()]
    parsing.get_model_list.cache_clear()
    parsing.get_model_map.cache_clear()
    assert all(parsing.get_model_map()[m.cloudformation_type()] is m for m in models)
    resolve_like_cloudformation()
    execute_like_cloudformation()
    stack_api.serve(sys.argv[1:])


main()
