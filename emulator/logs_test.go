package emulator

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

const testGroup = "/aws/lambda/p-function"

func logsClient(t testing.TB) (*Server, *ManualClock, *cloudwatchlogs.Client) {
	t.Helper()
	clock := NewManualClock(epoch)
	s := startServer(t, Options{Clock: clock})
	return s, clock, cloudwatchlogs.NewFromConfig(sdkConfig(s))
}

func createGroup(t testing.TB, client *cloudwatchlogs.Client, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := client.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &name, Tags: map[string]string{"managed-by": "enrich"}}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLogGroups(t *testing.T) {
	_, _, client := logsClient(t)
	createGroup(t, client, testGroup, "/aws/lambda/other", "app")
	_, err := client.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("app")})
	wantCode(t, err, "ResourceAlreadyExistsException")
	for _, name := range []string{"", "with space", strings.Repeat("x", 513)} {
		_, err := client.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &name})
		wantCode(t, err, "InvalidParameterException")
	}
	var names []string
	for pages := cloudwatchlogs.NewDescribeLogGroupsPaginator(client, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: aws.String("/aws/lambda/"), Limit: aws.Int32(1)}); pages.HasMorePages(); {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range page.LogGroups {
			names = append(names, *g.LogGroupName)
		}
	}
	if !slices.Equal(names, []string{"/aws/lambda/other", testGroup}) {
		t.Errorf("groups %v", names)
	}
	describe := func() types.LogGroup {
		out, err := client.DescribeLogGroups(t.Context(), &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: aws.String(testGroup)})
		if err != nil || len(out.LogGroups) != 1 {
			t.Fatalf("%+v, %v", out, err)
		}
		return out.LogGroups[0]
	}
	arn := "arn:aws:logs:us-east-1:000000000000:log-group:" + testGroup
	if g := describe(); *g.Arn != arn+":*" || *g.LogGroupArn != arn || g.RetentionInDays != nil || *g.CreationTime != epoch.UnixMilli() {
		t.Errorf("group %+v", g)
	}
	if _, err := client.PutRetentionPolicy(t.Context(), &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: aws.String(testGroup), RetentionInDays: aws.Int32(14)}); err != nil {
		t.Fatal(err)
	}
	if g := describe(); *g.RetentionInDays != 14 {
		t.Errorf("retention %v", g.RetentionInDays)
	}
	_, err = client.PutRetentionPolicy(t.Context(), &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: aws.String(testGroup), RetentionInDays: aws.Int32(13)})
	wantCode(t, err, "InvalidParameterException")
	if _, err := client.DeleteRetentionPolicy(t.Context(), &cloudwatchlogs.DeleteRetentionPolicyInput{LogGroupName: aws.String(testGroup)}); err != nil {
		t.Fatal(err)
	}
	if g := describe(); g.RetentionInDays != nil {
		t.Errorf("retention %v", *g.RetentionInDays)
	}
	if _, err := client.TagResource(t.Context(), &cloudwatchlogs.TagResourceInput{ResourceArn: &arn, Tags: map[string]string{"team": "web"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.UntagResource(t.Context(), &cloudwatchlogs.UntagResourceInput{ResourceArn: &arn, TagKeys: []string{"managed-by"}}); err != nil {
		t.Fatal(err)
	}
	tags, err := client.ListTagsForResource(t.Context(), &cloudwatchlogs.ListTagsForResourceInput{ResourceArn: &arn})
	if err != nil || len(tags.Tags) != 1 || tags.Tags["team"] != "web" {
		t.Errorf("tags %v, %v", tags, err)
	}
	//nolint:staticcheck // deprecated, but what older clients call
	old, err := client.ListTagsLogGroup(t.Context(), &cloudwatchlogs.ListTagsLogGroupInput{LogGroupName: aws.String(testGroup)})
	if err != nil || old.Tags["team"] != "web" {
		t.Errorf("tags by the old operation %v, %v", old, err)
	}
	_, err = client.ListTagsForResource(t.Context(), &cloudwatchlogs.ListTagsForResourceInput{ResourceArn: aws.String(arn + ":*")})
	wantCode(t, err, "InvalidParameterException")
	if _, err := client.DeleteLogGroup(t.Context(), &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: aws.String(testGroup)}); err != nil {
		t.Fatal(err)
	}
	_, err = client.DeleteLogGroup(t.Context(), &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: aws.String(testGroup)})
	wantCode(t, err, "ResourceNotFoundException")
}

