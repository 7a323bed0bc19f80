package emulator

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

const (
	// logCapacity is how many bytes of events a log group keeps; beyond it the
	// oldest events go.
	logCapacity = 64 << 20
	// eventOverhead is what CloudWatch Logs adds to each event's size.
	eventOverhead = 26
)

// logStream is a stream with its events in order.
type logStream struct {
	name     string
	created  time.Time
	ingested time.Time
	events   []storedEvent
	bytes    int
}

type storedEvent struct {
	place    place
	ingested int64 // Unix milliseconds
	message  string
}

func (e *storedEvent) size() int { return len(e.message) + eventOverhead }

// place is an event's position: its time in Unix milliseconds, then the order
// of arrival.
type place struct {
	at  int64
	seq uint64
}

func (p place) before(q place) bool { return p.at < q.at || p.at == q.at && p.seq < q.seq }

// text is the place as digits, as AWS's event IDs and tokens have.
func (p place) text() string { return fmt.Sprintf("%020d%020d", p.at, p.seq) }

func parsePlace(text string) (place, bool) {
	var p place
	if len(text) != 40 || strings.ContainsAny(text, " +-") {
		return p, false
	}
	n, err := fmt.Sscanf(text, "%020d%020d", &p.at, &p.seq)
	return p, err == nil && n == 2
}

// after and until give the index of the first event beyond, and not before, p.
func (s *logStream) after(p place) int {
	return sort.Search(len(s.events), func(i int) bool { return p.before(s.events[i].place) })
}

func (s *logStream) until(p place) int {
	return sort.Search(len(s.events), func(i int) bool { return !s.events[i].place.before(p) })
}

// between gives the events of [start, end) in Unix milliseconds; nil is open.
func (s *logStream) between(start, end *int64) []storedEvent {
	first, last := 0, len(s.events)
	if start != nil {
		first = s.until(place{at: *start})
	}
	if end != nil {
		last = s.until(place{at: *end})
	}
	if first >= last {
		return nil
	}
	return s.events[first:last]
}

// append stores events. The service's lock is held.
func (l *logsService) append(group *logGroupData, stream *logStream, events []logEvent) {
	now, size := l.now(), 0
	stream.ingested = now
	for _, event := range events {
		l.written++
		stored := storedEvent{place{event.at.UnixMilli(), l.written}, now.UnixMilli(), event.message}
		if n := len(stream.events); n == 0 || stream.events[n-1].place.before(stored.place) {
			stream.events = append(stream.events, stored)
		} else {
			stream.events = slices.Insert(stream.events, stream.after(stored.place), stored)
		}
		stream.bytes += stored.size()
		group.bytes += stored.size()
		size += stored.size()
	}
	l.countIncoming(group, len(events), size)
	if group.retention > 0 {
		group.expire(now.AddDate(0, 0, -int(group.retention)).UnixMilli())
	}
	if group.bytes > logCapacity {
		group.shrink()
	}
}

// drop removes the first n events of a stream.
func (g *logGroupData) drop(stream *logStream, n int) {
	for i := range n {
		size := stream.events[i].size()
		stream.bytes -= size
		g.bytes -= size
	}
	stream.events = slices.Clone(stream.events[n:])
}

// expire removes what is older than the retention allows.
func (g *logGroupData) expire(oldest int64) {
	for _, stream := range g.streams {
		if n := stream.until(place{at: oldest}); n > 0 {
			g.drop(stream, n)
		}
	}
}

// shrink removes the oldest events until an eighth of the capacity is free.
func (g *logGroupData) shrink() {
	for g.bytes > logCapacity/8*7 {
		var oldest *logStream
		for _, stream := range g.streams {
			if len(stream.events) > 0 && (oldest == nil || stream.events[0].place.before(oldest.events[0].place)) {
				oldest = stream
			}
		}
		if oldest == nil {
			return
		}
		g.drop(oldest, len(oldest.events)/8+1)
	}
}

// write stores events of a writer within the emulator. The group may be given
// by name, which is looked for in the server's region first, or by ARN. The
// stream is made when it is new.
func (l *logsService) write(group, stream string, events []logEvent) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	g := l.anywhere(group)
	if g == nil {
		return noSuchGroup()
	}
	s := g.streams[stream]
	if s == nil {
		s = &logStream{name: stream, created: l.now()}
		g.streams[stream] = s
	}
	l.append(g, s, events)
	l.extract(events)
	return nil
}

