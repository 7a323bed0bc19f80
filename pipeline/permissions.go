package pipeline

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"golang.org/x/sync/errgroup"

	"enrich/engine"
)

// simulations is how many questions are put to IAM at the same time.
const simulations = 5

// someone stands for a wildcard: a simulation is about one resource, and where
// AWS chooses the name any will do.
const someone = "00000000-0000-4000-8000-000000000000"

// checkPermissions asks IAM whether the caller may do what a plan calls for. Of
// denials that hang on what only a real request brings nothing is said: they may
// not happen.
func (p *Pipeline) checkPermissions(ctx context.Context, caller string, plan *engine.Plan, found *Preflight) {
	principal := Principal(caller)
	if principal == "" {
		if !strings.HasSuffix(caller, ":root") { // who may do everything
			found.unchecked("permissions", caller+" is neither a user nor a role")
		}
		return
	}
	client := iam.NewFromConfig(p.sdk)
	required, certain := p.required(plan)
	missing, err := p.simulate(ctx, client, principal, required)
	operation := "iam:SimulatePrincipalPolicy"
	if isRole(principal) && hasCode(err, "NoSuchEntity", "AccessDenied", "AccessDeniedException") {
		// A session's name leaves out the path that its role may have. What may be
		// asked about the role with its path may be refused without it.
		role, unknown := rolePath(ctx, client, principal)
		switch {
		case unknown == nil && role != principal:
			principal = role
			missing, err = p.simulate(ctx, client, principal, required)
		case unknown != nil && hasCode(err, "NoSuchEntity"):
			operation, err = "iam:GetRole", unknown
		case unknown != nil:
			operation += " or iam:GetRole on " + principal
		}
	}
	if err != nil {
		found.unchecked("permissions", why(err, operation))
		return
	}
	found.Principal = principal
	for _, permission := range missing {
		if certain[permission] {
			found.Missing = append(found.Missing, permission)
		} else {
			found.Uncertain = append(found.Uncertain, permission)
		}
	}
}

func (f *Preflight) unchecked(what, reason string) {
	f.Unchecked = append(f.Unchecked, "could not check "+what+": "+reason)
}

// Deployer is the Principal of a caller, with the path that a role has where the
// caller may ask IAM for it.
func (p *Pipeline) Deployer(ctx context.Context, caller string) string {
	principal := Principal(caller)
	if !isRole(principal) {
		return principal
	}
	limited, cancel := context.WithTimeout(ctx, preflightLimit)
	defer cancel()
	if role, err := rolePath(limited, iam.NewFromConfig(p.sdk), principal); err == nil {
		return role
	}
	return principal
}

func rolePath(ctx context.Context, client *iam.Client, principal string) (string, error) {
	name := principal[strings.LastIndex(principal, "/")+1:]
	answer, err := client.GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
	if err != nil {
		return "", err
	}
	return aws.ToString(answer.Role.Arn), nil
}

// simulate gives what is denied, in the order of the statements. Each is a
// question of its own: all of its actions are about all of its resources.
func (p *Pipeline) simulate(ctx context.Context, client *iam.Client, principal string, required []Statement) ([]Permission, error) {
	answers := make([][]Permission, len(required))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(simulations)
	for i, statement := range required {
		group.Go(func() error {
			var err error
			answers[i], err = p.denied(ctx, client, principal, statement)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return slices.Concat(answers...), nil
}

func (p *Pipeline) denied(ctx context.Context, client *iam.Client, principal string, required Statement) ([]Permission, error) {
	entries := []types.ContextEntry{contextEntry("aws:RequestedRegion", p.id.Region)}
	for _, keys := range required.Condition {
		for key, values := range keys {
			entries = append(entries, contextEntry(key, values[0]))
		}
	}
	resources := make(map[string]string, len(required.Resource))
	input := &iam.SimulatePrincipalPolicyInput{PolicySourceArn: &principal, ActionNames: required.Action, ContextEntries: entries}
	for _, arn := range required.Resource {
		one := arn
		if arn != everything {
			one = strings.ReplaceAll(arn, everything, someone)
		}
		resources[one] = arn
		input.ResourceArns = append(input.ResourceArns, one)
	}
	var denied []Permission
	pages := iam.NewSimulatePrincipalPolicyPaginator(client, input)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, result := range page.EvaluationResults {
			if result.EvalDecision != types.PolicyEvaluationDecisionTypeAllowed && len(result.MissingContextValues) == 0 {
				denied = append(denied, Permission{aws.ToString(result.EvalActionName), resources[aws.ToString(result.EvalResourceName)]})
			}
		}
	}
	return denied, nil
}

func contextEntry(key, value string) types.ContextEntry {
	return types.ContextEntry{ContextKeyName: &key, ContextKeyType: types.ContextKeyTypeEnumString, ContextKeyValues: []string{value}}
}
