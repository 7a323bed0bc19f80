package main

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
)

// denied refuses operations to everybody.
type denied struct {
	operations []string
	next       http.Handler
}

func (d denied) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	target := r.Header.Get("X-Amz-Target")
	operation := target[strings.LastIndex(target, ".")+1:]
	if !slices.Contains(d.operations, operation) {
		d.next.ServeHTTP(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.Header().Set("X-Amzn-Errortype", "AccessDeniedException")
	w.WriteHeader(http.StatusBadRequest)
	_, _ = w.Write([]byte(`{"message":"User is not authorized to perform ` + operation + `"}`)) // to a program that waits
}

// Who may not ask for tags works by names alone, and is told so once a command.
func TestWithoutTheIndexOfTags(t *testing.T) {
	withoutAccount(t)
	a := newAccount(t)
	a.next = denied{[]string{"GetResources"}, a.next}
	for _, command := range [][]string{{"deploy"}, {"status"}, {"plan"}, {"destroy", "--yes"}} {
		code, told := a.enrich(t.Context(), command...)
		if code != exitDone || strings.Count(told, "warning: looking for resources by their tags: ") != 1 {
			t.Errorf("%s exits with %d: %s", command[0], code, told)
		}
	}
}

// Without the index of tags the proof is by name. That is enough with the record of
// a deploy, and not where the record is lost.
func TestDestroyProvesByName(t *testing.T) {
	d := newDeployer(t)
	d.refusals = true
	two := d.file("two.yaml", "lookups: [{name: users, key: user_id, fields: [name]}, {name: shops, key: shop_id, fields: [name]}]\n")
	one := d.file("one.yaml", "lookups: [{name: users, key: user_id, fields: [name]}]\n")
	const open = "that the record or the configuration names is left; by tag it was not looked for"
	d.well("deploy", "-c", two)
	d.hold(d.lacking("tag:GetResources"))
	if out := d.well("destroy", "--yes", "-c", one); !strings.Contains(out, open) {
		t.Errorf("with the record:\n%s", out)
	}
	d.hold("")
	d.well("deploy", "-c", two)
	if err := os.RemoveAll(filepath.Join(d.directory, "state")); err != nil {
		t.Fatal(err)
	}
	d.hold(d.lacking("tag:GetResources"))
	for range 2 {
		code, out, told := d.enrich("destroy", "--yes", "-c", one)
		if code != exitFailed || strings.Contains(out, "destroyed") || !strings.Contains(told, "whether more is left is not known: there was no record of a deploy, and looking for resources by their tags: ") {
			t.Errorf("without a record: exits with %d: %s%s", code, out, told)
		}
	}
	d.hold("")
	if out := d.well("destroy", "--yes", "-c", one); !strings.Contains(out, "destroyed: ") || !strings.Contains(out, "; nothing is left") {
		t.Errorf("as somebody who may search:\n%s", out)
	}
}

// What has our tags and another name is not ours to delete, and is left.
func TestDestroyTellsWhatIsLeftByTag(t *testing.T) {
	d := newDeployer(t)
	d.well("deploy")
	client := kinesis.NewFromConfig(elsewhere(t, d.endpoint))
	if _, err := client.CreateStream(t.Context(), &kinesis.CreateStreamInput{
		StreamName: aws.String("other"), ShardCount: aws.Int32(1),
		Tags: map[string]string{"enrich:pipeline": "data-enrichment", "enrich:environment": "dev", "managed-by": "enrich"},
	}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		code, out, told := d.enrich("destroy", "--yes", "-o", "json")
		if code != exitFailed || !strings.Contains(out, "still there, as not ours to delete: arn:aws:kinesis:us-east-1:123456789012:stream/other") || !strings.Contains(out, `"code": "Left"`) {
			t.Errorf("exits with %d: %s%s", code, out, told)
		}
	}
	if _, err := client.DeleteStream(t.Context(), &kinesis.DeleteStreamInput{StreamName: aws.String("other")}); err != nil {
		t.Fatal(err)
	}
	d.well("destroy", "--yes")
}
