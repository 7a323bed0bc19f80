package pipeline

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"

	"enrich/cost"
	"enrich/engine"
)

// Dashboard shows the pipeline on one page.
type Dashboard struct {
	Body string            `json:"body"` // digest: a difference in full would fill pages
	Tags map[string]string `json:"tags"`
}

type dashboard struct {
	identified
	desired Dashboard
	body    Body
	whose   string            // begins the marker, up to who manages the pipeline
	marker  string            // says in the body whose the dashboard is
	owner   map[string]string // tags that whose stands for
	client  *cloudwatch.Client
}

// Dashboard is the resource that shows the pipeline.
func (p *Pipeline) Dashboard() engine.Resource {
	d := p.namedDashboard(keyDashboard, p.names.Dashboard)
	d.body = p.body(d.marker)
	d.desired = Dashboard{Body: digest(d.document()), Tags: p.tags}
	return d
}

func (p *Pipeline) namedDashboard(key, name string) *dashboard {
	whose := fmt.Sprintf("Pipeline **%s**, environment **%s**, managed by **", p.id.Name, p.id.Environment)
	return &dashboard{
		identified: identified{key: key, kind: kindDashboard, name: name, arn: p.id.dashboardARN(name)},
		whose:      whose,
		marker:     whose + p.tags[tagManagedBy] + "**: what is changed here lasts until the next deploy.",
		owner:      tagsOf(p.id, nil),
		client:     cloudWatch(p.sdk),
	}
}

// document is the body as it is sent. Its parts are texts and numbers, which
// always have a JSON form.
func (d *dashboard) document() string {
	data, err := json.Marshal(d.body)
	if err != nil {
		panic(fmt.Sprintf("pipeline: dashboard: %v", err))
	}
	return string(data)
}

// digest identifies a body whatever its spacing and the order of its members.
func digest(document string) string {
	var body map[string]any
	if err := json.Unmarshal([]byte(document), &body); err != nil {
		return "unreadable"
	}
	canonical, err := json.Marshal(body)
	if err != nil {
		return "unreadable"
	}
	widgets, _ := body["widgets"].([]any)
	sum := sha256.Sum256(canonical)
	return fmt.Sprintf("%d widgets (%s)", len(widgets), hex.EncodeToString(sum[:6]))
}

// manager is who manages the dashboard by the text in its body that says whose it is:
// not every endpoint keeps tags of dashboards. It is "" where there is no such text.
func (d *dashboard) manager(document string) string {
	var body Body
	if err := json.Unmarshal([]byte(document), &body); err != nil {
		return ""
	}
	for _, widget := range body.Widgets {
		if _, after, marked := strings.Cut(widget.Properties.Markdown, d.whose); marked && widget.Type == "text" {
			manager, _, _ := strings.Cut(after, "**")
			return manager
		}
	}
	return ""
}

// marked are tags as another manager gives them.
func marked(tags map[string]string, manager string) map[string]string {
	if tags == nil {
		return nil
	}
	tags = maps.Clone(tags)
	tags[tagManagedBy] = manager
	return tags
}

// Desired is the data that the dashboard shall have.
func (d *dashboard) Desired() any { return d.desired }

func (d *dashboard) Read(ctx context.Context) (_ *engine.Observed, err error) {
	defer d.explain("reading", &err)
	answer, err := d.client.GetDashboard(ctx, &cloudwatch.GetDashboardInput{DashboardName: &d.name})
	if err != nil {
		return nil, notFound(err, "ResourceNotFound", "DashboardNotFoundError", "ResourceNotFoundException")
	}
	tags, err := d.readTags(ctx)
	if err != nil {
		return nil, err
	}
	document := aws.ToString(answer.DashboardBody)
	spec := Dashboard{Body: digest(document), Tags: userTags(tags)}
	switch manager := d.manager(document); {
	case manager == "":
	case len(userTags(tags)) == 0:
		// No tags at all are those of an endpoint that cannot keep them, or of a tool that
		// cannot set them.
		tags, spec.Tags = marked(d.owner, manager), marked(d.desired.Tags, manager)
	case tags[tagManagedBy] == Manager && manager != Manager:
		// Such a tool has written the body since, and could not change our tags.
		tags, spec.Tags = marked(tags, manager), marked(spec.Tags, manager)
	}
	return &engine.Observed{
		ID:     d.name,
		ARN:    d.arn,
		Status: "present", // dashboards have no states
		Detail: spec.Body,
		Tags:   tags,
		Spec:   spec,
	}, nil
}

