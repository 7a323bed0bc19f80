package pipeline

import (
	"slices"
	"strings"
	"testing"

	"enrich/config"
)

func TestNames(t *testing.T) {
	id := Identity{Name: "orders", Environment: "prod", Partition: "aws-cn", Account: "123456789012", Region: "cn-north-1"}
	names := namesOf(id, []config.Lookup{{Name: "users"}, {Name: "shops"}})
	got := []string{
		names.Stream, names.Function, names.Bucket, names.Role, names.LogGroup, names.Dashboard, names.AlarmTopic, names.Tables["users"], names.Tables["shops"],
		id.streamARN(names.Stream), id.functionARN(names.Function), id.bucketARN(names.Bucket), id.roleARN(names.Role),
		id.logGroupARN(names.LogGroup), id.dashboardARN(names.Dashboard), id.tableARN(names.Tables["users"]), id.alarmARN("a"), id.topicARN(names.AlarmTopic), id.mappingARN("u"),
	}
	want := []string{
		"orders-prod-stream", "orders-prod-function", "orders-prod-123456789012-cn-north-1", "orders-prod-cn-north-1-role",
		"/aws/lambda/orders-prod-function", "orders-prod-cn-north-1", "orders-prod-alarms", "orders-prod-users", "orders-prod-shops",
		"arn:aws-cn:kinesis:cn-north-1:123456789012:stream/orders-prod-stream",
		"arn:aws-cn:lambda:cn-north-1:123456789012:function:orders-prod-function",
		"arn:aws-cn:s3:::orders-prod-123456789012-cn-north-1",
		"arn:aws-cn:iam::123456789012:role/orders-prod-cn-north-1-role",
		"arn:aws-cn:logs:cn-north-1:123456789012:log-group:/aws/lambda/orders-prod-function",
		"arn:aws-cn:cloudwatch::123456789012:dashboard/orders-prod-cn-north-1",
		"arn:aws-cn:dynamodb:cn-north-1:123456789012:table/orders-prod-users",
		"arn:aws-cn:cloudwatch:cn-north-1:123456789012:alarm:a",
		"arn:aws-cn:sns:cn-north-1:123456789012:orders-prod-alarms",
		"arn:aws-cn:lambda:cn-north-1:123456789012:event-source-mapping:u",
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("got  %s\nwant %s", got[i], want[i])
		}
	}
}

func TestCheckNames(t *testing.T) {
	long := func(n int) string { return strings.Repeat("a", n) }
	tests := []struct {
		name, region, lookup string
		want                 []string // a part of each problem
	}{
		{"data-enrichment", "", "users", nil},
		{"data-enrichment", "ap-southeast-1", "users", nil},
		// 63 − "-dev" − "-" − 12 digits − "-us-east-1"
		{long(36), "us-east-1", "users", nil},
		{long(37), "us-east-1", "users", []string{"delivery bucket's name"}},
		{long(37), "", "users", []string{"at least 1 shorter"}},
		{long(32), "ap-southeast-1", "users", []string{"at least 1 shorter"}},
		{long(60), "us-east-1", "users", []string{"function's name", "execution role's name", "delivery bucket's name"}},
		{"Orders", "us-east-1", "users", []string{`capital letters, AWS allows none there: write name "orders"`}},
		{"my_orders", "us-east-1", "users", []string{"delivery bucket's name"}},
		{"my orders", "us-east-1", "users", []string{"data stream", "function", "execution role", "delivery bucket", "dashboard", "lookup table"}},
		{"-orders", "us-east-1", "users", []string{"delivery bucket"}},
		{"xn--orders", "us-east-1", "users", []string{`"xn--"`}},
		{"orders", "us-east-1", "us/ers", []string{"lookup table's name"}},
		{"orders", "us-east-1", long(255), []string{"lookup table's name"}},
	}
	for _, test := range tests {
		cfg := config.Config{Name: test.name, Environment: "dev", Region: test.region, Lookups: []config.Lookup{{Name: test.lookup}}}
		problems := checkNames(cfg)
		if len(problems) != len(test.want) {
			t.Errorf("%s in %q: %d problems, want %d: %q", test.name, test.region, len(problems), len(test.want), problems)
			continue
		}
		for _, want := range test.want {
			if !slices.ContainsFunc(problems, func(p string) bool { return strings.Contains(p, want) }) {
				t.Errorf("%s: nothing about %q in %q", test.name, want, problems)
			}
		}
	}
}
