package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
)

// updating has the next reads of tables show them as being changed.
func (d *deployer) updating(reads int) {
	d.next = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".DescribeTable") || reads == 0 {
			d.server.ServeHTTP(w, r)
			return
		}
		reads--
		answer := httptest.NewRecorder()
		d.server.ServeHTTP(answer, r)
		w.Header().Set("Content-Type", answer.Header().Get("Content-Type"))
		w.WriteHeader(answer.Code)
		_, _ = w.Write(bytes.Replace(answer.Body.Bytes(), []byte(`"TableStatus":"ACTIVE"`), []byte(`"TableStatus":"UPDATING"`), 1))
	})
}

// items counts what is in a table.
func (d *deployer) items(client *dynamodb.Client, table string) int {
	d.Helper()
	found, err := client.Scan(d.Context(), &dynamodb.ScanInput{TableName: aws.String(table)})
	if err != nil {
		d.Fatal(err)
	}
	return len(found.Items)
}

// A destroy that was stopped when it had lifted a table's protection is no reason
// to delete the table in a deploy, which puts the protection back.
func TestDeployAfterStoppedDestroy(t *testing.T) {
	d := newDeployer(t)
	d.well("deploy", "-e", "prod")
	const table = "data-enrichment-prod-users"
	client := dynamodb.NewFromConfig(elsewhere(t, d.endpoint))
	if _, err := client.PutItem(t.Context(), &dynamodb.PutItemInput{
		TableName: aws.String(table), Item: map[string]types.AttributeValue{"user_id": &types.AttributeValueMemberS{Value: "ada"}},
	}); err != nil {
		t.Fatal(err)
	}
	d.refusals = true
	document, _ := d.policy("-e", "prod")
	d.hold(strings.ReplaceAll(document, `"dynamodb:DeleteTable"`, `"none:None"`))
	if code, _, told := d.enrich("destroy", "-e", "prod", "--yes", "--force"); code != exitFailed || !strings.Contains(told, "dynamodb:DeleteTable") {
		t.Fatalf("exits with %d: %s", code, told)
	}
	d.hold("")
	d.updating(2)
	d.well("deploy", "-e", "prod")
	if d.items(client, table) != 1 {
		t.Error("the item is gone")
	}
	now, err := client.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: aws.String(table)})
	if err != nil || !aws.ToBool(now.Table.DeletionProtectionEnabled) {
		t.Errorf("not protected: %v", err)
	}
}

// What somebody else is changing is waited for: it is not created again, with the
// samples that were deleted.
func TestDeployDuringOtherChange(t *testing.T) {
	d := newDeployer(t)
	d.well("deploy")
	const table = "data-enrichment-dev-users"
	client := dynamodb.NewFromConfig(elsewhere(t, d.endpoint))
	found, err := client.Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String(table)})
	if err != nil || len(found.Items) == 0 {
		t.Fatalf("no samples: %v", err)
	}
	for _, item := range found.Items {
		if _, err := client.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{
			TableName: aws.String(table), Key: map[string]types.AttributeValue{"user_id": item["user_id"]},
		}); err != nil {
			t.Fatal(err)
		}
	}
	for _, command := range []string{"plan", "deploy"} {
		d.updating(1)
		if out := d.well(command); !strings.Contains(out, "nothing to change") {
			t.Errorf("%s: %s", command, out)
		}
	}
	if n := d.items(client, table); n != 0 {
		t.Errorf("%d items are back", n)
	}
}

// An adoption that was stopped is gone on with.
func TestAdoptionStopped(t *testing.T) {
	const stream = "data-enrichment-dev-stream"
	for refused, again := range map[string][]string{
		"kinesis:AddTagsToStream":       {"deploy", "--adopt", "--yes"}, // nothing is taken over yet
		"kinesis:StartStreamEncryption": {"deploy"},
	} {
		t.Run(refused, func(t *testing.T) {
			d := newDeployer(t)
			if _, err := kinesis.NewFromConfig(elsewhere(t, d.endpoint)).CreateStream(t.Context(), &kinesis.CreateStreamInput{
				StreamName: aws.String(stream), ShardCount: aws.Int32(1), Tags: map[string]string{"owner": "bob"},
			}); err != nil {
				t.Fatal(err)
			}
			d.refusals = true
			d.hold(d.lacking("iam:SimulatePrincipalPolicy", refused))
			code, _, told := d.enrich("deploy", "--adopt", "--yes")
			if code != exitFailed || !strings.Contains(told, refused) || !strings.Contains(told, "run enrich deploy --adopt again to continue; until then enrich destroy refuses what is not taken over yet\n") {
				t.Fatalf("exits with %d: %s", code, told)
			}
			d.hold("")
			d.well(again...)
			if out := d.well("deploy"); !strings.Contains(out, "nothing to change") {
				t.Error(out)
			}
		})
	}
}

// A protection that somebody has switched on by hand is not switched off unasked.
func TestDeployKeepsProtection(t *testing.T) {
	d := newDeployer(t)
	d.well("deploy")
	const table = "data-enrichment-dev-users"
	client := dynamodb.NewFromConfig(elsewhere(t, d.endpoint))
	protected := func() bool {
		now, err := client.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: aws.String(table)})
		if err != nil {
			t.Fatal(err)
		}
		return aws.ToBool(now.Table.DeletionProtectionEnabled)
	}
	if _, err := client.UpdateTable(t.Context(), &dynamodb.UpdateTableInput{TableName: aws.String(table), DeletionProtectionEnabled: aws.Bool(true)}); err != nil {
		t.Fatal(err)
	}
	code, _, told := d.enrich("deploy")
	if code != exitFailed || !strings.Contains(told, "(deletion_protection: true → false) needs a confirmation") || !protected() {
		t.Errorf("exits with %d: %s", code, told)
	}
	d.well("deploy", "--yes")
	if protected() {
		t.Error("still protected")
	}
}
