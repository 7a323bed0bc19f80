package emulator

import (
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
)

// further lists the actions that an operation needs besides its own: a creation
// with tags tags as well, and who gives a role to a function passes it.
func further(c caller, input any, resources []string) []access {
	var list []access
	tagging := func(tags int, action string) {
		if tags > 0 {
			list = append(list, on(resources, action)...)
		}
	}
	switch in := input.(type) {
	case *kinesis.CreateStreamInput:
		tagging(len(in.Tags), "kinesis:AddTagsToStream")
	case *dynamodb.CreateTableInput:
		tagging(len(in.Tags), "dynamodb:TagResource")
	case *cloudwatchlogs.CreateLogGroupInput:
		tagging(len(in.Tags), "logs:TagResource")
	case *cloudwatch.PutMetricAlarmInput:
		tagging(len(in.Tags), "cloudwatch:TagResource")
	case *cloudwatch.PutCompositeAlarmInput:
		resources = []string{named("cloudwatch", "alarm:")(c, deref(in.AlarmName))}
		tagging(len(in.Tags), "cloudwatch:TagResource")
	case *sns.CreateTopicInput:
		tagging(len(in.Tags), "sns:TagResource")
	case *sqs.CreateQueueInput:
		tagging(len(in.Tags), "sqs:TagQueue")
	case *cloudwatch.PutDashboardInput:
		tagging(len(in.Tags), "cloudwatch:TagResource")
	case *iam.CreateRoleInput:
		tagging(len(in.Tags), "iam:TagRole")
	case *awslambda.CreateEventSourceMappingInput:
		resources = []string{c.arn("lambda", "event-source-mapping:*")} // its UUID is still to be chosen
		tagging(len(in.Tags), "lambda:TagResource")
	case *awslambda.CreateFunctionInput:
		tagging(len(in.Tags), "lambda:TagResource")
		list = append(list, passing(in.Role)...)
	case *awslambda.UpdateFunctionConfigurationInput:
		list = append(list, passing(in.Role)...)
	}
	return list
}

// passing is what it takes to give Lambda a role; nil gives none.
func passing(role *string) []access {
	if role == nil {
		return nil
	}
	return []access{{action: "iam:PassRole", resource: *role, keys: map[string]string{"iam:passedtoservice": "lambda.amazonaws.com"}}}
}

// functionOf gives the ARN of the function that an operation on a mapping is
// about; "" for all else, and where there is no such mapping.
func (s *Server) functionOf(c caller, input any) string {
	var uuid *string
	switch in := input.(type) {
	case *awslambda.CreateEventSourceMappingInput:
		return named("lambda", "function:")(c, deref(in.FunctionName))
	case *awslambda.GetEventSourceMappingInput:
		uuid = in.UUID
	case *awslambda.UpdateEventSourceMappingInput:
		uuid = in.UUID
	case *awslambda.DeleteEventSourceMappingInput:
		uuid = in.UUID
	}
	if uuid == nil {
		return ""
	}
	m, err := s.lambda.findMapping(uuid)
	if err != nil {
		return ""
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	return deref(m.config.FunctionArn)
}
