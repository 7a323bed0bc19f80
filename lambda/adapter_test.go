package lambda

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"enrich/enrichment"
)

// quick makes retries wait for next to nothing.
func quick(t testing.TB, getenv func(string) string) *Handler {
	t.Helper()
	h, err := begin(t.Context(), getenv, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	h.finder.(*tables).backoff.base, h.finder.(*tables).backoff.most = time.Millisecond, time.Millisecond
	h.sink.(*bucket).backoff.base, h.sink.(*bucket).backoff.most = time.Millisecond, time.Millisecond
	return h
}

// inLambda is an invocation's context that ends in good time.
func inLambda(t testing.TB, account string) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return lambdacontext.NewContext(ctx, &lambdacontext.LambdaContext{InvokedFunctionArn: "arn:aws:lambda:us-east-1:" + account + ":function:f"})
}

// The function over the real SDK: through throttling, keys left unprocessed,
// errors, resets and hangs to the same objects as without any.
func TestThroughTheSDK(t *testing.T) {
	weather := map[string]struct {
		onRead  func(n int) (string, int)
		onWrite func(n int) string
	}{
		"calm": {},
		"throttled": {
			onRead: func(n int) (string, int) {
				return []string{"400 ProvisionedThroughputExceededException", "400 ThrottlingException", ""}[n%3], 0
			},
			onWrite: func(n int) string { return []string{"503 SlowDown", "", "500 InternalError"}[n%3] },
		},
		"unprocessed": {onRead: func(n int) (string, int) { return "", max(0, 20-n) }},
		"broken": {
			onRead:  func(n int) (string, int) { return []string{"reset", "500 InternalServerError", "503 x", ""}[n%4], 0 },
			onWrite: func(n int) string { return []string{"reset", "503 ServiceUnavailable", "", "400 RequestTimeout"}[n%4] },
		},
	}
	var calm map[string][]byte
	for _, name := range append([]string{"calm"}, slices.Sorted(maps.Keys(weather))...) {
		t.Run(name, func(t *testing.T) {
			cloud, server := newCloud(t)
			cloud.onRead, cloud.onWrite = weather[name].onRead, weather[name].onWrite
			var records []given
			for i := range 250 {
				user := fmt.Sprint("user", i)
				if i%2 == 0 {
					cloud.items[user] = json.RawMessage(fmt.Sprintf(`{"user_id":{"S":%q},"name":{"S":"N\"%d"},"segment":{"N":"12345678901234567890.10"}}`, user, i))
				}
				records = append(records, good(i, user, beforeHour))
			}
			records = append(records, good(250, "user0", afterHour), bad(251, afterHour))
			h := quick(t, environment(server.URL))
			h.now = func() time.Time { return time.UnixMilli(afterHour) }
			ctx := lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{InvokedFunctionArn: "arn:aws:lambda:us-east-1:123456789012:function:f"})
			response, err := h.Invoke(ctx, eventOf(t, records...))
			if c := checkpointOf(t, response); err != nil || c != "" {
				t.Fatalf("checkpoint %q, %v", c, err)
			}
			if calm == nil {
				calm = cloud.objects
			}
			if !maps.EqualFunc(calm, cloud.objects, slices.Equal) || len(calm) != 3 {
				t.Errorf("objects %v differ from those of calm weather", slices.Sorted(maps.Keys(cloud.objects)))
			}
			stored := fakeBucket{objects: cloud.objects}
			line := stored.lines(t, "/bucket/enriched-data/2026/11/23/14/"+shard+"-0.ndjson.gz")[2]
			if want := `{"n":2,"user_id":"user2","user_name":"N\"2","user_email":"Unknown","user_segment":12345678901234567890.10,`; !strings.HasPrefix(line, want) {
				t.Errorf("got %s, want %s…", line, want)
			}
		})
	}
}

