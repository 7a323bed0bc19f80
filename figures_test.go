package main

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"enrich/config"
	"enrich/cost"
	"enrich/lambda"
	"enrich/pipeline"
)

// What is shown of the function's own metrics is what the function gives: CloudWatch
// would answer with silence to any other name.
func TestFiguresAreTheFunctionsOwn(t *testing.T) {
	cfg := config.Default("dev")
	p, err := pipeline.New(cfg, pipeline.Identity{Name: cfg.Name, Environment: "dev", Partition: "aws", Account: "123456789012", Region: "us-east-1"}, aws.Config{}, pipeline.Code{})
	if err != nil {
		t.Fatal(err)
	}
	own := map[string]bool{}
	for _, m := range lambda.Metrics() {
		own[m.Name] = true
	}
	shown, names := 0, []string{}
	for _, f := range p.Figures() {
		names = append(names, f.Name)
		if f.Metric.Namespace != lambda.Namespace {
			continue
		}
		shown++
		if !own[f.Metric.Name] || len(f.Metric.Dimensions) != 1 || f.Metric.Dimensions[lambda.Dimension] != p.Names().Function {
			t.Errorf("%s: the function does not give %+v", f.Name, f.Metric)
		}
	}
	if shown == 0 {
		t.Error("none of the function's own metrics is shown")
	}
	if slices.Contains(names, "") || len(slices.Compact(slices.Sorted(slices.Values(names)))) != len(names) {
		t.Errorf("names: %q", names)
	}
}

// All metrics of the function are charged for.
func TestMetricsAreCharged(t *testing.T) {
	cfg := config.Default("dev")
	p, err := pipeline.New(cfg, pipeline.Identity{Name: cfg.Name, Environment: "dev", Partition: "aws", Account: "123456789012", Region: "us-east-1"}, aws.Config{}, pipeline.Code{})
	if err != nil {
		t.Fatal(err)
	}
	e, err := p.Cost(cost.Ordinary())
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range e.Bill.Entries {
		if entry.What == "the function's own metrics" {
			if want := len(lambda.Metrics()); entry.Traffic != float64(want) {
				t.Errorf("%g metrics are charged, and the function gives %d", entry.Traffic, want)
			}
			return
		}
	}
	t.Error("the function's metrics are not charged")
}
