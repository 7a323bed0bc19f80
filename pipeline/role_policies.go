package pipeline

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"golang.org/x/sync/errgroup"

	"enrich/engine"
)

// readPolicies reads all that a role allows, each kind of policy by a call of its
// own at the same time.
func (r *executionRole) readPolicies(ctx context.Context, spec *ExecutionRole) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		ours, err := r.client.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: &r.name, PolicyName: aws.String(PolicyName)})
		if err != nil {
			spec.Policy = readPolicy("")
			return ignore(err, "NoSuchEntity")
		}
		spec.Policy = readPolicy(unescape(aws.ToString(ours.PolicyDocument)))
		return nil
	})
	group.Go(func() error {
		names, err := r.inline(ctx)
		spec.OtherPolicies = slices.DeleteFunc(names, func(name string) bool { return name == PolicyName })
		return err
	})
	group.Go(func() (err error) {
		spec.AttachedPolicies, err = r.attached(ctx)
		return err
	})
	return group.Wait()
}

// inline gives the names of the inline policies.
func (r *executionRole) inline(ctx context.Context) ([]string, error) {
	var names []string
	pages := iam.NewListRolePoliciesPaginator(r.client, &iam.ListRolePoliciesInput{RoleName: &r.name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		names = append(names, page.PolicyNames...)
	}
	slices.Sort(names)
	return names, nil
}

// attached gives the ARNs of the managed policies.
func (r *executionRole) attached(ctx context.Context) ([]string, error) {
	var arns []string
	pages := iam.NewListAttachedRolePoliciesPaginator(r.client, &iam.ListAttachedRolePoliciesInput{RoleName: &r.name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, policy := range page.AttachedPolicies {
			arns = append(arns, aws.ToString(policy.PolicyArn))
		}
	}
	slices.Sort(arns)
	return arns, nil
}

// strip takes policies away.
func (r *executionRole) strip(ctx context.Context, inline, attached []string) error {
	for _, name := range inline {
		_, err := r.client.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: &r.name, PolicyName: &name})
		if err := ignore(err, "NoSuchEntity"); err != nil {
			return err
		}
	}
	for _, arn := range attached {
		_, err := r.client.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: &r.name, PolicyArn: &arn})
		if err := ignore(err, "NoSuchEntity"); err != nil {
			return err
		}
	}
	return nil
}

// Yields has a role lose a permission after the function that uses it has been
// changed: with a lookup that is removed its table goes from the policy.
func (r *executionRole) Yields(changes []engine.Change) bool {
	return !slices.ContainsFunc(changes, func(change engine.Change) bool {
		of := func(fields ...string) bool { return changed([]engine.Change{change}, fields...) }
		return !of("policy") && !of("other_policies", "attached_policies", "description", "tags") || of("policy") && !narrows(change)
	})
}

// narrows tells whether a change of a policy only takes permissions away: a
// statement's own fields vanish with it, and actions and resources become fewer.
func narrows(change engine.Change) bool {
	if change.New == nil {
		return change.Old != "Deny" && !strings.Contains(change.Field, ".Condition.")
	}
	if !strings.HasSuffix(change.Field, ".Action") && !strings.HasSuffix(change.Field, ".Resource") {
		return false
	}
	before := listOf(change.Old)
	return !slices.ContainsFunc(listOf(change.New), func(word any) bool { return !slices.Contains(before, word) })
}

// listOf gives the words of a field, of which a single one is no list.
func listOf(value any) []any {
	if list, ok := value.([]any); ok {
		return list
	}
	return []any{value}
}
