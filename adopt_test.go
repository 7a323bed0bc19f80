package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
	"golang.org/x/sync/errgroup"

	"enrich/export"
	"enrich/pipeline"
	"enrich/state"
)

// Whoever can export for a tool is told how it lets go.
func TestEveryDialectLetsGo(t *testing.T) {
	for _, d := range export.Dialects() {
		if release(d.Manager) == "" || d.Name != d.Manager {
			t.Errorf("an export to %s tags by %q, of which nothing is known", d.Name, d.Manager)
		}
	}
}

// exported deploys a pipeline and has it managed by another tool.
func (d *deployer) exported(tool string, words ...string) {
	d.Helper()
	d.well(append([]string{"deploy"}, words...)...)
	file := ""
	if len(words) > 0 {
		file = words[len(words)-1]
	}
	if err := errors.Join(manage(d.Context(), d.endpoint, "123456789012", d.directory, file, tool), os.RemoveAll(filepath.Join(d.directory, "state"))); err != nil {
		d.Fatal(err)
	}
}

const twoLookups = "lookups:\n- {name: users, key: user_id, fields: [name, email, segment, location]}\n- {name: products, key: sku, fields: [title]}\n"

// The printed policy is enough to take a pipeline over.
func TestAdoptionWithinPolicy(t *testing.T) {
	d := newDeployer(t)
	d.exported("terraform")
	document, _ := d.policy()
	d.hold(document)
	if out := d.well("status"); !strings.Contains(out, "managed by terraform\n") {
		t.Error(out)
	}
	d.well("plan", "--adopt")
	d.well("deploy", "--adopt", "--yes")
	if out := d.well("deploy"); !strings.Contains(out, "nothing to change") {
		t.Error(out)
	}
	d.well("destroy", "--yes")
}

// No tool but enrich can give tags to a dashboard at AWS: there its text says whose it
// is, until it is taken over.
func TestAdoptionOfDashboardWithoutTags(t *testing.T) {
	d := newDeployer(t)
	d.exported("cloudformation")
	client := cloudwatch.NewFromConfig(elsewhere(t, d.endpoint))
	arn := aws.String("arn:aws:cloudwatch::123456789012:dashboard/data-enrichment-dev-us-east-1")
	if _, err := client.UntagResource(t.Context(), &cloudwatch.UntagResourceInput{
		ResourceARN: arn, TagKeys: []string{"enrich:pipeline", "enrich:environment", "managed-by"},
	}); err != nil {
		t.Fatal(err)
	}
	if out := d.well("status"); !strings.Contains(out, "managed by cloudformation\n") || !strings.Contains(out, "healthy: ") {
		t.Error(out)
	}
	d.well("dashboard")
	d.well("deploy", "--adopt", "--yes")
	now, err := client.ListTagsForResource(t.Context(), &cloudwatch.ListTagsForResourceInput{ResourceARN: arn})
	if err != nil || len(now.Tags) != 3 {
		t.Errorf("tags %v, %v", now, err)
	}
	if out := d.well("deploy"); !strings.Contains(out, "nothing to change") {
		t.Error(out)
	}
}

// A tool that takes a pipeline over cannot change the tags that enrich has given to its
// dashboard: its text is then what says whose it is.
func TestDashboardThatAnotherToolHasTaken(t *testing.T) {
	d := newDeployer(t)
	d.exported("terraform")
	client := cloudwatch.NewFromConfig(elsewhere(t, d.endpoint))
	const name = "data-enrichment-dev-us-east-1"
	if _, err := client.TagResource(t.Context(), &cloudwatch.TagResourceInput{
		ResourceARN: aws.String("arn:aws:cloudwatch::123456789012:dashboard/" + name),
		Tags:        []cloudwatchtypes.Tag{{Key: aws.String("managed-by"), Value: aws.String("enrich")}},
	}); err != nil {
		t.Fatal(err)
	}
	if out := d.well("status"); !strings.Contains(out, "managed by terraform\n") || !strings.Contains(out, "healthy: ") {
		t.Error(out)
	}
	if code, _, told := d.enrich("destroy", "--yes"); code != exitFailed || !strings.Contains(told, "dashboard ("+name+")") {
		t.Errorf("exits with %d: %s", code, told)
	}
	d.well("deploy", "--adopt", "--yes")
	if out := d.well("deploy"); !strings.Contains(out, "nothing to change") {
		t.Error(out)
	}
}