func TestPutLogEvents(t *testing.T) {
	_, _, client := logsClient(t)
	createGroup(t, client, testGroup)
	group, stream := aws.String(testGroup), aws.String("s")
	put := func(events ...types.InputLogEvent) (*cloudwatchlogs.PutLogEventsOutput, error) {
		return client.PutLogEvents(t.Context(), &cloudwatchlogs.PutLogEventsInput{LogGroupName: group, LogStreamName: stream, LogEvents: events})
	}
	event := func(after time.Duration) types.InputLogEvent {
		return types.InputLogEvent{Timestamp: aws.Int64(epoch.Add(after).UnixMilli()), Message: aws.String("m")}
	}
	_, err := put(event(0))
	wantCode(t, err, "ResourceNotFoundException")
	if _, err := client.CreateLogStream(t.Context(), &cloudwatchlogs.CreateLogStreamInput{LogGroupName: group, LogStreamName: stream}); err != nil {
		t.Fatal(err)
	}
	_, err = client.CreateLogStream(t.Context(), &cloudwatchlogs.CreateLogStreamInput{LogGroupName: group, LogStreamName: stream})
	wantCode(t, err, "ResourceAlreadyExistsException")
	_, err = client.CreateLogStream(t.Context(), &cloudwatchlogs.CreateLogStreamInput{LogGroupName: group, LogStreamName: aws.String("a:b")})
	wantCode(t, err, "InvalidParameterException")
	if out, err := put(event(0), event(time.Second)); err != nil || out.RejectedLogEventsInfo != nil {
		t.Errorf("%v, %v", out, err)
	}
	for name, events := range map[string][]types.InputLogEvent{
		"none":           {},
		"empty":          {{Timestamp: aws.Int64(epoch.UnixMilli()), Message: aws.String("")}},
		"order":          {event(time.Second), event(0)},
		"over a day":     {event(-25 * time.Hour), event(0)},
		"too large":      {{Timestamp: aws.Int64(epoch.UnixMilli()), Message: aws.String(strings.Repeat("x", 1<<20))}},
		"large together": slices.Repeat([]types.InputLogEvent{{Timestamp: aws.Int64(epoch.UnixMilli()), Message: aws.String(strings.Repeat("x", 1<<19))}}, 2),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := put(events...)
			wantCode(t, err, "InvalidParameterException")
		})
	}
	out, err := put(event(0), event(3*time.Hour))
	if err != nil || out.RejectedLogEventsInfo == nil || *out.RejectedLogEventsInfo.TooNewLogEventStartIndex != 1 {
		t.Errorf("too new: %+v, %v", out, err)
	}
	if out, err = put(event(-15 * 24 * time.Hour)); err != nil || out.RejectedLogEventsInfo == nil || *out.RejectedLogEventsInfo.TooOldLogEventEndIndex != 1 {
		t.Errorf("too old: %+v, %v", out, err)
	}
	streams, err := client.DescribeLogStreams(t.Context(), &cloudwatchlogs.DescribeLogStreamsInput{LogGroupName: group})
	if err != nil || len(streams.LogStreams) != 1 {
		t.Fatal(streams, err)
	}
	if s := streams.LogStreams[0]; *s.FirstEventTimestamp != epoch.UnixMilli() || *s.LastEventTimestamp != epoch.Add(time.Second).UnixMilli() || *s.LastIngestionTime != epoch.UnixMilli() {
		t.Errorf("stream %+v", s)
	}
}

