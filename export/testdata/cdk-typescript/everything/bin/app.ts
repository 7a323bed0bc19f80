import { App } from 'aws-cdk-lib';
import { OnlineRetailStack } from '../lib/online-retail-stack';
import { parametersOf } from '../lib/parameters';

const app = new App();
const parameters = parametersOf(app.node);
const { environment } = parameters;
new OnlineRetailStack(app, 'OnlineRetail', {
  stackName: `online-retail-${environment}`,
  description: 'Events of online-retail: Kinesis to Lambda, enriched from DynamoDB, stored in S3',
  parameters,
});
