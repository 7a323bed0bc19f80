package emulator

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// dashboard is kept as it was put; the emulator draws none.
type dashboard struct {
	name     string
	body     string
	modified time.Time
	tags     map[string]string
	visible  time.Time // when calls find it
}

const (
	dashboardsMax    = 500     // fewer than the 1,000 of a page of ListDashboards
	dashboardBody    = 1 << 20 // bytes
	dashboardWidgets = 500
)

var dashboardName = compiled(`^[A-Za-z0-9_-]{1,255}$`)

func dashboardARN(ctx context.Context, name string) string {
	return callerOf(ctx).globalARN("cloudwatch", "dashboard/"+name)
}

func (c *cloudWatchService) putDashboard(_ context.Context, in *cloudwatch.PutDashboardInput) (*cloudwatch.PutDashboardOutput, error) {
	name, body := deref(in.DashboardName), deref(in.DashboardBody)
	if !dashboardName().MatchString(name) {
		return nil, dashboardInvalid("The value %s for field DashboardName contains invalid characters. It can only contain alphanumerics, dash (-) and underscore (_).", name)
	}
	warnings, err := checkDashboard(body)
	if err != nil {
		return nil, err
	}
	tags, err := inputTags(in.Tags)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	made := &dashboard{name: name, body: body, modified: c.now(), tags: tags, visible: c.readiness.visible()}
	if old := c.dashboards[name]; old != nil {
		made.tags, made.visible = old.tags, old.visible // an update takes no tags
	} else if len(c.dashboards) >= dashboardsMax {
		return nil, failf(http.StatusBadRequest, "LimitExceededFault", "The emulator holds at most %d dashboards.", dashboardsMax)
	}
	c.dashboards[name] = made
	return &cloudwatch.PutDashboardOutput{DashboardValidationMessages: warnings}, nil
}

func dashboardInvalid(format string, args ...any) *apiError {
	return failf(http.StatusBadRequest, "DashboardInvalidInputError", format, args...)
}

// dashboardMessages is the error that lists what is wrong within a body.
func dashboardMessages(messages []types.DashboardValidationMessage) *apiError {
	err := dashboardInvalid("The dashboard body is invalid, there are %d validation errors: %s", len(messages), *messages[0].Message)
	var list []map[string]any
	for _, m := range messages {
		list = append(list, map[string]any{"DataPath": *m.DataPath, "Message": *m.Message})
	}
	err.Extra = map[string]any{"dashboardValidationMessages": list}
	return err
}

// widget is one widget of a body, as far as CloudWatch validates it.
type widget struct {
	Type       string                     `json:"type"`
	X          *float64                   `json:"x"`
	Y          *float64                   `json:"y"`
	Width      *float64                   `json:"width"`
	Height     *float64                   `json:"height"`
	Properties map[string]json.RawMessage `json:"properties"`
}

// checkDashboard validates a body: errors refuse it, warnings do not.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
func checkDashboard(body string) (warnings []types.DashboardValidationMessage, err error) {
	if len(body) > dashboardBody {
		return nil, dashboardInvalid("The field DashboardBody must be at most %d bytes.", dashboardBody)
	}
	var document struct {
		Widgets []json.RawMessage `json:"widgets"`
	}
	decoder := json.NewDecoder(bytes.NewReader([]byte(body)))
	if err := decoder.Decode(&document); err != nil || strings.TrimSpace(body)[0] != '{' {
		return nil, dashboardInvalid("The field DashboardBody must be a valid JSON object")
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, dashboardInvalid("The field DashboardBody must be a valid JSON object")
	}
	problem := func(path, format string, args ...any) types.DashboardValidationMessage {
		return types.DashboardValidationMessage{DataPath: &path, Message: new(fmt.Sprintf(format, args...))}
	}
	if document.Widgets == nil {
		return nil, dashboardMessages([]types.DashboardValidationMessage{problem("", "Should have required property 'widgets'")})
	}
	var problems []types.DashboardValidationMessage
	if len(document.Widgets) > dashboardWidgets {
		problems = append(problems, problem("/widgets", "Should NOT have more than %d items", dashboardWidgets))
	}
	for i, raw := range document.Widgets {
		path := fmt.Sprintf("/widgets/%d", i)
		var w widget
		if err := json.Unmarshal(raw, &w); err != nil {
			problems = append(problems, problem(path, "Should match exactly one schema in oneOf"))
			continue
		}
		for _, p := range w.problems() {
			problems = append(problems, problem(path+p[0], "%s", p[1]))
		}
	}
	if len(problems) > 0 {
		return nil, dashboardMessages(problems)
	}
	return []types.DashboardValidationMessage{}, nil
}

var widgetTypes = []string{"metric", "text", "log", "alarm", "explorer", "custom"}

