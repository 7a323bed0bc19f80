import { CfnOutput, Duration, RemovalPolicy, Stack, StackProps, Tags } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as eventSources from 'aws-cdk-lib/aws-lambda-event-sources';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kinesis from 'aws-cdk-lib/aws-kinesis';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { Alarms } from './alarms';
import { Dashboard } from './dashboard';
import { Parameters } from './parameters';
import { settingsOf } from './settings';

export interface DataEnrichmentStackProps extends StackProps {
  readonly parameters: Parameters;
}

/** Events of data-enrichment: Kinesis to Lambda, enriched from DynamoDB, stored in S3. */
export class DataEnrichmentStack extends Stack {
  constructor(scope: Construct, id: string, props: DataEnrichmentStackProps) {
    super(scope, id, props);
    const { environment, streamShardCount, lambdaMemorySize, lambdaTimeout } = props.parameters;
    const settings = settingsOf[environment];

    Tags.of(this).add('enrich:environment', environment);
    Tags.of(this).add('enrich:pipeline', 'data-enrichment');
    Tags.of(this).add('managed-by', 'cdk-typescript');

    // Events come in
    // --------------

    const stream = new kinesis.Stream(this, 'Stream', {
      streamName: `data-enrichment-${environment}-stream`,
      streamMode: kinesis.StreamMode.PROVISIONED,
      shardCount: streamShardCount,
      retentionPeriod: Duration.hours(24),
      // By a key that AWS manages: nothing to pay for, and nobody needs to be granted it.
      encryption: kinesis.StreamEncryption.MANAGED,
      removalPolicy: RemovalPolicy.DESTROY,
    });

    // What events are enriched with
    // -----------------------------

    const usersTable = new dynamodb.Table(this, 'UsersTable', {
      tableName: `data-enrichment-${environment}-users`,
      partitionKey: { name: 'user_id', type: dynamodb.AttributeType.STRING },
      billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
      // By a key that AWS manages, whose use CloudTrail shows.
      encryption: dynamodb.TableEncryption.AWS_MANAGED,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: settings.pointInTimeRecoveryEnabled },
      deletionProtection: settings.deletionProtection,
      removalPolicy: RemovalPolicy.DESTROY,
    });

    // Enriched events go out, and what could not be enriched
    // ------------------------------------------------------

