package export

import (
	"maps"
	"slices"
	"strings"

	"enrich/pipeline"
)

func scriptRole(s *scope) (scriptResource, error) {
	d := s.Settings.(pipeline.ExecutionRole)
	trust, err := s.policy(s.Trust, s.text)
	if err != nil {
		return scriptResource{}, err
	}
	policy, err := s.policy(s.Policy, s.text)
	if err != nil {
		return scriptResource{}, err
	}
	settings := object("description", s.text(d.Description), "trust", trust)
	settings.explain("policy", policy, reasonRole)
	return scriptResource{Word: "role", Group: groupWork, Settings: settings}, nil
}

// capacityModes are AWS's words for whether somebody decides on a capacity.
func capacityMode(mode, provisioned, onDemand string) Text {
	if mode == "on-demand" {
		return literal(onDemand)
	}
	return literal(provisioned)
}

func scriptStream(s *scope) (scriptResource, error) {
	d := s.Settings.(pipeline.DataStream)
	settings := object("mode", capacityMode(d.Mode, "PROVISIONED", "ON_DEMAND"))
	if d.Mode != "on-demand" {
		settings.put("shards", s.number(d.Shards))
	}
	settings.put("retention_hours", d.RetentionHours)
	settings.explain("key", literal(d.Encryption), reasonStreamKey)
	settings.put("shard_metrics", literal(strings.Join(d.ShardMetrics, " ")))
	return scriptResource{Word: "stream", Group: groupIn, Settings: settings}, nil
}

func scriptTable(s *scope) (scriptResource, error) {
	d := s.Settings.(pipeline.LookupTable)
	settings := object("schema", object(
		"AttributeDefinitions", List{object("AttributeName", literal(d.Key), "AttributeType", literal(d.KeyType))},
		"KeySchema", List{object("AttributeName", literal(d.Key), "KeyType", literal("HASH"))}))
	settings.put("billing", capacityMode(d.Mode, "PROVISIONED", "PAY_PER_REQUEST"))
	if d.Mode != "on-demand" {
		settings.put("read_units", d.Read)
		settings.put("write_units", d.Write)
	}
	settings.put("point_in_time_recovery", d.PointInTimeRecovery)
	settings.put("deletion_protection", d.DeletionProtection)
	return scriptResource{Word: "table", Group: groupLookup, Several: true, Settings: settings}, nil
}

func scriptBucket(s *scope) (scriptResource, error) {
	d := s.Settings.(pipeline.DeliveryBucket)
	versioning := "Suspended"
	if d.Versioned {
		versioning = "Enabled"
	}
	settings := &Map{}
	settings.explain("versioning", literal(versioning), reasonVersions)
	settings.put("encryption", literal(d.Encryption))
	settings.put("ownership", literal(d.Ownership))
	settings.put("public_access_blocked", d.PublicAccessBlocked)
	for _, id := range d.RequestMetrics {
		settings.explain("request_metrics", literal(id), reasonRequestMetrics)
	}
	var rules List
	for _, id := range slices.Sorted(maps.Keys(d.Lifecycle)) {
		rules = append(rules, bucketRule(id, d.Lifecycle[id]))
	}
	settings.put("lifecycle", object("Rules", rules))
	policy, err := s.policy(s.Policy, s.beside)
	if err != nil {
		return scriptResource{}, err
	}
	settings.put("policy", policy)
	return scriptResource{Word: "bucket", Group: groupOut, Settings: settings}, nil
}

func bucketRule(id string, r pipeline.LifecycleRule) *Map {
	status := "Disabled"
	if r.Enabled {
		status = "Enabled"
	}
	rule := object("ID", literal(id), "Status", literal(status), "Filter", object("Prefix", literal(r.Prefix)))
	if r.AbortUploadsDays > 0 {
		rule.put("AbortIncompleteMultipartUpload", object("DaysAfterInitiation", r.AbortUploadsDays))
	}
	if r.NoncurrentDays > 0 {
		rule.put("NoncurrentVersionExpiration", object("NoncurrentDays", r.NoncurrentDays))
	}
	if r.ExpireDeleteMarkers {
		rule.put("Expiration", object("ExpiredObjectDeleteMarker", true))
	}
	return rule
}

func scriptLogGroup(s *scope) (scriptResource, error) {
	d := s.Settings.(pipeline.LogGroup)
	settings := &Map{}
	settings.explain("retention_days", d.RetentionDays, reasonLogGroup)
	return scriptResource{Word: "log_group", Group: groupWork, Settings: settings}, nil
}

