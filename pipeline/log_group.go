package pipeline

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"enrich/cost"
	"enrich/engine"
)

// LogGroup takes the function's logs.
type LogGroup struct {
	RetentionDays int               `json:"retention_days"` // 0: for ever
	Tags          map[string]string `json:"tags"`
}

type logGroup struct {
	identified
	desired LogGroup
	client  *cloudwatchlogs.Client
}

func (p *Pipeline) logGroup() engine.Resource {
	group := p.namedLogGroup(keyLogGroup, p.names.LogGroup)
	group.desired = LogGroup{RetentionDays: p.cfg.Function.LogRetentionDays, Tags: p.tags}
	return group
}

func (p *Pipeline) namedLogGroup(key, name string) *logGroup {
	return &logGroup{
		identified: identified{key: key, kind: kindLogGroup, name: name, arn: p.id.logGroupARN(name)},
		client:     cloudwatchlogs.NewFromConfig(p.sdk),
	}
}

// Desired is the data that the log group shall have.
func (g *logGroup) Desired() any { return g.desired }

func (g *logGroup) Read(ctx context.Context) (_ *engine.Observed, err error) {
	defer g.explain("reading", &err)
	spec, stored, err := g.describe(ctx)
	if err != nil {
		return nil, err
	}
	tags, err := g.client.ListTagsForResource(ctx, &cloudwatchlogs.ListTagsForResourceInput{ResourceArn: &g.arn})
	if err != nil {
		return nil, notFound(fmt.Errorf("tags: %w", err), "ResourceNotFoundException")
	}
	spec.Tags = userTags(tags.Tags)
	detail := "kept for ever"
	if spec.RetentionDays > 0 {
		detail = fmt.Sprintf("kept for %d days", spec.RetentionDays)
	}
	return &engine.Observed{
		ID:     g.name,
		ARN:    g.arn,
		Status: "present", // log groups have no states
		Detail: fmt.Sprintf("%s, %d bytes", detail, stored),
		Tags:   nonNil(tags.Tags),
		Spec:   spec,
	}, nil
}

// describe finds the group among those whose names begin alike: the API knows no
// other way.
func (g *logGroup) describe(ctx context.Context) (LogGroup, int64, error) {
	pages := cloudwatchlogs.NewDescribeLogGroupsPaginator(g.client, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: &g.name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return LogGroup{}, 0, notFound(err, "ResourceNotFoundException")
		}
		for _, group := range page.LogGroups {
			if aws.ToString(group.LogGroupName) == g.name {
				return LogGroup{RetentionDays: int(aws.ToInt32(group.RetentionInDays))}, aws.ToInt64(group.StoredBytes), nil
			}
		}
	}
	return LogGroup{}, 0, engine.ErrNotFound
}

func (g *logGroup) Diff(observed *engine.Observed) []engine.Change {
	return compare(g.desired, observed.Spec)
}

func (g *logGroup) Create(ctx context.Context, progress engine.Progress) (err error) {
	defer g.explain("creating", &err)
	err = g.uncontested(progress).do(ctx, func(ctx context.Context) error {
		_, err := g.client.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &g.name, Tags: g.desired.Tags})
		return err
	})
	if err := ignore(err, "ResourceAlreadyExistsException"); err != nil {
		return err
	}
	progress.Identified(g.name, g.arn)
	return retry{
		// A group that was created a moment ago may not be known everywhere.
		match:    func(err error) bool { return hasCode(err, "ResourceNotFoundException") },
		timeout:  20 * time.Second,
		progress: progress,
		doing:    "waiting for the new log group",
	}.do(ctx, func(ctx context.Context) error { return g.putRetention(ctx, progress) })
}

// uncontested repeats what CloudWatch Logs refuses while it works on the group,
// as it does for some seconds after the deletion of one of the same name.
func (g *logGroup) uncontested(progress engine.Progress) retry {
	return retry{
		match:    func(err error) bool { return hasCode(err, "OperationAbortedException") },
		timeout:  time.Minute,
		progress: progress,
		doing:    "waiting for another operation on the log group",
	}
}

