package main

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"enrich/config"
	"enrich/pipeline"
)

func consoleSession(t *testing.T, partition, region, endpoint string) *session {
	t.Helper()
	id := pipeline.Identity{Name: "orders", Environment: "prod", Partition: partition, Account: "123456789012", Region: region}
	p, err := pipeline.New(config.Default("prod"), id, aws.Config{}, pipeline.Code{})
	if err != nil {
		t.Fatal(err)
	}
	return &session{id: id, pipeline: p, endpoint: endpoint}
}

// Each partition has a console of its own, and an emulator none.
func TestDashboardLink(t *testing.T) {
	for _, test := range []struct{ partition, region, want string }{
		{"aws", "eu-central-1", "https://eu-central-1.console.aws.amazon.com/cloudwatch/home?region=eu-central-1#dashboards/dashboard/orders-prod-eu-central-1"},
		{"aws-cn", "cn-north-1", "https://cn-north-1.console.amazonaws.cn/cloudwatch/home?region=cn-north-1#dashboards/dashboard/orders-prod-cn-north-1"},
		{"aws-us-gov", "us-gov-west-1", "https://us-gov-west-1.console.amazonaws-us-gov.com/cloudwatch/home?region=us-gov-west-1#dashboards/dashboard/orders-prod-us-gov-west-1"},
		{"aws-iso", "us-iso-east-1", ""},
	} {
		if got := dashboardOf(consoleSession(t, test.partition, test.region, "")); got.URL != test.want || got.Name != "orders-prod-"+test.region {
			t.Errorf("%s: %+v", test.partition, got)
		}
	}
	local := dashboardOf(consoleSession(t, "aws", "us-east-1", "http://127.0.0.1:4566"))
	if local.URL != "" || local.Body != "aws cloudwatch get-dashboard --dashboard-name orders-prod-us-east-1 --region us-east-1 --query DashboardBody --output text --endpoint-url http://127.0.0.1:4566" {
		t.Errorf("%+v", local)
	}
}

// The system's own program opens the link, and what it complains of is told.
func TestBrowse(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the program is a script")
	}
	directory := t.TempDir()
	opened := filepath.Join(directory, "opened")
	name := filepath.Join(directory, opener(runtime.GOOS)[0])
	script := func(text string) {
		if err := os.WriteFile(name, []byte("#!/bin/sh\n"+text+"\n"), 0o700); err != nil { //nolint:gosec // it is a program
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", directory)
	if err := browse(t.Context(), "https://example.com"); err == nil || !strings.Contains(err.Error(), opener(runtime.GOOS)[0]) {
		t.Errorf("without a program: %v", err)
	}
	script(`printf %s "$1" > "` + opened + `"`)
	if err := browse(t.Context(), "https://example.com/?a=b&c#d"); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(opened); err != nil || string(got) != "https://example.com/?a=b&c#d" {
		t.Errorf("opened %q, %v", got, err)
	}
	script("echo no display >&2; exit 3")
	if err := browse(t.Context(), "https://example.com"); err == nil || !strings.Contains(err.Error(), "exit status 3: no display") {
		t.Errorf("%v", err)
	}
	for system, want := range map[string]string{"linux": "xdg-open", "darwin": "open", "windows": "rundll32 url.dll,FileProtocolHandler", "freebsd": "xdg-open"} {
		if got := strings.Join(opener(system), " "); got != want {
			t.Errorf("%s: %s", system, got)
		}
	}
}
