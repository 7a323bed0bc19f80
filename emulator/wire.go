package emulator

import (
	"context"
	"errors"
	"net/http"

	"github.com/go-json-experiment/json"
)

// services are the AWS services of one server.
type services struct {
	iam        *iamService
	sts        *stsService
	dynamodb   *dynamoService
	kinesis    *kinesisService
	lambda     *lambdaService
	s3         *s3Service
	logs       *logsService
	cloudwatch *cloudWatchService
	sns        *snsService
	sqs        *sqsService
	tagging    *taggingService
}

// wire makes the services and says how each is reached.
func (s *Server) wire() {
	o := s.options
	s.faults = &faultInjector{clock: o.Clock}
	s.readiness = &readiness{clock: o.Clock}
	s.iam = newIAM(o)
	s.iam.readiness = s.readiness
	s.sts = newSTS(o, s.iam)
	s.cloudwatch = newCloudWatch(o)
	s.cloudwatch.readiness = s.readiness
	s.sqs = newSQS(o, s.Endpoint(), s.cloudwatch)
	s.sqs.readiness = s.readiness
	s.sns = newSNS(o, s.Endpoint(), s.sqs, s.cloudwatch)
	s.sns.readiness = s.readiness
	s.cloudwatch.topics = s.sns
	s.logs = newLogs(o, s.cloudwatch)
	s.logs.readiness = s.readiness
	s.dynamodb = newDynamoDB(o, s.cloudwatch)
	s.dynamodb.faults, s.dynamodb.readiness = s.faults, s.readiness
	s.kinesis = newKinesis(o, s.cloudwatch)
	s.kinesis.faults, s.kinesis.readiness = s.faults, s.readiness
	s.s3 = newS3(o, s.cloudwatch, s.iam)
	s.s3.unsupported = func(ctx context.Context, operation, member string) {
		if member == "" {
			s.notServed(callerOf(ctx), "s3", operation)
			return
		}
		s.notHeeded(callerOf(ctx), "s3", operation, member)
	}
	s.s3.faults, s.s3.readiness = s.faults, s.readiness
	s.lambda = newLambda(o, s.Endpoint(), lambdaSeams{
		kinesis: s.kinesis, roles: s.iam, logs: s.logs, objects: s.s3, queues: s.sqs, topics: s.sns, metrics: s.cloudwatch, faults: s.faults, readiness: s.readiness,
	})
	s.faults.function = s.lambda.environmentOf
	s.tagging = newTagging(s.dynamodb, s.kinesis, s.lambda, s.s3, s.logs, s.cloudwatch, s.sns, s.sqs)
	s.rest = s.lambda
	s.targets = s.jsonServices()
	s.queries = s.queryServices()
	s.rpc = map[string]jsonService{
		"GraniteServiceVersion20100801": s.targets["GraniteServiceVersion20100801"],
	}
	s.limits = modelLimits()
	s.enums = newEnumIndex(s.iam, s.sts, s.dynamodb, s.kinesis, s.lambda, s.logs, s.cloudwatch, s.sns, s.sqs, s.tagging)
}

// jsonServices are the services that X-Amz-Target names.
func (s *Server) jsonServices() map[string]jsonService {
	return map[string]jsonService{
		"DynamoDB_20120810": {
			name: "dynamodb", version: "1.0", namespace: "com.amazonaws.dynamodb.v20120810#", checksum: true,
			operations: s.dynamodb.operations(),
		},
		"Kinesis_20131202": {name: "kinesis", version: "1.1", hostIDs: true, operations: s.kinesis.operations()},
		"Logs_20140328": {
			name: "logs", version: "1.1", invalid: "InvalidParameterException",
			decoding: []json.Options{lowerNames}, operations: s.logs.operations(),
		},
		"ResourceGroupsTaggingAPI_20170126": {
			name: "tagging", version: "1.1", invalid: "InvalidParameterException", operations: s.tagging.operations(),
		},
		"AmazonSQS": {
			name: "sqs", version: "1.0", namespace: "com.amazonaws.sqs#", queryErrors: true, invalid: "InvalidAttributeName",
			decoding:   []json.Options{lowerNames}, // of CreateQueue's members, tags alone is in lower case
			operations: s.sqs.operations(),
		},
		"GraniteServiceVersion20100801": {
			name: "monitoring", version: "1.0", queryErrors: true, operations: s.cloudwatch.operations(),
		},
	}
}

// queryServices are the services of the query protocol, by their signing names.
func (s *Server) queryServices() map[string]queryService {
	return map[string]queryService{
		"iam": {
			name: "iam", version: "2010-05-08", namespace: "https://iam.amazonaws.com/doc/2010-05-08/",
			operations: s.iam.operations(),
		},
		"sts": {
			name: "sts", version: "2011-06-15", namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
			operations: s.sts.operations(),
		},
		"sns": {
			name: "sns", version: snsVersion, namespace: "http://sns.amazonaws.com/doc/2010-03-31/",
			operations: s.sns.operations(),
		},
		"monitoring": {
			name: "monitoring", version: "2010-08-01", namespace: "http://monitoring.amazonaws.com/doc/2010-08-01/",
			operations: s.cloudwatch.operations(),
		},
	}
}

// halt ends what the services run by themselves: mappings, functions, the watch
// over alarms, and calls that wait for messages.
func (s *services) halt(ctx context.Context) error {
	s.sqs.close()
	return errors.Join(s.lambda.close(ctx), s.cloudwatch.close(ctx))
}

func (s *Server) serveS3(w http.ResponseWriter, r *http.Request) { s.s3.ServeHTTP(w, r) }
