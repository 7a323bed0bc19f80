package emulator

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// TestCreatedMappingsBodyIsAsRecorded compares the whole answer, member by
// member, with what AWS was recorded to give.
func TestCreatedMappingsBodyIsAsRecorded(t *testing.T) {
	w := newWorld(t, Options{}, 1)
	w.createFunction("proxy")
	response, err := http.Post(w.server.Endpoint()+"/2015-03-31/event-source-mappings/", "application/json",
		strings.NewReader(`{"EventSourceArn":"`+w.streamARN+`","FunctionName":"work","StartingPosition":"TRIM_HORIZON","FilterCriteria":{"Filters":[]}}`))
	must(t, err)
	body, err := take(response)
	must(t, err)
	if response.StatusCode != http.StatusAccepted {
		t.Fatalf("status %d: %s", response.StatusCode, body)
	}
	var got map[string]json.RawMessage
	must(t, json.Unmarshal(body, &got))
	want := map[string]string{
		"BatchSize": `^100$`, "BisectBatchOnFunctionError": `^false$`, "DestinationConfig": `^\{"OnFailure":\{\}\}$`,
		"EventSourceArn": `^"arn:aws:kinesis:us-east-1:000000000000:stream/events"$`, "EventSourceMappingArn": `^"arn:aws:lambda:us-east-1:000000000000:event-source-mapping:[0-9a-f-]{36}"$`,
		"FunctionArn": `^"arn:aws:lambda:us-east-1:000000000000:function:work"$`, "FunctionResponseTypes": `^\[\]$`, "LastModified": `^\d{10}(\.\d+)?$`,
		"LastProcessingResult": `^"No records processed"$`, "MaximumBatchingWindowInSeconds": `^0$`, "MaximumRecordAgeInSeconds": `^-1$`,
		"MaximumRetryAttempts": `^-1$`, "ParallelizationFactor": `^1$`, "StartingPosition": `^"TRIM_HORIZON"$`, "State": `^"Creating"$`,
		"StateTransitionReason": `^"User action"$`, "TumblingWindowInSeconds": `^0$`, "UUID": `^"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"$`,
	}
	for member, pattern := range want {
		if !regexp.MustCompile(pattern).Match(got[member]) {
			t.Errorf("%s is %s, want %s", member, got[member], pattern)
		}
	}
	for member := range got {
		if want[member] == "" {
			t.Errorf("%s is not in AWS's answer", member)
		}
	}
}

