package pipeline

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"enrich/cost"
	"enrich/engine"
)

// AlarmSubscription sends what alarms tell to an e-mail address.
type AlarmSubscription struct {
	Topic   string `json:"topic"` // ARN
	Address string `json:"address"`
}

type alarmSubscription struct {
	identified // by the address: SNS tells an ARN only when that is confirmed
	desired    AlarmSubscription
	client     *sns.Client
}

// What SNS lists in the place of an ARN: the second of what was ended a while ago.
const (
	arnPending = "PendingConfirmation"
	arnEnded   = "Deleted"
)

// States of a subscription.
const (
	subscriptionPending   = "pending confirmation"
	subscriptionConfirmed = "confirmed"
)

const protocolEmail = "email"

func (p *Pipeline) alarmSubscription(address string) engine.Resource {
	s := p.addressed(subscriptionKey(address), address)
	s.after = []string{keyTopic}
	return s
}

func (p *Pipeline) addressed(key, address string) *alarmSubscription {
	return &alarmSubscription{
		identified: identified{key: key, kind: kindSubscription, name: address},
		desired:    AlarmSubscription{Topic: p.id.topicARN(p.names.AlarmTopic), Address: address},
		client:     sns.NewFromConfig(p.sdk),
	}
}

// Asked are the addresses that a run has had SNS send its mail to.
func Asked(report *engine.Report) (addresses []string) {
	for _, r := range report.Results {
		if r.Kind == kindSubscription && r.Phase == engine.Created && r.Err == nil {
			addresses = append(addresses, r.Name)
		}
	}
	return addresses
}

// Lingering says what will be left of resources that are deleted together. A
// subscription cannot be ended before it has been confirmed, but goes with its topic.
// https://docs.aws.amazon.com/sns/latest/dg/sns-delete-subscription-topic.html
func Lingering(going []engine.Inspection) (left []string) {
	for _, f := range going {
		switch {
		case f.Resource.Kind() == kindTopic:
			return nil
		case f.Resource.Kind() == kindSubscription && f.Observed != nil && f.Observed.Status == subscriptionPending:
			left = append(left, f.Resource.Name()+" has not confirmed its subscription, which AWS ends by itself only 48 hours after its mail: until then the link in it still subscribes")
		}
	}
	return left
}

// OfOthers tells whether a resource that carries no tags belongs to what stays another's:
// a subscription does to its topic, unless that is adopted.
func OfOthers(r engine.Resource, found []engine.Inspection, adopt bool) bool {
	return r.Kind() == kindSubscription && slices.ContainsFunc(found, func(f engine.Inspection) bool {
		return f.Resource.Kind() == kindTopic && f.Foreign && (!adopt || f.Owner.Manager == "")
	})
}

// Desired is the data that the subscription shall have.
func (s *alarmSubscription) Desired() any { return s.desired }

// Read takes one that nobody has confirmed yet for well: that is up to who reads the
// mail, and no deploy could do anything about it.
func (s *alarmSubscription) Read(ctx context.Context) (_ *engine.Observed, err error) {
	defer s.explain("reading", &err)
	arn, err := s.find(ctx)
	switch {
	case err != nil:
		return nil, err
	case arn == arnPending:
		return &engine.Observed{
			ID: s.name, Status: subscriptionPending, Detail: "the link in the mail confirms it, within 48 hours", Spec: s.desired,
		}, nil
	}
	return &engine.Observed{ID: s.name, ARN: arn, Status: subscriptionConfirmed, Spec: s.desired}, nil
}

// find gives the ARN, or what SNS has in its place, from the list of the topic's
// subscriptions: there is no other way from an address to its subscription.
func (s *alarmSubscription) find(ctx context.Context) (string, error) {
	pages := sns.NewListSubscriptionsByTopicPaginator(s.client, &sns.ListSubscriptionsByTopicInput{TopicArn: &s.desired.Topic})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return "", notFound(err, "NotFound", "NotFoundException")
		}
		for _, found := range page.Subscriptions {
			arn := aws.ToString(found.SubscriptionArn)
			if aws.ToString(found.Protocol) == protocolEmail && strings.EqualFold(aws.ToString(found.Endpoint), s.desired.Address) && arn != arnEnded {
				return arn, nil
			}
		}
	}
	return "", engine.ErrNotFound
}

func (s *alarmSubscription) Diff(observed *engine.Observed) []engine.Change {
	return compare(s.desired, observed.Spec)
}

// Create has SNS send the mail that asks for the confirmation; once more, if there is
// a subscription that waits for it.
func (s *alarmSubscription) Create(ctx context.Context, progress engine.Progress) (err error) {
	defer s.explain("creating", &err)
	err = retry{
		match:    func(err error) bool { return hasCode(err, "NotFound", "NotFoundException") },
		timeout:  20 * time.Second,
		progress: progress,
		doing:    "waiting for the new topic",
	}.do(ctx, func(ctx context.Context) error {
		_, err := s.client.Subscribe(ctx, &sns.SubscribeInput{
			TopicArn: &s.desired.Topic, Protocol: aws.String(protocolEmail), Endpoint: &s.desired.Address,
		})
		return err
	})
	if err != nil {
		return err
	}
	progress.Identified(s.name, "")
	return nil
}

// Update has nothing to do: a subscription is its topic and its address.
func (s *alarmSubscription) Update(context.Context, *engine.Observed, []engine.Change, engine.Progress) error {
	return nil
}

// Delete leaves alone what is not confirmed, which SNS refuses to end: see Lingering.
func (s *alarmSubscription) Delete(ctx context.Context, _ engine.Progress) (err error) {
	defer s.explain("deleting", &err)
	arn, err := s.find(ctx)
	switch {
	case errors.Is(err, engine.ErrNotFound), arn == arnPending:
		return nil
	case err != nil:
		return err
	}
	_, err = s.client.Unsubscribe(ctx, &sns.UnsubscribeInput{SubscriptionArn: &arn})
	return ignore(err, "NotFound", "NotFoundException")
}

// charges are in what is sent.
func (s *alarmSubscription) charges(cost.Flow) []cost.Charge { return nil }

// needs has an end that no policy can confine: what is ended is named by its own ARN.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html
func (s *alarmSubscription) needs() []need {
	return []need{{
		sid: "AlarmTopic", on: words{s.desired.Topic},
		read: words{"sns:ListSubscriptionsByTopic"}, create: words{"sns:Subscribe"}, remove: words{"sns:ListSubscriptionsByTopic"},
	}, {
		sid: sidUnscoped, on: words{everything},
		remove: words{"sns:Unsubscribe"},
	}}
}