// readTags takes an endpoint that knows no tags of dashboards for one without
// tags.
func (d *dashboard) readTags(ctx context.Context) (map[string]string, error) {
	tags, err := readCloudWatchTags(ctx, d.client, d.arn)
	if untaggable(err) {
		return map[string]string{}, nil
	}
	return tags, err
}

func untaggable(err error) bool {
	return errors.Is(err, engine.ErrNotFound) ||
		hasCode(err, "ResourceNotFound", "ResourceNotFoundException", "InvalidParameterValue", "InvalidParameterValueException", "ValidationError")
}

func (d *dashboard) Diff(observed *engine.Observed) []engine.Change {
	return compare(d.desired, observed.Spec)
}

func (d *dashboard) Create(ctx context.Context, progress engine.Progress) (err error) {
	defer d.explain("creating", &err)
	if err := d.put(ctx, progress); err != nil {
		return err
	}
	progress.Identified(d.name, d.arn)
	return nil
}

// put creates the dashboard or replaces its body; the tags count at the creation
// only.
func (d *dashboard) put(ctx context.Context, progress engine.Progress) error {
	answer, err := d.client.PutDashboard(ctx, &cloudwatch.PutDashboardInput{
		DashboardName: &d.name, DashboardBody: aws.String(d.document()), Tags: cloudWatchTags(d.desired.Tags),
	})
	if err != nil {
		return err
	}
	for _, message := range answer.DashboardValidationMessages { // warnings: an error would be one
		progress.Status("CloudWatch warns of " + aws.ToString(message.DataPath) + ": " + aws.ToString(message.Message))
	}
	return nil
}

func (d *dashboard) Update(ctx context.Context, _ *engine.Observed, changes []engine.Change, progress engine.Progress) (err error) {
	defer d.explain("updating", &err)
	body := changed(changes, "body")
	if tagged(changes) {
		err := d.retag(ctx)
		if body && untaggable(err) {
			err = nil // the body alone says then whose it is
		}
		if err != nil {
			return err
		}
	}
	if body {
		return d.put(ctx, progress)
	}
	return nil
}

// retag begins with the tags that there are: those that were observed may be what the
// body says.
func (d *dashboard) retag(ctx context.Context) error {
	now, err := d.readTags(ctx)
	if err != nil {
		return err
	}
	return retagCloudWatch(ctx, d.client, d.arn, now, d.desired.Tags)
}

func (d *dashboard) Delete(ctx context.Context, _ engine.Progress) (err error) {
	defer d.explain("deleting", &err)
	_, err = d.client.DeleteDashboards(ctx, &cloudwatch.DeleteDashboardsInput{DashboardNames: []string{d.name}})
	return ignore(err, "ResourceNotFound", "DashboardNotFoundError", "ResourceNotFoundException")
}

// charges leave out that an account's first three are free.
func (d *dashboard) charges(cost.Flow) []cost.Charge {
	return []cost.Charge{{Item: cost.Dashboard, What: "dashboard", Idle: 1}}
}

func (d *dashboard) needs() []need {
	return []need{{
		sid: "Dashboard", on: words{d.arn},
		read:   words{"cloudwatch:GetDashboard", "cloudwatch:ListTagsForResource"},
		create: words{"cloudwatch:PutDashboard", "cloudwatch:TagResource"},
		update: words{"cloudwatch:PutDashboard", "cloudwatch:TagResource", "cloudwatch:UntagResource"},
		remove: words{"cloudwatch:DeleteDashboards"},
	}}
}