func TestMappingRefusesBadInput(t *testing.T) {
	w := newWorld(t, Options{}, 1)
	w.createFunction("proxy")
	existing := w.createMapping()
	set := func(change mappingChange) mappingChange { return change }
	for _, c := range []struct {
		name    string
		change  mappingChange
		code    string
		message string
	}{
		{"stream", func(in *awslambda.CreateEventSourceMappingInput) { in.EventSourceArn = aws.String(w.streamARN + "x") },
			"InvalidParameterValueException", "Stream not found: " + w.streamARN + "x"},
		{"function", func(in *awslambda.CreateEventSourceMappingInput) { in.FunctionName = aws.String("none") }, "InvalidParameterValueException", "Function does not exist"},
		{"no source", func(in *awslambda.CreateEventSourceMappingInput) { in.EventSourceArn = nil }, "InvalidParameterValueException", "Unrecognized event source."},
		{"queue", func(in *awslambda.CreateEventSourceMappingInput) {
			in.EventSourceArn = aws.String("arn:aws:sqs:us-east-1:000000000000:q")
		}, "InvalidParameterValueException", "Unsupported source arn : arn:aws:sqs:us-east-1:000000000000:q"},
		{"no position", func(in *awslambda.CreateEventSourceMappingInput) { in.StartingPosition = "" }, "InvalidParameterValueException",
			"1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: Member must not be null."},
		{"position", func(in *awslambda.CreateEventSourceMappingInput) { in.StartingPosition = "invalid" }, "ValidationException",
			"1 validation error detected: Value 'invalid' at 'startingPosition' failed to satisfy constraint: Member must satisfy enum value set: [LATEST, AT_TIMESTAMP, TRIM_HORIZON]"},
		{"no timestamp", func(in *awslambda.CreateEventSourceMappingInput) {
			in.StartingPosition = types.EventSourcePositionAtTimestamp
		}, "InvalidParameterValueException", "StartingPositionTimestamp"},
		{"twice", set(func(*awslambda.CreateEventSourceMappingInput) {}), "ResourceConflictException",
			`The event source arn (" ` + w.streamARN + ` ") and function (" work ") provided mapping already exists. Please update or delete the existing mapping with UUID ` + existing},
		{"batch size", batchSize(10_001), "ValidationException", "Value '10001' at 'batchSize' failed to satisfy constraint: Member must have value less than or equal to 10000"},
		{"window", batchingWindow(301), "ValidationException", "'maximumBatchingWindowInSeconds'"},
		{"retries", retries(-2), "ValidationException", "'maximumRetryAttempts'"},
		{"age", recordAge(59), "InvalidParameterValueException", "MaximumRecordAgeInSeconds"},
		{"factor", parallel(11), "ValidationException", "'parallelizationFactor'"},
		{"filter", filters("no JSON"), "InvalidParameterValueException", "Invalid filter pattern definition."},
		{"tumbling window", tumbling(901), "ValidationException", "Value '901' at 'tumblingWindowInSeconds' failed to satisfy constraint: Member must have value less than or equal to 900"},
		{"FIFO queue as destination", func(in *awslambda.CreateEventSourceMappingInput) {
			in.DestinationConfig = &types.DestinationConfig{OnFailure: &types.OnFailure{Destination: aws.String("arn:aws:sqs:us-east-1:000000000000:q.fifo")}}
		}, "InvalidParameterValueException", "arn:aws:sqs:us-east-1:000000000000:q.fifo"},
		{"destination of successes", func(in *awslambda.CreateEventSourceMappingInput) {
			in.DestinationConfig = &types.DestinationConfig{OnSuccess: &types.OnSuccess{Destination: aws.String("arn:aws:s3:::failures")}}
		}, "InvalidParameterValueException", "DestinationConfig"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := &awslambda.CreateEventSourceMappingInput{EventSourceArn: &w.streamARN, FunctionName: &w.function, StartingPosition: types.EventSourcePositionTrimHorizon}
			c.change(in)
			_, err := w.lambda.CreateEventSourceMapping(t.Context(), in)
			if message := wantCode(t, err, c.code); !strings.Contains(message, c.message) {
				t.Errorf("message %q, want %q in it", message, c.message)
			}
		})
	}
}

func TestMappingNeedsTheRolesPermission(t *testing.T) {
	w := newWorld(t, Options{}, 1)
	w.createFunction("proxy")
	_, err := iam.NewFromConfig(sdkConfig(w.server)).DeleteRolePolicy(t.Context(), &iam.DeleteRolePolicyInput{RoleName: aws.String("work-role"), PolicyName: aws.String("work")})
	must(t, err)
	_, err = w.lambda.CreateEventSourceMapping(t.Context(), &awslambda.CreateEventSourceMappingInput{EventSourceArn: &w.streamARN, FunctionName: &w.function, StartingPosition: types.EventSourcePositionTrimHorizon})
	if message := wantCode(t, err, "InvalidParameterValueException"); !strings.HasPrefix(message, "Cannot access stream "+w.streamARN) {
		t.Error(message)
	}
}

