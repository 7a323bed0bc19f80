package emulator

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// compositeAlarm is an alarm over other alarms. Its state follows theirs: it is
// looked at when it is put and whenever one of them changes its state.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-combining.html
type compositeAlarm struct {
	region   string
	shown    types.CompositeAlarm
	rule     alarmRule
	children map[string]string // ARNs by the names that the rule has for them
	order    []string          // those ARNs, in the order of the rule
	tags     map[string]string
	visible  time.Time // when calls find it
}

// alarmParents is how many composite alarms may name one alarm.
const alarmParents = 150

func (c *cloudWatchService) putCompositeAlarm(ctx context.Context, in *cloudwatch.PutCompositeAlarmInput) (*cloudwatch.PutCompositeAlarmOutput, error) {
	if err := checkCompositeAlarm(in, callerOf(ctx).Region); err != nil {
		return nil, err
	}
	rule, names, err := parseAlarmRule(*in.AlarmRule)
	if err != nil {
		return nil, err
	}
	tags, err := inputTags(in.Tags)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.evaluate()
	made := c.newComposite(ctx, in, rule)
	arn := *made.shown.AlarmArn
	if err := c.adopt(ctx, made, names); err != nil {
		return nil, err
	}
	old, event := c.composites[arn], "created"
	switch {
	case c.alarms[arn] != nil:
		return nil, otherKind(*in.AlarmName)
	case old != nil:
		// An update leaves the state, and the tags, as they are.
		event = "updated"
		made.tags, made.visible = old.tags, old.visible
		made.shown.StateValue, made.shown.StateReason, made.shown.StateReasonData = old.shown.StateValue, old.shown.StateReason, old.shown.StateReasonData
		made.shown.StateUpdatedTimestamp, made.shown.StateTransitionedTimestamp = old.shown.StateUpdatedTimestamp, old.shown.StateTransitionedTimestamp
	case len(c.alarms)+len(c.composites) >= alarmsMax:
		return nil, tooManyAlarms()
	default:
		made.tags, made.visible = tags, c.readiness.visible()
	}
	c.composites[arn] = made
	c.decideComposite(made, cause{event: event, children: made.order, at: c.now()}, map[string]bool{})
	c.watch()
	return &cloudwatch.PutCompositeAlarmOutput{}, nil
}

func otherKind(name string) error {
	return cwValidation("An alarm of another type has the name %s already.", name)
}

func checkCompositeAlarm(in *cloudwatch.PutCompositeAlarmInput, region string) error {
	switch name := deref(in.AlarmName); {
	case name == "":
		return cwMissing("AlarmName")
	case len(name) > 255:
		return cwInvalid("The parameter AlarmName must be shorter than 256 characters.")
	case len(deref(in.AlarmDescription)) > 1024:
		return cwInvalid("The parameter AlarmDescription must be shorter than 1025 characters.")
	case in.AlarmRule == nil:
		return cwMissing("AlarmRule")
	case in.ActionsSuppressor != nil:
		return cwUnsupported("ActionsSuppressor")
	case in.ActionsSuppressorWaitPeriod != nil:
		return cwUnsupported("ActionsSuppressorWaitPeriod")
	case in.ActionsSuppressorExtensionPeriod != nil:
		return cwUnsupported("ActionsSuppressorExtensionPeriod")
	case in.ActionConfiguration != nil:
		return cwUnsupported("ActionConfiguration")
	}
	return checkAlarmActions(region, in.AlarmActions, in.OKActions, in.InsufficientDataActions)
}

func (c *cloudWatchService) newComposite(ctx context.Context, in *cloudwatch.PutCompositeAlarmInput, rule alarmRule) *compositeAlarm {
	caller, now := callerOf(ctx), c.now()
	enabled := in.ActionsEnabled == nil || *in.ActionsEnabled
	return &compositeAlarm{
		region: c.regionOf(caller), rule: rule, children: map[string]string{},
		shown: types.CompositeAlarm{
			AlarmName: in.AlarmName, AlarmArn: new(caller.arn("cloudwatch", "alarm:"+*in.AlarmName)), AlarmDescription: in.AlarmDescription, AlarmRule: in.AlarmRule,
			ActionsEnabled: &enabled, OKActions: orEmpty(in.OKActions), AlarmActions: orEmpty(in.AlarmActions), InsufficientDataActions: orEmpty(in.InsufficientDataActions),
			AlarmConfigurationUpdatedTimestamp: &now, StateUpdatedTimestamp: &now, StateTransitionedTimestamp: &now,
			StateValue: types.StateValueInsufficientData, StateReason: new("Unchecked: Initial alarm creation"),
		},
	}
}