// tagsOfStack has the stream carry the tags of a stack as well.
func (d *deployer) tagsOfStack() {
	d.next = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".ListTagsForStream") {
			d.server.ServeHTTP(w, r)
			return
		}
		answer := httptest.NewRecorder()
		d.server.ServeHTTP(answer, r)
		w.Header().Set("Content-Type", answer.Header().Get("Content-Type"))
		w.WriteHeader(answer.Code)
		_, _ = w.Write(bytes.Replace(answer.Body.Bytes(), []byte(`"Tags":[`), []byte(
			`"Tags":[{"Key":"aws:cloudformation:logical-id","Value":"Stream"},{"Key":"aws:cloudformation:stack-name","Value":"clicks"},`), 1))
	})
}

// The tags that CloudFormation sets are no difference, and a reason for a warning before
// the stack's resources are taken over.
func TestAdoptionFromStack(t *testing.T) {
	d := newDeployer(t)
	d.exported("cloudformation")
	d.tagsOfStack()
	if out := d.well("status"); !strings.Contains(out, "healthy: ") {
		t.Error(out)
	}
	const warning = "warning: 1 resource carries the tags of the CloudFormation stack clicks, which may not have let go yet"
	if code, _, told := d.enrich("plan"); code != exitDone || strings.Contains(told, warning) {
		t.Errorf("exits with %d: %s", code, told)
	}
	for _, words := range [][]string{{"plan", "--adopt"}, {"deploy", "--adopt", "--yes", "-q"}} {
		if code, _, told := d.enrich(words...); code != exitDone || !strings.Contains(told, warning) {
			t.Errorf("%s exits with %d: %s", words, code, told)
		}
	}
	if code, out, told := d.enrich("deploy"); code != exitDone || !strings.Contains(out, "nothing to change") || strings.Contains(told, "warning") {
		t.Errorf("exits with %d: %s%s", code, out, told)
	}
	d.well("destroy", "--yes")
}

// What another tool manages beside a pipeline of ours stays there, and is no reason to
// refuse anything.
func TestManagedBeside(t *testing.T) {
	d := newDeployer(t)
	d.well("deploy", "-c", d.file("two.yaml", twoLookups))
	const table = "data-enrichment-dev-products"
	client := dynamodb.NewFromConfig(elsewhere(t, d.endpoint))
	arn := aws.String("arn:aws:dynamodb:us-east-1:123456789012:table/" + table)
	if _, err := client.TagResource(t.Context(), &dynamodb.TagResourceInput{
		ResourceArn: arn, Tags: []types.Tag{{Key: aws.String("managed-by"), Value: aws.String("terraform")}},
	}); err != nil {
		t.Fatal(err)
	}
	if code, _, told := d.enrich("destroy", "--yes"); code != exitFailed || !strings.Contains(told, "managed by terraform, so nothing was touched: lookup table ("+table+")") {
		t.Errorf("what is recorded is not refused, exits with %d: %s", code, told)
	}
	if err := os.RemoveAll(filepath.Join(d.directory, "state")); err != nil {
		t.Fatal(err)
	}
	const alone = "lookup table " + table + " is not in the configuration, and managed by terraform; it is left alone"
	for _, words := range [][]string{{"plan"}, {"deploy"}, {"destroy", "--yes"}} {
		code, out, told := d.enrich(words...)
		if code != exitDone || !strings.Contains(told, alone) {
			t.Errorf("%s exits with %d: %s", words, code, told)
		}
		if words[0] == "destroy" && !strings.Contains(out, "nothing but what other tools manage is left") {
			t.Errorf("destroyed: %s", out)
		}
	}
	if _, err := client.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: aws.String(table)}); err != nil {
		t.Error(err)
	}
	if code, out, told := d.enrich("status"); code != exitDone || !strings.Contains(out, "\nnot deployed\n") {
		t.Errorf("exits with %d: %s%s", code, out, told)
	}
}

