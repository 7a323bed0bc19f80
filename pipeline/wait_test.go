package pipeline

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"enrich/engine"
)

func TestWait(t *testing.T) {
	broken := errors.New("broken")
	tests := []struct {
		name   string
		states []any // a state or an error, the last one for ever
		want   string
		after  time.Duration
	}{
		{"at once", []any{"ACTIVE"}, "", 0},
		{"soon", []any{"CREATING", "ACTIVE"}, "", 500 * time.Millisecond},
		{"not known yet", []any{engine.ErrNotFound, "CREATING", "ACTIVE"}, "", 1125 * time.Millisecond},
		{"failed", []any{"CREATING", "FAILED"}, "waiting for ACTIVE: it is FAILED (no quota)", 500 * time.Millisecond},
		{"an error", []any{"CREATING", broken}, "broken", 500 * time.Millisecond},
		{"for ever", []any{"CREATING"}, "waiting for ACTIVE: still CREATING after 10s (no quota)", 10 * time.Second},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				calls := 0
				w := waiter{pending: []string{"CREATING", gone}, target: []string{"ACTIVE"}, timeout: 10 * time.Second, progress: &notes{}, doing: "waiting for ACTIVE"}
				err := w.wait(t.Context(), func(context.Context) (string, string, error) {
					answer := test.states[min(calls, len(test.states)-1)]
					calls++
					if err, ok := answer.(error); ok {
						return "", "", err
					}
					return answer.(string), "no quota", nil
				})
				if text(err) != test.want {
					t.Errorf("%v, want %q", err, test.want)
				}
				if took := time.Since(begin); took > test.after || took < test.after-lastPoll {
					t.Errorf("took %s, want %s", took, test.after)
				}
			})
		})
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestWaitEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		interrupted := errors.New("interrupted")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(3*time.Second, func() { cancel(interrupted) })
		begin := time.Now()
		w := waiter{pending: []string{"CREATING"}, timeout: time.Hour, progress: &notes{}, doing: "waiting"}
		err := w.wait(ctx, func(context.Context) (string, string, error) { return "CREATING", "", nil })
		if !errors.Is(err, interrupted) || time.Since(begin) != 3*time.Second {
			t.Errorf("%v after %s", err, time.Since(begin))
		}
	})
}

func TestRetry(t *testing.T) {
	refused := &smithy.GenericAPIError{Code: "InvalidParameterValueException", Message: "The role defined for the function cannot be assumed by Lambda."}
	other := &smithy.GenericAPIError{Code: "InvalidParameterValueException", Message: "MemorySize is too large"}
	match := func(err error) bool { return says(err, "Cannot be assumed by Lambda") }
	tests := []struct {
		name   string
		errors []error // the last one for ever
		want   string
		calls  int
	}{
		{"works", []error{nil}, "", 1},
		{"works later", []error{refused, refused, nil}, "", 3},
		{"something else", []error{refused, other}, other.Error(), 2},
		{"never works", []error{refused}, "waiting for the role for 3s: " + refused.Error(), 5}, // 0, 0.25, 0.75, 1.75, 2.75 s
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				calls := 0
				r := retry{match: match, timeout: 3 * time.Second, progress: &notes{}, doing: "waiting for the role"}
				err := r.do(t.Context(), func(context.Context) error {
					err := test.errors[min(calls, len(test.errors)-1)]
					calls++
					return err
				})
				if text(err) != test.want || calls != test.calls {
					t.Errorf("%v after %d calls, want %q after %d", err, calls, test.want, test.calls)
				}
			})
		})
	}
}

// What takes long before it is refused for the first time is repeated all the
// same.
func TestRetryOfSomethingLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		r := retry{match: func(error) bool { return true }, timeout: time.Minute, progress: &notes{}, doing: "waiting"}
		err := r.do(t.Context(), func(context.Context) error {
			if calls++; calls == 1 {
				time.Sleep(time.Hour)
				return errors.New("not empty")
			}
			return nil
		})
		if err != nil || calls != 2 {
			t.Errorf("%v after %d calls", err, calls)
		}
	})
}

// create waits for what is on its way out, and takes what is there to stay.
func TestCreateOverDeleted(t *testing.T) {
	taken := &smithy.GenericAPIError{Code: "ResourceInUseException"}
	for _, leaving := range []bool{true, false} {
		calls, waited := 0, 0
		err := create(t.Context(), "ResourceInUseException",
			func(context.Context) error {
				calls++
				if calls == 1 {
					return fmt.Errorf("creating: %w", taken)
				}
				return nil
			},
			func(context.Context) (bool, error) { return leaving, nil },
			func(context.Context) error { waited++; return nil })
		want := 1
		if leaving {
			want = 2
		}
		if err != nil || calls != want || waited != want-1 {
			t.Errorf("leaving %v: %v, %d calls, waited %d times", leaving, err, calls, waited)
		}
	}
}

