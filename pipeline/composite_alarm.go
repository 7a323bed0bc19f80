package pipeline

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"enrich/cost"
	"enrich/engine"
)

// CompositeAlarm is on while another alarm is.
type CompositeAlarm struct {
	Description string            `json:"description"`
	Rule        string            `json:"rule"`
	Notify      []string          `json:"notify"`
	Tags        map[string]string `json:"tags"`
}

type compositeAlarm struct {
	identified
	desired CompositeAlarm
	client  *cloudwatch.Client
}

// composite is the alarm over these, after all of which it is made and before all of
// which it goes: CloudWatch deletes none that another one names.
func (p *Pipeline) composite(alarms []engine.Resource) engine.Resource {
	c := p.namedComposite(alarmKey(alarmUnhealthy), p.compositeName())
	c.desired = CompositeAlarm{
		Description: "The pipeline is unhealthy: one of its alarms at least is on",
		Rule:        anyOf(alarms),
		Notify:      p.notify(),
		Tags:        p.tags,
	}
	for _, alarm := range alarms {
		c.after = append(c.after, alarm.Key())
	}
	return c
}

func (p *Pipeline) compositeName() string { return p.id.prefix() + "-" + alarmUnhealthy }

func (p *Pipeline) namedComposite(key, name string) *compositeAlarm {
	return &compositeAlarm{
		identified: identified{key: key, kind: kindComposite, name: name, arn: p.id.alarmARN(name)},
		client:     cloudWatch(p.sdk),
	}
}

// anyOf is the rule of an alarm over others.
func anyOf(alarms []engine.Resource) string {
	terms := make([]string, 0, len(alarms))
	for _, alarm := range alarms {
		terms = append(terms, fmt.Sprintf("ALARM(%q)", alarm.Name()))
	}
	return strings.Join(terms, " OR ")
}

// Bounds of a rule.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
const (
	ruleAlarms     = 100
	ruleCharacters = 10240
)

// ruleProblem says why alarms are too many for a rule; "" is well.
func ruleProblem(alarms []engine.Resource) string {
	const cure = ": switch lookup_table_throttling or composite off"
	if n := len(alarms); n > ruleAlarms {
		return fmt.Sprintf("comes to an alarm over %d others, AWS allows %d%s", n, ruleAlarms, cure)
	}
	if n := len(anyOf(alarms)); n > ruleCharacters {
		return fmt.Sprintf("comes to an alarm whose rule has %d characters, AWS allows %d%s", n, ruleCharacters, cure)
	}
	return ""
}

// Desired is the data that the alarm shall have.
func (c *compositeAlarm) Desired() any { return c.desired }

// Read does not take the state ALARM for ill health: that is told by the alarm that
// is the cause.
func (c *compositeAlarm) Read(ctx context.Context) (_ *engine.Observed, err error) {
	defer c.explain("reading", &err)
	answer, err := c.client.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{
		AlarmNames: []string{c.name}, AlarmTypes: []types.AlarmType{types.AlarmTypeCompositeAlarm},
	})
	if err != nil {
		return nil, err
	}
	if len(answer.CompositeAlarms) == 0 {
		return nil, engine.ErrNotFound
	}
	now := answer.CompositeAlarms[0]
	tags, err := readCloudWatchTags(ctx, c.client, c.arn)
	if err != nil {
		return nil, err
	}
	spec := CompositeAlarm{
		Description: aws.ToString(now.AlarmDescription), Rule: aws.ToString(now.AlarmRule),
		Notify: notifiedOf(now.ActionsEnabled, now.AlarmActions, now.OKActions), Tags: userTags(tags),
	}
	return &engine.Observed{
		ID:     c.name,
		ARN:    aws.ToString(now.AlarmArn),
		Status: string(now.StateValue),
		Detail: fmt.Sprintf("any of %d alarms", strings.Count(spec.Rule, "ALARM(")),
		Tags:   tags,
		Spec:   spec,
	}, nil
}

func (c *compositeAlarm) Diff(observed *engine.Observed) []engine.Change {
	return compare(c.desired, observed.Spec)
}

func (c *compositeAlarm) Create(ctx context.Context, progress engine.Progress) (err error) {
	defer c.explain("creating", &err)
	if err := c.put(ctx, progress); err != nil {
		return err
	}
	progress.Identified(c.name, c.arn)
	return nil
}

// put creates the alarm or replaces all of it but its tags, which count at the
// creation only. An alarm of the rule may not show yet.
func (c *compositeAlarm) put(ctx context.Context, progress engine.Progress) error {
	d := c.desired
	err := retry{
		match: func(err error) bool {
			return hasCode(err, "ValidationError", "ValidationException") && says(err, "do not exist", "does not exist")
		},
		timeout:  time.Minute,
		progress: progress,
		doing:    "waiting for its alarms to show",
	}.do(ctx, func(ctx context.Context) error {
		_, err := c.client.PutCompositeAlarm(ctx, &cloudwatch.PutCompositeAlarmInput{
			AlarmName: &c.name, AlarmDescription: &d.Description, AlarmRule: &d.Rule,
			ActionsEnabled: aws.Bool(true), AlarmActions: d.Notify, OKActions: d.Notify,
			Tags: cloudWatchTags(d.Tags),
		})
		return err
	})
	if foreign(err) {
		return fmt.Errorf("this endpoint has no composite alarms, do without by alarms.composite: false: %w", err)
	}
	return err
}

func (c *compositeAlarm) Update(ctx context.Context, observed *engine.Observed, changes []engine.Change, progress engine.Progress) (err error) {
	defer c.explain("updating", &err)
	if tagged(changes) {
		if err := retagCloudWatch(ctx, c.client, c.arn, observed.Tags, c.desired.Tags); err != nil {
			return err
		}
	}
	if changed(changes, compositeFields()...) {
		return c.put(ctx, progress)
	}
	return nil
}

func compositeFields() []string { return []string{"description", "rule", "notify"} }

func (c *compositeAlarm) Delete(ctx context.Context, _ engine.Progress) (err error) {
	defer c.explain("deleting", &err)
	_, err = c.client.DeleteAlarms(ctx, &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{c.name}})
	return ignore(err, "ResourceNotFound", "ResourceNotFoundException")
}

// charges are the same however many alarms it is made of.
func (c *compositeAlarm) charges(cost.Flow) []cost.Charge {
	return []cost.Charge{{Item: cost.CompositeAlarm, What: "composite alarm", Idle: 1}}
}

// needs has actions that AWS confines to no alarm: whoever may not have them on
// everything sees and makes no composite alarm. The others it shares with the metric
// alarms, which grants one of theirs on its name, too: in a policy of IAM's length,
// even one for deploy alone, there is no room for two statements.
func (c *compositeAlarm) needs() []need {
	return []need{{
		sid: "Alarms", on: words{c.arn},
		read:   words{"cloudwatch:ListTagsForResource"},
		create: words{"cloudwatch:TagResource"},
		update: words{"cloudwatch:TagResource", "cloudwatch:UntagResource"},
		remove: words{"cloudwatch:DeleteAlarms"},
	}, {
		sid: sidUnscoped, on: words{everything},
		read:   words{describeAlarms},
		create: words{"cloudwatch:PutCompositeAlarm"},
		update: words{"cloudwatch:PutCompositeAlarm"},
	}}
}