    const bucket = new s3.Bucket(this, 'Bucket', {
      bucketName: `data-enrichment-${environment}-${this.account}-${this.region}`,
      // A batch that is written again replaces its objects; what they were is kept for a while.
      versioned: true,
      encryption: s3.BucketEncryption.S3_MANAGED,
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
      lifecycleRules: [
        { id: 'abort-unfinished-uploads', enabled: true, abortIncompleteMultipartUploadAfter: Duration.days(7) },
        {
          id: 'expire-old-versions',
          enabled: true,
          noncurrentVersionExpiration: Duration.days(30),
          expiredObjectDeleteMarker: true,
        },
      ],
      // Without request metrics the alarm about S3 would have nothing to watch.
      metrics: [{ id: 'EntireBucket' }],
      removalPolicy: RemovalPolicy.DESTROY,
    });
    bucket.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: 'RefuseWithoutTLS',
        effect: iam.Effect.DENY,
        principals: [new iam.StarPrincipal()],
        actions: ['s3:*'],
        resources: [bucket.bucketArn, bucket.arnForObjects('*')],
        conditions: { Bool: { 'aws:SecureTransport': 'false' } },
      }),
    );

    // The function that enriches, and what it may do
    // ----------------------------------------------

    // Made here and not by Lambda, so that it has a retention and goes when the pipeline goes.
    const logGroup = new logs.LogGroup(this, 'LogGroup', {
      logGroupName: `/aws/lambda/data-enrichment-${environment}-function`,
      retention: logs.RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });

    // All that the function may do, on exactly these resources. It may not create its log group,
    // or it would bring the group back after the pipeline has gone.
    const role = new iam.Role(this, 'FunctionRole', {
      roleName: `data-enrichment-${environment}-${this.region}-role`,
      description: `Enrichment function of data-enrichment-${environment}`,
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
      inlinePolicies: {
        pipeline: new iam.PolicyDocument({
          statements: [
            new iam.PolicyStatement({
              sid: 'ReadStream',
              actions: [
                'kinesis:DescribeStream',
                'kinesis:DescribeStreamSummary',
                'kinesis:GetRecords',
                'kinesis:GetShardIterator',
                'kinesis:ListShards',
              ],
              resources: [stream.streamArn],
            }),
            new iam.PolicyStatement({
              sid: 'ReadLookupTables',
              actions: ['dynamodb:BatchGetItem'],
              resources: [usersTable.tableArn],
            }),
            new iam.PolicyStatement({
              sid: 'WriteObjects',
              actions: ['s3:PutObject'],
              resources: [
                bucket.arnForObjects('enriched-data/*'),
                bucket.arnForObjects('dead-letter/*'),
                bucket.arnForObjects('aws/lambda/*'),
              ],
            }),
            new iam.PolicyStatement({ sid: 'CheckBucket', actions: ['s3:ListBucket'], resources: [bucket.bucketArn] }),
            new iam.PolicyStatement({
              sid: 'WriteLogs',
              actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
              resources: [logGroup.logGroupArn],
            }),
          ],
        }),
      },
    });
    // The statement's name, which the construct has no property for.
    (role.node.defaultChild as iam.CfnRole).addPropertyOverride('AssumeRolePolicyDocument.Statement.0.Sid', 'Lambda');

    const fn = new lambda.Function(this, 'Function', {
      functionName: `data-enrichment-${environment}-function`,
      runtime: lambda.Runtime.PROVIDED_AL2023,
      architecture: lambda.Architecture.ARM_64,
      handler: 'bootstrap',
      code: lambda.Code.fromAsset('function.zip'),
      memorySize: lambdaMemorySize,
      timeout: Duration.seconds(lambdaTimeout),
      // Without what CDK would grant by itself, which is more than the function needs.
      role: role.withoutPolicyUpdates(),
      environment: { BUCKET_NAME: bucket.bucketName, LOG_LEVEL: 'info', TABLE_NAME: usersTable.tableName },
      logGroup,
      // Each batch's line of level INFO holds the metrics: do not raise the application's level.
      loggingFormat: lambda.LoggingFormat.JSON,
      applicationLogLevelV2: lambda.ApplicationLogLevel.INFO,
      systemLogLevelV2: lambda.SystemLogLevel.INFO,
    });

    // From here on records flow.
    const mapping = new eventSources.KinesisEventSource(stream, {
      enabled: true,
      // LATEST would miss what comes in before the mapping has begun to read.
      startingPosition: lambda.StartingPosition.TRIM_HORIZON,
      batchSize: 1000,
      maxBatchingWindow: Duration.seconds(settings.maxBatchingWindow),
      parallelizationFactor: 1,
      // -1 is no limit: the age of a record ends its retries.
      retryAttempts: -1,
      maxRecordAge: Duration.hours(12),
      // A failing batch is halved until only what fails is left; the rest is reported by sequence number.
      bisectBatchOnError: true,
      reportBatchItemFailures: true,
      // What is given up is stored under aws/lambda/.
      onFailure: new eventSources.S3OnFailureDestination(bucket),
      metricsConfig: { metrics: [lambda.MetricType.EVENT_COUNT] },
    });
    fn.addEventSource(mapping);

    // Who is told, and of what
    const alarms = new Alarms(this, 'Alarms', {
      parameters: props.parameters,
      stream,
      usersTable,
      bucket,
      fn,
      mapping,
    });

    // The pipeline on one page
    new Dashboard(this, 'Dashboard', {
      parameters: props.parameters,
      stream,
      usersTable,
      bucket,
      fn,
      alarms: alarms.all,
    });

    new CfnOutput(this, 'StreamName', { description: 'Data stream that takes the events', value: stream.streamName });
    new CfnOutput(this, 'FunctionName', { description: 'Function that enriches them', value: fn.functionName });
    new CfnOutput(this, 'BucketName', {
      description: 'Bucket that has the enriched events, dead-letter/ and aws/lambda/',
      value: bucket.bucketName,
    });
    new CfnOutput(this, 'TableName', { description: 'Lookup table users', value: usersTable.tableName });
  }
}