func TestForeignAnswersAreFinal(t *testing.T) {
	sdk := ControlPlane(aws.Config{})
	answer := func(status int, kind string) error {
		response := &smithyhttp.Response{Response: &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {kind}}}}
		return &smithyhttp.ResponseError{Response: response, Err: errors.New("unreadable")}
	}
	tests := []struct {
		err  error
		want bool
	}{
		{answer(500, "text/html; charset=utf-8"), false},
		{answer(500, "application/x-amz-json-1.1"), true},
		{answer(500, ""), true},
		{answer(503, "text/html"), true},
		{answer(404, "text/html"), false},
		{&smithy.GenericAPIError{Code: "ThrottlingException"}, true},
	}
	for _, test := range tests {
		if got := sdk.Retryer().IsErrorRetryable(test.err); got != test.want {
			t.Errorf("%v: %v", test.err, got)
		}
	}
	if _, ok := sdk.Retryer().(aws.RetryerV2); !ok {
		t.Error("an adaptive retryer would lose its rate limit")
	}
}

// Trouble is waited out, for longer than the SDK does; what no patience helps against
// is not, and what somebody has chosen stands.
func TestPatience(t *testing.T) {
	const shards = "This request would exceed the shard limit for the account 000000000000 in us-east-1."
	tests := []struct {
		name, code, message string
		status              int
		chosen              int
		refusals            int
		calls               int
		well                bool
	}{
		{"throttled", "Throttling", "Rate exceeded", 400, 0, 6, 7, true},
		{"throttled for ever", "Throttling", "Rate exceeded", 400, 0, 100, patientAttempts, false},
		{"throttled, with a limit", "Throttling", "Rate exceeded", 400, 2, 6, 2, false},
		{"in trouble", "InternalFailure", "We failed", 500, 0, 6, 7, true},
		{"in trouble for ever", "InternalFailure", "We failed", 500, 0, 100, patientAttempts, false},
		{"in trouble, with a limit", "InternalFailure", "We failed", 500, 6, 5, 6, true},
		{"a rate by the name of a limit", "LimitExceededException", "Rate exceeded for stream x under account y.", 400, 0, 6, 7, true},
		{"too many at a time", "LimitExceededException", "This request would have exceed the limit on the number of streams that can simultaneously be in CREATING or DELETING", 400, 0, 6, 7, true},
		{"a quota", "LimitExceededException", shards, 400, 0, 6, 1, false},
		{"refused", "AccessDenied", "You must not", 403, 0, 6, 1, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				refused := &spell{
					call: "POST", times: test.refusals, status: test.status, kind: "text/xml",
					body: "<ErrorResponse><Error><Code>" + test.code + "</Code><Message>" + test.message + "</Message></Error></ErrorResponse>",
				}
				done := &spell{call: "POST", times: 1, status: 200, kind: "text/xml", body: "<DeleteAlarmsResponse/>"}
				c := overcast(&weather{spell: []*spell{refused, done}})
				c.sdk.RetryMaxAttempts = test.chosen
				began := time.Now()
				err := pick(t, c.pipeline(t), alarmKey(alarmIteratorAge)).Delete(t.Context(), &notes{})
				if (err == nil) != test.well || refused.seen+done.seen != test.calls || err != nil && !hasCode(err, test.code) {
					t.Errorf("%v after %d calls, want %d", err, refused.seen+done.seen, test.calls)
				}
				if took := time.Since(began); took > 2*time.Minute {
					t.Errorf("it took %s", took)
				}
			})
		})
	}
}

// Nobody is there: that is told soon.
func TestNoPatienceWithAnEndpointThatIsNotThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		c := overcast(nil)
		c.sdk.HTTPClient = refusing(func(*http.Request) (*http.Response, error) {
			calls++
			return nil, &net.OpError{Op: "dial", Err: errors.New("connection refused")}
		})
		if err := pick(t, c.pipeline(t), keyStream).Delete(t.Context(), &notes{}); err == nil || calls != 3 {
			t.Errorf("%v after %d calls", err, calls)
		}
	})
}

type refusing func(*http.Request) (*http.Response, error)

func (r refusing) Do(request *http.Request) (*http.Response, error) { return r(request) }

