package emulator

import (
	"context"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// simulatePrincipalPolicy evaluates a role's policies without doing anything.
func (i *iamService) simulatePrincipalPolicy(_ context.Context, in *iam.SimulatePrincipalPolicyInput) (*iam.SimulatePrincipalPolicyOutput, error) {
	if len(in.PolicyInputList) > 0 || in.PermissionsBoundaryPolicyInputList != nil || in.ResourcePolicy != nil || in.ResourceHandlingOption != nil {
		return nil, failf(http.StatusBadRequest, "InvalidInput", "The emulator simulates a role's own policies only.")
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
	r := i.byARN(deref(in.PolicySourceArn))
	if r == nil {
		return nil, failf(http.StatusNotFound, "NoSuchEntity", "The principal %s cannot be found.", deref(in.PolicySourceArn))
	}
	out := &iam.SimulatePrincipalPolicyOutput{EvaluationResults: []types.EvaluationResult{}}
	for _, action := range in.ActionNames {
		for _, resource := range resources {
			verdict := evaluate(r.policies(), access{action: action, resource: resource, keys: keys})
			out.EvaluationResults = append(out.EvaluationResults, types.EvaluationResult{
				EvalActionName: new(action), EvalResourceName: new(resource), EvalDecision: verdict.wire(),
				MatchedStatements: []types.Statement{}, MissingContextValues: []string{},
			})
		}
	}
	return out, nil
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