// A subscription carries no tags: it is left alone with the topic of another tool,
// though an older deploy of ours has made it.
func TestSubscriptionOfAnothersTopic(t *testing.T) {
	d := newDeployer(t)
	d.well("deploy", "-c", d.file("notify.yaml", "alarms: {notify: [ops@example.com]}\n"))
	const goes = "- delete  alarm subscription ops@example.com"
	if out := d.well("plan"); !strings.Contains(out, goes) {
		t.Fatalf("ours stays: %s", out)
	}
	topic := aws.String("arn:aws:sns:us-east-1:123456789012:data-enrichment-dev-alarms")
	client := sns.NewFromConfig(elsewhere(t, d.endpoint))
	if _, err := client.TagResource(t.Context(), &sns.TagResourceInput{
		ResourceArn: topic, Tags: []snstypes.Tag{{Key: aws.String("managed-by"), Value: aws.String("terraform")}},
	}); err != nil {
		t.Fatal(err)
	}
	if code, out, told := d.enrich("plan"); code != exitDone || strings.Contains(out, goes) || !strings.Contains(told, "alarm topic data-enrichment-dev-alarms is not in the configuration, and managed by terraform; it is left alone") {
		t.Errorf("exits with %d: %s%s", code, out, told)
	}
	if out := d.well("plan", "--adopt"); !strings.Contains(out, goes) || !strings.Contains(out, "first: terraform must let go of them first") {
		t.Errorf("is taken over: %s", out)
	}
}

// On a terminal an adoption is shown, with what comes first, and asked for.
func TestTerminalAdopt(t *testing.T) {
	directory := withEmulator(t)
	onTerminal(t, directory, nil, "--local", "deploy", "-q").exits(exitDone)
	content, err := os.ReadFile(filepath.Join(directory, ".enrich", "local", "emulator.json"))
	var running localDocument
	if err := errors.Join(err, json.Unmarshal(content, &running)); err != nil {
		t.Fatal(err)
	}
	record := state.Path(filepath.Join(directory, ".enrich"), true, "data-enrichment", "dev")
	if err := errors.Join(manage(t.Context(), running.Endpoint, "000000000000", directory, "", "bash"), os.Remove(record)); err != nil {
		t.Fatal(err)
	}
	for answer, code := range map[string]int{"yes\n": exitFailed, "\x03": exitInterrupted} {
		asked := onTerminal(t, directory, nil, "--local", "deploy", "--adopt", "-q")
		asked.expect(" to go on: ")
		if shown := asked.text(); !strings.Contains(shown, "remove the state file beside its script") || !strings.Contains(shown, `tags.managed-by: "bash" → "enrich"`) {
			t.Errorf("asks without what it means:\n%s", shown)
		}
		asked.typed(answer)
		if shown := asked.exits(code); !strings.Contains(shown, "nothing was changed") {
			t.Errorf("%q shows\n%s", answer, shown)
		}
	}
	if shown := onTerminal(t, directory, nil, "--local", "status").exits(exitDone); !strings.Contains(shown, "managed by bash") {
		t.Errorf("two refusals have changed something:\n%s", shown)
	}
	right := onTerminal(t, directory, nil, "--local", "deploy", "--adopt")
	right.expect(" to go on: ")
	right.typed("adopt\n")
	if shown := right.exits(exitDone); !strings.Contains(shown, "taken over: ") {
		t.Errorf("shows\n%s", shown)
	}
	if shown := onTerminal(t, directory, nil, "--local", "status").exits(exitDone); strings.Contains(shown, "managed by") {
		t.Errorf("shows\n%s", shown)
	}
}

