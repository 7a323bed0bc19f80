package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/urfave/cli/v2"

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
The least that deploy, plan, status, test-event, put, results, lookup load and
destroy have to be allowed, on exactly the resources of this pipeline. Wildcards
stand where AWS knows no resource or chooses its ID. Nothing is changed: create
the policy from the document, and attach it to the user or role that deploys.`,
			"enrich policy > deployer.json", "enrich policy -e prod --for arn:aws:iam::123456789012:role/deployer", "enrich policy -o json"),
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "for", Usage: "`ARN` of the user or role that deploys, who may then have its permissions checked; default: who asks"},
		},
		Action: p.policy,
	}
}

func (p *program) policy(c *cli.Context) error {
	if _, err := takeArguments(c); err != nil {
		return err
	}
	deployer := c.String("for")
	if err := checkDeployer(deployer); err != nil {
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
	document := s.pipeline.DeployerPolicy(deployer, left...)
	text, err := json.MarshalIndent(document, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the policy: %w", err)
	}
	if size := characters(string(text)); size > managedPolicyLimit {
		p.out.warning("the policy has %d characters, and a managed policy may have %d: divide its statements among two policies, or put it into a role as an inline policy (10,240)",
			size, managedPolicyLimit)
	}
	return p.out.result(policyDocument{Policy: document}, func(page *page) { page.line("%s", text) })
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