func TestMappingThatLosesThePermissionSaysSo(t *testing.T) {
	w, clock := onManualClock(t, 1)
	uuid := w.createMapping()
	roles := iam.NewFromConfig(sdkConfig(w.server))
	_, err := roles.DeleteRolePolicy(t.Context(), &iam.DeleteRolePolicyInput{RoleName: aws.String("work-role"), PolicyName: aws.String("work")})
	must(t, err)
	w.put("k", "1")
	pass(t, clock, "the problem", func() bool {
		return strings.Contains(w.lastResult(uuid), "is not authorized to perform: kinesis:GetRecords on resource: "+w.streamARN)
	})
	_, err = roles.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: aws.String("work-role"), PolicyName: aws.String("work"), PolicyDocument: aws.String(rolePolicy)})
	must(t, err)
	pass(t, clock, "the delivery", func() bool { return len(w.brain.all()) == 1 })
}

func TestMappingThatDoesNotExist(t *testing.T) {
	w := newWorld(t, Options{}, 1)
	uuid := aws.String("00000000-0000-4000-8000-000000000000")
	_, err := w.lambda.GetEventSourceMapping(t.Context(), &awslambda.GetEventSourceMappingInput{UUID: uuid})
	if message := wantCode(t, err, "ResourceNotFoundException"); message != "The resource you requested does not exist." {
		t.Error(message)
	}
	_, err = w.lambda.DeleteEventSourceMapping(t.Context(), &awslambda.DeleteEventSourceMappingInput{UUID: uuid})
	wantCode(t, err, "ResourceNotFoundException")
	_, err = w.lambda.UpdateEventSourceMapping(t.Context(), &awslambda.UpdateEventSourceMappingInput{UUID: uuid})
	wantCode(t, err, "ResourceNotFoundException")
}

func TestMappingsAreListedAndTagged(t *testing.T) {
	w := newWorld(t, Options{}, 1)
	ctx := t.Context()
	w.createFunction("proxy")
	w.createFunction("proxy", func(in *awslambda.CreateFunctionInput) { in.FunctionName = aws.String("other") })
	uuid := w.createMapping(func(in *awslambda.CreateEventSourceMappingInput) { in.Tags = map[string]string{"a": "1"} })
	w.createMapping(func(in *awslambda.CreateEventSourceMappingInput) { in.FunctionName = aws.String("other") })
	all, err := w.lambda.ListEventSourceMappings(ctx, &awslambda.ListEventSourceMappingsInput{EventSourceArn: &w.streamARN})
	must(t, err)
	one, err := w.lambda.ListEventSourceMappings(ctx, &awslambda.ListEventSourceMappingsInput{FunctionName: &w.function})
	must(t, err)
	none, err := w.lambda.ListEventSourceMappings(ctx, &awslambda.ListEventSourceMappingsInput{EventSourceArn: aws.String(w.streamARN + "x")})
	must(t, err)
	if len(all.EventSourceMappings) != 2 || len(one.EventSourceMappings) != 1 || len(none.EventSourceMappings) != 0 {
		t.Fatalf("%d, %d and %d mappings", len(all.EventSourceMappings), len(one.EventSourceMappings), len(none.EventSourceMappings))
	}
	m := one.EventSourceMappings[0]
	if *m.UUID != uuid || *m.State != "Enabled" {
		t.Errorf("mapping %s in state %s", *m.UUID, *m.State)
	}
	_, err = w.lambda.TagResource(ctx, &awslambda.TagResourceInput{Resource: m.EventSourceMappingArn, Tags: map[string]string{"b": "2"}})
	must(t, err)
	tags, err := w.lambda.ListTags(ctx, &awslambda.ListTagsInput{Resource: m.EventSourceMappingArn})
	must(t, err)
	if len(tags.Tags) != 2 || tags.Tags["a"] != "1" || tags.Tags["b"] != "2" {
		t.Errorf("tags %v", tags.Tags)
	}
}

