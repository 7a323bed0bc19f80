// Package logs reads a CloudWatch Logs log group: what was logged in all of its
// streams, in the order of time, and what is logged from now on.
package logs

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

// Query says what to read.
type Query struct {
	Group  string    // name of the log group
	Since  time.Time // events from then on; all by default
	Filter string    // a filter pattern of CloudWatch Logs; "" lets everything through
}

// Event is one event of a log stream.
type Event struct {
	At      time.Time
	Stream  string
	Message string // without the end of line

	id string // unique in the group
}

// Read gives the events that are there, oldest first. An error ends it.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
func Read(ctx context.Context, client *cloudwatchlogs.Client, q Query) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		in := &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &q.Group, StartTime: aws.Int64(max(0, q.Since.UnixMilli()))}
		if q.Filter != "" {
			in.FilterPattern = &q.Filter
		}
		// A page may be empty and still not the last.
		pages := cloudwatchlogs.NewFilterLogEventsPaginator(client, in)
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(Event{}, fmt.Errorf("reading the log group %s: %w", q.Group, err))
				return
			}
			for _, e := range page.Events {
				event := Event{
					At: time.UnixMilli(aws.ToInt64(e.Timestamp)), Stream: aws.ToString(e.LogStreamName),
					Message: strings.TrimRight(aws.ToString(e.Message), "\r\n"), id: aws.ToString(e.EventId),
				}
				if !yield(event, nil) {
					return
				}
			}
		}
	}
}

// Follow gives the events that are there and then, asking again after every poll,
// what comes: each event once, whichever stream it is in and however late it
// becomes readable within two minutes. It ends with an error, that of ctx at last.
// Throttled and failed calls are repeated by the client.
func Follow(ctx context.Context, client *cloudwatchlogs.Client, q Query, poll time.Duration) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		met := newRecent(q.Since)
		for {
			again := q
			again.Since = met.from()
			for event, err := range Read(ctx, client, again) {
				if err != nil {
					yield(Event{}, err)
					return
				}
				if met.add(event) && !yield(event, nil) {
					return
				}
			}
			select {
			case <-ctx.Done():
				yield(Event{}, ctx.Err())
				return
			case <-time.After(poll):
			}
		}
	}
}