func scriptFunction(s *scope) (scriptResource, error) {
	d := s.Settings.(pipeline.Function)
	variables := &Map{}
	for _, name := range slices.Sorted(maps.Keys(d.Environment)) {
		variables.put(name, s.text(d.Environment[name]))
	}
	settings := object(
		"architecture", literal(d.Architecture),
		"sha256", literal(d.CodeSHA256))
	settings.explain("settings", object(
		"Runtime", literal(d.Runtime),
		"Handler", literal(d.Handler),
		"MemorySize", s.number(d.Memory),
		"Timeout", s.number(d.Timeout),
		"Role", s.text(d.Role),
		"Environment", object("Variables", variables),
		"LoggingConfig", object(
			"LogGroup", s.text(d.Logging.Group),
			"LogFormat", literal(d.Logging.Format),
			"ApplicationLogLevel", literal(d.Logging.ApplicationLevel),
			"SystemLogLevel", literal(d.Logging.SystemLevel))), reasonLogging)
	return scriptResource{Word: "function", Group: groupWork, Settings: settings}, nil
}

func scriptMapping(s *scope) (scriptResource, error) {
	d := s.Settings.(pipeline.EventSourceMapping)
	settings := &Map{}
	settings.put("source", s.text(s.Source))
	settings.put("target", s.text(s.Target))
	settings.explain("starting_position", literal(d.StartingPosition), reasonStart)
	settings.explain("settings", object(
		"Enabled", d.Enabled,
		"BatchSize", d.BatchSize,
		"MaximumBatchingWindowInSeconds", d.BatchingWindow,
		"ParallelizationFactor", d.ParallelizationFactor,
		"MaximumRetryAttempts", d.MaximumRetryAttempts,
		"MaximumRecordAgeInSeconds", d.MaximumRecordAge,
		"BisectBatchOnFunctionError", d.BisectOnError,
		"FunctionResponseTypes", s.words(d.ResponseTypes),
		"DestinationConfig", object("OnFailure", object("Destination", s.text(d.OnFailure))),
		"MetricsConfig", object("Metrics", s.words(d.Metrics))), reasonBisect+"\n"+reasonRetries+"\n"+reasonOnFailure)
	return scriptResource{Word: "mapping", Group: groupWork, Comment: reasonMapping, Settings: settings}, nil
}

func scriptTopic(s *scope) (scriptResource, error) {
	policy, err := s.policy(s.Policy, s.beside)
	if err != nil {
		return scriptResource{}, err
	}
	settings := &Map{}
	settings.explain("policy", policy, reasonTopicPolicy)
	return scriptResource{Word: "topic", Group: groupTell, Comment: reasonTopicKey, Settings: settings}, nil
}

func scriptSubscription(s *scope) (scriptResource, error) {
	d := s.Settings.(pipeline.AlarmSubscription)
	return scriptResource{
		Word: "subscription", Group: groupTell, Comment: reasonSubscription, Several: true, Name: literal(d.Address),
		Settings: object(subscribedTopic, s.text(d.Topic)),
	}, nil
}

// subscribedTopic is the one setting of a subscription, which the list has itself.
const subscribedTopic = "topic"

func scriptAlarm(s *scope) (scriptResource, error) {
	d := s.Settings.(pipeline.MetricAlarm)
	alarm := object("AlarmDescription", s.text(d.Description), "ActionsEnabled", true)
	alarm.Entries = append(alarm.Entries, s.alarm(d)...)
	alarm.put("AlarmActions", s.told(d.Notify))
	alarm.put("OKActions", s.told(d.Notify))
	return scriptResource{Word: "alarm", Group: groupTell, Several: true, Settings: object("settings", alarm)}, nil
}

// told are topics; that there are none is said, too.
func (s *scope) told(topics []string) List {
	list, ok := s.words(topics).(List)
	if !ok {
		return List{}
	}
	return list
}

func scriptComposite(s *scope) (scriptResource, error) {
	d := s.Settings.(pipeline.CompositeAlarm)
	return scriptResource{Word: "composite", Group: groupTell, Comment: reasonComposite, Several: true, Settings: object("settings", object(
		"AlarmDescription", s.text(d.Description), "ActionsEnabled", true, "AlarmRule", s.text(d.Rule),
		"AlarmActions", s.told(d.Notify), "OKActions", s.told(d.Notify)))}, nil
}

func scriptDashboard(s *scope) (scriptResource, error) {
	body, err := document(s.Body, s.text, s.number)
	if err != nil {
		return scriptResource{}, err
	}
	return scriptResource{Word: "dashboard", Group: groupShow, Settings: object("body", body)}, nil
}