func TestMappingStates(t *testing.T) {
	w, clock := onManualClock(t, 1)
	must(t, w.server.SetReadiness(Readiness{Mapping: 5 * time.Second}))
	uuid := w.createMapping()
	state := func() string {
		out, err := w.lambda.GetEventSourceMapping(t.Context(), &awslambda.GetEventSourceMappingInput{UUID: &uuid})
		must(t, err)
		return *out.State
	}
	update := func(in awslambda.UpdateEventSourceMappingInput) error {
		in.UUID = &uuid
		_, err := w.lambda.UpdateEventSourceMapping(t.Context(), &in)
		return err
	}
	want := func(passing, then string) {
		t.Helper()
		if got := state(); got != passing {
			t.Errorf("state %s, want %s", got, passing)
		}
		if passing != "Creating" {
			wantCode(t, update(awslambda.UpdateEventSourceMappingInput{}), "ResourceInUseException")
		}
		clock.Advance(5 * time.Second)
		if got := state(); got != then {
			t.Errorf("state %s, want %s", got, then)
		}
	}
	w.put("k", "1")
	if len(w.brain.all()) > 0 {
		t.Error("it delivers before it is Enabled")
	}
	want("Creating", "Enabled")
	pass(t, clock, "the delivery", func() bool { return len(w.brain.all()) == 1 })
	must(t, update(awslambda.UpdateEventSourceMappingInput{BatchSize: aws.Int32(5)}))
	want("Updating", "Enabled")
	must(t, update(awslambda.UpdateEventSourceMappingInput{Enabled: aws.Bool(false)}))
	want("Disabling", "Disabled")
	must(t, update(awslambda.UpdateEventSourceMappingInput{BatchSize: aws.Int32(6)}))
	want("Updating", "Disabled")
	must(t, update(awslambda.UpdateEventSourceMappingInput{Enabled: aws.Bool(true)}))
	want("Enabling", "Enabled")
	deleted, err := w.lambda.DeleteEventSourceMapping(t.Context(), &awslambda.DeleteEventSourceMappingInput{UUID: &uuid})
	must(t, err)
	if *deleted.State != "Deleting" || *deleted.BatchSize != 6 || state() != "Deleting" {
		t.Errorf("deleting gives %+v", deleted)
	}
	clock.Advance(5 * time.Second)
	_, err = w.lambda.GetEventSourceMapping(t.Context(), &awslambda.GetEventSourceMappingInput{UUID: &uuid})
	wantCode(t, err, "ResourceNotFoundException")
}

// TestErrorsOfMappingsHaveTheRecordedShape checks which members the bodies have.
func TestErrorsOfMappingsHaveTheRecordedShape(t *testing.T) {
	w := newWorld(t, Options{}, 1)
	w.createFunction("proxy")
	base := w.server.Endpoint() + "/2015-03-31/event-source-mappings/"
	for _, c := range []struct {
		name, method, url, body string
		status                  int
		members                 map[string]bool
	}{
		{"invalid parameter", "POST", base, `{"FunctionName":"work","StartingPosition":"LATEST"}`, 400, map[string]bool{"Type": true, "message": true}},
		{"invalid value", "POST", base, `{"FunctionName":"work","EventSourceArn":"` + w.streamARN + `","StartingPosition":"invalid"}`, 400, map[string]bool{"message": true}},
		{"not found", "GET", base + "00000000-0000-4000-8000-000000000000", "", 404, map[string]bool{"Type": true, "Message": true, "message": true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			request, err := http.NewRequestWithContext(t.Context(), c.method, c.url, strings.NewReader(c.body))
			must(t, err)
			response, err := http.DefaultClient.Do(request)
			must(t, err)
			body, err := take(response)
			must(t, err)
			var got map[string]string
			must(t, json.Unmarshal(body, &got))
			if response.StatusCode != c.status {
				t.Errorf("status %d", response.StatusCode)
			}
			for _, member := range []string{"Type", "message", "Message"} {
				if _, has := got[member]; has != c.members[member] {
					t.Errorf("%s is in %s: %v", member, body, has)
				}
			}
			if c.members["Type"] && got["Type"] != "User" {
				t.Errorf("Type %q", got["Type"])
			}
		})
	}
}