// What one client has learned of a service's rate holds for the service's others,
// and for no other service. A chosen mode stands.
func TestRatesAreLearnedTogether(t *testing.T) {
	throttled := &smithy.GenericAPIError{Code: "ThrottlingException"}
	for _, test := range []struct {
		mode  aws.RetryMode
		waits bool
	}{{"", true}, {aws.RetryModeAdaptive, true}, {aws.RetryModeStandard, false}} {
		synctest.Test(t, func(t *testing.T) {
			sdk := ControlPlane(aws.Config{RetryMode: test.mode})
			took := func(service string) time.Duration { // of two calls: the first may be made at once
				ctx := awsmiddleware.SetServiceID(t.Context(), service)
				began := time.Now()
				for range 2 {
					if _, err := sdk.Retryer().(aws.RetryerV2).GetAttemptToken(ctx); err != nil {
						t.Fatal(err)
					}
				}
				return time.Since(began)
			}
			release, err := sdk.Retryer().(aws.RetryerV2).GetAttemptToken(awsmiddleware.SetServiceID(t.Context(), "CloudWatch"))
			if err := errors.Join(err, release(throttled)); err != nil {
				t.Fatal(err)
			}
			if waited := took("CloudWatch"); (waited > 0) != test.waits {
				t.Errorf("%q: waited %s", test.mode, waited)
			}
			if waited := took("Kinesis"); waited > 0 {
				t.Errorf("%q: waited %s for another service", test.mode, waited)
			}
		})
	}
}

// Kinesis is not asked more often than it answers, whatever clients ask.
func TestRatesOfKinesis(t *testing.T) {
	for operation, allowed := range map[string]int{"CreateStream": 5, "DeleteStream": 5, "DescribeStream": 10, "DescribeStreamSummary": 20, "PutRecords": 1000} {
		synctest.Test(t, func(t *testing.T) {
			sdk := ControlPlane(aws.Config{})
			ctx := awsmiddleware.SetOperationName(awsmiddleware.SetServiceID(t.Context(), kinesis.ServiceID), operation)
			began, calls := time.Now(), 3*allowed
			for range calls {
				if _, err := sdk.Retryer().(aws.RetryerV2).GetAttemptToken(ctx); err != nil {
					t.Fatal(err)
				}
			}
			want := 2 * time.Second // the first second's calls may come at once
			if operation == "PutRecords" {
				want = 0
			}
			if took := time.Since(began); took.Round(time.Millisecond) != want {
				t.Errorf("%d calls of %s took %s", calls, operation, took)
			}
		})
	}
}

func TestQuotaOf(t *testing.T) {
	operation := func(name, code, message string) error {
		return fmt.Errorf("creating: %w", &smithy.OperationError{ServiceID: "X", OperationName: name, Err: &smithy.GenericAPIError{Code: code, Message: message}})
	}
	tests := []struct {
		err  error
		name string
		code string
		used bool
	}{
		{operation("CreateStream", "LimitExceededException", "This request would exceed the shard limit for the account 1 in x. Limit: 500."), "Shards per Region", "", true},
		{operation("CreateStream", "LimitExceededException", "This request would exceed the on-demand stream limit for the account 1 in x."), "On-demand Data Streams per account", "", true},
		{operation("CreateTable", "LimitExceededException", "Subscriber limit exceeded: There is a limit of 2500 tables per subscriber"), "Maximum number of tables", "L-F98FE922", true},
		{operation("CreateTable", "LimitExceededException", "Subscriber limit exceeded: Only 10 tables can be created, updated, or deleted simultaneously"), "", "", false},
		{operation("CreateBucket", "TooManyBuckets", "You have attempted to create more buckets than allowed"), "General purpose buckets", "L-DC2B2D3D", true},
		{operation("CreateFunction", "CodeStorageExceededException", "Code storage limit exceeded."), "Function and layer storage", "L-2ACBD22F", true},
		{operation("CreateRole", "LimitExceeded", "Cannot exceed quota for RolesPerAccount: 1000"), "Roles per account", "L-FE177D64", true},
		{operation("PutRolePolicy", "LimitExceeded", "Maximum policy size of 10240 bytes exceeded for role x"), "", "", true},
		{operation("DescribeStreamSummary", "LimitExceededException", "Rate exceeded for stream x under account 1."), "", "", false},
		{operation("CreateStream", "ThrottlingException", "Rate exceeded"), "", "", false},
		{errors.New("LimitExceeded"), "", "", false},
	}
	for _, test := range tests {
		quota, used := QuotaOf(test.err)
		if quota.Name != test.name || quota.Code != test.code || used != test.used {
			t.Errorf("%v: %+v, %v", test.err, quota, used)
		}
	}
}

func TestExplain(t *testing.T) {
	r := identified{kind: kindStream, name: "orders-dev-stream"}
	err := fmt.Errorf("oh: %w", &smithy.GenericAPIError{Code: "X", Message: "y"})
	r.explain("creating", &err)
	if !strings.HasPrefix(err.Error(), "creating data stream (orders-dev-stream): oh: ") || !hasCode(err, "X") {
		t.Error(err)
	}
}
