package logs

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"enrich/emulator"
)

const group = "/aws/lambda/enrich"

// journal is a log group in an emulator.
type journal struct {
	t      *testing.T
	client *cloudwatchlogs.Client
}

func newJournal(t *testing.T, streams ...string) journal {
	server, err := emulator.Start(t.Context(), emulator.Options{})
	must(t, err)
	// The server's shutdown waits 5 s for a connection that nothing was asked on.
	transport := &http.Transport{}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		must(t, server.Close(context.Background()))
	})
	j := journal{t, cloudwatchlogs.NewFromConfig(aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(server.Endpoint()), HTTPClient: &http.Client{Transport: transport},
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
	})}
	_, err = j.client.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String(group)})
	must(t, err)
	for _, stream := range streams {
		_, err := j.client.CreateLogStream(t.Context(), &cloudwatchlogs.CreateLogStreamInput{LogGroupName: aws.String(group), LogStreamName: &stream})
		must(t, err)
	}
	return j
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (j journal) log(stream string, at time.Time, messages ...string) {
	in := &cloudwatchlogs.PutLogEventsInput{LogGroupName: aws.String(group), LogStreamName: &stream}
	for _, message := range messages {
		in.LogEvents = append(in.LogEvents, types.InputLogEvent{Message: aws.String(message + "\n"), Timestamp: aws.Int64(at.UnixMilli())})
	}
	_, err := j.client.PutLogEvents(j.t.Context(), in)
	must(j.t, err)
}

func TestReadGivesAllStreamsInTheOrderOfTime(t *testing.T) {
	j := newJournal(t, "a", "b")
	now := time.Now()
	j.log("a", now.Add(-time.Hour), "old")
	j.log("a", now.Add(-3*time.Second), "1", "1")
	j.log("b", now.Add(-2*time.Second), "2 error")
	j.log("a", now.Add(-time.Second), "3")
	for filter, want := range map[string][]string{"": {"a 1", "a 1", "b 2 error", "a 3"}, "error": {"b 2 error"}, "none": nil} {
		var got []string
		for event, err := range Read(t.Context(), j.client, Query{Group: group, Since: now.Add(-time.Minute), Filter: filter}) {
			must(t, err)
			got = append(got, event.Stream+" "+event.Message)
		}
		if !slices.Equal(got, want) {
			t.Errorf("filter %q gives %q, want %q", filter, got, want)
		}
	}
}

func TestReadGoesThroughAllPages(t *testing.T) {
	j := newJournal(t, "a")
	now := time.Now()
	const batches, size = 25, 1000 // a page has 10,000 at most
	for range batches {
		j.log("a", now, slices.Repeat([]string{"line"}, size)...)
	}
	n := 0
	for _, err := range Read(t.Context(), j.client, Query{Group: group, Since: now.Add(-time.Minute)}) {
		must(t, err)
		n++
	}
	if n != batches*size {
		t.Errorf("%d events, want %d", n, batches*size)
	}
}

func TestReadSaysWhichGroupIsMissing(t *testing.T) {
	j := newJournal(t)
	for _, err := range Read(t.Context(), j.client, Query{Group: "none"}) {
		if missing, ok := errors.AsType[*types.ResourceNotFoundException](err); !ok {
			t.Errorf("%v (%v)", err, missing)
		}
	}
}

// Streams get their lines independently: what becomes readable late is neither
// missed nor does it make others come twice.
func TestFollowGivesEachEventOnce(t *testing.T) {
	j := newJournal(t, "a", "b")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	began := time.Now()
	j.log("a", began, "0")
	var got []string
	step := 0
	for event, err := range Follow(ctx, j.client, Query{Group: group, Since: began.Add(-time.Minute)}, time.Millisecond) {
		if errors.Is(err, context.Canceled) {
			break
		}
		must(t, err)
		got = append(got, event.Message)
		switch step++; {
		case step <= 10: // each of them older than all before
			j.log("b", began.Add(-time.Duration(step)*time.Second), fmt.Sprint(step))
		case step == 11: // equal in everything
			j.log("a", began, "same", "same")
		case step == 13:
			j.log("a", began.Add(time.Second), "end")
		case step == 14:
			cancel()
		}
	}
	want := []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "same", "same", "end"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestFollowEndsWithItsContext(t *testing.T) {
	j := newJournal(t)
	ctx, cancel := context.WithCancel(t.Context())
	go cancel()
	for event, err := range Follow(ctx, j.client, Query{Group: group, Since: time.Now()}, time.Hour) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%v, %v", event, err)
		}
	}
}
