package pipeline

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// known are the metrics that exist, by the dimensions under which they do.
// Kinesis: stream-level metrics; Lambda: by function; DynamoDB: by table, and by
// table and operation; S3: request metrics.
var known = map[string][]string{
	"AWS/Kinesis StreamName": {
		"IncomingRecords", "IncomingBytes", "WriteProvisionedThroughputExceeded", "ReadProvisionedThroughputExceeded", "GetRecords.IteratorAgeMilliseconds",
	},
	"AWS/Lambda FunctionName": {
		"Invocations", "Errors", "Throttles", "Duration", "ConcurrentExecutions", "IteratorAge", "DestinationDeliveryFailures",
	},
	"AWS/Lambda EventSourceMappingUUID": {"OnFailureDestinationDeliveredEventCount"}, // of the group EventCount
	"enrich FunctionName":               {"RecordsEnriched", "RecordsDeadLettered", "LookupMisses", "LookupKeys", "CacheHits", "Lookups", "LookupThrottles", "StoreErrors"},
	"AWS/DynamoDB TableName":            {"ConsumedReadCapacityUnits", "ReadThrottleEvents"},
	"AWS/DynamoDB Operation,TableName":  {"SuccessfulRequestLatency"},
	"AWS/S3 BucketName,FilterId":        {"PutRequests", "BytesUploaded", "4xxErrors", "5xxErrors"},
}

// defined are the values that a dimension can have in this definition.
func defined(p *Pipeline) map[string][]string {
	values := map[string][]string{"Operation": {"BatchGetItem"}}
	for _, r := range p.Resources() {
		switch r := r.(type) {
		case *dataStream:
			values["StreamName"] = append(values["StreamName"], r.Name())
		case *function:
			values["FunctionName"] = append(values["FunctionName"], r.Name())
		case *eventSourceMapping:
			if slices.Contains(r.desired.Metrics, "EventCount") {
				values[mappingDimension] = []string{theMapping}
			}
		case *lookupTable:
			values["TableName"] = append(values["TableName"], r.Name())
		case *deliveryBucket:
			values["BucketName"] = append(values["BucketName"], r.Name())
			values["FilterId"] = r.desired.RequestMetrics
		}
	}
	return values
}

func checkMetric(t *testing.T, p *Pipeline, where string, metric Metric) {
	t.Helper()
	var dimensions []string
	for dimension, value := range metric.Dimensions {
		dimensions = append(dimensions, dimension)
		if !slices.Contains(defined(p)[dimension], value) {
			t.Errorf("%s: no resource is the %s %q", where, dimension, value)
		}
	}
	slices.Sort(dimensions)
	if !slices.Contains(known[metric.Namespace+" "+strings.Join(dimensions, ",")], metric.Name) {
		t.Errorf("%s: there is no metric %s %s by %s", where, metric.Namespace, metric.Name, dimensions)
	}
}

// CloudWatch takes metrics that nobody writes, so a graph or an alarm that is
// wrong only stays empty: every one is held against the definition.
func TestMetricsExist(t *testing.T) {
	p := offline(t, "prod", "aws", "eu-central-1", addLookup)
	for _, r := range p.metricAlarms() {
		alarm := r.(*metricAlarm)
		if len(alarm.desired.Metrics) == 0 || alarm.desired.Description == "" || alarm.desired.EvaluationPeriods < alarm.desired.DatapointsToAlarm {
			t.Errorf("%s: %+v", alarm.name, alarm.desired)
		}
		for _, metric := range alarm.desired.Metrics {
			checkMetric(t, p, alarm.name, metric.Metric)
		}
	}

	dashboard := p.Dashboard().(*dashboard)
	var body struct {
		Widgets []struct {
			Type          string
			X, Y          int
			Width, Height int
			Properties    struct {
				Region, Title string
				Alarms        []string
				Metrics       [][]any
			}
		}
	}
	if err := json.Unmarshal([]byte(dashboard.document()), &body); err != nil {
		t.Fatal(err)
	}
	var alarms []string
	for _, alarm := range p.alarms() {
		alarms = append(alarms, alarm.ARN())
	}
	taken := map[[2]int]string{}
	for _, widget := range body.Widgets {
		if widget.X+widget.Width > gridWidth {
			t.Errorf("%s lies outside the grid", widget.Properties.Title)
		}
		for x := range widget.Width {
			for y := range widget.Height {
				place := [2]int{widget.X + x, widget.Y + y}
				if other, ok := taken[place]; ok {
					t.Errorf("%q covers %q at %v", widget.Properties.Title, other, place)
				}
				taken[place] = widget.Properties.Title
			}
		}
		if widget.Type == "alarm" && !slices.Equal(widget.Properties.Alarms, alarms) {
			t.Errorf("alarms %q, want %q", widget.Properties.Alarms, alarms)
		}
		if widget.Type == "metric" && (len(widget.Properties.Metrics) == 0 || widget.Properties.Region != p.id.Region) {
			t.Errorf("%+v", widget)
		}
		for _, drawn := range widget.Properties.Metrics {
			checkMetric(t, p, widget.Properties.Title, metricOf(t, drawn))
		}
	}
}