// anywhere finds a group for a writer that says no region. The lock is held.
func (l *logsService) anywhere(name string) *logGroupData {
	if group := l.groups[groupKey{l.options.Region, name}]; group != nil {
		return group
	}
	for key, group := range l.groups {
		if key.name == name || group.arn == name {
			return group
		}
	}
	return nil
}

func (l *logsService) createStream(ctx context.Context, in *cloudwatchlogs.CreateLogStreamInput) (*cloudwatchlogs.CreateLogStreamOutput, error) {
	name := deref(in.LogStreamName)
	if !streamPattern().MatchString(name) {
		return nil, logsInvalid("1 validation error detected: Value '%s' at 'logStreamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [^:*]* and have length between 1 and 512", name)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	group, err := l.group(ctx, deref(in.LogGroupName))
	if err != nil {
		return nil, err
	}
	if group.streams[name] != nil {
		return nil, failf(http.StatusBadRequest, "ResourceAlreadyExistsException", "The specified log stream already exists")
	}
	group.streams[name] = &logStream{name: name, created: l.now()}
	return &cloudwatchlogs.CreateLogStreamOutput{}, nil
}

func (l *logsService) deleteStream(ctx context.Context, in *cloudwatchlogs.DeleteLogStreamInput) (*cloudwatchlogs.DeleteLogStreamOutput, error) {
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
	group.bytes -= stream.bytes
	delete(group.streams, stream.name)
	return &cloudwatchlogs.DeleteLogStreamOutput{}, nil
}

func (l *logsService) describeStreams(ctx context.Context, in *cloudwatchlogs.DescribeLogStreamsInput) (*cloudwatchlogs.DescribeLogStreamsOutput, error) {
	limit, err := logPage(in.Limit)
	if err != nil {
		return nil, err
	}
	token, err := decodeToken(deref(in.NextToken))
	byTime := in.OrderBy == types.OrderByLastEventTime
	switch {
	case err != nil:
		return nil, logToken()
	case byTime && in.LogStreamNamePrefix != nil:
		return nil, logsInvalid("Cannot order by LastEventTime with a logStreamNamePrefix.")
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	group, err := l.identified(ctx, in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	out := &cloudwatchlogs.DescribeLogStreamsOutput{LogStreams: []types.LogStream{}}
	streams := group.order(byTime, deref(in.Descending))
	started := token == ""
	for _, stream := range streams {
		if !started {
			started = stream.name == token
			continue
		}
		if !strings.HasPrefix(stream.name, deref(in.LogStreamNamePrefix)) {
			continue
		}
		if len(out.LogStreams) == limit {
			out.NextToken = new(encodeToken(*out.LogStreams[limit-1].LogStreamName))
			break
		}
		out.LogStreams = append(out.LogStreams, stream.describe(group.arn))
	}
	return out, nil
}

// order gives the streams by name or by the time of their last event.
func (g *logGroupData) order(byTime, descending bool) []*logStream {
	streams := make([]*logStream, 0, len(g.streams))
	for _, stream := range g.streams {
		streams = append(streams, stream)
	}
	slices.SortFunc(streams, func(a, b *logStream) int {
		if byTime && a.last() != b.last() {
			if a.last() < b.last() {
				return -1
			}
			return 1
		}
		return strings.Compare(a.name, b.name)
	})
	if descending {
		slices.Reverse(streams)
	}
	return streams
}

// last is the time of the last event in Unix milliseconds.
func (s *logStream) last() int64 {
	if len(s.events) == 0 {
		return math.MinInt64
	}
	return s.events[len(s.events)-1].place.at
}

func (s *logStream) describe(group string) types.LogStream {
	out := types.LogStream{
		LogStreamName: &s.name, Arn: new(group + ":log-stream:" + s.name), CreationTime: new(s.created.UnixMilli()),
		StoredBytes: new(int64(0)), //nolint:staticcheck // deprecated, and AWS still tells 0
	}
	if len(s.events) > 0 {
		out.FirstEventTimestamp, out.LastEventTimestamp = new(s.events[0].place.at), new(s.last())
		out.LastIngestionTime, out.UploadSequenceToken = new(s.ingested.UnixMilli()), new(s.events[len(s.events)-1].place.text())
	}
	return out
}
