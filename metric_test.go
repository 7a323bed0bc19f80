package main

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/rogpeppe/go-internal/testscript"
)

// sumOfMetric waits until a metric's values of the last hour add up, on the emulator
// that a file of enrich local status tells of: metric FILE NAMESPACE NAME DIMENSION
// VALUE SUM.
func sumOfMetric(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 6 {
		ts.Fatalf("usage: metric FILE NAMESPACE NAME DIMENSION VALUE SUM")
	}
	var local struct{ Endpoint string }
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &local))
	args = args[1:]
	want, err := strconv.ParseFloat(args[4], 64)
	ts.Check(err)
	client := cloudwatch.NewFromConfig(aws.Config{
		Region: "us-east-1", BaseEndpoint: &local.Endpoint,
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	})
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		now := time.Now()
		answer, err := client.GetMetricStatistics(ctx, &cloudwatch.GetMetricStatisticsInput{
			Namespace: &args[0], MetricName: &args[1], Dimensions: []types.Dimension{{Name: &args[2], Value: &args[3]}},
			StartTime: aws.Time(now.Add(-time.Hour)), EndTime: aws.Time(now.Add(time.Hour)),
			Period: aws.Int32(3600), Statistics: []types.Statistic{types.StatisticSum},
		})
		ts.Check(err)
		got := 0.0
		for _, point := range answer.Datapoints {
			got += aws.ToFloat64(point.Sum)
		}
		if got == want && len(answer.Datapoints) > 0 {
			return
		}
		if ctx.Err() != nil {
			ts.Fatalf("%s is %v in %d values, not %v", args[1], got, len(answer.Datapoints), want)
		}
		time.Sleep(50 * time.Millisecond)
	}
}
