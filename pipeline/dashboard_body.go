package pipeline

import (
	"fmt"
	"maps"
	"slices"
	"strings"

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
	Markdown  string   `json:"markdown,omitempty"`
	Title     string   `json:"title,omitempty"`
	Alarms    []string `json:"alarms,omitempty"` // ARNs
	Region    string   `json:"region,omitempty"`
	View      string   `json:"view,omitempty"`
	Sparkline bool     `json:"sparkline,omitempty"`
	Stat      string   `json:"stat,omitempty"`
	Period    int      `json:"period,omitempty"` // seconds
	Metrics   [][]any  `json:"metrics,omitempty"`
	YAxis     *YAxis   `json:"yAxis,omitempty"`
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

// widgetAlarms is how many alarms a widget may have.
const widgetAlarms = 100

// Heights and widths of the grid.
const (
	gridWidth    = 24
	graphWidth   = gridWidth / 3
	graphHeight  = 6
	textHeight   = 2
	alarmHeight  = 3
	numberHeight = 4
)

// body has the alarms, the figures of the status, and below them the way of an event
// from left to right and from top to bottom.
func (p *Pipeline) body(marker string) Body {
	widgets := []Widget{
		{Type: "text", Width: gridWidth, Height: textHeight, Properties: Properties{
			Markdown: fmt.Sprintf("# %s\n%s", p.id.prefix(), marker),
		}},
	}
	top := textHeight
	for alarms := range slices.Chunk(arnsOf(p.alarms()), widgetAlarms) { // CloudWatch refuses a widget without any
		widgets = append(widgets, Widget{Type: "alarm", Y: top, Width: gridWidth, Height: alarmHeight, Properties: Properties{
			Title: "Alarms", Alarms: alarms,
		}})
		top += alarmHeight
	}
	widgets = append(widgets, Widget{Type: "metric", Y: top, Width: gridWidth, Height: numberHeight, Properties: p.numbers()})
	top += numberHeight
	for i, graph := range p.graphs() {
		widgets = append(widgets, Widget{
			Type: "metric", Width: graphWidth, Height: graphHeight,
			X:          i % 3 * graphWidth,
			Y:          top + i/3*graphHeight,
			Properties: graph,
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

// numbers shows what the status shows: the last five minutes, and the way to them.
func (p *Pipeline) numbers() Properties {
	properties := Properties{
		Title: "The last five minutes", Region: p.id.Region, View: "singleValue", Sparkline: true, Stat: sum, Period: 300,
	}
	for _, f := range p.Watched() {
		properties.Metrics = append(properties.Metrics, draw(f, f.Name, sum))
	}
	return properties
}

// graphs draw all figures, those of a graph together.
func (p *Pipeline) graphs() []Properties {
	var list []Properties
	for _, f := range p.Figures() {
		last := len(list) - 1
		if last < 0 || list[last].Title != f.Graph {
			list = append(list, Properties{
				Title: f.Graph, Region: p.id.Region, View: "timeSeries", Stat: f.Statistic, Period: 60,
				YAxis: &YAxis{Left: Axis{Label: axis(f)}},
			})
			last++
		}
		list[last].Metrics = append(list[last].Metrics, draw(f, f.Title, list[last].Stat))
	}
	return list
}

// axis is what a figure's graph is in.
func axis(f Figure) string {
	if f.Statistic == sum {
		return strings.TrimSpace(f.Unit + " a minute")
	}
	return f.Unit
}

// draw writes a metric as dashboards do: namespace, name, dimensions and their
// values one after the other, options.
func draw(f Figure, label, stat string) []any {
	drawn := []any{f.Metric.Namespace, f.Metric.Name}
	for _, dimension := range slices.Sorted(maps.Keys(f.Metric.Dimensions)) {
		drawn = append(drawn, dimension, f.Metric.Dimensions[dimension])
	}
	options := map[string]string{"label": label}
	if f.Statistic != stat {
		options["stat"] = f.Statistic
	}
	return append(drawn, options)
}