// required are the properties that a widget must have, by its type.
var required = map[string][]string{"text": {"markdown"}, "log": {"query", "region"}, "alarm": {"alarms"}, "custom": {"endpoint"}}

// problems gives path and message of what is wrong with a widget.
func (w *widget) problems() [][2]string {
	var found [][2]string
	if !slices.Contains(widgetTypes, w.Type) {
		return [][2]string{{"/type", "Should be equal to one of the allowed values: " + strings.Join(widgetTypes, ", ")}}
	}
	within := func(path string, value *float64, low, high float64) {
		if value == nil {
			return
		}
		if *value < low || *value > high || *value != float64(int64(*value)) {
			found = append(found, [2]string{path, fmt.Sprintf("Should be an integer between %g and %g", low, high)})
		}
	}
	within("/x", w.X, 0, 23)
	within("/y", w.Y, 0, 1e6)
	within("/width", w.Width, 1, 24)
	within("/height", w.Height, 1, 1000)
	if w.Properties == nil {
		return append(found, [2]string{"", "Should have required property 'properties'"})
	}
	for _, name := range required[w.Type] {
		if _, ok := w.Properties[name]; !ok {
			found = append(found, [2]string{"/properties", "Should have required property '" + name + "'"})
		}
	}
	if w.Type == "metric" {
		found = append(found, w.metricProblems()...)
	}
	return found
}

func (w *widget) metricProblems() [][2]string {
	raw, hasMetrics := w.Properties["metrics"]
	if _, hasAnnotations := w.Properties["annotations"]; !hasMetrics && !hasAnnotations {
		return [][2]string{{"/properties", "Should have required property 'metrics'"}}
	}
	var found [][2]string
	if _, ok := w.Properties["region"]; !ok && hasMetrics {
		found = append(found, [2]string{"/properties", "Should have required property 'region'"})
	}
	if !hasMetrics {
		return found
	}
	var metrics [][]any
	if err := json.Unmarshal(raw, &metrics); err != nil {
		return append(found, [2]string{"/properties/metrics", "Should be array of arrays"})
	}
	if len(metrics) == 0 {
		found = append(found, [2]string{"/properties/metrics", "Should NOT have fewer than 1 items"})
	}
	for i, metric := range metrics {
		if len(metric) == 0 {
			found = append(found, [2]string{fmt.Sprintf("/properties/metrics/%d", i), "Should NOT have fewer than 1 items"})
		}
	}
	return found
}

func (c *cloudWatchService) getDashboard(ctx context.Context, in *cloudwatch.GetDashboardInput) (*cloudwatch.GetDashboardOutput, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	d := c.dashboard(deref(in.DashboardName))
	if d == nil {
		return nil, dashboardNotFound(deref(in.DashboardName))
	}
	return &cloudwatch.GetDashboardOutput{DashboardName: &d.name, DashboardBody: &d.body, DashboardArn: new(dashboardARN(ctx, d.name))}, nil
}

// dashboard gives one that calls find, or nil. The lock is held.
func (c *cloudWatchService) dashboard(name string) *dashboard {
	if d := c.dashboards[name]; d != nil && !c.readiness.before(d.visible) {
		return d
	}
	return nil
}

func dashboardNotFound(names ...string) *apiError {
	return failf(http.StatusNotFound, "DashboardNotFoundError", "Dashboard %s does not exist", strings.Join(names, ", "))
}

func (c *cloudWatchService) listDashboards(ctx context.Context, in *cloudwatch.ListDashboardsInput) (*cloudwatch.ListDashboardsOutput, error) {
	if deref(in.NextToken) != "" {
		return nil, cwToken() // there is no second page
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	out := &cloudwatch.ListDashboardsOutput{DashboardEntries: []types.DashboardEntry{}}
	for _, name := range sortedKeys(c.dashboards) {
		if c.dashboard(name) == nil || !strings.HasPrefix(name, deref(in.DashboardNamePrefix)) {
			continue
		}
		d := c.dashboards[name]
		out.DashboardEntries = append(out.DashboardEntries, types.DashboardEntry{
			DashboardName: &d.name, DashboardArn: new(dashboardARN(ctx, name)), LastModified: &d.modified, Size: new(int64(len(d.body))),
		})
	}
	return out, nil
}

// deleteDashboards deletes all or, when one does not exist, none.
func (c *cloudWatchService) deleteDashboards(_ context.Context, in *cloudwatch.DeleteDashboardsInput) (*cloudwatch.DeleteDashboardsOutput, error) {
	if len(in.DashboardNames) == 0 {
		return nil, cwMissing("DashboardNames")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var missing []string
	for _, name := range in.DashboardNames {
		if c.dashboard(name) == nil {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return nil, dashboardNotFound(missing...)
	}
	for _, name := range in.DashboardNames {
		delete(c.dashboards, name)
	}
	return &cloudwatch.DeleteDashboardsOutput{}, nil
}
