package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/rogpeppe/go-internal/testscript"
)

// published waits until every metric that the dashboards and alarms of an emulator
// name has values, but for those that have values only when something happens; and
// holds these to have none: published FILE EXCEPTION...
func published(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: published FILE EXCEPTION...")
	}
	var local struct{ Endpoint string }
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &local))
	client := cloudwatch.NewFromConfig(aws.Config{
		Region: "us-east-1", BaseEndpoint: &local.Endpoint,
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	})
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	metrics, err := namedMetrics(ctx, client)
	ts.Check(err)
	if len(metrics) < 20 {
		ts.Fatalf("dashboards and alarms name %d metrics", len(metrics))
	}
	for _, m := range metrics {
		silent := slices.Contains(args[1:], *m.MetricName)
		for n := 0; ; time.Sleep(50 * time.Millisecond) {
			n, err = pointsOf(ctx, client, m)
			ts.Check(err)
			if silent && n > 0 {
				ts.Fatalf("%s has %d values", *m.MetricName, n)
			}
			if silent || n > 0 {
				break
			}
			if ctx.Err() != nil {
				ts.Fatalf("%s %s has no values", *m.Namespace, *m.MetricName)
			}
		}
	}
}

// namedMetrics are the metrics of all dashboards and alarms.
func namedMetrics(ctx context.Context, client *cloudwatch.Client) ([]types.Metric, error) {
	var metrics []types.Metric
	list, err := client.ListDashboards(ctx, &cloudwatch.ListDashboardsInput{})
	if err != nil {
		return nil, err
	}
	for _, entry := range list.DashboardEntries {
		dashboard, err := client.GetDashboard(ctx, &cloudwatch.GetDashboardInput{DashboardName: entry.DashboardName})
		if err != nil {
			return nil, err
		}
		var body struct {
			Widgets []struct{ Properties struct{ Metrics [][]any } }
		}
		if err := json.Unmarshal([]byte(*dashboard.DashboardBody), &body); err != nil {
			return nil, err
		}
		for _, widget := range body.Widgets {
			for _, drawn := range widget.Properties.Metrics {
				m := types.Metric{Namespace: aws.String(fmt.Sprint(drawn[0])), MetricName: aws.String(fmt.Sprint(drawn[1]))}
				for i := 2; i+1 < len(drawn); i += 2 {
					m.Dimensions = append(m.Dimensions, types.Dimension{Name: aws.String(fmt.Sprint(drawn[i])), Value: aws.String(fmt.Sprint(drawn[i+1]))})
				}
				metrics = append(metrics, m)
			}
		}
	}
	alarms, err := client.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{})
	if err != nil {
		return nil, err
	}
	for _, a := range alarms.MetricAlarms {
		if a.MetricName != nil {
			metrics = append(metrics, types.Metric{Namespace: a.Namespace, MetricName: a.MetricName, Dimensions: a.Dimensions})
		}
		for _, q := range a.Metrics {
			if q.MetricStat != nil {
				metrics = append(metrics, *q.MetricStat.Metric)
			}
		}
	}
	return metrics, nil
}

// pointsOf counts a metric's values of the last hour.
func pointsOf(ctx context.Context, client *cloudwatch.Client, m types.Metric) (int, error) {
	now := time.Now()
	out, err := client.GetMetricData(ctx, &cloudwatch.GetMetricDataInput{
		StartTime: aws.Time(now.Add(-time.Hour)), EndTime: aws.Time(now.Add(time.Hour)),
		MetricDataQueries: []types.MetricDataQuery{{
			Id: aws.String("m"), MetricStat: &types.MetricStat{Metric: &m, Period: aws.Int32(60), Stat: aws.String("SampleCount")},
		}},
	})
	if err != nil {
		return 0, fmt.Errorf("%s: %w", strings.TrimSpace(*m.MetricName), err)
	}
	return len(out.MetricDataResults[0].Values), nil
}