// writeNumbered writes n events, one a second, into two streams by turns.
func writeNumbered(t testing.TB, s *Server, n int) {
	t.Helper()
	for i := range n {
		if err := s.logs.write(testGroup, fmt.Sprintf("stream-%d", i%2), []logEvent{{epoch.Add(time.Duration(i) * time.Second), fmt.Sprintf("event %d\n", i)}}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestGetLogEvents(t *testing.T) {
	s, _, client := logsClient(t)
	createGroup(t, client, testGroup)
	writeNumbered(t, s, 20) // the even ones in stream-0
	get := func(token *string, change func(*cloudwatchlogs.GetLogEventsInput)) (*cloudwatchlogs.GetLogEventsOutput, []string) {
		t.Helper()
		in := &cloudwatchlogs.GetLogEventsInput{LogGroupName: aws.String(testGroup), LogStreamName: aws.String("stream-0"), NextToken: token, Limit: aws.Int32(4)}
		if change != nil {
			change(in)
		}
		out, err := client.GetLogEvents(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		var messages []string
		for _, e := range out.Events {
			messages = append(messages, strings.TrimSpace(strings.TrimPrefix(*e.Message, "event ")))
		}
		return out, messages
	}
	want := func(got []string, numbers string) {
		t.Helper()
		if strings.Join(got, " ") != numbers {
			t.Errorf("got %v, want %s", got, numbers)
		}
	}
	fromHead := func(in *cloudwatchlogs.GetLogEventsInput) { in.StartFromHead = aws.Bool(true) }
	out, got := get(nil, fromHead)
	want(got, "0 2 4 6")
	out, got = get(out.NextForwardToken, nil)
	want(got, "8 10 12 14")
	back, got := get(out.NextBackwardToken, nil)
	want(got, "0 2 4 6")
	_, got = get(back.NextForwardToken, nil)
	want(got, "8 10 12 14")
	out, got = get(out.NextForwardToken, nil)
	want(got, "16 18")
	end, got := get(out.NextForwardToken, nil)
	want(got, "")
	if *end.NextForwardToken != *out.NextForwardToken {
		t.Errorf("the token at the end changed from %s to %s", *out.NextForwardToken, *end.NextForwardToken)
	}
	_, got = get(end.NextBackwardToken, nil)
	want(got, "12 14 16 18")
	writeNumbered(t, s, 1)
	_, got = get(nil, nil)
	want(got, "12 14 16 18")
	_, got = get(nil, func(in *cloudwatchlogs.GetLogEventsInput) {
		in.StartTime, in.EndTime = aws.Int64(epoch.Add(4*time.Second).UnixMilli()), aws.Int64(epoch.Add(8*time.Second).UnixMilli())
	})
	want(got, "4 6")
	head, got := get(nil, fromHead)
	want(got, "0 0 2 4")
	before, got := get(head.NextBackwardToken, nil)
	want(got, "")
	if *before.NextBackwardToken != *head.NextBackwardToken {
		t.Errorf("the token at the head changed from %s to %s", *head.NextBackwardToken, *before.NextBackwardToken)
	}
	_, got = get(before.NextForwardToken, nil)
	want(got, "0 0 2 4")
	if _, err := client.DeleteLogStream(t.Context(), &cloudwatchlogs.DeleteLogStreamInput{LogGroupName: aws.String(testGroup), LogStreamName: aws.String("stream-1")}); err != nil {
		t.Error(err)
	}
	_, err := client.GetLogEvents(t.Context(), &cloudwatchlogs.GetLogEventsInput{LogGroupName: aws.String(testGroup), LogStreamName: aws.String("stream-1")})
	wantCode(t, err, "ResourceNotFoundException")
	_, err = client.GetLogEvents(t.Context(), &cloudwatchlogs.GetLogEventsInput{LogGroupName: aws.String(testGroup), LogStreamName: aws.String("stream-0"), NextToken: aws.String("x")})
	wantCode(t, err, "InvalidParameterException")
}

func TestFilterLogEvents(t *testing.T) {
	s, _, client := logsClient(t)
	createGroup(t, client, testGroup)
	writeNumbered(t, s, 25)
	filter := func(change func(*cloudwatchlogs.FilterLogEventsInput)) (numbers []string) {
		t.Helper()
		in := &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String(testGroup), Limit: aws.Int32(3)}
		if change != nil {
			change(in)
		}
		for pages := cloudwatchlogs.NewFilterLogEventsPaginator(client, in); pages.HasMorePages(); {
			page, err := pages.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if len(page.Events) > 3 {
				t.Errorf("%d events on a page", len(page.Events))
			}
			for _, e := range page.Events {
				numbers = append(numbers, strings.TrimSpace(strings.TrimPrefix(*e.Message, "event ")))
			}
		}
		return numbers
	}
	if got := filter(nil); len(got) != 25 || got[24] != "24" {
		t.Errorf("all: %v", got)
	}
	if got := filter(func(in *cloudwatchlogs.FilterLogEventsInput) { in.StartFromHead = aws.Bool(false) }); len(got) != 25 || got[0] != "24" || got[24] != "0" {
		t.Errorf("from the end: %v", got)
	}
	for want, change := range map[string]func(*cloudwatchlogs.FilterLogEventsInput){
		"1 10 11 12 13 14 15 16 17 18 19 21": func(in *cloudwatchlogs.FilterLogEventsInput) { in.FilterPattern = aws.String("1") },
		"3 13 23":                            func(in *cloudwatchlogs.FilterLogEventsInput) { in.FilterPattern = aws.String("event 3") },
		"0 2 4 6 8 10": func(in *cloudwatchlogs.FilterLogEventsInput) {
			in.LogStreamNames, in.EndTime = []string{"stream-0"}, aws.Int64(epoch.Add(11*time.Second).UnixMilli())
		},
		"23": func(in *cloudwatchlogs.FilterLogEventsInput) {
			in.LogStreamNamePrefix, in.StartTime = aws.String("stream-1"), aws.Int64(epoch.Add(22*time.Second).UnixMilli())
		},
	} {
		if got := strings.Join(filter(change), " "); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	_, err := client.FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String(testGroup), FilterPattern: aws.String("[a, b]")})
	wantCode(t, err, "InvalidParameterException")
	_, err = client.FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupIdentifier: aws.String("arn:aws:logs:us-east-1:000000000000:log-group:nowhere")})
	wantCode(t, err, "ResourceNotFoundException")
}

