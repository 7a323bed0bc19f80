from aws_cdk import (
    Duration,
    aws_cloudwatch as cloudwatch,
    aws_dynamodb as dynamodb,
    aws_kinesis as kinesis,
    aws_lambda as lambda_,
    aws_lambda_event_sources as event_sources,
    aws_s3 as s3,
)
from constructs import Construct

from pipeline.parameters import Parameters


class Alarms(Construct):
    """Who is told, and of what."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        parameters: Parameters,
        stream: kinesis.Stream,
        users_table: dynamodb.Table,
        bucket: s3.Bucket,
        fn: lambda_.Function,
        mapping: event_sources.KinesisEventSource,
    ) -> None:
        super().__init__(scope, construct_id)
        environment = parameters.environment

        alarms: list[cloudwatch.AlarmBase] = []

        alarms.append(
            cloudwatch.Alarm(
                self,
                "FunctionErrorsAlarm",
                alarm_name=f"data-enrichment-{environment}-function-errors",
                alarm_description="The function fails: batches are repeated and their shards stand still",
                metric=cloudwatch.Metric(
                    namespace="AWS/Lambda",
                    metric_name="Errors",
                    dimensions_map={"FunctionName": fn.function_name},
                    statistic=cloudwatch.Stats.SUM,
                    period=Duration.minutes(1),
                ),
                comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
                threshold=1,
                evaluation_periods=5,
                datapoints_to_alarm=3,
                treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            ),
        )

        alarms.append(
            cloudwatch.Alarm(
                self,
                "IteratorAgeAlarm",
                alarm_name=f"data-enrichment-{environment}-iterator-age",
                alarm_description="The function is behind: records wait, and at last expire",
                metric=cloudwatch.Metric(
                    namespace="AWS/Lambda",
                    metric_name="IteratorAge",
                    dimensions_map={"FunctionName": fn.function_name},
                    statistic=cloudwatch.Stats.MAXIMUM,
                    period=Duration.minutes(1),
                ),
                comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
                threshold=600000,
                evaluation_periods=5,
                datapoints_to_alarm=5,
                treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            ),
        )

        alarms.append(
            cloudwatch.Alarm(
                self,
                "S3PutErrorsAlarm",
                alarm_name=f"data-enrichment-{environment}-s3-put-errors",
                alarm_description="S3 refuses requests to the delivery bucket: enriched events cannot be stored",
                metric=cloudwatch.MathExpression(
                    expression="FILL(m1, 0) + FILL(m2, 0)",
                    using_metrics={
                        "m1": cloudwatch.Metric(
                            namespace="AWS/S3",
                            metric_name="4xxErrors",
                            dimensions_map={"BucketName": bucket.bucket_name, "FilterId": "EntireBucket"},
                            statistic=cloudwatch.Stats.SUM,
                            period=Duration.minutes(1),
                        ),
                        "m2": cloudwatch.Metric(
                            namespace="AWS/S3",
                            metric_name="5xxErrors",
                            dimensions_map={"BucketName": bucket.bucket_name, "FilterId": "EntireBucket"},
                            statistic=cloudwatch.Stats.SUM,
                            period=Duration.minutes(1),
                        ),
                    },
                    label="S3 refuses requests to the delivery bucket",
                    period=Duration.minutes(1),
                ),
                comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
                threshold=1,
                evaluation_periods=5,
                datapoints_to_alarm=3,
                treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            ),
        )

        alarms.append(
            cloudwatch.Alarm(
                self,
                "FunctionThrottlesAlarm",
                alarm_name=f"data-enrichment-{environment}-function-throttles",
                alarm_description="The function is throttled: the account has no executions left for it",
                metric=cloudwatch.Metric(
                    namespace="AWS/Lambda",
                    metric_name="Throttles",
                    dimensions_map={"FunctionName": fn.function_name},
                    statistic=cloudwatch.Stats.SUM,
                    period=Duration.minutes(1),
                ),
                comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
                threshold=1,
                evaluation_periods=5,
                datapoints_to_alarm=3,
                treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            ),
        )

        alarms.append(
            cloudwatch.Alarm(
                self,
                "FunctionDurationAlarm",
                alarm_name=f"data-enrichment-{environment}-function-duration",
                alarm_description="The function is slow: batches take almost as long as they may, and fail when they take longer",
                metric=cloudwatch.MathExpression(
                    expression=f"100 * m1 / ({parameters.lambda_timeout} * 1000)",
                    using_metrics={
                        "m1": cloudwatch.Metric(
                            namespace="AWS/Lambda",
                            metric_name="Duration",
                            dimensions_map={"FunctionName": fn.function_name},
                            statistic=cloudwatch.Stats.MAXIMUM,
                            period=Duration.minutes(1),
                        ),
                    },
                    label="The function is slow",
                    period=Duration.minutes(1),
                ),
                comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
                threshold=80,
                evaluation_periods=5,
                datapoints_to_alarm=3,
                treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            ),
        )

        alarms.append(
            cloudwatch.Alarm(
                self,
                "DeadLettersAlarm",
                alarm_name=f"data-enrichment-{environment}-dead-letters",
                alarm_description="Records cannot be enriched: they are stored in dead-letter/",
                metric=cloudwatch.Metric(
                    namespace="enrich",
                    metric_name="RecordsDeadLettered",
                    dimensions_map={"FunctionName": fn.function_name},
                    statistic=cloudwatch.Stats.SUM,
                    period=Duration.minutes(1),
                ),
                comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
                threshold=1,
                evaluation_periods=1,
                datapoints_to_alarm=1,
                treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            ),
        )

        alarms.append(
            cloudwatch.Alarm(
                self,
                "FailedDeliveriesAlarm",
                alarm_name=f"data-enrichment-{environment}-failed-deliveries",
                alarm_description="S3 does not take failed batches: their records are lost when the stream forgets them",
                metric=cloudwatch.Metric(
                    namespace="AWS/Lambda",
                    metric_name="DestinationDeliveryFailures",
                    dimensions_map={"FunctionName": fn.function_name},
                    statistic=cloudwatch.Stats.SUM,
                    period=Duration.minutes(1),
                ),
                comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
                threshold=1,
                evaluation_periods=1,
                datapoints_to_alarm=1,
                treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            ),
        )

        alarms.append(
            cloudwatch.Alarm(
                self,
                "LookupTableThrottlingAlarm",
                alarm_name=f"data-enrichment-{environment}-lookup-table-throttling",
                alarm_description="The lookup table users is throttled: batches are repeated until it has room",
                metric=cloudwatch.Metric(
                    namespace="AWS/DynamoDB",
                    metric_name="ReadThrottleEvents",
                    dimensions_map={"TableName": users_table.table_name},
                    statistic=cloudwatch.Stats.SUM,
                    period=Duration.minutes(1),
                ),
                comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
                threshold=1,
                evaluation_periods=5,
                datapoints_to_alarm=3,
                treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            ),
        )

        if environment != "dev":
            alarms.append(
                cloudwatch.Alarm(
                    self,
                    "IncomingRecordsAlarm",
                    alarm_name=f"data-enrichment-{environment}-incoming-records",
                    alarm_description="No records come in: producers have stopped or cannot reach the stream",
                    metric=cloudwatch.Metric(
                        namespace="AWS/Kinesis",
                        metric_name="IncomingRecords",
                        dimensions_map={"StreamName": stream.stream_name},
                        statistic=cloudwatch.Stats.SUM,
                        period=Duration.minutes(5),
                    ),
                    comparison_operator=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
                    threshold=1,
                    evaluation_periods=3,
                    datapoints_to_alarm=3,
                    treat_missing_data=cloudwatch.TreatMissingData.BREACHING,
                ),
            )

        alarms.append(
            cloudwatch.Alarm(
                self,
                "FailedBatchesAlarm",
                alarm_name=f"data-enrichment-{environment}-failed-batches",
                alarm_description="Batches are given up: their records are stored in aws/lambda/, not enriched",
                metric=cloudwatch.Metric(
                    namespace="AWS/Lambda",
                    metric_name="OnFailureDestinationDeliveredEventCount",
                    dimensions_map={"EventSourceMappingUUID": mapping.event_source_mapping_id},
                    statistic=cloudwatch.Stats.SUM,
                    period=Duration.minutes(1),
                ),
                comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
                threshold=1,
                evaluation_periods=1,
                datapoints_to_alarm=1,
                treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            ),
        )

        # One alarm over all others, to look at and to be told of.
        alarms.append(
            cloudwatch.CompositeAlarm(
                self,
                "PipelineUnhealthyAlarm",
                composite_alarm_name=f"data-enrichment-{environment}-pipeline-unhealthy",
                alarm_description="The pipeline is unhealthy: one of its alarms at least is on",
                alarm_rule=cloudwatch.AlarmRule.from_string(
                    " OR ".join(f'ALARM("{alarm.alarm_name}")' for alarm in alarms),
                ),
            ),
        )

        self.all = alarms
