import { Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as kinesis from 'aws-cdk-lib/aws-kinesis';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { Parameters } from './parameters';

export interface DashboardProps {
  readonly parameters: Parameters;
  readonly stream: kinesis.Stream;
  readonly usersTable: dynamodb.Table;
  readonly shopTypesTable: dynamodb.Table;
  readonly bucket: s3.Bucket;
  readonly fn: lambda.Function;
  readonly alarms: cloudwatch.AlarmBase[];
}

/** The pipeline on one page. */
export class Dashboard extends Construct {
  constructor(scope: Construct, id: string, props: DashboardProps) {
    super(scope, id);
    const { stream, usersTable, shopTypesTable, bucket, fn, alarms } = props;
    const { environment } = props.parameters;
    const stack = Stack.of(this);

    // As CloudWatch has it: the widgets of CDK lay out and write a body of their own.
    new cloudwatch.CfnDashboard(this, 'Dashboard', {
      dashboardName: `online-retail-${environment}-${stack.region}`,
      dashboardBody: stack.toJsonString({
        start: '-PT3H',
        periodOverride: 'inherit',
        widgets: [
          {
            type: 'text',
            x: 0,
            y: 0,
            width: 24,
            height: 2,
            properties: {
              markdown: `# online-retail-${environment}\nPipeline **online-retail**, environment **${environment}**, managed by **cdk-typescript**: what is changed here lasts until the next deploy.`,
            },
          },
          {
            type: 'alarm',
            x: 0,
            y: 2,
            width: 24,
            height: 3,
            properties: { title: 'Alarms', alarms: alarms.map((alarm) => alarm.alarmArn) },
          },
          {
            type: 'metric',
            x: 0,
            y: 5,
            width: 24,
            height: 4,
            properties: {
              title: 'The last five minutes',
              region: stack.region,
              view: 'singleValue',
              sparkline: true,
              stat: 'Sum',
              period: 300,
              metrics: [
                ['AWS/Kinesis', 'IncomingRecords', 'StreamName', stream.streamName, { label: 'records-in' }],
                [
                  'AWS/Lambda',
                  'IteratorAge',
                  'FunctionName',
                  fn.functionName,
                  { label: 'iterator-age', stat: 'Maximum' },
                ],
                ['AWS/Lambda', 'Errors', 'FunctionName', fn.functionName, { label: 'errors' }],
                ['AWS/Lambda', 'Throttles', 'FunctionName', fn.functionName, { label: 'throttles' }],
                ['AWS/Lambda', 'Duration', 'FunctionName', fn.functionName, { label: 'duration-p99', stat: 'p99' }],
                ['enrich', 'RecordsEnriched', 'FunctionName', fn.functionName, { label: 'enriched' }],
                ['enrich', 'RecordsDeadLettered', 'FunctionName', fn.functionName, { label: 'dead-letters' }],
                ['enrich', 'LookupMisses', 'FunctionName', fn.functionName, { label: 'lookup-misses' }],
                ['enrich', 'LookupKeys', 'FunctionName', fn.functionName, { label: 'lookup-keys' }],
                ['enrich', 'CacheHits', 'FunctionName', fn.functionName, { label: 'cache-hits' }],
                ['enrich', 'LookupThrottles', 'FunctionName', fn.functionName, { label: 'lookup-throttles' }],
                ['enrich', 'StoreErrors', 'FunctionName', fn.functionName, { label: 'store-errors' }],
              ],
            },
          },
          {
            type: 'metric',
            x: 0,
            y: 9,
            width: 8,
            height: 6,
            properties: {
              title: 'Records in',
              region: stack.region,
              view: 'timeSeries',
              stat: 'Sum',
              period: 60,
              metrics: [
                ['AWS/Kinesis', 'IncomingRecords', 'StreamName', stream.streamName, { label: 'records put' }],
                [
                  'AWS/Kinesis',
                  'WriteProvisionedThroughputExceeded',
                  'StreamName',
                  stream.streamName,
                  { label: 'records refused: not enough shards' },
                ],
              ],
              yAxis: { left: { min: 0, label: 'a minute', showUnits: false } },
            },
          },
          {
            type: 'metric',
            x: 8,
            y: 9,
            width: 8,
            height: 6,
            properties: {
              title: 'Bytes',
              region: stack.region,
              view: 'timeSeries',
              stat: 'Sum',
              period: 60,
              metrics: [
                ['AWS/Kinesis', 'IncomingBytes', 'StreamName', stream.streamName, { label: 'bytes put' }],
                [
                  'AWS/S3',
                  'BytesUploaded',
                  'BucketName',
                  bucket.bucketName,
                  'FilterId',
                  'EntireBucket',
                  { label: 'bytes stored, compressed' },
                ],
              ],
              yAxis: { left: { min: 0, label: 'bytes a minute', showUnits: false } },
            },
          },
          {
            type: 'metric',
            x: 16,
            y: 9,
            width: 8,
            height: 6,
            properties: {
              title: 'How far readers are behind',
              region: stack.region,
              view: 'timeSeries',
              stat: 'Maximum',
              period: 60,
              metrics: [
                [
                  'AWS/Lambda',
                  'IteratorAge',
                  'FunctionName',
                  fn.functionName,
                  { label: 'how far the function is behind' },
                ],
                [
                  'AWS/Kinesis',
                  'GetRecords.IteratorAgeMilliseconds',
                  'StreamName',
                  stream.streamName,
                  { label: 'how far any reader is behind' },
                ],
              ],
              yAxis: { left: { min: 0, label: 'ms', showUnits: false } },
            },
          },
          {
            type: 'metric',
            x: 0,
            y: 15,
            width: 8,
            height: 6,
            properties: {
              title: 'Batches',
              region: stack.region,
              view: 'timeSeries',
              stat: 'Sum',
              period: 60,
              metrics: [
                ['AWS/Lambda', 'Invocations', 'FunctionName', fn.functionName, { label: 'batches' }],
                ['AWS/Lambda', 'Errors', 'FunctionName', fn.functionName, { label: 'batches that failed' }],
                ['AWS/Lambda', 'Throttles', 'FunctionName', fn.functionName, { label: 'batches that were throttled' }],
                [
                  'AWS/Lambda',
                  'DestinationDeliveryFailures',
                  'FunctionName',
                  fn.functionName,
                  { label: 'batches that were given up and not stored' },
                ],
              ],
              yAxis: { left: { min: 0, label: 'a minute', showUnits: false } },
            },
          },
          {
            type: 'metric',
            x: 8,
            y: 15,
            width: 8,
            height: 6,
            properties: {
              title: 'Time of a batch',
              region: stack.region,
              view: 'timeSeries',
              stat: 'Average',
              period: 60,
              metrics: [
                ['AWS/Lambda', 'Duration', 'FunctionName', fn.functionName, { label: 'time of a batch' }],
                [
                  'AWS/Lambda',
                  'Duration',
                  'FunctionName',
                  fn.functionName,
                  { label: 'time of the slowest hundredth', stat: 'p99' },
                ],
                [
                  'AWS/Lambda',
                  'Duration',
                  'FunctionName',
                  fn.functionName,
                  { label: 'time of the slowest', stat: 'Maximum' },
                ],
              ],
              yAxis: { left: { min: 0, label: 'ms', showUnits: false } },
            },
          },
          {
            type: 'metric',
            x: 16,
            y: 15,
            width: 8,
            height: 6,
            properties: {
              title: 'Batches at the same time',
              region: stack.region,
              view: 'timeSeries',
              stat: 'Maximum',
              period: 60,
              metrics: [
                [
                  'AWS/Lambda',
                  'ConcurrentExecutions',
                  'FunctionName',
                  fn.functionName,
                  { label: 'batches at the same time' },
                ],
              ],
              yAxis: { left: { min: 0, showUnits: false } },
            },
          },
          {
            type: 'metric',
            x: 0,
            y: 21,
            width: 8,
            height: 6,
            properties: {
              title: 'Records',
              region: stack.region,
              view: 'timeSeries',
              stat: 'Sum',
              period: 60,
              metrics: [
                ['enrich', 'RecordsEnriched', 'FunctionName', fn.functionName, { label: 'records stored enriched' }],
                [
                  'enrich',
                  'RecordsDeadLettered',
                  'FunctionName',
                  fn.functionName,
                  { label: 'records stored as dead letters' },
                ],
                ['enrich', 'LookupMisses', 'FunctionName', fn.functionName, { label: 'records without an item' }],
              ],
              yAxis: { left: { min: 0, label: 'a minute', showUnits: false } },
            },
          },
          {
            type: 'metric',
            x: 8,
            y: 21,
            width: 8,
            height: 6,
            properties: {
              title: 'Lookups',
              region: stack.region,
              view: 'timeSeries',
              stat: 'Sum',
              period: 60,
              metrics: [
                ['enrich', 'LookupKeys', 'FunctionName', fn.functionName, { label: 'keys of batches to be looked up' }],
                ['enrich', 'CacheHits', 'FunctionName', fn.functionName, { label: 'keys that needed no lookup' }],
                ['enrich', 'Lookups', 'FunctionName', fn.functionName, { label: 'requests to the lookup tables' }],
                [
                  'enrich',
                  'LookupThrottles',
                  'FunctionName',
                  fn.functionName,
                  { label: 'of them refused, wholly or in part' },
                ],
              ],
              yAxis: { left: { min: 0, label: 'a minute', showUnits: false } },
            },
          },
          {
            type: 'metric',
            x: 16,
            y: 21,
            width: 8,
            height: 6,
            properties: {
              title: 'Reads of the lookup tables',
              region: stack.region,
              view: 'timeSeries',
              stat: 'Sum',
              period: 60,
              metrics: [
                [
                  'AWS/DynamoDB',
                  'ConsumedReadCapacityUnits',
                  'TableName',
                  usersTable.tableName,
                  { label: 'read units of users' },
                ],
                [
                  'AWS/DynamoDB',
                  'ReadThrottleEvents',
                  'TableName',
                  usersTable.tableName,
                  { label: 'reads of users throttled' },
                ],
                [
                  'AWS/DynamoDB',
                  'ConsumedReadCapacityUnits',
                  'TableName',
                  shopTypesTable.tableName,
                  { label: 'read units of shop-types' },
                ],
                [
                  'AWS/DynamoDB',
                  'ReadThrottleEvents',
                  'TableName',
                  shopTypesTable.tableName,
                  { label: 'reads of shop-types throttled' },
                ],
              ],
              yAxis: { left: { min: 0, label: 'a minute', showUnits: false } },
            },
          },
          {
            type: 'metric',
            x: 0,
            y: 27,
            width: 8,
            height: 6,
            properties: {
              title: 'Time of a lookup',
              region: stack.region,
              view: 'timeSeries',
              stat: 'Average',
              period: 60,
              metrics: [
                [
                  'AWS/DynamoDB',
                  'SuccessfulRequestLatency',
                  'Operation',
                  'BatchGetItem',
                  'TableName',
                  usersTable.tableName,
                  { label: 'time of a lookup in users' },
                ],
                [
                  'AWS/DynamoDB',
                  'SuccessfulRequestLatency',
                  'Operation',
                  'BatchGetItem',
                  'TableName',
                  shopTypesTable.tableName,
                  { label: 'time of a lookup in shop-types' },
                ],
              ],
              yAxis: { left: { min: 0, label: 'ms', showUnits: false } },
            },
          },
          {
            type: 'metric',
            x: 8,
            y: 27,
            width: 8,
            height: 6,
            properties: {
              title: 'Objects',
              region: stack.region,
              view: 'timeSeries',
              stat: 'Sum',
              period: 60,
              metrics: [
                [
                  'enrich',
                  'StoreErrors',
                  'FunctionName',
                  fn.functionName,
                  { label: 'objects that could not be stored' },
                ],
                [
                  'AWS/S3',
                  'PutRequests',
                  'BucketName',
                  bucket.bucketName,
                  'FilterId',
                  'EntireBucket',
                  { label: 'objects stored' },
                ],
                [
                  'AWS/S3',
                  '4xxErrors',
                  'BucketName',
                  bucket.bucketName,
                  'FilterId',
                  'EntireBucket',
                  { label: 'requests to the bucket refused' },
                ],
                [
                  'AWS/S3',
                  '5xxErrors',
                  'BucketName',
                  bucket.bucketName,
                  'FilterId',
                  'EntireBucket',
                  { label: 'requests to the bucket that failed' },
                ],
              ],
              yAxis: { left: { min: 0, label: 'a minute', showUnits: false } },
            },
          },
        ],
      }),
    });
  }
}
