package export

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"enrich/pipeline"
)

func moduleRole(s *moduleScope) ([]resource, error) {
	d := s.Settings.(pipeline.ExecutionRole)
	trust, err := s.policy(s.Trust, s.text)
	if err != nil {
		return nil, err
	}
	policy, err := s.policy(s.Policy, s.text)
	if err != nil {
		return nil, err
	}
	role := s.resource(groupWork, "", object("name", s.named(), "description", s.text(d.Description),
		"assume_role_policy", encoded(trust), "tags", s.tags(d.Tags)))
	return []resource{role, s.further(typeRolePolicy, reasonRole, role,
		object("name", literal(pipeline.PolicyName), "role", s.beside(s.Name), "policy", encoded(policy)))}, nil
}

// moduleArchive is the function's code, beside the files.
const moduleArchive Variable = "archive"

func moduleFunction(s *moduleScope) ([]resource, error) {
	d := s.Settings.(pipeline.Function)
	variables := &Map{}
	for _, name := range slices.Sorted(maps.Keys(d.Environment)) {
		v, err := s.setting(d.Environment[name])
		if err != nil {
			return nil, err
		}
		variables.put(name, v)
	}
	properties := object("function_name", s.named(),
		"role", s.text(d.Role),
		"runtime", literal(d.Runtime),
		"architectures", List{literal(d.Architecture)},
		"handler", literal(d.Handler),
		"filename", moduleArchive,
		"source_code_hash", object("filebase64sha256"+callMark, moduleArchive),
		"memory_size", s.number(d.Memory),
		"timeout", s.number(d.Timeout),
		"tags", s.tags(d.Tags),
		block("environment"), object("variables", variables))
	properties.explain(block("logging_config"), object(
		"log_group", s.text(d.Logging.Group),
		"log_format", literal(d.Logging.Format),
		"application_log_level", literal(d.Logging.ApplicationLevel),
		"system_log_level", literal(d.Logging.SystemLevel),
	), reasonLogging)
	properties.explain(block("lifecycle"), moduleLetsGo(), "A lookup's table that goes is deleted after the function has let go of it.")
	return []resource{s.resource(groupWork, "", properties)}, nil
}

// moduleLetsGo has Terraform delete what a resource no longer refers to after it has
// changed the resource, which it would do before: to create before one destroys is handed
// down to what is referred to.
func moduleLetsGo() *Map { return object("create_before_destroy", true) }

// setting is an environment variable of the function; one that has JSON is written as a
// list or an object.
func (s *moduleScope) setting(of string) (value, error) {
	if !strings.HasPrefix(of, "[") && !strings.HasPrefix(of, "{") || !json.Valid([]byte(of)) {
		return s.text(of), nil
	}
	v, err := document(json.RawMessage(of), s.text, s.number)
	return encoded(v), err
}

func moduleMapping(s *moduleScope) ([]resource, error) {
	d := s.Settings.(pipeline.EventSourceMapping)
	properties := object("event_source_arn", s.text(s.Source),
		"function_name", s.text(s.Target),
		"enabled", d.Enabled)
	properties.explain("starting_position", literal(d.StartingPosition), reasonStart)
	properties.put("batch_size", d.BatchSize)
	properties.put("maximum_batching_window_in_seconds", d.BatchingWindow)
	properties.put("parallelization_factor", d.ParallelizationFactor)
	properties.explain("maximum_retry_attempts", d.MaximumRetryAttempts, reasonRetries)
	properties.put("maximum_record_age_in_seconds", d.MaximumRecordAge)
	properties.explain("bisect_batch_on_function_error", d.BisectOnError, reasonBisect)
	properties.put("function_response_types", s.words(d.ResponseTypes))
	properties.put("tags", s.tags(d.Tags))
	properties.explain(block("destination_config"), object(block("on_failure"), object("destination_arn", s.text(d.OnFailure))), reasonOnFailure)
	properties.put(block("metrics_config"), object("metrics", s.words(d.Metrics)))
	return []resource{s.resource(groupWork, reasonMapping, properties)}, nil
}
