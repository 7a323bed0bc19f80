package emulator

import (
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// target tells which resource a member of an input names.
type target struct {
	member   string
	resource func(c caller, name string) string
}

// targets lists, for each service, the members that name the resource of an
// operation, the most exact first. Operations with none of them act on *.
// https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
var targets = map[string][]target{
	"dynamodb": {
		{"TableName", named("dynamodb", "table/")},
		{"ResourceArn", verbatim},
	},
	"kinesis": {
		{"StreamARN", verbatim},
		{"ResourceARN", verbatim},
		{"StreamName", named("kinesis", "stream/")},
		{"ShardIterator", func(_ caller, token string) string {
			it, _ := parseShardIterator(token)
			return it.streamARN
		}},
		{"NextToken", func(_ caller, token string) string {
			last, _ := decodeToken(token)
			arn, _, _ := strings.Cut(last, "\n")
			return arn
		}},
	},
	"lambda": {
		{"UUID", named("lambda", "event-source-mapping:")}, // before the name: an update may give both
		{"FunctionName", named("lambda", "function:")},
		{"Resource", verbatim},
	},
	"logs": {
		{"LogGroupName", logGroup},
		{"ResourceArn", verbatim},
	},
	"cloudwatch": {
		{"AlarmName", named("cloudwatch", "alarm:")},
		{"AlarmNames", named("cloudwatch", "alarm:")},
		{"DashboardName", dashboardOf},
		{"DashboardNames", dashboardOf},
		{"ResourceARN", verbatim},
	},
	"sns": {
		{"TopicArn", verbatim},
		{"TargetArn", verbatim},
		{"ResourceArn", verbatim},
		{"Name", named("sns", "")},
	},
	"sqs": {
		{"QueueUrl", queueOf},
		{"QueueName", named("sqs", "")},
	},
	"iam": {
		{"RoleName", func(c caller, name string) string { return c.globalARN("iam", "role/"+name) }}, // see withPath
		{"PolicySourceArn", verbatim},
	},
	"sts": {
		{"RoleArn", verbatim},
	},
}

// actionPrefixes are the prefixes of actions that are not the service's name.
var actionPrefixes = map[string]string{"monitoring": "cloudwatch", "tagging": "tag"}

// actionPrefix gives the prefix of a service's actions by its signing name.
func actionPrefix(service string) string {
	if other, ok := actionPrefixes[service]; ok {
		return other
	}
	return service
}

// unprotected are the operations that nobody needs a permission for.
var unprotected = map[string]bool{"sts:GetCallerIdentity": true}

// unsigned are the operations that need no credentials: a link in a mail leads to them.
var unsigned = map[string]bool{"sns:ConfirmSubscription": true, "sns:Unsubscribe": true}

// unscoped are the actions that no policy can confine to a resource although
// their operations name one.
var unscoped = map[string]bool{
	"cloudwatch:PutCompositeAlarm":      true, // names an alarm, but wants *
	"kinesis:DisableEnhancedMonitoring": true,
	"kinesis:EnableEnhancedMonitoring":  true,
	"kinesis:UpdateShardCount":          true,
	"kinesis:UpdateStreamMode":          true,
	"lambda:CreateEventSourceMapping":   true,
	"lambda:ListEventSourceMappings":    true,
}

func verbatim(_ caller, arn string) string { return arn }

// named makes the ARN of a resource that is given by name or by ARN.
func named(service, prefix string) func(caller, string) string {
	return func(c caller, name string) string {
		if strings.HasPrefix(name, "arn:") {
			return name
		}
		return c.arn(service, prefix+name)
	}
}

func logGroup(c caller, name string) string { return c.arn("logs", "log-group:"+name+":log-stream:") }

func dashboardOf(c caller, name string) string { return c.globalARN("cloudwatch", "dashboard/"+name) }

// authorize checks an operation of a caller that policies hold: its own, or those
// of the resource.
func (s *Server) authorize(c caller, service, name string, input any) *apiError {
	prefix := actionPrefix(service)
	ofResource := s.resourcePolicies(prefix)
	if c.Session == nil && c.policy == nil && s.iam.observe == nil && ofResource == nil || unprotected[prefix+":"+name] || unsigned[prefix+":"+name] && c.AccessKey == "" {
		return nil
	}
	for _, a := range s.accesses(c, prefix, name, input) {
		failure := s.iam.authorize(c, a)
		if ofResource != nil {
			failure = s.iam.withResourcePolicy(c, a, ofResource(a.resource), failure)
		}
		if failure == nil {
			continue
		}
		if prefix == "lambda" || prefix == "sqs" || s.queries[service].operations != nil {
			failure.Status = http.StatusForbidden
		}
		return failure
	}
	return nil
}

// resourcePolicies gives what finds the policies of a service's resources; nil for
// services whose resources have none, and for S3, which has its own way.
func (s *Server) resourcePolicies(prefix string) func(arn string) *policy {
	switch prefix {
	case "sns":
		return s.sns.policyOf
	case "sqs":
		return s.sqs.policyOf
	}
	return nil
}

// accesses lists what an operation has to be allowed: its own action on each of
// its resources, and further actions for what it does beside.
func (s *Server) accesses(c caller, prefix, name string, input any) []access {
	action := prefix + ":" + name
	resources := resourcesOf(c, prefix, input)
	if unscoped[action] {
		resources = []string{"*"}
	}
	if in := reflect.ValueOf(input).Elem(); prefix == "iam" && len(stringMembers(in, "RoleName")) > 0 {
		resources = []string{s.iam.withPath(resources[0])}
	}
	list := on(resources, action)
	if prefix == "lambda" {
		if function := s.functionOf(c, input); function != "" {
			for i := range list {
				list[i].keys = map[string]string{"lambda:functionarn": function}
			}
		}
	}
	return append(list, further(c, input, resources)...)
}

// on is an action on each of some resources.
func on(resources []string, action string) []access {
	list := make([]access, len(resources))
	for i, resource := range resources {
		list[i] = access{action: action, resource: resource}
	}
	return list
}

// resourcesOf gives the ARNs of what an input is about.
func resourcesOf(c caller, service string, input any) []string {
	v := reflect.ValueOf(input).Elem()
	if items := v.FieldByName("RequestItems"); items.IsValid() && service == "dynamodb" {
		tables := map[string]bool{}
		for _, key := range items.MapKeys() {
			tables[named("dynamodb", "table/")(c, key.String())] = true
		}
		return slices.Sorted(maps.Keys(tables))
	}
	if service == "logs" && v.FieldByName("LogGroupNamePrefix").IsValid() {
		// A listing is about all groups, whatever its prefix.
		return []string{logGroup(c, "")}
	}
	if in, ok := input.(*cloudwatch.DescribeAlarmsInput); ok {
		if slices.Contains(in.AlarmTypes, types.AlarmTypeCompositeAlarm) || in.ChildrenOfAlarmName != nil || in.ParentsOfAlarmName != nil {
			return []string{"*"} // nothing less shows composite alarms
		}
		return []string{c.arn("cloudwatch", "alarm:*")}
	}
	for _, t := range targets[service] {
		var resources []string
		for _, name := range stringMembers(v, t.member) {
			resource := t.resource(c, name)
			if service == "logs" && t.member == "LogGroupName" {
				resource += strings.Join(stringMembers(v, "LogStreamName"), "")
			}
			if strings.HasPrefix(resource, "arn:") {
				resources = append(resources, resource)
			}
		}
		if len(resources) > 0 {
			return resources
		}
	}
	return []string{"*"}
}

// stringMembers reads a member that may hold a string or a list of them.
func stringMembers(v reflect.Value, name string) []string {
	field := v.FieldByName(name)
	if field.IsValid() && field.Kind() == reflect.Pointer && !field.IsNil() {
		field = field.Elem()
	}
	switch {
	case !field.IsValid():
	case field.Kind() == reflect.String && field.Len() > 0:
		return []string{field.String()}
	case field.Kind() == reflect.Slice && field.Type().Elem().Kind() == reflect.String:
		list, _ := field.Interface().([]string)
		return list
	}
	return nil
}
