package pipeline

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"enrich/cost"
	"enrich/engine"
)

// AlarmTopic takes what alarms tell to the addresses of the settings. It is not
// encrypted: CloudWatch may not use alias/aws/sns, and a key of the customer's own
// costs.
// https://repost.aws/knowledge-center/cloudwatch-receive-sns-for-alarm-trigger
type AlarmTopic struct {
	Policy map[string]Statement `json:"policy"`
	Tags   map[string]string    `json:"tags"`
}

type alarmTopic struct {
	identified
	desired AlarmTopic
	policy  Policy
	client  *sns.Client
}

func (p *Pipeline) alarmTopic() engine.Resource {
	t := p.namedTopic(keyTopic, p.names.AlarmTopic)
	t.policy = publishPolicy(t.arn, p.id.Account, p.id.alarmARN(p.id.prefix()+"-*"))
	t.desired = AlarmTopic{Policy: t.policy.statements(), Tags: p.tags}
	return t
}

func (p *Pipeline) namedTopic(key, name string) *alarmTopic {
	return &alarmTopic{
		identified: identified{key: key, kind: kindTopic, name: name, arn: p.id.topicARN(name)},
		client:     sns.NewFromConfig(p.sdk),
	}
}

// publishPolicy lets CloudWatch publish what the pipeline's alarms tell. Who else may
// is left to the policies of the account's users and roles.
func publishPolicy(topic, account, alarms string) Policy {
	return Policy{Version: PolicyVersion, Statements: []Statement{{
		Sid:       "PublishAlarms",
		Effect:    "Allow",
		Principal: principal{"Service": {"cloudwatch.amazonaws.com"}},
		Action:    words{"sns:Publish"},
		Resource:  words{topic},
		Condition: map[string]map[string]conditions{
			"StringEquals": {"aws:SourceAccount": {account}},
			"ArnLike":      {"aws:SourceArn": {alarms}},
		},
	}}}
}

// Desired is the data that the topic shall have.
func (t *alarmTopic) Desired() any { return t.desired }

func (t *alarmTopic) Read(ctx context.Context) (_ *engine.Observed, err error) {
	defer t.explain("reading", &err)
	answer, err := t.client.GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: &t.arn})
	if err != nil {
		return nil, notFound(err, "NotFound", "NotFoundException")
	}
	listed, err := t.client.ListTagsForResource(ctx, &sns.ListTagsForResourceInput{ResourceArn: &t.arn})
	if err != nil {
		return nil, notFound(fmt.Errorf("tags: %w", err), "ResourceNotFound", "ResourceNotFoundException")
	}
	tags := tagMap(listed.Tags, func(tag types.Tag) (*string, *string) { return tag.Key, tag.Value })
	return &engine.Observed{
		ID:     t.name,
		ARN:    t.arn,
		Status: "present", // topics have no states
		Detail: answer.Attributes["SubscriptionsConfirmed"] + " confirmed, " + answer.Attributes["SubscriptionsPending"] + " pending",
		Tags:   tags,
		Spec:   AlarmTopic{Policy: readPolicy(answer.Attributes["Policy"]), Tags: userTags(tags)},
	}, nil
}

func (t *alarmTopic) Diff(observed *engine.Observed) []engine.Change {
	return compare(t.desired, observed.Spec)
}

// Create finds a topic that exists: SNS creates none of the same name, attributes
// and tags again.
func (t *alarmTopic) Create(ctx context.Context, progress engine.Progress) (err error) {
	defer t.explain("creating", &err)
	document, err := t.policy.document()
	if err != nil {
		return err
	}
	_, err = t.client.CreateTopic(ctx, &sns.CreateTopicInput{
		Name: &t.name, Attributes: map[string]string{"Policy": document}, Tags: topicTags(t.desired.Tags),
	})
	if err != nil {
		return err
	}
	progress.Identified(t.name, t.arn)
	return nil
}

func topicTags(tags map[string]string) []types.Tag {
	return tagList(tags, func(key, value string) types.Tag { return types.Tag{Key: &key, Value: &value} })
}

func (t *alarmTopic) Update(ctx context.Context, observed *engine.Observed, changes []engine.Change, _ engine.Progress) (err error) {
	defer t.explain("updating", &err)
	if tagged(changes) {
		if err := t.retag(ctx, observed.Tags); err != nil {
			return fmt.Errorf("tags: %w", err)
		}
	}
	if !changed(changes, "policy") {
		return nil
	}
	document, err := t.policy.document()
	if err != nil {
		return err
	}
	_, err = t.client.SetTopicAttributes(ctx, &sns.SetTopicAttributesInput{
		TopicArn: &t.arn, AttributeName: aws.String("Policy"), AttributeValue: &document,
	})
	return err
}

func (t *alarmTopic) retag(ctx context.Context, observed map[string]string) error {
	set, remove := tagChanges(observed, t.desired.Tags)
	if len(remove) > 0 {
		if _, err := t.client.UntagResource(ctx, &sns.UntagResourceInput{ResourceArn: &t.arn, TagKeys: remove}); err != nil {
			return err
		}
	}
	if len(set) > 0 {
		if _, err := t.client.TagResource(ctx, &sns.TagResourceInput{ResourceArn: &t.arn, Tags: topicTags(set)}); err != nil {
			return err
		}
	}
	return nil
}

// Delete takes the topic's subscriptions along, those that are not confirmed too.
func (t *alarmTopic) Delete(ctx context.Context, _ engine.Progress) (err error) {
	defer t.explain("deleting", &err)
	_, err = t.client.DeleteTopic(ctx, &sns.DeleteTopicInput{TopicArn: &t.arn})
	return ignore(err, "NotFound", "NotFoundException")
}

// charges leave out mail, of which the first thousand a month are free.
func (t *alarmTopic) charges(cost.Flow) []cost.Charge { return nil }

func (t *alarmTopic) needs() []need {
	return []need{{
		sid: "AlarmTopic", on: words{t.arn},
		read:   words{"sns:GetTopicAttributes", "sns:ListTagsForResource"},
		create: words{"sns:CreateTopic", "sns:TagResource"},
		update: words{"sns:SetTopicAttributes", "sns:TagResource", "sns:UntagResource"},
		remove: words{"sns:DeleteTopic"},
	}}
}
