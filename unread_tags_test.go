package main

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
)

// What is another tool's is not taken for ours where its tags may not be read, though
// all the rest is ours and a record says that this was.
func TestUnreadTagsAreNotOurs(t *testing.T) {
	const manager, tool = "managed-by", "terraform"
	for action, take := range map[string]func(aws.Config) error{
		"kinesis:ListTagsForStream": func(sdk aws.Config) error {
			_, err := kinesis.NewFromConfig(sdk).AddTagsToStream(t.Context(), &kinesis.AddTagsToStreamInput{
				StreamName: aws.String("data-enrichment-dev-stream"), Tags: map[string]string{manager: tool},
			})
			return err
		},
		"cloudwatch:ListTagsForResource": func(sdk aws.Config) error {
			_, err := cloudwatch.NewFromConfig(sdk).TagResource(t.Context(), &cloudwatch.TagResourceInput{
				ResourceARN: aws.String("arn:aws:cloudwatch::123456789012:dashboard/data-enrichment-dev-us-east-1"),
				Tags:        []cloudwatchtypes.Tag{{Key: aws.String(manager), Value: aws.String(tool)}},
			})
			return err
		},
	} {
		t.Run(action, func(t *testing.T) {
			d := newDeployer(t)
			d.well("deploy")
			if err := take(elsewhere(t, d.endpoint)); err != nil {
				t.Fatal(err)
			}
			d.denying(action)
			for _, words := range [][]string{{"deploy", "--yes"}, {"deploy", "--adopt", "--yes"}, {"destroy", "--yes"}} {
				if code, out, told := d.enrich(words...); code != exitFailed || !strings.Contains(told, action) {
					t.Errorf("%s exits with %d: %s%s", words, code, out, told)
				}
			}
			d.hold("")
			_, out, _ := d.enrich("status", "-o", "json")
			if !strings.Contains(out, `"managed_by": "terraform"`) {
				t.Errorf("it is no longer the tool's: %s", out)
			}
		})
	}
}
