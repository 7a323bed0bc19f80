package pipeline

import (
	"context"
	"regexp"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"enrich/engine"
)

// mappingTimeout is generous: AWS takes seconds, at times minutes.
const mappingTimeout = 10 * time.Minute

// States of a mapping.
const (
	mappingCreating  = "Creating"
	mappingEnabling  = "Enabling"
	mappingEnabled   = "Enabled"
	mappingDisabling = "Disabling"
	mappingDisabled  = "Disabled"
	mappingUpdating  = "Updating"
	mappingDeleting  = "Deleting"
)

// find lists the mappings of our stream to our function. AWS allows one; another
// endpoint may have let in more.
func (m *eventSourceMapping) find(ctx context.Context) ([]types.EventSourceMappingConfiguration, error) {
	var found []types.EventSourceMappingConfiguration
	pages := awslambda.NewListEventSourceMappingsPaginator(m.client, &awslambda.ListEventSourceMappingsInput{
		EventSourceArn: &m.stream, FunctionName: &m.function,
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if hasCode(err, "ResourceNotFoundException") {
			break // an endpoint that looks for the function first
		}
		if err != nil {
			return nil, err
		}
		found = append(found, page.EventSourceMappings...)
	}
	return found, nil
}

// current is the one that works, or else one that is on its way out.
func (m *eventSourceMapping) current(ctx context.Context) (types.EventSourceMappingConfiguration, error) {
	mappings, err := m.find(ctx)
	if err != nil {
		return types.EventSourceMappingConfiguration{}, err
	}
	for _, mapping := range mappings {
		if aws.ToString(mapping.State) != mappingDeleting {
			return mapping, nil
		}
	}
	if len(mappings) > 0 {
		return mappings[0], nil
	}
	return types.EventSourceMappingConfiguration{}, engine.ErrNotFound
}

func (m *eventSourceMapping) arnOf(mapping types.EventSourceMappingConfiguration) string {
	if arn := aws.ToString(mapping.EventSourceMappingArn); arn != "" {
		return arn
	}
	return m.uuidARN(aws.ToString(mapping.UUID))
}

var uuidInMessage = regexp.MustCompile(`UUID ([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})`)

// existingMapping is the UUID in Lambda's refusal to make a second mapping. The
// list may not have shown the first one yet.
func existingMapping(err error) string {
	if !hasCode(err, "ResourceConflictException") {
		return ""
	}
	if match := uuidInMessage.FindStringSubmatch(err.Error()); match != nil {
		return match[1]
	}
	return ""
}

// permitted repeats what Lambda refuses while the role's policy has not spread.
// The texts are those of its checks of the stream and of the destination.
func (m *eventSourceMapping) permitted(progress engine.Progress) retry {
	return retry{
		match: func(err error) bool {
			return hasCode(err, "InvalidParameterValueException") && says(err,
				"Cannot access stream",
				"ensure the role can perform",
				"execution role does not have permissions",
				"cannot be assumed by Lambda",
			)
		},
		timeout:  2 * time.Minute,
		progress: progress,
		doing:    "waiting for the role's permissions to spread",
	}
}

func (m *eventSourceMapping) settle(ctx context.Context, uuid string, progress engine.Progress, target ...string) error {
	return waiter{
		pending:  []string{mappingCreating, mappingEnabling, mappingUpdating, mappingDisabling, gone},
		target:   target,
		timeout:  mappingTimeout,
		progress: progress,
		doing:    "waiting for " + target[0],
	}.wait(ctx, func(ctx context.Context) (string, string, error) { return m.status(ctx, uuid) })
}

func (m *eventSourceMapping) status(ctx context.Context, uuid string) (state, reason string, err error) {
	now, err := m.client.GetEventSourceMapping(ctx, &awslambda.GetEventSourceMappingInput{UUID: &uuid})
	if err != nil {
		return "", "", notFound(err, "ResourceNotFoundException")
	}
	return aws.ToString(now.State), aws.ToString(now.StateTransitionReason), nil
}

// idle repeats what Lambda refuses while it works on the mapping.
func (m *eventSourceMapping) idle(progress engine.Progress) retry {
	permitted := m.permitted(progress)
	return retry{
		match: func(err error) bool {
			return hasCode(err, "ResourceInUseException", "ResourceConflictException") || permitted.match(err)
		},
		timeout:  5 * time.Minute,
		progress: progress,
		doing:    "waiting for another change of the mapping",
	}
}

// vanish waits until a mapping that is being deleted is gone.
func (m *eventSourceMapping) vanish(ctx context.Context, uuid string, progress engine.Progress) error {
	return waiter{
		pending: []string{
			mappingDeleting, mappingCreating, mappingEnabling, mappingEnabled,
			mappingDisabling, mappingDisabled, mappingUpdating,
		},
		target:   []string{gone},
		timeout:  mappingTimeout,
		progress: progress,
		doing:    "waiting until it is gone",
	}.wait(ctx, func(ctx context.Context) (string, string, error) { return m.status(ctx, uuid) })
}