func TestWriteNeedsAGroup(t *testing.T) {
	s, _, _ := logsClient(t)
	err := s.logs.write(testGroup, "s", []logEvent{newLogEvent(epoch, "m")})
	if err == nil || asAPIError(err).Code != "ResourceNotFoundException" {
		t.Errorf("got %v", err)
	}
}

func TestLogsAreBounded(t *testing.T) {
	s, clock, client := logsClient(t)
	createGroup(t, client, testGroup)
	line := strings.Repeat("x", 64<<10)
	for i := range 1500 { // 94 MiB in three streams
		if err := s.logs.write(testGroup, fmt.Sprint(i/500), []logEvent{{epoch.Add(time.Duration(i) * time.Millisecond), line}}); err != nil {
			t.Fatal(err)
		}
	}
	group := s.logs.anywhere(testGroup)
	held := 0
	for _, stream := range group.streams {
		for i := range stream.events {
			held += stream.events[i].size()
		}
	}
	if held > logCapacity || held != group.bytes || held < logCapacity/2 {
		t.Errorf("%d bytes are held, %d counted", held, group.bytes)
	}
	if last := group.streams["2"].events; last[len(last)-1].place.at != epoch.Add(1499*time.Millisecond).UnixMilli() {
		t.Error("the newest event is gone")
	}
	group.retention = 1
	clock.Advance(25 * time.Hour)
	if err := s.logs.write(testGroup, "new", []logEvent{{clock.Now(), "m"}}); err != nil {
		t.Fatal(err)
	}
	if group.bytes != 1+eventOverhead {
		t.Errorf("%d bytes are left after the retention", group.bytes)
	}
}

func TestEmbeddedMetrics(t *testing.T) {
	s, _, client := logsClient(t)
	createGroup(t, client, testGroup)
	line := fmt.Sprintf(`{"_aws":{"Timestamp":%d,"CloudWatchMetrics":[{"Namespace":"Enrich","Dimensions":[["Function"],[]],"Metrics":[{"Name":"Misses","Unit":"Count"},{"Name":"Times"}]}]},"Function":"f","Misses":3,"Times":[1,2]}`+"\n", epoch.Add(-time.Minute).UnixMilli())
	if err := s.logs.write(testGroup, "s", []logEvent{{epoch, line}, {epoch, `{"_aws": 1}`}, {epoch, `"_aws" said nobody`}}); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name       string
		dimensions map[string]string
		count, sum float64
	}{{"Misses", map[string]string{"Function": "f"}, 1, 3}, {"Misses", nil, 1, 3}, {"Times", map[string]string{"Function": "f"}, 2, 3}} {
		x := s.cloudwatch.metrics.find("Enrich", test.name, dimensionsOf(test.dimensions))
		if x == nil || len(x.minutes) != 1 || x.minutes[0].count != test.count || x.minutes[0].sum != test.sum || x.minutes[0].at != epoch.Unix()/60-1 {
			t.Errorf("%s %v: %+v", test.name, test.dimensions, x)
		}
	}
}

