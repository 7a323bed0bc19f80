package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/urfave/cli/v2"

	"enrich/pipeline"
	"enrich/state"
)

// managedPolicyLimit is the most characters, white space left out, that IAM takes
// as a managed policy.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const managedPolicyLimit = 6144

func (p *program) policyCommand() *cli.Command {
	return &cli.Command{
		Name:  "policy",
		Usage: "prints the IAM policy of who deploys the pipeline",
		Description: about(`
The least that the commands have to be allowed, on exactly the resources of this
pipeline. Wildcards stand where AWS knows no resource or chooses its ID. Nothing is
changed: create the policy from the document, and attach it to the user or role that
deploys. --only divides it: "deploy" is for deploy, plan, status and destroy, "use"
for status and all that works with events, items, results, logs and metrics.`,
			"enrich policy > deployer.json", "enrich policy --only use > operator.json", "enrich policy -e prod --for arn:aws:iam::123456789012:role/deployer", "enrich policy -o json"),
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "for", Usage: "`ARN` of the user or role that deploys, who may then have its permissions checked; default: who asks"},
			&cli.StringFlag{Name: "only", Usage: "`PURPOSE` of the policy, deploy or use; default: both"},
		},
		Action: p.policy,
	}
}

func (p *program) policy(c *cli.Context) error {
	if _, err := takeArguments(c); err != nil {
		return err
	}
	deployer, purpose := c.String("for"), c.String("only")
	if err := errors.Join(checkDeployer(deployer), checkPurpose(purpose)); err != nil {
		return err
	}
	s, err := p.open(c.Context)
	if err != nil {
		return err
	}
	recorded, err := state.Load(s.statePath, s.binding)
	if err != nil {
		return err
	}
	left, err := s.left(recorded)
	if err != nil {
		return err
	}
	if deployer == "" {
		deployer = s.pipeline.Deployer(c.Context, s.caller)
	}
	document := s.pipeline.DeployerPolicy(deployer, purpose, left...)
	text, err := json.MarshalIndent(document, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the policy: %w", err)
	}
	if size := characters(string(text)); size > managedPolicyLimit {
		p.out.warning("the policy has %d characters, and a managed policy may have %d: %s", size, managedPolicyLimit, shorter(purpose))
	}
	return p.out.result(policyDocument{Policy: document}, func(page *page) { page.line("%s", text) })
}

func shorter(purpose string) string {
	if purpose == "" {
		return "make two of it, with --only deploy and --only use"
	}
	return "divide its statements among two policies, or put it into a role as an inline policy (10,240)"
}

func checkPurpose(purpose string) error {
	switch purpose {
	case "", pipeline.ToDeploy, pipeline.ToUse:
		return nil
	}
	return failf("--only %s: a policy is for deploy or for use", purpose)
}

// checkDeployer refuses what is no user or role before anything is asked of AWS.
func checkDeployer(text string) error {
	if text == "" {
		return nil
	}
	name, err := arn.Parse(text)
	if err != nil || name.Service != "iam" || !strings.HasPrefix(name.Resource, "user/") && !strings.HasPrefix(name.Resource, "role/") {
		return failf("--for %s is not the ARN of an IAM user or role", text).
			hint("such as arn:aws:iam::123456789012:role/deployer")
	}
	return nil
}

// characters counts what IAM counts of a policy.
func characters(text string) int {
	n := 0
	for _, r := range text {
		if !unicode.IsSpace(r) {
			n++
		}
	}
	return n
}