// adopt finds the alarms that a rule names, all of them of the composite alarm's
// own account and region. The lock is held.
func (c *cloudWatchService) adopt(ctx context.Context, a *compositeAlarm, names []string) error {
	var missing []string
	for _, name := range names {
		arn := name
		if !strings.HasPrefix(name, "arn:") {
			arn = callerOf(ctx).arn("cloudwatch", "alarm:"+name)
		}
		if !strings.HasPrefix(arn, callerOf(ctx).arn("cloudwatch", "alarm:")) || !c.found(arn) {
			missing = append(missing, name)
			continue
		}
		a.children[name] = arn
		if !slices.Contains(a.order, arn) {
			a.order = append(a.order, arn)
		}
	}
	if len(missing) > 0 {
		return ruleMissing(missing)
	}
	for _, arn := range a.order {
		parents := c.parentsOf(arn)
		if len(parents) >= alarmParents && !slices.ContainsFunc(parents, func(p *compositeAlarm) bool { return *p.shown.AlarmArn == *a.shown.AlarmArn }) {
			return cwValidation("%s is in the rules of %d composite alarms already, which is the most that there may be.", arn, alarmParents)
		}
	}
	return nil
}

// found tells whether calls find an alarm of either type. The lock is held.
func (c *cloudWatchService) found(arn string) bool {
	if a := c.alarms[arn]; a != nil {
		return !c.readiness.before(a.visible)
	}
	a := c.composites[arn]
	return a != nil && !c.readiness.before(a.visible)
}

// parentsOf gives the composite alarms that name an alarm, by their ARNs. The
// lock is held.
func (c *cloudWatchService) parentsOf(arn string) []*compositeAlarm {
	var parents []*compositeAlarm
	for _, parent := range sortedKeys(c.composites) {
		if a := c.composites[parent]; slices.Contains(a.order, arn) {
			parents = append(parents, a)
		}
	}
	return parents
}

// childState is an alarm of a rule, as reasons and notifications tell of it.
type childState struct {
	arn   string
	value types.StateValue
	since time.Time
}

func (c *cloudWatchService) childState(arn string) childState {
	if a := c.alarms[arn]; a != nil {
		return childState{arn, a.shown.StateValue, *a.shown.StateTransitionedTimestamp}
	}
	if a := c.composites[arn]; a != nil {
		return childState{arn, a.shown.StateValue, *a.shown.StateTransitionedTimestamp}
	}
	return childState{arn: arn}
}

// cause is why a composite alarm is looked at.
type cause struct {
	event    string   // created or updated; "": a child changed its state
	children []string // ARNs of those that had a part in it
	at       time.Time
}

// decideComposite brings a composite alarm's state up to its rule, and then those
// of the alarms above it. path are the alarms that are being brought up: a cycle
// ends where it closes. The lock is held.
func (c *cloudWatchService) decideComposite(a *compositeAlarm, why cause, path map[string]bool) {
	state := types.StateValueOk
	if a.rule(func(name string) types.StateValue { return c.childState(a.children[name]).value }) {
		state = types.StateValueAlarm
	}
	before := a.shown.StateValue
	if state == before {
		return
	}
	children := make([]childState, 0, len(why.children))
	for _, arn := range why.children {
		children = append(children, c.childState(arn))
	}
	reason := fmt.Sprintf("%s was %s and its alarm rule evaluates to %s", *a.shown.AlarmArn, why.event, state)
	if why.event == "" {
		reason = fmt.Sprintf("%s transitioned to %s at %s", children[0].arn, children[0].value, why.at.UTC().Format("Monday 02 January, 2006 15:04:05 MST"))
	}
	a.become(state, reason, reasonOf(children), why.at)
	c.announceComposite(a, before, children)
	c.rise(*a.shown.AlarmArn, why.at, path)
}

// rise looks at the composite alarms that name an alarm which has changed its
// state. The lock is held.
func (c *cloudWatchService) rise(arn string, at time.Time, path map[string]bool) {
	if path[arn] {
		return
	}
	path = maps.Clone(path)
	path[arn] = true
	for _, parent := range c.parentsOf(arn) {
		if !path[*parent.shown.AlarmArn] {
			c.decideComposite(parent, cause{children: []string{arn}, at: at}, path)
		}
	}
}

// become puts a composite alarm into a state.
func (a *compositeAlarm) become(state types.StateValue, reason, data string, at time.Time) {
	if a.shown.StateValue != state {
		a.shown.StateTransitionedTimestamp = &at
	}
	a.shown.StateValue, a.shown.StateReason, a.shown.StateUpdatedTimestamp = state, &reason, &at
	a.shown.StateReasonData = nil
	if data != "" {
		a.shown.StateReasonData = &data
	}
}

// reasonOf is the reason of a composite alarm's state for programs.
func reasonOf(children []childState) string {
	type state struct {
		Value     types.StateValue `json:"value"`
		Timestamp string           `json:"timestamp"`
	}
	type triggering struct {
		ARN   string `json:"arn"`
		State state  `json:"state"`
	}
	list := make([]triggering, 0, len(children))
	for _, child := range children {
		list = append(list, triggering{child.arn, state{child.value, alarmTime(child.since)}})
	}
	text, err := json.Marshal(map[string]any{"triggeringAlarms": list})
	if err != nil {
		panic("the reason of a composite alarm: " + err.Error()) // strings alone: cannot fail
	}
	return string(text)
}