// What cannot succeed is not tried again, is told, and leaves the batch undone.
func TestPermanentFailures(t *testing.T) {
	for _, test := range []struct {
		name, variable, value, account string
		onRead                         func(n int) (string, int)
		want                           string
		requests                       int
	}{
		{name: "no such table", variable: "TABLE_NAME", value: "others", want: "lookup users: reading table others: ", requests: 1},
		{
			name: "no permission", want: "AccessDeniedException", requests: 1,
			onRead: func(int) (string, int) { return "400 AccessDeniedException", 0 },
		},
		{name: "another's bucket", account: "999999999999", want: "AccessDenied", requests: 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			cloud, server := newCloud(t)
			cloud.onRead = test.onRead
			h := quick(t, environment(server.URL, test.variable, test.value))
			var b *batch
			h.batches.New = func() any { b = h.newBatch(); return b }
			if test.account == "" {
				test.account = "123456789012"
			}
			response, err := h.Invoke(inLambda(t, test.account), eventOf(t, good(7, "a", beforeHour)))
			if c := checkpointOf(t, response); err != nil || c != "7" || len(cloud.objects) > 0 {
				t.Errorf("checkpoint %q, %v", c, err)
			}
			if len(b.failures) != 1 || !strings.Contains(b.failures[0].Error(), test.want) {
				t.Errorf("failures %v, want %s", b.failures, test.want)
			}
			if len(cloud.requests) != test.requests {
				t.Errorf("requests %v", cloud.requests)
			}
		})
	}
}

// A table that is down keeps the function until shortly before its end; then
// what is done is stored and the rest reported.
func TestOutage(t *testing.T) {
	cloud, server := newCloud(t)
	cloud.onRead = func(n int) (string, int) {
		if n == 1 {
			return "", 1 // user b is never answered
		}
		return "400 ThrottlingException", 0
	}
	h := quick(t, environment(server.URL))
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	response, err := h.Invoke(ctx, eventOf(t, good(1, "a", beforeHour), bad(2, beforeHour), good(3, "b", beforeHour), good(4, "a", beforeHour)))
	if c := checkpointOf(t, response); err != nil || c != "3" || ctx.Err() != nil {
		t.Errorf("checkpoint %q, %v, %v", c, err, ctx.Err())
	}
	stored := fakeBucket{objects: cloud.objects}
	want := "/bucket/dead-letter/2026/11/23/14/" + shard + "-2.ndjson.gz: †bad2\n/bucket/enriched-data/2026/11/23/14/" + shard + "-1.ndjson.gz: 1"
	if got := stored.contents(t); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// However little throughput a table has, what it gives is used for the first
// records, so that the shard goes on.
func TestShortOfThroughput(t *testing.T) {
	cloud, server := newCloud(t)
	began, read := time.Now(), 0
	cloud.room = func(keys int) int { // 200 keys a second
		n := min(keys, max(0, int(time.Since(began)/(5*time.Millisecond))-read))
		read += n
		return n
	}
	h := quick(t, environment(server.URL))
	var records []given
	for i := range 1000 {
		records = append(records, good(i, fmt.Sprint("user", i), beforeHour))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	response, err := h.Invoke(ctx, eventOf(t, records...))
	if err != nil {
		t.Fatal(err)
	}
	done, err := strconv.Atoi(checkpointOf(t, response))
	cloud.mutex.Lock()
	defer cloud.mutex.Unlock()
	if err != nil || done < read/2 || read < 100 {
		t.Errorf("%d records are done with %d keys read, %v", done, read, err)
	}
}

// A server that never answers costs one attempt's time, not the invocation's,
// however short that is.
func TestHang(t *testing.T) {
	for _, test := range []struct {
		name              string
		attempt, deadline time.Duration
		hangs             int // number of the request
	}{
		{"put", 50 * time.Millisecond, 20 * time.Second, 2},
		{"put, little time", 0, 3 * time.Second, 2},
		{"read, little time", 0, 3 * time.Second, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cloud, server := newCloud(t)
			release := make(chan struct{})
			defer close(release)
			hang := func(n int) string {
				if n != test.hangs {
					return ""
				}
				cloud.mutex.Unlock()
				<-release
				cloud.mutex.Lock()
				return "reset"
			}
			cloud.onWrite = hang
			cloud.onRead = func(n int) (string, int) { return hang(n), 0 }
			h := quick(t, environment(server.URL))
			if test.attempt > 0 {
				h.sink.(*bucket).backoff.attempt = test.attempt
			}
			ctx, cancel := context.WithTimeout(t.Context(), test.deadline)
			defer cancel()
			response, err := h.Invoke(ctx, eventOf(t, good(1, "a", beforeHour)))
			if c := checkpointOf(t, response); err != nil || c != "" {
				t.Errorf("checkpoint %q, %v", c, err)
			}
		})
	}
}

func TestOwner(t *testing.T) {
	if owner(t.Context()) != nil {
		t.Error("an owner without invocation")
	}
	for _, test := range []struct{ function, want string }{
		{"arn:aws:lambda:us-east-1:123456789012:function:f", "123456789012"},
		{"arn:aws-cn:lambda:cn-north-1:210987654321:function:f:alias", "210987654321"},
		{"f", ""}, {"", ""}, {"arn:aws:lambda:us-east-1::function:f", ""},
	} {
		got := ""
		if o := owner(lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{InvokedFunctionArn: test.function})); o != nil {
			got = *o
		}
		if got != test.want {
			t.Errorf("%s: %q", test.function, got)
		}
	}
}

