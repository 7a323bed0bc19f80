import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as eventSources from 'aws-cdk-lib/aws-lambda-event-sources';
import * as kinesis from 'aws-cdk-lib/aws-kinesis';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { Parameters } from './parameters';

export interface AlarmsProps {
  readonly parameters: Parameters;
  readonly stream: kinesis.Stream;
  readonly usersTable: dynamodb.Table;
  readonly bucket: s3.Bucket;
  readonly fn: lambda.Function;
  readonly mapping: eventSources.KinesisEventSource;
}

/** Who is told, and of what. */
export class Alarms extends Construct {
  readonly all: cloudwatch.AlarmBase[];

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    const { stream, usersTable, bucket, fn, mapping } = props;
    const { environment, lambdaTimeout } = props.parameters;

    const alarms: cloudwatch.AlarmBase[] = [];

    alarms.push(
      new cloudwatch.Alarm(this, 'FunctionErrorsAlarm', {
        alarmName: `data-enrichment-${environment}-function-errors`,
        alarmDescription: 'The function fails: batches are repeated and their shards stand still',
        metric: new cloudwatch.Metric({
          namespace: 'AWS/Lambda',
          metricName: 'Errors',
          dimensionsMap: { FunctionName: fn.functionName },
          statistic: cloudwatch.Stats.SUM,
          period: Duration.minutes(1),
        }),
        comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        threshold: 1,
        evaluationPeriods: 5,
        datapointsToAlarm: 3,
        treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
      }),
    );

    alarms.push(
      new cloudwatch.Alarm(this, 'IteratorAgeAlarm', {
        alarmName: `data-enrichment-${environment}-iterator-age`,
        alarmDescription: 'The function is behind: records wait, and at last expire',
        metric: new cloudwatch.Metric({
          namespace: 'AWS/Lambda',
          metricName: 'IteratorAge',
          dimensionsMap: { FunctionName: fn.functionName },
          statistic: cloudwatch.Stats.MAXIMUM,
          period: Duration.minutes(1),
        }),
        comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        threshold: 600000,
        evaluationPeriods: 5,
        datapointsToAlarm: 5,
        treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
      }),
    );

    alarms.push(
      new cloudwatch.Alarm(this, 'S3PutErrorsAlarm', {
        alarmName: `data-enrichment-${environment}-s3-put-errors`,
        alarmDescription: 'S3 refuses requests to the delivery bucket: enriched events cannot be stored',
        metric: new cloudwatch.MathExpression({
          expression: 'FILL(m1, 0) + FILL(m2, 0)',
          usingMetrics: {
            m1: new cloudwatch.Metric({
              namespace: 'AWS/S3',
              metricName: '4xxErrors',
              dimensionsMap: { BucketName: bucket.bucketName, FilterId: 'EntireBucket' },
              statistic: cloudwatch.Stats.SUM,
              period: Duration.minutes(1),
            }),
            m2: new cloudwatch.Metric({
              namespace: 'AWS/S3',
              metricName: '5xxErrors',
              dimensionsMap: { BucketName: bucket.bucketName, FilterId: 'EntireBucket' },
              statistic: cloudwatch.Stats.SUM,
              period: Duration.minutes(1),
            }),
          },
          label: 'S3 refuses requests to the delivery bucket',
          period: Duration.minutes(1),
        }),
        comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        threshold: 1,
        evaluationPeriods: 5,
        datapointsToAlarm: 3,
        treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
      }),
    );

    alarms.push(
      new cloudwatch.Alarm(this, 'FunctionThrottlesAlarm', {
        alarmName: `data-enrichment-${environment}-function-throttles`,
        alarmDescription: 'The function is throttled: the account has no executions left for it',
        metric: new cloudwatch.Metric({
          namespace: 'AWS/Lambda',
          metricName: 'Throttles',
          dimensionsMap: { FunctionName: fn.functionName },
          statistic: cloudwatch.Stats.SUM,
          period: Duration.minutes(1),
        }),
        comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        threshold: 1,
        evaluationPeriods: 5,
        datapointsToAlarm: 3,
        treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
      }),
    );

    alarms.push(
      new cloudwatch.Alarm(this, 'FunctionDurationAlarm', {
        alarmName: `data-enrichment-${environment}-function-duration`,
        alarmDescription:
          'The function is slow: batches take almost as long as they may, and fail when they take longer',
        metric: new cloudwatch.MathExpression({
          expression: `100 * m1 / (${lambdaTimeout} * 1000)`,
          usingMetrics: {
            m1: new cloudwatch.Metric({
              namespace: 'AWS/Lambda',
              metricName: 'Duration',
              dimensionsMap: { FunctionName: fn.functionName },
              statistic: cloudwatch.Stats.MAXIMUM,
              period: Duration.minutes(1),
            }),
          },
          label: 'The function is slow',
          period: Duration.minutes(1),
        }),
        comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        threshold: 80,
        evaluationPeriods: 5,
        datapointsToAlarm: 3,
        treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
      }),
    );

