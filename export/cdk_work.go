package export

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"enrich/pipeline"
)

// Why the function and its events are connected as they are.
const (
	reasonCDKRole = "Without what CDK would grant by itself, which is more than the function needs."
)

func cdkRole(s *cdkScope) (cdkForm, error) {
	d := s.Settings.(pipeline.ExecutionRole)
	statements, err := s.statements(s.Policy)
	if err != nil {
		return cdkForm{}, err
	}
	service, err := assumedBy(s.Trust)
	if err != nil {
		return cdkForm{}, err
	}
	return cdkForm{Group: groupWork, Comment: reasonRole, Tags: d.Tags, New: s.construct("iam.Role",
		"roleName", s.named(),
		"description", s.text(d.Description),
		"assumedBy", made("iam.ServicePrincipal", List{literal(service)}),
		"inlinePolicies", object(pipeline.PolicyName, made("iam.PolicyDocument", nil, "statements", statements)))}, nil
}

// assumedBy is the service that a trust policy lets assume the role, if that is all
// that it says.
func assumedBy(p pipeline.Policy) (string, error) {
	whole, err := document(p, literal, func(n int) value { return n })
	if err != nil {
		return "", err
	}
	list, _ := whole.(*Map).get("Statement")
	statements := list.Value.(List)
	if len(statements) != 1 {
		return "", errors.New("a trust policy of several statements")
	}
	for _, e := range statements[0].(*Map).Entries {
		if e.Key == "Condition" {
			return "", errors.New("a trust policy with a condition")
		}
	}
	principal, _ := statements[0].(*Map).get("Principal")
	service, ok := principal.Value.(*Map).get("Service")
	if !ok {
		return "", errors.New("a trust policy for something else than a service")
	}
	name, _ := service.Value.(Text).whole()
	return name, nil
}

func cdkFunction(s *cdkScope) (cdkForm, error) {
	d := s.Settings.(pipeline.Function)
	variables := &Map{}
	for _, name := range slices.Sorted(maps.Keys(d.Environment)) {
		v, err := s.json(d.Environment[name])
		if err != nil {
			return cdkForm{}, err
		}
		variables.put(name, v)
	}
	role, err := s.other(d.Role)
	if err != nil {
		return cdkForm{}, err
	}
	group, err := s.other(d.Logging.Group)
	if err != nil {
		return cdkForm{}, err
	}
	if d.Runtime != "provided.al2023" || d.Logging.Format != "JSON" {
		return cdkForm{}, fmt.Errorf("a runtime %s that logs %s", d.Runtime, d.Logging.Format)
	}
	architecture := map[string]cdkMember{"arm64": "lambda.Architecture.ARM_64", "x86_64": "lambda.Architecture.X86_64"}[d.Architecture]
	fn := s.construct("lambda.Function",
		"functionName", s.named(),
		"runtime", cdkMember("lambda.Runtime.PROVIDED_AL2023"),
		"architecture", architecture,
		"handler", literal(d.Handler),
		"code", static("lambda.Code.fromAsset", cdkArchive{}),
		"memorySize", s.number(d.Memory),
		"timeout", static("Duration.seconds", s.number(d.Timeout)))
	fn.Props.explain("role", method(role, "withoutPolicyUpdates"), reasonCDKRole)
	fn.Props.put("environment", variables)
	fn.Props.put("logGroup", group)
	fn.Props.explain("loggingFormat", cdkMember("lambda.LoggingFormat.JSON"), reasonLogging)
	fn.Props.put("applicationLogLevelV2", cdkMember("lambda.ApplicationLogLevel."+strings.ToUpper(d.Logging.ApplicationLevel)))
	fn.Props.put("systemLogLevelV2", cdkMember("lambda.SystemLogLevel."+strings.ToUpper(d.Logging.SystemLevel)))
	return cdkForm{Group: groupWork, New: fn, Tags: d.Tags}, nil
}

// cdkArchive is the path of the function's archive.
type cdkArchive struct{}

func cdkMapping(s *cdkScope) (cdkForm, error) {
	d := s.Settings.(pipeline.EventSourceMapping)
	stream, err := s.other(s.Source)
	if err != nil {
		return cdkForm{}, err
	}
	fn, err := s.other(s.Target)
	if err != nil {
		return cdkForm{}, err
	}
	bucket, err := s.other(d.OnFailure)
	if err != nil {
		return cdkForm{}, err
	}
	source := made("eventSources.KinesisEventSource", List{stream}, "enabled", d.Enabled)
	source.Props.explain("startingPosition", cdkMember("lambda.StartingPosition."+d.StartingPosition), reasonStart)
	source.Props.put("batchSize", d.BatchSize)
	source.Props.put("maxBatchingWindow", static("Duration.seconds", d.BatchingWindow))
	source.Props.put("parallelizationFactor", d.ParallelizationFactor)
	source.Props.explain("retryAttempts", d.MaximumRetryAttempts, reasonRetries)
	if d.MaximumRecordAge > 0 {
		source.Props.put("maxRecordAge", seconds(d.MaximumRecordAge))
	}
	source.Props.explain("bisectBatchOnError", d.BisectOnError, reasonBisect)
	if !slices.Equal(d.ResponseTypes, []string{"ReportBatchItemFailures"}) {
		return cdkForm{}, fmt.Errorf("the response types %s", d.ResponseTypes)
	}
	source.Props.put("reportBatchItemFailures", true)
	source.Props.explain("onFailure", made("eventSources.S3OnFailureDestination", List{bucket}), reasonOnFailure)
	var metrics List
	for _, metric := range d.Metrics {
		metrics = append(metrics, constant("lambda.MetricType", metric))
	}
	source.Props.put("metricsConfig", structure("lambda.MetricsConfig", "metrics", metrics))
	return cdkForm{
		Group: groupWork, Comment: reasonMapping, New: source, Tags: d.Tags,
		After: []*cdkCall{method(fn, "addEventSource", cdkConstruct{s.Key})},
	}, nil
}

// seconds in the largest unit that has a whole number of them.
func seconds(n int) value {
	switch {
	case n%86400 == 0:
		return static("Duration.days", n/86400)
	case n%3600 == 0:
		return static("Duration.hours", n/3600)
	case n%60 == 0:
		return static("Duration.minutes", n/60)
	}
	return static("Duration.seconds", n)
}
