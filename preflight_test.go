package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// lacking gives the policy of the deployer without some actions.
func (d *deployer) lacking(actions ...string) string {
	d.Helper()
	document, _ := d.policy()
	for _, action := range actions {
		if !strings.Contains(document, `"`+action+`"`) {
			d.Fatalf("%s is not in the policy", action)
		}
		document = strings.ReplaceAll(document, `"`+action+`"`, `"none:None"`)
	}
	return document
}

// nothingChanged checks that neither the account nor the disk knows of a deploy.
func (d *deployer) nothingChanged() {
	d.Helper()
	d.hold("")
	if _, out, _ := d.enrich("status", "-o", "json"); !strings.Contains(out, `"deployed": false`) {
		d.Errorf("something exists: %s", out)
	}
	if _, err := os.Stat(filepath.Join(d.directory, "state", "data-enrichment-dev.json")); err == nil {
		d.Error("there is a record")
	}
}

// Every permission that a deployment lacks is told before it begins, at once.
func TestDeployRefusesWithoutPermissions(t *testing.T) {
	d := newDeployer(t)
	d.hold(d.lacking("kinesis:AddTagsToStream", "iam:PassRole", "lambda:CreateEventSourceMapping", "cloudwatch:PutDashboard", "kinesis:DeleteStream"))
	code, out, told := d.enrich("deploy")
	if want := `error: arn:aws:iam::123456789012:user/caller may not kinesis:AddTagsToStream on arn:aws:kinesis:us-east-1:123456789012:stream/data-enrichment-dev-stream
       arn:aws:iam::123456789012:user/caller may not iam:PassRole on arn:aws:iam::123456789012:role/data-enrichment-dev-us-east-1-role
       arn:aws:iam::123456789012:user/caller may not lambda:CreateEventSourceMapping on *
       arn:aws:iam::123456789012:user/caller may not cloudwatch:PutDashboard on arn:aws:cloudwatch::123456789012:dashboard/data-enrichment-dev-us-east-1
       nothing was changed
hint: enrich policy --for arn:aws:iam::123456789012:user/caller prints the policy that it needs
`; code != exitFailed || out != "" || !strings.HasSuffix(told, want) {
		t.Errorf("exits with %d, prints %q, tells\n%s", code, out, told)
	}
	code, out, _ = d.enrich("deploy", "-o", "json")
	var document struct {
		Error struct {
			Code    string
			Details struct {
				Missing  []struct{ Action, Resource string }
				Problems []string
			}
		}
	}
	if err := json.Unmarshal([]byte(out), &document); err != nil || code != exitFailed || document.Error.Code != "Preflight" ||
		len(document.Error.Details.Missing) != 4 || document.Error.Details.Missing[2].Resource != "*" || document.Error.Details.Problems == nil {
		t.Errorf("exits with %d, %v: %s", code, err, out)
	}
	// Who looks at a plan need not be who deploys.
	code, out, told = d.enrich("plan")
	if code != exitDone || strings.Count(told, "warning: arn:aws:iam::123456789012:user/caller may not ") != 4 || !strings.Contains(out, "18 to create") {
		t.Errorf("plan exits with %d: %s%s", code, out, told)
	}
	d.nothingChanged()
}

// A quota that does not suffice stops a deployment as well, and is told with all
// else; nobody who plans can do without it.
func TestDeployRefusesBeyondQuotas(t *testing.T) {
	d := newDeployer(t)
	d.hold(d.lacking("iam:PassRole"))
	wide := d.file("wide.yaml", "stream: {shards: 1001}\n")
	const quota = `error: the account has 0 of its 1000 shards in us-east-1 in use, and this takes 1001 more: raise the quota "Shards per Region" of Amazon Kinesis Data Streams in the Service Quotas console`
	for command, missing := range map[string]string{
		"deploy": "\n       arn:aws:iam::123456789012:user/caller may not iam:PassRole on ",
		"plan":   "warning: arn:aws:iam::123456789012:user/caller may not iam:PassRole on ",
	} {
		if code, _, told := d.enrich(command, "-c", wide); code != exitFailed || !strings.Contains(told, quota) || !strings.Contains(told, missing) {
			t.Errorf("%s exits with %d: %s", command, code, told)
		}
	}
	d.nothingChanged()
}

