from typing import Any

from aws_cdk import (
    CfnOutput,
    Duration,
    RemovalPolicy,
    Stack,
    Tags,
    aws_dynamodb as dynamodb,
    aws_iam as iam,
    aws_kinesis as kinesis,
    aws_lambda as lambda_,
    aws_lambda_event_sources as event_sources,
    aws_logs as logs,
    aws_s3 as s3,
)
from constructs import Construct

from pipeline.alarms import Alarms
from pipeline.dashboard import Dashboard
from pipeline.parameters import Parameters
from pipeline.settings import SETTINGS


class DataEnrichmentStack(Stack):
    """Events of data-enrichment: Kinesis to Lambda, enriched from DynamoDB, stored in S3."""

    def __init__(self, scope: Construct, construct_id: str, *, parameters: Parameters, **kwargs: Any) -> None:
        super().__init__(scope, construct_id, **kwargs)
        environment = parameters.environment
        settings = SETTINGS[environment]

        Tags.of(self).add("enrich:environment", environment)
        Tags.of(self).add("enrich:pipeline", "data-enrichment")
        Tags.of(self).add("managed-by", "cdk-python")

        # Events come in
        # --------------

        stream = kinesis.Stream(
            self,
            "Stream",
            stream_name=f"data-enrichment-{environment}-stream",
            stream_mode=kinesis.StreamMode.PROVISIONED,
            shard_count=parameters.stream_shard_count,
            retention_period=Duration.hours(24),
            # By a key that AWS manages: nothing to pay for, and nobody needs to be granted it.
            encryption=kinesis.StreamEncryption.MANAGED,
            removal_policy=RemovalPolicy.DESTROY,
        )

        # What events are enriched with
        # -----------------------------

        users_table = dynamodb.Table(
            self,
            "UsersTable",
            table_name=f"data-enrichment-{environment}-users",
            partition_key=dynamodb.Attribute(name="user_id", type=dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            # By a key that AWS manages, whose use CloudTrail shows.
            encryption=dynamodb.TableEncryption.AWS_MANAGED,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=settings.point_in_time_recovery_enabled,
            ),
            deletion_protection=settings.deletion_protection,
            removal_policy=RemovalPolicy.DESTROY,
        )

        # Enriched events go out, and what could not be enriched
        # ------------------------------------------------------

        bucket = s3.Bucket(
            self,
            "Bucket",
            bucket_name=f"data-enrichment-{environment}-{self.account}-{self.region}",
            # A batch that is written again replaces its objects; what they were is kept for a while.
            versioned=True,
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="abort-unfinished-uploads",
                    enabled=True,
                    abort_incomplete_multipart_upload_after=Duration.days(7),
                ),
                s3.LifecycleRule(
                    id="expire-old-versions",
                    enabled=True,
                    noncurrent_version_expiration=Duration.days(30),
                    expired_object_delete_marker=True,
                ),
            ],
            # Without request metrics the alarm about S3 would have nothing to watch.
            metrics=[s3.BucketMetrics(id="EntireBucket")],
            removal_policy=RemovalPolicy.DESTROY,
        )
        bucket.add_to_resource_policy(
            iam.PolicyStatement(
                sid="RefuseWithoutTLS",
                effect=iam.Effect.DENY,
                principals=[iam.StarPrincipal()],
                actions=["s3:*"],
                resources=[bucket.bucket_arn, bucket.arn_for_objects("*")],
                conditions={"Bool": {"aws:SecureTransport": "false"}},
            ),
        )

        # The function that enriches, and what it may do
        # ----------------------------------------------

        # Made here and not by Lambda, so that it has a retention and goes when the pipeline goes.
        log_group = logs.LogGroup(
            self,
            "LogGroup",
            log_group_name=f"/aws/lambda/data-enrichment-{environment}-function",
            retention=logs.RetentionDays.ONE_MONTH,
            removal_policy=RemovalPolicy.DESTROY,
        )

        # All that the function may do, on exactly these resources. It may not create its log group,
        # or it would bring the group back after the pipeline has gone.
        role = iam.Role(
            self,
            "FunctionRole",
            role_name=f"data-enrichment-{environment}-{self.region}-role",
            description=f"Enrichment function of data-enrichment-{environment}",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            inline_policies={
                "pipeline": iam.PolicyDocument(
                    statements=[
                        iam.PolicyStatement(
                            sid="ReadStream",
                            actions=[
                                "kinesis:DescribeStream",
                                "kinesis:DescribeStreamSummary",
                                "kinesis:GetRecords",
                                "kinesis:GetShardIterator",
                                "kinesis:ListShards",
                            ],
                            resources=[stream.stream_arn],
                        ),
                        iam.PolicyStatement(
                            sid="ReadLookupTables",
                            actions=["dynamodb:BatchGetItem"],
                            resources=[users_table.table_arn],
                        ),
                        iam.PolicyStatement(
                            sid="WriteObjects",
                            actions=["s3:PutObject"],
                            resources=[
                                bucket.arn_for_objects("enriched-data/*"),
                                bucket.arn_for_objects("dead-letter/*"),
                                bucket.arn_for_objects("aws/lambda/*"),
                            ],
                        ),
                        iam.PolicyStatement(
                            sid="CheckBucket",
                            actions=["s3:ListBucket"],
                            resources=[bucket.bucket_arn],
                        ),
                        iam.PolicyStatement(
                            sid="WriteLogs",
                            actions=["logs:CreateLogStream", "logs:PutLogEvents"],
                            resources=[log_group.log_group_arn],
                        ),
                    ],
                ),
            },
        )
        # The statement's name, which the construct has no property for.
        role.node.default_child.add_property_override("AssumeRolePolicyDocument.Statement.0.Sid", "Lambda")

        fn = lambda_.Function(
            self,
            "Function",
            function_name=f"data-enrichment-{environment}-function",
            runtime=lambda_.Runtime.PROVIDED_AL2023,
            architecture=lambda_.Architecture.ARM_64,
            handler="bootstrap",
            code=lambda_.Code.from_asset("function.zip"),
            memory_size=parameters.lambda_memory_size,
            timeout=Duration.seconds(parameters.lambda_timeout),
            # Without what CDK would grant by itself, which is more than the function needs.
            role=role.without_policy_updates(),
            environment={"BUCKET_NAME": bucket.bucket_name, "LOG_LEVEL": "info", "TABLE_NAME": users_table.table_name},
            log_group=log_group,
            # Each batch's line of level INFO holds the metrics: do not raise the application's level.
            logging_format=lambda_.LoggingFormat.JSON,
            application_log_level_v2=lambda_.ApplicationLogLevel.INFO,
            system_log_level_v2=lambda_.SystemLogLevel.INFO,
        )

        # From here on records flow.
        mapping = event_sources.KinesisEventSource(
            stream,
            enabled=True,
            # LATEST would miss what comes in before the mapping has begun to read.
            starting_position=lambda_.StartingPosition.TRIM_HORIZON,
            batch_size=1000,
            max_batching_window=Duration.seconds(settings.max_batching_window),
            parallelization_factor=1,
            # -1 is no limit: the age of a record ends its retries.
            retry_attempts=-1,
            max_record_age=Duration.hours(12),
            # A failing batch is halved until only what fails is left; the rest is reported by sequence number.
            bisect_batch_on_error=True,
            report_batch_item_failures=True,
            # What is given up is stored under aws/lambda/.
            on_failure=event_sources.S3OnFailureDestination(bucket),
            metrics_config=lambda_.MetricsConfig(metrics=[lambda_.MetricType.EVENT_COUNT]),
        )
        fn.add_event_source(mapping)

        # Who is told, and of what
        alarms = Alarms(
            self,
            "Alarms",
            parameters=parameters,
            stream=stream,
            users_table=users_table,
            bucket=bucket,
            fn=fn,
            mapping=mapping,
        )

        # The pipeline on one page
        Dashboard(
            self,
            "Dashboard",
            parameters=parameters,
            stream=stream,
            users_table=users_table,
            bucket=bucket,
            fn=fn,
            alarms=alarms.all,
        )

        CfnOutput(self, "StreamName", description="Data stream that takes the events", value=stream.stream_name)
        CfnOutput(self, "FunctionName", description="Function that enriches them", value=fn.function_name)
        CfnOutput(
            self,
            "BucketName",
            description="Bucket that has the enriched events, dead-letter/ and aws/lambda/",
            value=bucket.bucket_name,
        )
        CfnOutput(self, "TableName", description="Lookup table users", value=users_table.table_name)