// What another tool takes over while somebody is asked is not touched.
func TestTerminalTakenMeanwhile(t *testing.T) {
	directory := withEmulator(t)
	onTerminal(t, directory, nil, "--local", "deploy", "-q").exits(exitDone)
	content, err := os.ReadFile(filepath.Join(directory, ".enrich", "local", "emulator.json"))
	var running localDocument
	if err := errors.Join(err, json.Unmarshal(content, &running)); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(directory, "products.yaml")
	if err := os.WriteFile(file, []byte("lookups:\n- {name: products, key: sku, fields: [title]}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	taken := func(tool string) {
		if err := manage(t.Context(), running.Endpoint, "000000000000", directory, "", tool); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		words             []string
		answer            string
		before, meanwhile string
	}{
		{[]string{"destroy"}, "data-enrichment", pipeline.Manager, "terraform"},
		{[]string{"deploy", "--delete-data", "-c", file}, "delete", pipeline.Manager, "terraform"},
		{[]string{"deploy", "--adopt"}, "adopt", "terraform", "bash"},
	} {
		taken(test.before)
		asked := onTerminal(t, directory, nil, append([]string{"--local"}, test.words...)...)
		asked.expect(" to go on: ")
		taken(test.meanwhile)
		asked.typed(test.answer + "\n")
		if shown := asked.exits(exitFailed); !strings.Contains(shown, "managed by "+test.meanwhile) {
			t.Errorf("%s shows\n%s", test.words, shown)
		}
		if shown := onTerminal(t, directory, nil, "--local", "status").exits(exitDone); !strings.Contains(shown, "managed by "+test.meanwhile) {
			t.Errorf("%s has changed something:\n%s", test.words, shown)
		}
	}
}

// exported has a pipeline managed by another tool, of which there is no record.
func (a *account) exported(t *testing.T) {
	t.Helper()
	a.well(t, "deploy")
	a.set("", "")
	if err := errors.Join(manage(t.Context(), a.endpoint, "123456789012", t.TempDir(), a.config, "terraform"), os.RemoveAll(a.directory)); err != nil {
		t.Fatal(err)
	}
}

// An adoption whose process dies at one of the calls that change something is gone on
// with by the next: the account then holds what a deploy makes, and a destroy leaves
// nothing.
func TestAdoptionConverges(t *testing.T) {
	withoutAccount(t)
	model := newFullAccount(t)
	empty := takeInventory(t, model.endpoint)
	model.well(t, "deploy")
	full, recorded := takeInventory(t, model.endpoint), model.recorded(t)
	model.exported(t)
	adoption := slices.DeleteFunc(model.well(t, "deploy", "--adopt", "--yes"), reads)
	same(t, "after a clean adoption", full, takeInventory(t, model.endpoint))
	if len(adoption) < len(full)/20 {
		t.Fatalf("an adoption changes nothing but %q", adoption)
	}
	var group errgroup.Group
	group.SetLimit(atOnce)
	for i, call := range adoption {
		for _, how := range []cut{cutBefore, cutAfter} {
			group.Go(func() error {
				t.Run(fmt.Sprintf("%s/%d", how, i), func(t *testing.T) {
					a := newFullAccount(t)
					a.exported(t)
					a.losing(t, []string{call}, how, "deploy", "--adopt", "--yes")
					a.well(t, "deploy", "--adopt", "--yes")
					same(t, "after the adoption", full, takeInventory(t, a.endpoint))
					same(t, "record", recorded, a.recorded(t))
					if how == cutBefore {
						a.well(t, "destroy", "--yes")
						same(t, "after destroy", empty, takeInventory(t, a.endpoint))
					}
				})
				return nil
			})
		}
	}
	_ = group.Wait() // no error: the tests report by themselves
}
