package emulator

import (
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
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
	},
	"lambda": {
		{"FunctionName", named("lambda", "function:")},
		{"UUID", named("lambda", "event-source-mapping:")},
	},
	"logs": {
		{"LogGroupName", logGroup},
		{"ResourceArn", verbatim},
	},
	"cloudwatch": {
		{"AlarmName", named("cloudwatch", "alarm:")},
		{"DashboardName", func(c caller, name string) string { return c.globalARN("cloudwatch", "dashboard/"+name) }},
		{"ResourceARN", verbatim},
	},
	"iam": {
		{"RoleName", func(c caller, name string) string { return c.globalARN("iam", "role/"+name) }},
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

// authorize checks an operation of a role's session against the role's policies.
func (s *Server) authorize(c caller, service, name string, input any) *apiError {
	if c.Session == nil {
		return nil
	}
	prefix := actionPrefix(service)
	action := prefix + ":" + name
	if unprotected[action] {
		return nil
	}
	for _, resource := range resourcesOf(c, prefix, input) {
		failure := s.iam.authorize(c, action, resource)
		if failure == nil {
			continue
		}
		if prefix == "lambda" || s.queries[service].operations != nil {
			failure.Status = http.StatusForbidden
		}
		return failure
	}
	return nil
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
	for _, t := range targets[service] {
		name := stringMember(v, t.member)
		if name == "" {
			continue
		}
		resource := t.resource(c, name)
		if service == "logs" && t.member == "LogGroupName" {
			resource += stringMember(v, "LogStreamName")
		}
		return []string{resource}
	}
	return []string{"*"}
}

// stringMember reads a member that may hold a string; "" if it has none.
func stringMember(v reflect.Value, name string) string {
	field := v.FieldByName(name)
	if field.IsValid() && field.Kind() == reflect.Pointer && !field.IsNil() {
		field = field.Elem()
	}
	if !field.IsValid() || field.Kind() != reflect.String {
		return ""
	}
	return field.String()
}
