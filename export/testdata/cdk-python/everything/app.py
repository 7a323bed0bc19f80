#!/usr/bin/env python3
from aws_cdk import App

from pipeline.parameters import parameters_of
from pipeline.stack import OnlineRetailStack

app = App()
parameters = parameters_of(app.node)
environment = parameters.environment
OnlineRetailStack(
    app,
    "OnlineRetail",
    stack_name=f"online-retail-{environment}",
    description="Events of online-retail: Kinesis to Lambda, enriched from DynamoDB, stored in S3",
    parameters=parameters,
)
app.synth()
