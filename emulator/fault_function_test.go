package emulator

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// storeObjects is what a function of the mode "store" does with each event: it puts
// the objects a, b and c, one after the other.
func storeObjects(endpoint, accessKey string) error {
	for _, key := range []string{"a", "b", "c"} {
		request, err := http.NewRequest(http.MethodPut, endpoint+"/failures/"+key, strings.NewReader(key))
		if err != nil {
			return err
		}
		request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+accessKey+"/20260301/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=00")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		if body, err := take(response); err != nil || response.StatusCode != http.StatusOK {
			return fmt.Errorf("putting %s: %d %s, %w", key, response.StatusCode, body, err)
		}
	}
	return nil
}

func (w *world) keys() string {
	w.t.Helper()
	list, err := w.s3.ListObjectsV2(w.t.Context(), &s3.ListObjectsV2Input{Bucket: &w.bucket})
	must(w.t, err)
	var keys []string
	for _, o := range list.Contents {
		keys = append(keys, *o.Key)
	}
	return strings.Join(keys, " ")
}

func TestFunctionIsKilledByItsOwnCalls(t *testing.T) {
	for _, test := range []struct {
		kind FaultKind
		want string // objects that are stored by then
	}{{FaultKill, "a"}, {FaultKillAfter, "a b"}} {
		t.Run(string(test.kind), func(t *testing.T) {
			w := newWorld(t, Options{}, 1)
			w.createFunction("store")
			setFaults(t, w.server, Fault{Service: "s3", Operation: "PutObject", Kind: test.kind, Rate: 1, Skip: 1, Limit: 1})
			_, err := w.s3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &w.bucket, Key: aws.String("a"), Body: strings.NewReader("x")})
			must(t, err) // no function's call: it is not counted
			out := w.invoke("{}")
			if want := `{"errorType":"Runtime.ExitError","errorMessage":"RequestId: `; !strings.HasPrefix(string(out.Payload), want) ||
				!strings.Contains(string(out.Payload), "Error: Runtime exited with error: signal: killed") || aws.ToString(out.FunctionError) != "Unhandled" {
				t.Errorf("got %s, %+v", out.Payload, out)
			}
			if got := w.keys(); got != test.want {
				t.Errorf("stored %s, want %s", got, test.want)
			}
			if got := w.server.Faults()[0]; got.Calls != 2 || got.Struck != 1 {
				t.Errorf("counted %+v", got)
			}
			if out := w.invoke("{}"); out.FunctionError != nil { // in another process
				t.Errorf("afterwards %s", out.Payload)
			}
			if got := w.keys(); got != "a b c" {
				t.Errorf("stored %s at last", got)
			}
		})
	}
}

// What the event source mapping makes of an invocation that goes wrong, with a
// function that does its work each time it is let.
func TestMappingSeesFaultsOfInvocations(t *testing.T) {
	for _, test := range []struct {
		kind      FaultKind
		want      []string // batches that the function worked on
		processes int
	}{
		{FaultKillAfter, []string{"1 2", "1", "2"}, 2},
		{FaultLost, []string{"1 2", "1", "2"}, 1},
		// These are no function errors: neither split, nor counted as the one retry.
		{FaultThrottle, []string{"1 2"}, 1},
		{FaultError, []string{"1 2"}, 1},
		{FaultReset, []string{"1 2"}, 1},
	} {
		t.Run(string(test.kind), func(t *testing.T) {
			w, clock := onManualClock(t, 1)
			fault := Fault{Service: "lambda", Operation: "Invoke", Kind: test.kind, Rate: 1, Limit: 1}
			if len(test.want) == 1 {
				fault.Limit = 4
			}
			setFaults(t, w.server, fault)
			w.put("k", "1", "2")
			uuid := w.createMapping(bisect, retries(1), toBucket)
			pass(t, clock, "all to be done", func() bool { return w.caughtUp(uuid) })
			all := w.brain.all()
			if got := dataOf(t, all); !slices.Equal(got, test.want) {
				t.Errorf("batches %q, want %q", got, test.want)
			}
			processes := map[int]bool{}
			for _, d := range all {
				processes[d.PID] = true
			}
			if len(processes) != test.processes {
				t.Errorf("%d processes, want %d", len(processes), test.processes)
			}
			if n := len(w.failures()); n > 0 {
				t.Errorf("%d batches were given up", n)
			}
			if got := w.server.Faults()[0].Struck; got != int64(fault.Limit) {
				t.Errorf("struck %d times, want %d", got, fault.Limit)
			}
			throttles := sumOf(t, cloudwatch.NewFromConfig(sdkConfig(w.server)), "AWS/Lambda", "Throttles", "FunctionName", "work")
			if (throttles == 4) != (test.kind == FaultThrottle) {
				t.Errorf("CloudWatch shows %v throttles", throttles)
			}
		})
	}
}

// Killed as soon as it has the event, whatever it has made of that by then.
func TestFunctionIsKilledWithTheEvent(t *testing.T) {
	w, clock := onManualClock(t, 1)
	setFaults(t, w.server, Fault{Service: "lambda", Operation: "Invoke", Kind: FaultKill, Rate: 1, Limit: 2})
	w.put("k", "1", "2")
	uuid := w.createMapping(retries(1), toBucket)
	pass(t, clock, "all to be done", func() bool { return w.caughtUp(uuid) })
	if all := w.failures(); len(all) != 1 || all[0].data(t) != "1 2" || all[0].RequestContext.ApproximateInvokeCount != 2 {
		t.Errorf("given up: %+v", all)
	}
	if got := w.lastResult(uuid); got != resultFailed {
		t.Errorf("last result %s", got)
	}
	w.put("k", "3")
	pass(t, clock, "the next to be done", func() bool { return w.caughtUp(uuid) })
	if got := w.lastResult(uuid); got != resultOK {
		t.Errorf("last result %s", got)
	}
}

// A client of Invoke loses the connection, the function did its work.
func TestInvokeLosesItsAnswer(t *testing.T) {
	w := newWorld(t, Options{}, 1)
	w.createFunction("proxy")
	setFaults(t, w.server, Fault{Service: "lambda", Operation: "Invoke", Kind: FaultLost, Rate: 1})
	if _, err := w.lambda.Invoke(t.Context(), &awslambda.InvokeInput{FunctionName: &w.function}); err == nil {
		t.Error("it was answered")
	}
	if n := len(w.brain.all()); n != 1 {
		t.Errorf("the function was invoked %d times", n)
	}
}
