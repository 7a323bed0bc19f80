package config

// alarmKeys are the keys of alarms. 0 is the number that switches an alarm off:
// none of them could mean anything by it.
func alarmKeys() []Key {
	keys := []Key{{
		Path: "alarms.notify", Type: TextList, Default: []string{}, Max: maxNotified,
		Pattern: notifyPattern, Rule: notifyRule,
		Doc: "Whom alarms notify: e-mail addresses, for which an SNS topic is created, and SNS topics that there are.",
	}, {
		Path: "alarms.composite", Type: Switch, Default: true,
		Doc: "One more alarm, pipeline-unhealthy, which is on while any other one is, at a charge; not every endpoint has such alarms.",
	}, {
		Path: "alarms.iterator_age_seconds", Type: Number, Derived: "600, or a tenth of mapping.maximum_record_age_seconds if that is less",
		Min: 0, Max: maxRetention, Unit: "seconds",
		Doc: "How far behind the function may be for five minutes; 0 is no such alarm.",
	}, {
		Path: "alarms.duration_percent", Type: Number, Default: 80, Min: 0, Max: 100, Unit: "percent",
		Doc: "How much of function.timeout a batch may take; 0 is no such alarm.",
	}, {
		Path: "alarms.incoming_records", Type: Number, Default: 1, Min: 0, Max: maxCount, Unit: "records",
		DefaultIn: map[string]any{Dev: 0},
		Doc:       "How many records have to come in within five minutes, in one of three; 0 is no such alarm.",
	}}
	for _, counted := range []struct{ name, what string }{
		{"function_errors", "Failed batches"},
		{"function_throttles", "Throttled batches"},
		{"lookup_table_throttling", "Throttled reads of one lookup table"},
		{"s3_put_errors", "Requests to the bucket that S3 refuses or fails"},
	} {
		keys = append(keys, Key{
			Path: "alarms." + counted.name, Type: Number, Default: 1, Min: 0, Max: maxCount,
			Doc: counted.what + " that raise the alarm, in each of three out of five minutes; 0 is no such alarm.",
		})
	}
	for _, counted := range []struct{ name, what string }{
		{"dead_letters", "Records stored in dead-letter/"},
		{"failed_batches", "Records of batches that were given up and stored in aws/lambda/"},
		{"failed_deliveries", "Failed batches that could not be stored"},
	} {
		keys = append(keys, Key{
			Path: "alarms." + counted.name, Type: Number, Default: 1, Min: 0, Max: maxCount,
			Doc: counted.what + " in one minute that raise the alarm; 0 is no such alarm.",
		})
	}
	return keys
}
