package emulator

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// simulatePrincipalPolicy evaluates a principal's policies without doing anything.
func (i *iamService) simulatePrincipalPolicy(_ context.Context, in *iam.SimulatePrincipalPolicyInput) (*iam.SimulatePrincipalPolicyOutput, error) {
	if err := refuseUsed("InvalidInput", map[string]bool{
		"CallerArn": in.CallerArn != nil && *in.CallerArn != deref(in.PolicySourceArn), "PolicyExclusionList": len(in.PolicyExclusionList) > 0,
		"PermissionsBoundaryPolicyInputList": len(in.PermissionsBoundaryPolicyInputList) > 0, "PolicyInputList": len(in.PolicyInputList) > 0,
		"ResourceHandlingOption": in.ResourceHandlingOption != nil, "ResourceOwner": in.ResourceOwner != nil, "ResourcePolicy": in.ResourcePolicy != nil,
	}); err != nil {
		return nil, err
	}
	if len(in.ActionNames) == 0 {
		return nil, invalidIAM("Value at 'actionNames' failed to satisfy constraint: Member must not be null")
	}
	keys, err := simulationKeys(in.ContextEntries)
	if err != nil {
		return nil, err
	}
	resources := in.ResourceArns
	if len(resources) == 0 {
		resources = []string{"*"}
	}
	i.mu.RLock()
	defer i.mu.RUnlock()
	policies := i.policiesOf(deref(in.PolicySourceArn))
	if policies == nil {
		return nil, failf(http.StatusNotFound, "NoSuchEntity", "The principal %s cannot be found.", deref(in.PolicySourceArn))
	}
	results := map[string]types.EvaluationResult{} // by their place, in digits
	for _, action := range in.ActionNames {
		for _, resource := range resources {
			a := access{action: action, resource: resource, keys: keys}
			verdict := evaluate(policies, a)
			results[fmt.Sprintf("%08d", len(results))] = types.EvaluationResult{
				EvalActionName: new(action), EvalResourceName: new(resource), EvalDecision: verdict.wire(),
				MatchedStatements: []types.Statement{}, MissingContextValues: missingKeys(policies, a),
			}
		}
	}
	page, marker, err := iamPage(sortedKeys(results), in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &iam.SimulatePrincipalPolicyOutput{EvaluationResults: []types.EvaluationResult{}, IsTruncated: marker != nil, Marker: marker}
	for _, place := range page {
		out.EvaluationResults = append(out.EvaluationResults, results[place])
	}
	return out, nil
}

// policiesOf are those of a role, or of the user whom a policy holds; nil: there
// is nobody of that ARN. The lock is held.
func (i *iamService) policiesOf(arn string) []*policy {
	if r := i.byARN(arn); r != nil {
		return r.policies()
	}
	if user := i.user.Load(); user != nil && strings.HasSuffix(arn, "::"+i.account+":user/"+userName) {
		return []*policy{user}
	}
	return nil
}

func (d decision) wire() types.PolicyEvaluationDecisionType {
	switch d {
	case allow:
		return types.PolicyEvaluationDecisionTypeAllowed
	case explicitDeny:
		return types.PolicyEvaluationDecisionTypeExplicitDeny
	default:
		return types.PolicyEvaluationDecisionTypeImplicitDeny
	}
}

func simulationKeys(entries []types.ContextEntry) (map[string]string, error) {
	keys := map[string]string{}
	for _, entry := range entries {
		name := strings.ToLower(deref(entry.ContextKeyName))
		if !conditionKeys[name] || len(entry.ContextKeyValues) != 1 {
			return nil, failf(http.StatusBadRequest, "InvalidInput",
				"The emulator does not support the context key %s with %d values.", deref(entry.ContextKeyName), len(entry.ContextKeyValues))
		}
		keys[name] = entry.ContextKeyValues[0]
	}
	return keys, nil
}
