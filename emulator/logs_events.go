package emulator

import (
	"context"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// Limits of PutLogEvents and of the reading operations.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
const (
	putEventsMax   = 10000
	putEventsBytes = 1 << 20
	eventBytes     = 1 << 20
	readEventsMax  = 10000
	readBytesMax   = 1 << 20
	tooOld         = 14 * 24 * time.Hour
	tooNew         = 2 * time.Hour
)

func (l *logsService) putEvents(ctx context.Context, in *cloudwatchlogs.PutLogEventsInput) (*cloudwatchlogs.PutLogEventsOutput, error) {
	if in.Entity != nil {
		return nil, logsUnsupported("Entity")
	}
	if err := checkEvents(in.LogEvents); err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	group, err := l.group(ctx, deref(in.LogGroupName))
	if err != nil {
		return nil, err
	}
	stream := group.streams[deref(in.LogStreamName)]
	if stream == nil {
		return nil, noSuchStream()
	}
	first, last, rejected := l.acceptable(group, in.LogEvents)
	var events []logEvent
	for _, event := range in.LogEvents[first:last] {
		events = append(events, logEvent{time.UnixMilli(*event.Timestamp), *event.Message})
	}
	l.append(group, stream, events)
	l.extract(events)
	return &cloudwatchlogs.PutLogEventsOutput{
		RejectedLogEventsInfo: rejected,
		NextSequenceToken:     new(place{at: stream.created.UnixMilli(), seq: l.written}.text()),
	}, nil
}

// checkEvents validates a batch.
func checkEvents(events []types.InputLogEvent) error {
	if len(events) == 0 || len(events) > putEventsMax {
		return logsInvalid("1 validation error detected: Value at 'logEvents' failed to satisfy constraint: Member must have length between 1 and %d", putEventsMax)
	}
	size, before := 0, int64(math.MinInt64)
	for _, event := range events {
		switch {
		case event.Timestamp == nil || *event.Timestamp < 0:
			return logsInvalid("1 validation error detected: Value at 'logEvents.member.timestamp' failed to satisfy constraint: Member must be a time in milliseconds")
		case deref(event.Message) == "":
			return logsInvalid("1 validation error detected: Value '' at 'logEvents.member.message' failed to satisfy constraint: Member must have length greater than or equal to 1")
		case len(*event.Message)+eventOverhead > eventBytes:
			return logsInvalid("Log event too large: %d bytes exceeds limit of %d", len(*event.Message)+eventOverhead, eventBytes)
		case *event.Timestamp < before:
			return logsInvalid("Log events in a single PutLogEvents request must be in chronological order.")
		}
		before = *event.Timestamp
		size += len(*event.Message) + eventOverhead
	}
	if size > putEventsBytes {
		return logsInvalid("Upload too large: %d bytes exceeds limit of %d", size, putEventsBytes)
	}
	if before-*events[0].Timestamp > (24 * time.Hour).Milliseconds() {
		return logsInvalid("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.")
	}
	return nil
}

// acceptable gives the range of events that are neither too old nor too new,
// and what AWS says of the others.
func (l *logsService) acceptable(group *logGroupData, events []types.InputLogEvent) (first, last int, rejected *types.RejectedLogEventsInfo) {
	now := l.now()
	oldest, newest := now.Add(-tooOld).UnixMilli(), now.Add(tooNew).UnixMilli()
	expired := int64(math.MinInt64)
	if group.retention > 0 {
		expired = now.AddDate(0, 0, -int(group.retention)).UnixMilli()
	}
	last = len(events)
	info := types.RejectedLogEventsInfo{}
	for i, event := range events {
		switch at := *event.Timestamp; {
		case at < expired:
			first, info.ExpiredLogEventEndIndex = i+1, new(int32(i+1))
		case at < oldest:
			first, info.TooOldLogEventEndIndex = i+1, new(int32(i+1))
		case at > newest && last == len(events):
			last, info.TooNewLogEventStartIndex = i, new(int32(i))
		}
	}
	if first == 0 && last == len(events) {
		return first, last, nil
	}
	return first, max(first, last), &info
}

// readLimit reads how many events a reader wants.
func readLimit(limit *int32) (int, error) {
	if limit == nil {
		return readEventsMax, nil
	}
	if *limit < 1 || *limit > readEventsMax {
		return 0, logsInvalid("1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must have value between 1 and %d", *limit, readEventsMax)
	}
	return int(*limit), nil
}

// direction is where a token continues.
type direction struct {
	given   bool
	forward bool
	place   place
}

func parseDirection(token *string) (direction, error) {
	if token == nil {
		return direction{}, nil
	}
	way, text, _ := strings.Cut(*token, "/")
	p, ok := parsePlace(strings.TrimSuffix(text, "/s"))
	if !ok || way != "f" && way != "b" {
		return direction{}, logToken()
	}
	return direction{given: true, forward: way == "f", place: p}, nil
}

func forwardToken(p place) *string  { return new("f/" + p.text() + "/s") }
func backwardToken(p place) *string { return new("b/" + p.text() + "/s") }

// getEvents reads a stream in pages. At its end the tokens come back as they
// were given, which is how a reader knows.
func (l *logsService) getEvents(ctx context.Context, in *cloudwatchlogs.GetLogEventsInput) (*cloudwatchlogs.GetLogEventsOutput, error) {
	limit, err := readLimit(in.Limit)
	if err != nil {
		return nil, err
	}
	from, err := parseDirection(in.NextToken)
	if err != nil {
		return nil, err
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	group, err := l.identified(ctx, in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	stream := group.streams[deref(in.LogStreamName)]
	if stream == nil {
		return nil, noSuchStream()
	}
	if !from.given {
		from.forward = deref(in.StartFromHead)
		from.place = place{at: math.MinInt64}
		if !from.forward {
			from.place = place{at: math.MaxInt64}
		}
	}
	page := stream.page(stream.between(in.StartTime, in.EndTime), from, limit)
	out := &cloudwatchlogs.GetLogEventsOutput{Events: []types.OutputLogEvent{}}
	for i := range page {
		e := &page[i]
		out.Events = append(out.Events, types.OutputLogEvent{Timestamp: new(e.place.at), IngestionTime: new(e.ingested), Message: new(e.message)})
	}
	out.NextForwardToken, out.NextBackwardToken = pageTokens(page, from, in.NextToken)
	return out, nil
}

// page cuts the events that a direction leads to, in order.
func (s *logStream) page(events []storedEvent, from direction, limit int) []storedEvent {
	part := logStream{events: events}
	first, last, size := 0, len(events), 0
	if from.forward {
		first = part.after(from.place)
		for i := first; i < last; i++ {
			if size += events[i].size(); i-first == limit || size > readBytesMax && i > first {
				last = i
				break
			}
		}
		return events[first:last]
	}
	last = part.until(from.place)
	for i := last - 1; i >= first; i-- {
		if size += events[i].size(); last-i > limit || size > readBytesMax && i < last-1 {
			first = i + 1
			break
		}
	}
	return events[first:last]
}

// pageTokens gives the tokens that lead on from a page and back from it.
func pageTokens(page []storedEvent, from direction, given *string) (forward, backward *string) {
	switch {
	case len(page) > 0:
		return forwardToken(page[len(page)-1].place), backwardToken(page[0].place)
	case !from.given:
		return forwardToken(place{}), backwardToken(place{})
	case from.forward:
		return given, backwardToken(place{from.place.at, from.place.seq + 1})
	}
	if from.place.seq == 0 {
		return forwardToken(place{}), given
	}
	return forwardToken(place{from.place.at, from.place.seq - 1}), given
}

// filterEvents searches the streams of a group, in the order of time.
func (l *logsService) filterEvents(ctx context.Context, in *cloudwatchlogs.FilterLogEventsInput) (*cloudwatchlogs.FilterLogEventsOutput, error) {
	limit, err := readLimit(in.Limit)
	if err != nil {
		return nil, err
	}
	from, err := parseDirection(in.NextToken)
	switch {
	case err != nil:
		return nil, err
	case len(in.LogStreamNames) > 0 && in.LogStreamNamePrefix != nil:
		return nil, logsInvalid("Only one of logStreamNames and logStreamNamePrefix can be specified")
	case len(in.LogStreamNames) > 100:
		return nil, logsInvalid("1 validation error detected: Value at 'logStreamNames' failed to satisfy constraint: Member must have length less than or equal to 100")
	}
	pattern, err := parsePattern(deref(in.FilterPattern))
	if err != nil {
		return nil, err
	}
	if !from.given {
		from.forward = in.StartFromHead == nil || *in.StartFromHead
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	group, err := l.identified(ctx, in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	found, err := group.search(in, pattern, from)
	if err != nil {
		return nil, err
	}
	return filtered(found, from.forward, limit), nil
}

// foundEvent is an event with the stream that holds it.
type foundEvent struct {
	*storedEvent
	stream *logStream
}

// search gives the matching events beyond a place, in order.
func (g *logGroupData) search(in *cloudwatchlogs.FilterLogEventsInput, pattern pattern, from direction) ([]foundEvent, error) {
	for _, name := range in.LogStreamNames {
		if g.streams[name] == nil {
			return nil, noSuchStream()
		}
	}
	var found []foundEvent
	for _, stream := range g.streams {
		if len(in.LogStreamNames) > 0 && !slices.Contains(in.LogStreamNames, stream.name) || !strings.HasPrefix(stream.name, deref(in.LogStreamNamePrefix)) {
			continue
		}
		events := stream.between(in.StartTime, in.EndTime)
		for i := range events {
			e := &events[i]
			if from.given && (from.forward && !from.place.before(e.place) || !from.forward && !e.place.before(from.place)) {
				continue
			}
			if pattern.matches(e.message) {
				found = append(found, foundEvent{e, stream})
			}
		}
	}
	slices.SortFunc(found, func(a, b foundEvent) int {
		if a.place.before(b.place) == from.forward {
			return -1
		}
		return 1
	})
	return found, nil
}

// filtered cuts one page of what was found.
func filtered(found []foundEvent, forward bool, limit int) *cloudwatchlogs.FilterLogEventsOutput {
	out := &cloudwatchlogs.FilterLogEventsOutput{Events: []types.FilteredLogEvent{}, SearchedLogStreams: []types.SearchedLogStream{}}
	size := 0
	for i, e := range found {
		if size += e.size(); i == limit || size > readBytesMax && i > 0 {
			if last := found[i-1].place; forward {
				out.NextToken = forwardToken(last)
			} else {
				out.NextToken = backwardToken(last)
			}
			break
		}
		out.Events = append(out.Events, types.FilteredLogEvent{
			EventId: new(e.place.text()), Timestamp: new(e.place.at), IngestionTime: new(e.ingested), Message: new(e.message), LogStreamName: new(e.stream.name),
		})
	}
	return out
}
