package emulator

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
)

// Lambda counts by function, and all functions together without a dimension. What
// goes well has zeros among the errors and throttles.
func TestLambdaPublishesInvocationMetrics(t *testing.T) {
	clock := NewManualClock(epoch)
	w := newWorld(t, Options{Clock: clock}, 1)
	w.createFunction("proxy")
	w.brain.setDecide(func(d delivery) reaction {
		if strings.Contains(string(d.Body), "bad") {
			return reaction{Error: "broken"}
		}
		return reaction{Answer: `{}`}
	})
	w.invoke(`{}`)
	w.invoke(`{"is":"bad"}`)
	setFaults(t, w.server, Fault{Service: "lambda", Operation: "Invoke", Kind: FaultThrottle, Rate: 1})
	if _, err := w.lambda.Invoke(t.Context(), &awslambda.InvokeInput{FunctionName: new("work")}); err == nil {
		t.Error("not throttled")
	}
	for _, of := range []string{"work", ""} {
		lines := shown(t, w.server, "AWS/Lambda")
		for _, want := range []string{"Invocations{%s} 2/2 Count", "Errors{%s} 1/2 Count", "Throttles{%s} 1/3 Count", "ConcurrentExecutions{%s} 2/2 Count", "Duration{%s} 0/2 Milliseconds"} {
			if want = fmt.Sprintf(want, of); !slices.Contains(lines, want) {
				t.Errorf("%s is not in\n%s", want, strings.Join(lines, "\n"))
			}
		}
	}
}