// metricOf reads a metric as CloudWatch does.
func metricOf(t *testing.T, drawn []any) Metric {
	t.Helper()
	if len(drawn)%2 == 0 || len(drawn) < 5 {
		t.Fatalf("%v is no metric with dimensions and options", drawn)
	}
	metric := Metric{Namespace: drawn[0].(string), Name: drawn[1].(string), Dimensions: map[string]string{}}
	for i := 2; i < len(drawn)-1; i += 2 {
		metric.Dimensions[drawn[i].(string)] = drawn[i+1].(string)
	}
	if _, ok := drawn[len(drawn)-1].(map[string]any); !ok {
		t.Fatalf("%v has no options", drawn)
	}
	return metric
}

// The dashboard shows what the status shows, in its order, and below that draws every
// figure once.
func TestDashboardShowsTheFigures(t *testing.T) {
	p := offline(t, "prod", "aws", "us-east-1", addLookup)
	var shown, drawn, wanted, all []string
	for _, widget := range p.body("").Widgets {
		for _, metric := range widget.Properties.Metrics {
			stat, options := widget.Properties.Stat, metric[len(metric)-1].(map[string]string)
			if options["stat"] != "" {
				stat = options["stat"]
			}
			text := fmt.Sprint(options["label"], stat, metric[:len(metric)-1])
			if widget.Properties.View == "singleValue" {
				shown = append(shown, text)
			} else {
				drawn = append(drawn, text)
			}
		}
	}
	of := func(f Figure, label string) string {
		return fmt.Sprint(label, f.Statistic, slices.DeleteFunc(draw(f, "", ""), func(part any) bool { _, options := part.(map[string]string); return options }))
	}
	units := map[string]string{}
	for _, f := range p.Figures() {
		all = append(all, of(f, f.Title))
		if f.Watched {
			wanted = append(wanted, of(f, f.Name))
		}
		if unit, ok := units[f.Graph]; ok && unit != axis(f) {
			t.Errorf("%s is in %q, its graph in %q", f.Name, axis(f), unit)
		}
		units[f.Graph] = axis(f)
		checkMetric(t, p, f.Name, f.Metric)
	}
	if diff := cmp.Diff(wanted, shown); diff != "" || len(wanted) < 10 {
		t.Errorf("the figures of the status (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(all, drawn); diff != "" {
		t.Errorf("the graphs (-want +got):\n%s", diff)
	}
}

func TestDashboardDigest(t *testing.T) {
	if a, b := digest(`{"widgets":[{"type":"text","x":1}]}`), digest(` {"widgets": [{"x":1,"type":"text"}] }`); a != b || !strings.HasPrefix(a, "1 widgets") {
		t.Errorf("%s, %s", a, b)
	}
	if a, b := digest(`{"widgets":[]}`), digest(`{"widgets":[],"start":"-PT1H"}`); a == b {
		t.Error("two bodies, one digest")
	}
	if got := digest("oh"); got != "unreadable" {
		t.Error(got)
	}
}

// A dashboard of another pipeline is not ours, whatever its name.
func TestDashboardMarker(t *testing.T) {
	ours := offline(t, "dev", "aws", "us-east-1").Dashboard().(*dashboard)
	other := offline(t, "prod", "aws", "us-east-1").Dashboard().(*dashboard)
	if ours.manager(ours.document()) != Manager || ours.manager(other.document()) != "" || ours.manager("{}") != "" || ours.manager("") != "" {
		t.Error("the marker does not tell whose a dashboard is")
	}
	exported := offline(t, "dev", "aws", "us-east-1").Managed("terraform").Dashboard().(*dashboard)
	if got := ours.manager(exported.document()); got != "terraform" {
		t.Errorf("the marker tells that an exported dashboard is managed by %q", got)
	}
}

func FuzzDashboardDigest(f *testing.F) {
	f.Add(`{"widgets":[{"type":"text","properties":{"markdown":"x"}}]}`)
	f.Add(`{"widgets":{"type":1}}`)
	f.Add(`[]`)
	ours := &dashboard{whose: "marker"}
	f.Fuzz(func(t *testing.T, document string) {
		if digest(document) == "unreadable" && ours.manager(document) != "" {
			t.Errorf("%q is marked but unreadable", document)
		}
	})
}
