package emulator

import (
	"time"

	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
)

// count records a metric of a function, and of all functions together, which
// CloudWatch shows without a dimension.
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
func (l *lambdaService) count(f *function, metric string, value float64, unit string) {
	l.metrics.record("AWS/Lambda", metric, map[string]string{"FunctionName": f.name}, value, unit)
	l.metrics.record("AWS/Lambda", metric, nil, value, unit)
}

// countStart records how many invocations run, the new one included.
func (l *lambdaService) countStart(f *function) {
	l.mu.Lock()
	all := l.busy
	l.mu.Unlock()
	f.pool.mu.Lock()
	own := f.pool.busy
	f.pool.mu.Unlock()
	l.metrics.record("AWS/Lambda", "ConcurrentExecutions", map[string]string{"FunctionName": f.name}, float64(own), "Count")
	l.metrics.record("AWS/Lambda", "ConcurrentExecutions", nil, float64(all), "Count")
}

// countEnd records an invocation that took place. Errors and Throttles have a 0
// from each that went well: their average is a rate.
func (l *lambdaService) countEnd(f *function, failed bool, took time.Duration) {
	l.count(f, "Invocations", 1, "Count")
	l.count(f, "Errors", oneIf(failed), "Count")
	l.count(f, "Throttles", 0, "Count")
	l.count(f, "Duration", milliseconds(took), "Milliseconds")
}

// countKeptOut records an Invoke that a fault throttled before it reached Lambda.
func (l *lambdaService) countKeptOut(input any) {
	if in, ok := input.(*awslambda.InvokeInput); ok {
		l.metrics.record("AWS/Lambda", "Throttles", map[string]string{"FunctionName": nameOf(deref(in.FunctionName))}, 1, "Count")
		l.metrics.record("AWS/Lambda", "Throttles", nil, 1, "Count")
	}
}
