package pipeline

import (
	"fmt"
	"maps"
	"slices"

	"enrich/engine"
)

// Body of a dashboard.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
type Body struct {
	Start          string   `json:"start"`
	PeriodOverride string   `json:"periodOverride"`
	Widgets        []Widget `json:"widgets"`
}

// Widget of a dashboard, on a grid that is 24 wide.
type Widget struct {
	Type       string     `json:"type"` // text, alarm or metric
	X          int        `json:"x"`
	Y          int        `json:"y"`
	Width      int        `json:"width"`
	Height     int        `json:"height"`
	Properties Properties `json:"properties"`
}

// Properties of a widget; which of them count depends on its type.
type Properties struct {
	Markdown string   `json:"markdown,omitempty"`
	Title    string   `json:"title,omitempty"`
	Alarms   []string `json:"alarms,omitempty"` // ARNs
	Region   string   `json:"region,omitempty"`
	View     string   `json:"view,omitempty"`
	Stat     string   `json:"stat,omitempty"`
	Period   int      `json:"period,omitempty"` // seconds
	Metrics  [][]any  `json:"metrics,omitempty"`
	YAxis    *YAxis   `json:"yAxis,omitempty"`
}

// YAxis of a graph.
type YAxis struct {
	Left Axis `json:"left"`
}

// Axis of a graph.
type Axis struct {
	Min       float64 `json:"min"`
	Label     string  `json:"label,omitempty"`
	ShowUnits bool    `json:"showUnits"`
}

// graph is a metric widget before it has its place.
type graph struct {
	title, unit, stat string
	lines             []line
}

// line of a graph; a stat of its own overrules the graph's.
type line struct {
	metric      Metric
	label, stat string
}

// Heights and widths of the grid.
const (
	gridWidth   = 24
	graphWidth  = gridWidth / 3
	graphHeight = 6
	textHeight  = 2
	alarmHeight = 3
)

// body draws the way of an event from left to right and from top to bottom.
func (p *Pipeline) body(marker string) Body {
	widgets := []Widget{
		{Type: "text", Width: gridWidth, Height: textHeight, Properties: Properties{
			Markdown: fmt.Sprintf("# %s\n%s", p.id.prefix(), marker),
		}},
	}
	top := textHeight
	if alarms := p.alarms(); len(alarms) > 0 { // CloudWatch refuses a widget without any
		widgets = append(widgets, Widget{Type: "alarm", Y: top, Width: gridWidth, Height: alarmHeight, Properties: Properties{
			Title: "Alarms", Alarms: arnsOf(alarms),
		}})
		top += alarmHeight
	}
	for i, g := range p.graphs() {
		widgets = append(widgets, Widget{
			Type: "metric", Width: graphWidth, Height: graphHeight,
			X:          i % 3 * graphWidth,
			Y:          top + i/3*graphHeight,
			Properties: p.draw(g),
		})
	}
	return Body{Start: "-PT3H", PeriodOverride: "inherit", Widgets: widgets}
}

func arnsOf(resources []engine.Resource) []string {
	arns := make([]string, 0, len(resources))
	for _, r := range resources {
		arns = append(arns, r.ARN())
	}
	return arns
}

func (p *Pipeline) graphs() []graph {
	n := p.names
	return []graph{
		{title: "Records in", unit: "a minute", stat: "Sum", lines: []line{
			{metric: n.streamMetric("IncomingRecords"), label: "records"},
			{metric: n.streamMetric("WriteProvisionedThroughputExceeded"), label: "refused: not enough shards"},
		}},
		{title: "How far the function is behind", unit: "ms", stat: "Maximum", lines: []line{
			{metric: n.functionMetric("IteratorAge"), label: "iterator age"},
			{metric: n.streamMetric("GetRecords.IteratorAgeMilliseconds"), label: "of any reader"},
		}},
		{title: "Batches", unit: "a minute", stat: "Sum", lines: []line{
			{metric: n.functionMetric("Invocations"), label: "invocations"},
			{metric: n.functionMetric("Errors"), label: "errors"},
			{metric: n.functionMetric("Throttles"), label: "throttles"},
			{metric: n.functionMetric("DestinationDeliveryFailures"), label: "failed batches that S3 did not take"},
		}},
		{title: "Time of a batch", unit: "ms", stat: "Average", lines: []line{
			{metric: n.functionMetric("Duration"), label: "average"},
			{metric: n.functionMetric("Duration"), label: "99%", stat: "p99"},
			{metric: n.functionMetric("Duration"), label: "longest", stat: "Maximum"},
		}},
		{title: "Batches at the same time", unit: "", stat: "Maximum", lines: []line{
			{metric: n.functionMetric("ConcurrentExecutions"), label: "executions"},
		}},
		{title: "Bytes in", unit: "bytes a minute", stat: "Sum", lines: []line{
			{metric: n.streamMetric("IncomingBytes"), label: "stream"},
			{metric: n.bucketMetric("BytesUploaded"), label: "bucket (compressed)"},
		}},
		{title: "Lookups", unit: "read units a minute", stat: "Sum", lines: p.tableLines()},
		{title: "Time of a lookup", unit: "ms", stat: "Average", lines: p.latencyLines()},
		{title: "Records of the function", unit: "a minute", stat: "Sum", lines: []line{
			{metric: n.ownMetric("RecordsEnriched"), label: "enriched"},
			{metric: n.ownMetric("RecordsDeadLettered"), label: "dead letters"},
		}},
		{title: "Objects stored", unit: "a minute", stat: "Sum", lines: []line{
			{metric: n.bucketMetric("PutRequests"), label: "stored"},
			{metric: n.bucketMetric("4xxErrors"), label: "refused (4xx)"},
			{metric: n.bucketMetric("5xxErrors"), label: "failed (5xx)"},
		}},
	}
}

func (p *Pipeline) tableLines() []line {
	var lines []line
	for _, lookup := range p.cfg.Lookups {
		lines = append(lines,
			line{metric: p.names.tableMetric(lookup.Name, "ConsumedReadCapacityUnits"), label: lookup.Name},
			line{metric: p.names.tableMetric(lookup.Name, "ReadThrottleEvents"), label: lookup.Name + " throttled"},
		)
	}
	return lines
}

func (p *Pipeline) latencyLines() []line {
	var lines []line
	for _, lookup := range p.cfg.Lookups {
		lines = append(lines, line{
			metric: p.names.tableOperationMetric(lookup.Name, "BatchGetItem", "SuccessfulRequestLatency"), label: lookup.Name,
		})
	}
	return lines
}

func (p *Pipeline) draw(g graph) Properties {
	properties := Properties{
		Title:  g.title,
		Region: p.id.Region,
		View:   "timeSeries",
		Stat:   g.stat,
		Period: 60,
		YAxis:  &YAxis{Left: Axis{Label: g.unit}},
	}
	for _, l := range g.lines {
		properties.Metrics = append(properties.Metrics, l.draw())
	}
	return properties
}

// draw writes a metric as dashboards do: namespace, name, dimensions and their
// values one after the other, options.
func (l line) draw() []any {
	drawn := []any{l.metric.Namespace, l.metric.Name}
	for _, dimension := range slices.Sorted(maps.Keys(l.metric.Dimensions)) {
		drawn = append(drawn, dimension, l.metric.Dimensions[dimension])
	}
	options := map[string]string{"label": l.label}
	if l.stat != "" {
		options["stat"] = l.stat
	}
	return append(drawn, options)
}
