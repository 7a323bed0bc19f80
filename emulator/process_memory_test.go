//go:build linux || darwin

package emulator

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
)

// A process that takes more than MemorySize is killed, with what it has started,
// and another one gets the next event.
func TestMemoryLimitEndsTheProcess(t *testing.T) {
	for name, r := range map[string]reaction{
		"that hangs":           {Hold: 400, Hang: true},
		"that answers":         {Hold: 400, Answer: `"done"`},
		"whose child takes it": {Hold: 400, Child: true, Hang: true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, Options{}, 1)
			w.createFunction("proxy", func(in *awslambda.CreateFunctionInput) { in.MemorySize = aws.Int32(300) })
			w.brain.setDecide(func(d delivery) reaction {
				if strings.Contains(string(d.Body), "much") {
					return r
				}
				return reaction{Answer: `"well"`}
			})
			if out := w.invoke(`"little"`); out.FunctionError != nil {
				t.Fatalf("%s", out.Payload)
			}
			out := w.invoke(`"much"`)
			want := `^\{"errorType":"Runtime.OutOfMemory","errorMessage":"RequestId: [0-9a-f-]{36} Error: Runtime exited with error: signal: killed"\}$`
			if aws.ToString(out.FunctionError) != "Unhandled" || !regexp.MustCompile(want).Match(out.Payload) {
				t.Errorf("%s %s", aws.ToString(out.FunctionError), out.Payload)
			}
			eventually(t, "the report", func() bool {
				lines := strings.Join(w.logLines(), "\n")
				return regexp.MustCompile(`(?m)^REPORT .*\tMemory Size: 300 MB\tMax Memory Used: 300 MB\t.*Status: error\tError Type: Runtime.OutOfMemory$`).MatchString(lines)
			})
			if out := w.invoke(`"little"`); string(out.Payload) != `"well"` {
				t.Errorf("after that %s", out.Payload)
			}
			all := w.brain.all()
			if first, last := all[0].PID, all[len(all)-1].PID; first == last {
				t.Error("the same process goes on")
			}
		})
	}
}

// What a function takes within its memory is in the report, and does it no harm.
func TestReportTellsTheMemoryUsed(t *testing.T) {
	w := newWorld(t, Options{}, 1)
	w.createFunction("proxy", func(in *awslambda.CreateFunctionInput) { in.MemorySize = aws.Int32(1024) })
	// Under the race detector memory counts several times.
	w.brain.setDecide(func(delivery) reaction { return reaction{Hold: 100, Answer: `"well"`} })
	began := time.Now()
	if out := w.invoke(`{}`); string(out.Payload) != `"well"` {
		t.Fatalf("%s after %s", out.Payload, time.Since(began))
	}
	eventually(t, "the report", func() bool {
		return regexp.MustCompile(`(?m)^REPORT .*\tMax Memory Used: [1-9]\d\d MB\t`).MatchString(strings.Join(w.logLines(), "\n"))
	})
}
