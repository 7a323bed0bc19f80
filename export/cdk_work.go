package export

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"enrich/pipeline"
)

// Why the role is as it is.
const (
	reasonCDKRole  = "Without what CDK would grant by itself, which is more than the function needs."
	reasonCDKTrust = "The statement's name, which the construct has no property for."
)

func cdkRole(s *cdkScope) (cdkForm, error) {
	d := s.Settings.(pipeline.ExecutionRole)
	statements, err := s.statements(s.Policy)
	if err != nil {
		return cdkForm{}, err
	}
	service, sid, err := assumedBy(s.Trust)
	if err != nil {
		return cdkForm{}, err
	}
	named := method(cdkResourceOf{s.Key, "iam.CfnRole"}, "addPropertyOverride", literal("AssumeRolePolicyDocument.Statement.0.Sid"), sid)
	return cdkForm{Group: groupWork, Comment: reasonRole, Tags: d.Tags, AfterComment: reasonCDKTrust, After: []*cdkCall{named}, New: s.construct("iam.Role",
		"roleName", s.named(),
		"description", s.text(d.Description),
		"assumedBy", made("iam.ServicePrincipal", List{literal(service)}),
		"inlinePolicies", object(pipeline.PolicyName, made("iam.PolicyDocument", nil, "statements", statements)))}, nil
}

// assumedBy is the service that a trust policy lets assume the role, and the name of the
// statement, if that is all that it says.
func assumedBy(p pipeline.Policy) (service string, sid value, err error) {
	if p.Version != pipeline.PolicyVersion || p.ID != "" || len(p.Statements) != 1 {
		return "", nil, errors.New("a trust policy that is not one statement")
	}
	whole, err := document(p.Statements[0], literal, func(n int) value { return n })
	if err != nil {
		return "", nil, err
	}
	for _, e := range whole.(*Map).Entries {
		switch is, _ := e.Value.(Text); {
		case e.Key == "Sid":
			sid = is
		case e.Key == "Effect" && says(is, "Allow"), e.Key == "Action" && says(is, "sts:AssumeRole"):
		case e.Key == "Principal":
			who, _ := e.Value.(*Map)
			name, ok := who.get("Service")
			one, single := name.Value.(Text)
			if !ok || !single || len(who.Entries) != 1 {
				return "", nil, errors.New("a trust policy for something else than a service")
			}
			service, _ = one.whole()
		default:
			return "", nil, fmt.Errorf("a trust policy with %s", e.Key)
		}
	}
	if sid == nil || service == "" {
		return "", nil, errors.New("a trust policy without a name or a service")
	}
	return service, sid, nil
}

func says(t Text, s string) bool {
	is, ok := t.whole()
	return ok && is == s
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
	role, err := s.other("execution role", d.Role)
	if err != nil {
		return cdkForm{}, err
	}
	group, err := s.other("log group", d.Logging.Group)
	if err != nil {
		return cdkForm{}, err
	}
	architecture, ok := map[string]cdkMember{"arm64": "lambda.Architecture.ARM_64", "x86_64": "lambda.Architecture.X86_64"}[d.Architecture]
	if !ok || d.Runtime != "provided.al2023" || d.Logging.Format != "JSON" {
		return cdkForm{}, fmt.Errorf("a runtime %s on %s that logs %s", d.Runtime, d.Architecture, d.Logging.Format)
	}
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
	stream, err := s.other("data stream", s.Source)
	if err != nil {
		return cdkForm{}, err
	}
	fn, err := s.other("function", s.Target)
	if err != nil {
		return cdkForm{}, err
	}
	bucket, err := s.other("delivery bucket", d.OnFailure)
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
