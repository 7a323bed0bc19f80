package emulator

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// logsService is CloudWatch Logs.
type logsService struct {
	options   Options
	metrics   *cloudWatchService // takes the metrics of EMF lines; may be nil
	readiness *readiness

	mu      sync.RWMutex
	groups  map[groupKey]*logGroupData
	vacated map[groupKey]time.Time // when the name of a deleted group is free
	written uint64                 // events, ever: tells apart those of the same millisecond
}

type groupKey struct{ region, name string }

// logGroupData is a log group.
type logGroupData struct {
	arn       string // without the final :*
	name      string
	created   time.Time
	visible   time.Time // when calls find it
	free      time.Time // when it takes changes
	retention int32     // days; 0: for ever
	class     types.LogGroupClass
	key       string // KMS
	tags      map[string]string
	streams   map[string]*logStream
	bytes     int
}

// logEvent is one event of a writer within the emulator.
type logEvent struct {
	at      time.Time
	message string
}

func newLogEvent(at time.Time, message string) logEvent { return logEvent{at, message} }

func newLogs(options Options, metrics *cloudWatchService) *logsService {
	return &logsService{options: options, metrics: metrics, groups: map[groupKey]*logGroupData{}, vacated: map[groupKey]time.Time{}}
}

func (l *logsService) operations() map[string]operation {
	return map[string]operation{
		"CreateLogGroup":        op(l.createGroup),
		"DescribeLogGroups":     op(l.describeGroups),
		"DeleteLogGroup":        op(l.deleteGroup),
		"PutRetentionPolicy":    op(l.putRetention),
		"DeleteRetentionPolicy": op(l.deleteRetention),
		"CreateLogStream":       op(l.createStream),
		"DescribeLogStreams":    op(l.describeStreams),
		"DeleteLogStream":       op(l.deleteStream),
		"PutLogEvents":          op(l.putEvents),
		"GetLogEvents":          op(l.getEvents),
		"FilterLogEvents":       op(l.filterEvents),
		"TagResource":           op(l.tagResource),
		"UntagResource":         op(l.untagResource),
		"ListTagsForResource":   op(l.listTags),
		"ListTagsLogGroup":      op(l.listGroupTags),
	}
}

func (l *logsService) now() time.Time { return l.options.Clock.Now().UTC() }

func logsInvalid(format string, args ...any) *apiError {
	return failf(http.StatusBadRequest, "InvalidParameterException", format, args...)
}

func logsUnsupported(what string) *apiError {
	return notHad(logsInvalid("%s is not supported by this emulator.", what), what)
}

func noSuchGroup() *apiError {
	return failf(http.StatusBadRequest, "ResourceNotFoundException", "The specified log group does not exist.")
}

func noSuchStream() *apiError {
	return failf(http.StatusBadRequest, "ResourceNotFoundException", "The specified log stream does not exist.")
}

var (
	groupPattern  = compiled(`^[.\-_/#A-Za-z0-9]{1,512}$`)
	streamPattern = compiled(`^[^:*]{1,512}$`)
)

// retentions are the days that PutRetentionPolicy takes.
var retentions = []int32{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}

