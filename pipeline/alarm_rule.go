package pipeline

// Alarm is the rule of an alarm, such as iterator-age; false: there is none.
func (p *Pipeline) Alarm(name string) (MetricAlarm, bool) {
	for _, r := range p.alarms() {
		if a, ok := r.(*metricAlarm); ok && a.key == alarmKey(name) {
			return a.desired, true
		}
	}
	return MetricAlarm{}, false
}