func TestRequest(t *testing.T) {
	lookup := &enrichment.Lookup{TableKey: "id", Fields: []enrichment.Field{{From: "name"}, {From: "id", To: "key"}, {From: "a.b"}, {From: "name", To: "again"}}}
	r := requestOf(lookup, []string{"x"})
	want := map[string]string{"#k": "id", "#a1": "name", "#a2": "a.b"}
	if *r.ProjectionExpression != "#k,#a1,#a2" || !maps.Equal(r.ExpressionAttributeNames, want) || len(r.Keys) != 1 {
		t.Errorf("%s, %v", *r.ProjectionExpression, r.ExpressionAttributeNames)
	}
}

func TestValues(t *testing.T) {
	n := func(text string) types.AttributeValue { return &types.AttributeValueMemberN{Value: text} }
	s := func(text string) types.AttributeValue { return &types.AttributeValueMemberS{Value: text} }
	for _, test := range []struct {
		value types.AttributeValue
		want  string
	}{
		{s("é\"\n<&>"), `"é\"\n<&>"`},
		{s(""), `""`},
		{n("12345678901234567890123456789012345678"), `12345678901234567890123456789012345678`},
		{n("-0.00000000000000000001"), `-0.00000000000000000001`},
		{n("1E+125"), `1E+125`},
		{n(".5"), `".5"`},
		{n("NaN"), `"NaN"`},
		{n("null"), `"null"`},
		{&types.AttributeValueMemberBOOL{Value: true}, `true`},
		{&types.AttributeValueMemberBOOL{}, `false`},
		{&types.AttributeValueMemberNULL{Value: true}, `null`},
		{&types.AttributeValueMemberB{Value: []byte{0xff, 0xfe}}, `"//4="`},
		{&types.AttributeValueMemberSS{Value: []string{"b", "a"}}, `["a","b"]`},
		{&types.AttributeValueMemberNS{Value: []string{"2", "10"}}, `[10,2]`},
		{&types.AttributeValueMemberBS{Value: [][]byte{{2}, {1}}}, `["AQ==","Ag=="]`},
		{&types.AttributeValueMemberL{}, `[]`},
		{&types.AttributeValueMemberL{Value: []types.AttributeValue{n("1"), s("x"), &types.AttributeValueMemberL{}}}, `[1,"x",[]]`},
		{&types.AttributeValueMemberM{}, `{}`},
		{&types.AttributeValueMemberM{Value: map[string]types.AttributeValue{"b\"": n("1"), "a": &types.AttributeValueMemberM{}}}, `{"a":{},"b\"":1}`},
	} {
		got, err := appendValue(nil, test.value)
		if err != nil || string(got) != test.want || !json.Valid(got) {
			t.Errorf("got %s, %v; want %s", got, err, test.want)
		}
	}
	for _, value := range []types.AttributeValue{nil, &types.UnknownUnionMember{Tag: "X"}, &types.AttributeValueMemberL{Value: []types.AttributeValue{nil}}, &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{"a": nil}}} {
		if _, err := itemOf(map[string]types.AttributeValue{"attr": value}); err == nil || !strings.Contains(err.Error(), "attribute attr: a value of the unknown type") {
			t.Errorf("%T: %v", value, err)
		}
	}
}