// Who may not even read what exists is told what else is missing.
func TestDeployRefusesWithoutReading(t *testing.T) {
	d := newDeployer(t)
	d.hold(d.lacking("dynamodb:DescribeTable", "iam:CreateRole"))
	d.refusals = true
	for _, command := range []string{"deploy", "plan"} {
		code, _, told := d.enrich(command)
		for _, want := range []string{
			"user/caller may not iam:CreateRole on arn:aws:iam::123456789012:role/data-enrichment-dev-us-east-1-role\n",
			"user/caller may not dynamodb:DescribeTable on arn:aws:dynamodb:us-east-1:123456789012:table/data-enrichment-dev-users\n",
			"reading lookup table (data-enrichment-dev-users)", "nothing was changed\n",
		} {
			if code != exitFailed || !strings.Contains(told, want) {
				t.Errorf("%s exits with %d and does not tell %q:\n%s", command, code, want, told)
			}
		}
	}
	d.nothingChanged()
}

// What a deployment does not call for stops nothing, and neither does what it may
// call for, which is told.
func TestDeployWithoutNeedlessPermissions(t *testing.T) {
	d := newDeployer(t)
	d.refusals = true
	d.hold(d.lacking("dynamodb:UpdateContinuousBackups", "kinesis:EnableEnhancedMonitoring", "s3:PutBucketPublicAccessBlock"))
	code, _, told := d.enrich("deploy")
	want := "warning: " + deployerARN + " may not s3:PutBucketPublicAccessBlock on arn:aws:s3:::" + deployerBucket + ", which this may need\n"
	if code != exitDone || !strings.Contains(told, want) || strings.Contains(told, "UpdateContinuousBackups") || strings.Contains(told, "EnableEnhancedMonitoring") {
		t.Errorf("exits with %d: %s", code, told)
	}
	d.hold(d.lacking("lambda:UntagResource"))
	if code, _, told = d.enrich("deploy", "-c", d.file("more.yaml", "function: {memory: 512}\n")); code != exitDone || strings.Contains(told, "UntagResource") {
		t.Errorf("exits with %d: %s", code, told)
	}
}

// A caller who may not ask IAM deploys all the same.
func TestDeployWithoutCheckingPermissions(t *testing.T) {
	d := newDeployer(t)
	d.hold(d.lacking("iam:SimulatePrincipalPolicy"))
	d.refusals = true
	code, _, told := d.enrich("deploy")
	if code != exitDone || !strings.Contains(told, "could not check permissions: iam:SimulatePrincipalPolicy is not allowed\n") {
		t.Errorf("exits with %d: %s", code, told)
	}
}

// A deployment with nothing to do asks neither IAM nor for quotas.
func TestPreflightOfNothing(t *testing.T) {
	d := newDeployer(t)
	document, _ := d.policy()
	d.hold(document)
	d.well("deploy")
	clear(d.used)
	d.well("deploy")
	d.well("plan")
	for used := range d.used {
		if used.Action == "iam:SimulatePrincipalPolicy" || used.Action == "kinesis:DescribeLimits" {
			t.Errorf("%s was asked for", used.Action)
		}
	}
}

// A bucket that somebody else has is told from a permission that is missing.
func TestBucketOfAnother(t *testing.T) {
	d := newDeployer(t)
	document, _ := d.policy()
	stranger := d.lacking("s3:ListBucket")
	d.next = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		d.server.ServeHTTP(w, r)
	})
	for name, policy := range map[string]string{"root": "", "deployer": document, "stranger": stranger} {
		d.hold(policy)
		code, _, told := d.enrich("deploy")
		taken := strings.Contains(told, "hint: the caller may ask for the bucket, so it is somebody else's: choose another --name\n")
		if code != exitFailed || taken != (name != "stranger") || !strings.Contains(told, "nothing was changed") {
			t.Errorf("%s exits with %d: %s", name, code, told)
		}
	}
}