func TestPatterns(t *testing.T) {
	event := `{"level":"ERROR","n":3,"ok":true,"none":null,"deep":{"list":[{"x":"abc def"},7]},"latency_ms":12.5}`
	for _, test := range []struct {
		pattern, message string
		want             bool
	}{
		{"", "anything", true},
		{"ERROR", "an ERROR here", true},
		{"error", "an ERROR here", false},
		{"ERROR here", "here is an ERROR", true},
		{`"an ERROR"`, "an ERROR here", true},
		{`"here ERROR"`, "an ERROR here", false},
		{"ERROR -here", "an ERROR here", false},
		{"ERROR -there", "an ERROR here", true},
		{"?WARN ?ERROR", "an ERROR here", true},
		{"?WARN ?INFO", "an ERROR here", false},
		{"?WARN ERROR", "an ERROR here", true},
		{`"say \"hi\""`, `they say "hi" here`, true},
		{"{ $.level = \"ERROR\" }", event, true},
		{"{ $.level = ERROR }", event, true},
		{"{ $.level = \"ERR*\" }", event, true},
		{"{ $.level = \"*R*R\" }", event, true},
		{"{ $.level != \"ERROR\" }", event, false},
		{"{ $.other != \"ERROR\" }", event, false},
		{"{ $.n > 2 && $.n <= 3 }", event, true},
		{"{ $.n = 3.0 }", event, true},
		{"{ $.latency_ms >= 12.6 }", event, false},
		{"{ ($.n < 2 || $.ok IS TRUE) && $.none IS NULL }", event, true},
		{"{ $.ok IS FALSE }", event, false},
		{"{ $.deep.list[0].x = \"abc def\" }", event, true},
		{"{ $.deep.list[1] = 7 }", event, true},
		{"{ $.deep.list[2] = 7 }", event, false},
		{"{ $.missing NOT EXISTS }", event, true},
		{"{ $.level EXISTS }", event, true},
		{"{ $.level = \"ERROR\" }", "ERROR", false},
	} {
		p, err := parsePattern(test.pattern)
		if err != nil {
			t.Errorf("%s: %v", test.pattern, err)
		} else if got := p.matches(test.message); got != test.want {
			t.Errorf("%s on %s: %t", test.pattern, test.message, got)
		}
	}
	for _, pattern := range []string{"a,b", `"open`, "[a]", "%x%", "?", "{ }", "{ $.a }", "{ $.a = }", "{ $a = 1 }", "{ $.a > \"x\" }", "{ $.a > x }", "{ $.a = 1", "{ ($.a = 1 }", "{ $.a = 1 && }", "{ $.a = %x% }", strings.Repeat("a", 1025)} {
		if _, err := parsePattern(pattern); err == nil || asAPIError(err).Code != "InvalidParameterException" || asAPIError(err).Status != http.StatusBadRequest {
			t.Errorf("%s: %v", pattern, err)
		}
	}
}

func FuzzPattern(f *testing.F) {
	f.Add(`{ ($.a.b[0] = "x*" || $.n >= 3) && $.c IS NULL }`, `{"a":{"b":["xy"]},"n":3}`)
	f.Add(`?one "two three" -four`, "one two three")
	f.Fuzz(func(_ *testing.T, pattern, message string) {
		if p, err := parsePattern(pattern); err == nil {
			p.matches(message)
		}
	})
}

func FuzzEmbeddedMetrics(f *testing.F) {
	f.Add(`{"_aws":{"CloudWatchMetrics":[{"Namespace":"N","Dimensions":[["d"]],"Metrics":[{"Name":"m"}]}]},"d":"v","m":1}`)
	f.Fuzz(func(_ *testing.T, line string) {
		extractMetrics(newMetricStore(NewManualClock(epoch)), logEvent{epoch, line})
	})
}
