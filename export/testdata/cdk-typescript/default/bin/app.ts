import { App } from 'aws-cdk-lib';
import { DataEnrichmentStack } from '../lib/data-enrichment-stack';
import { parametersOf } from '../lib/parameters';

const app = new App();
const parameters = parametersOf(app.node);
const { environment } = parameters;
new DataEnrichmentStack(app, 'DataEnrichment', {
  stackName: `data-enrichment-${environment}`,
  description: 'Events of data-enrichment: Kinesis to Lambda, enriched from DynamoDB, stored in S3',
  parameters,
});