    alarms.push(
      new cloudwatch.Alarm(this, 'DeadLettersAlarm', {
        alarmName: `data-enrichment-${environment}-dead-letters`,
        alarmDescription: 'Records cannot be enriched: they are stored in dead-letter/',
        metric: new cloudwatch.Metric({
          namespace: 'enrich',
          metricName: 'RecordsDeadLettered',
          dimensionsMap: { FunctionName: fn.functionName },
          statistic: cloudwatch.Stats.SUM,
          period: Duration.minutes(1),
        }),
        comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        threshold: 1,
        evaluationPeriods: 1,
        datapointsToAlarm: 1,
        treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
      }),
    );

    alarms.push(
      new cloudwatch.Alarm(this, 'FailedDeliveriesAlarm', {
        alarmName: `data-enrichment-${environment}-failed-deliveries`,
        alarmDescription: 'S3 does not take failed batches: their records are lost when the stream forgets them',
        metric: new cloudwatch.Metric({
          namespace: 'AWS/Lambda',
          metricName: 'DestinationDeliveryFailures',
          dimensionsMap: { FunctionName: fn.functionName },
          statistic: cloudwatch.Stats.SUM,
          period: Duration.minutes(1),
        }),
        comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        threshold: 1,
        evaluationPeriods: 1,
        datapointsToAlarm: 1,
        treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
      }),
    );

    alarms.push(
      new cloudwatch.Alarm(this, 'LookupTableThrottlingAlarm', {
        alarmName: `data-enrichment-${environment}-lookup-table-throttling`,
        alarmDescription: 'The lookup table users is throttled: batches are repeated until it has room',
        metric: new cloudwatch.Metric({
          namespace: 'AWS/DynamoDB',
          metricName: 'ReadThrottleEvents',
          dimensionsMap: { TableName: usersTable.tableName },
          statistic: cloudwatch.Stats.SUM,
          period: Duration.minutes(1),
        }),
        comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        threshold: 1,
        evaluationPeriods: 5,
        datapointsToAlarm: 3,
        treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
      }),
    );

    if (environment !== 'dev') {
      alarms.push(
        new cloudwatch.Alarm(this, 'IncomingRecordsAlarm', {
          alarmName: `data-enrichment-${environment}-incoming-records`,
          alarmDescription: 'No records come in: producers have stopped or cannot reach the stream',
          metric: new cloudwatch.Metric({
            namespace: 'AWS/Kinesis',
            metricName: 'IncomingRecords',
            dimensionsMap: { StreamName: stream.streamName },
            statistic: cloudwatch.Stats.SUM,
            period: Duration.minutes(5),
          }),
          comparisonOperator: cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
          threshold: 1,
          evaluationPeriods: 3,
          datapointsToAlarm: 3,
          treatMissingData: cloudwatch.TreatMissingData.BREACHING,
        }),
      );
    }

    alarms.push(
      new cloudwatch.Alarm(this, 'FailedBatchesAlarm', {
        alarmName: `data-enrichment-${environment}-failed-batches`,
        alarmDescription: 'Batches are given up: their records are stored in aws/lambda/, not enriched',
        metric: new cloudwatch.Metric({
          namespace: 'AWS/Lambda',
          metricName: 'OnFailureDestinationDeliveredEventCount',
          dimensionsMap: { EventSourceMappingUUID: mapping.eventSourceMappingId },
          statistic: cloudwatch.Stats.SUM,
          period: Duration.minutes(1),
        }),
        comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        threshold: 1,
        evaluationPeriods: 1,
        datapointsToAlarm: 1,
        treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
      }),
    );

    // One alarm over all others, to look at and to be told of.
    alarms.push(
      new cloudwatch.CompositeAlarm(this, 'PipelineUnhealthyAlarm', {
        compositeAlarmName: `data-enrichment-${environment}-pipeline-unhealthy`,
        alarmDescription: 'The pipeline is unhealthy: one of its alarms at least is on',
        alarmRule: cloudwatch.AlarmRule.fromString(alarms.map((alarm) => `ALARM("${alarm.alarmName}")`).join(' OR ')),
      }),
    );

    this.all = alarms;
  }
}
