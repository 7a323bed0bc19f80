package export

import (
	"maps"
	"slices"

	"enrich/pipeline"
)

func stackRole(s *stackScope) ([]resource, error) {
	d := s.Settings.(pipeline.ExecutionRole)
	trust, err := s.policy(s.Trust, s.text)
	if err != nil {
		return nil, err
	}
	policy, err := s.policy(s.Policy, s.text)
	if err != nil {
		return nil, err
	}
	properties := object("RoleName", s.named(), "Description", s.text(d.Description), "AssumeRolePolicyDocument", trust)
	properties.put("Policies", List{object("PolicyName", literal(pipeline.PolicyName), "PolicyDocument", policy)})
	properties.put("Tags", s.tags(d.Tags))
	return []resource{s.resource("AWS::IAM::Role", groupWork,
		reasonRole, properties)}, nil
}

func stackFunction(s *stackScope) ([]resource, error) {
	d := s.Settings.(pipeline.Function)
	variables := &Map{}
	for _, name := range slices.Sorted(maps.Keys(d.Environment)) {
		variables.put(name, s.text(d.Environment[name]))
	}
	properties := object("FunctionName", s.named(),
		"Runtime", literal(d.Runtime),
		"Architectures", List{literal(d.Architecture)},
		"Handler", literal(d.Handler),
		"Code", object("S3Bucket", codeBucket, "S3Key", codeKey),
		"MemorySize", s.number(d.Memory),
		"Timeout", s.number(d.Timeout),
		"Role", s.text(d.Role),
		"Environment", object("Variables", variables))
	properties.explain("LoggingConfig", object(
		"LogGroup", s.text(d.Logging.Group),
		"LogFormat", literal(d.Logging.Format),
		"ApplicationLogLevel", literal(d.Logging.ApplicationLevel),
		"SystemLogLevel", literal(d.Logging.SystemLevel),
	), reasonLogging)
	properties.put("Tags", s.tags(d.Tags))
	return []resource{s.resource("AWS::Lambda::Function", groupWork, "", properties)}, nil
}

func stackMapping(s *stackScope) ([]resource, error) {
	d := s.Settings.(pipeline.EventSourceMapping)
	properties := object("EventSourceArn", s.text(s.Source),
		"FunctionName", s.text(s.Target),
		"Enabled", d.Enabled)
	properties.explain("StartingPosition", literal(d.StartingPosition), reasonStart)
	properties.put("BatchSize", d.BatchSize)
	properties.put("MaximumBatchingWindowInSeconds", d.BatchingWindow)
	properties.put("ParallelizationFactor", d.ParallelizationFactor)
	properties.explain("MaximumRetryAttempts", d.MaximumRetryAttempts, reasonRetries)
	properties.put("MaximumRecordAgeInSeconds", d.MaximumRecordAge)
	properties.explain("BisectBatchOnFunctionError", d.BisectOnError, reasonBisect)
	properties.put("FunctionResponseTypes", s.words(d.ResponseTypes))
	properties.explain("DestinationConfig", object("OnFailure", object("Destination", s.text(d.OnFailure))), reasonOnFailure)
	properties.put("MetricsConfig", object("Metrics", s.words(d.Metrics)))
	properties.put("Tags", s.tags(d.Tags))
	return []resource{s.resource("AWS::Lambda::EventSourceMapping", groupWork, reasonMapping, properties)}, nil
}
