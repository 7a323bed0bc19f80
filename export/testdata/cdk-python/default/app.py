#!/usr/bin/env python3
from aws_cdk import App

from pipeline.parameters import parameters_of
from pipeline.stack import DataEnrichmentStack

app = App()
parameters = parameters_of(app.node)
environment = parameters.environment
DataEnrichmentStack(
    app,
    "DataEnrichment",
    stack_name=f"data-enrichment-{environment}",
    description="Events of data-enrichment: Kinesis to Lambda, enriched from DynamoDB, stored in S3",
    parameters=parameters,
)
app.synth()