func (l *logsService) createGroup(ctx context.Context, in *cloudwatchlogs.CreateLogGroupInput) (*cloudwatchlogs.CreateLogGroupOutput, error) {
	name := deref(in.LogGroupName)
	switch {
	case !groupPattern().MatchString(name):
		return nil, logsInvalid("1 validation error detected: Value '%s' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+ and have length between 1 and 512", name)
	case strings.HasPrefix(name, "aws/"):
		return nil, logsInvalid("Log groups starting with AWS/ are reserved for AWS.")
	case deref(in.DeletionProtectionEnabled):
		return nil, logsUnsupported("DeletionProtectionEnabled")
	}
	if err := checkLogTags(in.Tags, 0); err != nil {
		return nil, err
	}
	c := callerOf(ctx)
	l.mu.Lock()
	defer l.mu.Unlock()
	key := l.key(ctx, name)
	if l.groups[key] != nil {
		return nil, failf(http.StatusBadRequest, "ResourceAlreadyExistsException", "The specified log group already exists")
	}
	if l.readiness.before(l.vacated[key]) {
		return nil, logsAborted()
	}
	group := &logGroupData{
		arn: c.arn("logs", "log-group:"+name), name: name, created: l.now(), class: in.LogGroupClass, key: deref(in.KmsKeyId),
		tags: map[string]string{}, streams: map[string]*logStream{},
		visible: l.readiness.visible(), free: l.readiness.until(l.readiness.inForce().Busy),
	}
	if group.class == "" {
		group.class = types.LogGroupClassStandard
	}
	for key, value := range in.Tags {
		group.tags[key] = value
	}
	l.groups[key] = group
	return &cloudwatchlogs.CreateLogGroupOutput{}, nil
}

func (l *logsService) key(ctx context.Context, name string) groupKey {
	region := callerOf(ctx).Region
	if region == "" {
		region = l.options.Region
	}
	return groupKey{region, name}
}

// group finds a group of the caller's region by name. The lock is held.
func (l *logsService) group(ctx context.Context, name string) (*logGroupData, error) {
	group := l.groups[l.key(ctx, name)]
	if group == nil || l.readiness.before(group.visible) {
		return nil, noSuchGroup()
	}
	return group, nil
}

// unoccupied is group for what changes it.
func (l *logsService) unoccupied(ctx context.Context, name string) (*logGroupData, error) {
	group, err := l.group(ctx, name)
	if err == nil && l.readiness.before(group.free) {
		return nil, logsAborted()
	}
	return group, err
}

func logsAborted() *apiError {
	return failf(http.StatusBadRequest, "OperationAbortedException",
		"A conflicting operation is currently in progress against this resource. Please try again.")
}

// identified finds a group by name, or by its name or ARN. The lock is held.
func (l *logsService) identified(ctx context.Context, name, identifier *string) (*logGroupData, error) {
	switch {
	case name == nil && identifier == nil:
		return nil, logsInvalid("logGroupName or logGroupIdentifier must be specified")
	case name != nil && identifier != nil:
		return nil, logsInvalid("Only one of logGroupName and logGroupIdentifier can be specified")
	case name != nil:
		return l.group(ctx, *name)
	}
	if _, after, ok := strings.Cut(*identifier, ":log-group:"); ok && strings.HasPrefix(*identifier, "arn:") {
		return l.group(ctx, strings.TrimSuffix(after, ":*"))
	}
	return l.group(ctx, *identifier)
}

func (l *logsService) deleteGroup(ctx context.Context, in *cloudwatchlogs.DeleteLogGroupInput) (*cloudwatchlogs.DeleteLogGroupOutput, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, err := l.unoccupied(ctx, deref(in.LogGroupName)); err != nil {
		return nil, err
	}
	key := l.key(ctx, *in.LogGroupName)
	delete(l.groups, key)
	l.vacated[key] = l.readiness.until(l.readiness.inForce().Busy)
	return &cloudwatchlogs.DeleteLogGroupOutput{}, nil
}

// logPage reads the page size of a describing operation.
func logPage(limit *int32) (int, error) {
	if limit == nil {
		return 50, nil
	}
	if *limit < 1 || *limit > 50 {
		return 0, logsInvalid("1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must have value between 1 and 50", *limit)
	}
	return int(*limit), nil
}

func logToken() *apiError { return logsInvalid("The specified nextToken is invalid.") }