func (g *logGroup) putRetention(ctx context.Context, progress engine.Progress) error {
	err := g.uncontested(progress).do(ctx, func(ctx context.Context) error {
		var err error
		if g.desired.RetentionDays == 0 {
			_, err = g.client.DeleteRetentionPolicy(ctx, &cloudwatchlogs.DeleteRetentionPolicyInput{LogGroupName: &g.name})
		} else {
			_, err = g.client.PutRetentionPolicy(ctx, &cloudwatchlogs.PutRetentionPolicyInput{
				LogGroupName: &g.name, RetentionInDays: aws.Int32(int32(g.desired.RetentionDays)),
			})
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("retention: %w", err)
	}
	return nil
}

func (g *logGroup) Update(ctx context.Context, observed *engine.Observed, changes []engine.Change, progress engine.Progress) (err error) {
	defer g.explain("updating", &err)
	if tagged(changes) {
		if err := g.retag(ctx, observed.Tags); err != nil {
			return fmt.Errorf("tags: %w", err)
		}
	}
	if changed(changes, "retention_days") {
		if err := g.putRetention(ctx, progress); err != nil {
			return err
		}
	}
	return nil
}

func (g *logGroup) retag(ctx context.Context, observed map[string]string) error {
	set, remove := tagChanges(observed, g.desired.Tags)
	if len(remove) > 0 {
		if _, err := g.client.UntagResource(ctx, &cloudwatchlogs.UntagResourceInput{ResourceArn: &g.arn, TagKeys: remove}); err != nil {
			return err
		}
	}
	if len(set) > 0 {
		if _, err := g.client.TagResource(ctx, &cloudwatchlogs.TagResourceInput{ResourceArn: &g.arn, Tags: set}); err != nil {
			return err
		}
	}
	return nil
}

func (g *logGroup) Delete(ctx context.Context, progress engine.Progress) (err error) {
	defer g.explain("deleting", &err)
	err = g.uncontested(progress).do(ctx, func(ctx context.Context) error {
		_, err := g.client.DeleteLogGroup(ctx, &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: &g.name})
		return err
	})
	return ignore(err, "ResourceNotFoundException")
}

// Recurs tells how long to watch whether the group comes back: the logs of the
// last invocations are delivered late, and where something may create groups (an
// endpoint that does not ask, a policy that somebody added) they bring it back.
func (g *logGroup) Recurs() time.Duration { return time.Second }

// daysOfMonth is 730 hours.
const daysOfMonth = cost.Hours / 24

// charges has what is kept for ever as one month's: it grows.
func (g *logGroup) charges(flow cost.Flow) []cost.Charge {
	months := float64(g.desired.RetentionDays) / daysOfMonth
	if g.desired.RetentionDays == 0 {
		months = 1
	}
	return []cost.Charge{
		{Item: cost.LogsIn, What: "the function's log", Traffic: flow.LogBytes / cost.GB},
		{Item: cost.LogsStorage, What: "the function's log", Traffic: flow.LogBytes / cost.GB * months},
	}
}

// needs has the group's ARN twice: what works on the group asks for it with a
// suffix, what works on its tags without. A listing is about all groups. No
// configuration keeps logs for ever, so retention is never deleted.
func (g *logGroup) needs() []need {
	return []need{{
		sid: "LogGroup", on: words{g.arn + ":*"},
		create: words{"logs:CreateLogGroup", "logs:TagResource", "logs:PutRetentionPolicy"},
		update: words{"logs:PutRetentionPolicy"},
		remove: words{"logs:DeleteLogGroup"},
	}, {
		sid: "LogGroupTags", on: words{g.arn},
		read:   words{"logs:ListTagsForResource"},
		update: words{"logs:TagResource", "logs:UntagResource"},
	}, {
		sid: "ListLogGroups", on: words{strings.TrimSuffix(g.arn, g.name) + "*"},
		read: words{"logs:DescribeLogGroups"},
	}}
}