func (l *logsService) describeGroups(ctx context.Context, in *cloudwatchlogs.DescribeLogGroupsInput) (*cloudwatchlogs.DescribeLogGroupsOutput, error) {
	limit, err := logPage(in.Limit)
	if err != nil {
		return nil, err
	}
	after, err := decodeToken(deref(in.NextToken))
	switch {
	case err != nil:
		return nil, logToken()
	case in.LogGroupNamePattern != nil && in.LogGroupNamePrefix != nil:
		return nil, logsInvalid("Only one of logGroupNamePattern and logGroupNamePrefix can be specified")
	case len(in.AccountIdentifiers) > 0:
		return nil, logsUnsupported("AccountIdentifiers")
	case deref(in.IncludeLinkedAccounts):
		return nil, logsUnsupported("IncludeLinkedAccounts")
	}
	out := &cloudwatchlogs.DescribeLogGroupsOutput{LogGroups: []types.LogGroup{}}
	l.mu.RLock()
	defer l.mu.RUnlock()
	for _, group := range l.sorted(l.key(ctx, "").region) {
		if group.name <= after && after != "" || !group.asked(in) {
			continue
		}
		if len(out.LogGroups) == limit {
			out.NextToken = new(encodeToken(*out.LogGroups[limit-1].LogGroupName))
			break
		}
		out.LogGroups = append(out.LogGroups, group.describe())
	}
	return out, nil
}

// asked tells whether a group passes the filters of DescribeLogGroups.
func (g *logGroupData) asked(in *cloudwatchlogs.DescribeLogGroupsInput) bool {
	if len(in.LogGroupIdentifiers) > 0 && !slices.ContainsFunc(in.LogGroupIdentifiers, func(id string) bool {
		return id == g.name || strings.TrimSuffix(id, ":*") == g.arn
	}) {
		return false
	}
	return strings.HasPrefix(g.name, deref(in.LogGroupNamePrefix)) && strings.Contains(g.name, deref(in.LogGroupNamePattern)) &&
		(in.LogGroupClass == "" || in.LogGroupClass == g.class)
}

func (g *logGroupData) describe() types.LogGroup {
	out := types.LogGroup{
		Arn: new(g.arn + ":*"), LogGroupArn: &g.arn, LogGroupName: &g.name, CreationTime: new(g.created.UnixMilli()),
		MetricFilterCount: new(int32(0)), StoredBytes: new(int64(g.bytes)), LogGroupClass: g.class,
	}
	if g.retention > 0 {
		out.RetentionInDays = new(g.retention)
	}
	if g.key != "" {
		out.KmsKeyId = &g.key
	}
	return out
}

// sorted gives the groups of a region by name. The lock is held.
func (l *logsService) sorted(region string) []*logGroupData {
	var found []*logGroupData
	for key, group := range l.groups {
		if key.region == region && !l.readiness.before(group.visible) {
			found = append(found, group)
		}
	}
	slices.SortFunc(found, func(a, b *logGroupData) int { return strings.Compare(a.name, b.name) })
	return found
}

func (l *logsService) putRetention(ctx context.Context, in *cloudwatchlogs.PutRetentionPolicyInput) (*cloudwatchlogs.PutRetentionPolicyOutput, error) {
	days := deref(in.RetentionInDays)
	if !slices.Contains(retentions, days) {
		return nil, logsInvalid("1 validation error detected: Value '%d' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set: %v", days, retentions)
	}
	return &cloudwatchlogs.PutRetentionPolicyOutput{}, l.setRetention(ctx, deref(in.LogGroupName), days)
}

func (l *logsService) deleteRetention(ctx context.Context, in *cloudwatchlogs.DeleteRetentionPolicyInput) (*cloudwatchlogs.DeleteRetentionPolicyOutput, error) {
	return &cloudwatchlogs.DeleteRetentionPolicyOutput{}, l.setRetention(ctx, deref(in.LogGroupName), 0)
}

func (l *logsService) setRetention(ctx context.Context, name string, days int32) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	group, err := l.unoccupied(ctx, name)
	if err != nil {
		return err
	}
	group.retention = days
	return nil
}
