package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"enrich/engine"
	"enrich/pipeline"
)

// release tells how a tool that exports are written for lets go of what it has made,
// without deleting it; "" of any other. CloudFormation has not always taken a policy of
// deletion alone for a change, and deletes what has none.
// https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/1543
func release(manager string) string {
	switch manager {
	case "cloudformation":
		return "give every resource of its template DeletionPolicy: Retain, deploy that, see that the stack has it (aws cloudformation get-template), then delete the stack"
	case "terraform":
		return "take every resource out of its state, by terraform state rm, or by removed blocks with destroy = false"
	case "cdk-typescript", "cdk-python":
		return "add RemovalPolicies.of(stack).retain() to its app, deploy that, see that the stack has DeletionPolicy: Retain (aws cloudformation get-template), then cdk destroy"
	case "bash":
		return "remove the state file beside its script"
	}
	return ""
}

// letGo says what has to happen before a tool's resources are taken over.
func letGo(manager string) string {
	text := manager + " must let go of them first, or it changes or deletes them again"
	if how := release(manager); how != "" {
		text += ": " + how
	}
	return text
}

// refusal adds to an error about what is not ours what to do about it. verb is what
// the command would do to it: change or remove.
func refusal(err error, verb string) error {
	foreign, ok := errors.AsType[*engine.ForeignError](err)
	if !ok {
		return err
	}
	found := []foreignDocument{}
	for _, f := range foreign.Found {
		found = append(found, foreignDocument{
			Key: f.Resource.Key(), Kind: f.Resource.Kind(), Name: f.Resource.Name(), ARN: f.Observed.ARN,
			ManagedBy: f.Owner.Manager, Pipeline: f.Owner.Pipeline,
		})
	}
	managers := foreign.Managers()
	wrapped := &fault{message: err.Error(), cause: err, code: "NotOurs", details: map[string]any{"resources": found}}
	switch {
	case foreign.Fixed() && len(managers) > 0:
		return wrapped.hint("replacing them would lose what is in them; set the configuration to what they are, adopt them, and change it then")
	case foreign.Fixed():
		return wrapped.hint("replacing them would lose what is in them, which is not this pipeline's; give the pipeline another --name or the lookup another name, or remove them")
	case len(managers) > 0:
		wrapped.code = "ManagedElsewhere"
	}
	for _, manager := range managers {
		wrapped = wrapped.hint("%s; or enrich deploy --adopt takes them over: %s", wayOut(manager, verb), letGo(manager))
	}
	if len(managers) > 0 && foreign.Ours > 0 {
		wrapped = wrapped.hint("%s enrich's already: if an adoption was not finished, enrich deploy --adopt goes on with it", countOthers(foreign.Ours))
	}
	return wrapped.strangers(foreign)
}

// wayOut is where somebody goes with what this program leaves alone.
func wayOut(manager, verb string) string {
	switch {
	case release(manager) == "":
		return "let " + manager + " " + verb + " them"
	case verb == "remove":
		return manager + " removes them, as the README of its project tells"
	}
	return "enrich export " + manager + " writes what makes it " + verb + " them"
}

func countOthers(n int) string {
	if n == 1 {
		return "1 other is"
	}
	return fmt.Sprintf("%d others are", n)
}

// strangers adds what to do about what is no part of the pipeline.
func (f *fault) strangers(foreign *engine.ForeignError) error {
	if slices.ContainsFunc(foreign.Found, func(i engine.Inspection) bool { return i.Owner.Pipeline != "" }) {
		f = f.hint("what is another pipeline's is never taken over: choose another --name, or another name of the lookup")
	}
	if !slices.ContainsFunc(foreign.Found, func(i engine.Inspection) bool { return i.Owner == engine.Owner{} }) {
		return f
	}
	if foreign.Exported || len(foreign.Managers()) > 0 {
		return f.hint("what lacks the tags that the rest of the exported pipeline carries is not taken over with it: remove it, or tag it as the rest is if it belongs to it")
	}
	return f.hint("their names are those of this pipeline, but their tags are not; enrich deploy --adopt takes them over, or choose another --name, or remove them")
}

// beside says of something beside the configuration why it stays as it is.
func beside(f engine.Inspection) string {
	return fmt.Sprintf("%s %s is not in the configuration, and managed by %s; it is left alone", f.Resource.Kind(), f.Resource.Name(), f.Owner.Manager)
}

// managersOf are the other tools that manage some of what a plan is for.
func managersOf(plan *engine.Plan) []string {
	var managers []string
	for _, step := range plan.Steps {
		if step.Manager != "" {
			managers = append(managers, step.Manager)
		}
	}
	slices.Sort(managers)
	return slices.Compact(managers)
}

// warnOfStacks says which stacks seem to hold still what is to be adopted.
func (p *program) warnOfStacks(plan *engine.Plan) {
	held := map[string]int{}
	var stacks []string
	for _, step := range plan.Steps {
		if stack := pipeline.Stack(step.Observed); stack != "" && step.Adopted {
			if held[stack]++; held[stack] == 1 {
				stacks = append(stacks, stack)
			}
		}
	}
	for _, stack := range stacks {
		p.out.warning("%s the tags of the CloudFormation stack %s, which may not have let go yet; CloudFormation does not take them away from every kind, so see what the stack holds: aws cloudformation describe-stack-resources --stack-name %s",
			countCarry(held[stack]), stack, stack)
	}
}

func countCarry(n int) string {
	if n == 1 {
		return "1 resource carries"
	}
	return fmt.Sprintf("%d resources carry", n)
}

// elsewhere tells whether a plan is another tool's to carry out.
func (c *comparison) elsewhere() bool { return len(managersOf(c.plan)) > 0 && !adopts(c.plan) }

// printManaged says below a plan whose it is to carry out, or what comes before that.
func printManaged(p *page, c *comparison) {
	managers := managersOf(c.plan)
	if c.elsewhere() {
		names := strings.Join(managers, ", ")
		p.line("managed by %s: enrich deploy would refuse; these are the differences, for %s to deploy", names, names)
		if n := ours(c.plan); n > 0 {
			p.line("%s enrich's already: if an adoption was not finished, enrich deploy --adopt goes on with it", countOthers(n))
		}
		return
	}
	for _, manager := range managers {
		p.line("%s %s", p.c.warn("first:"), letGo(manager))
	}
}

// ours counts what says to be this program's.
func ours(plan *engine.Plan) (n int) {
	for _, step := range plan.Steps {
		if step.Observed != nil && step.Observed.Tags != nil && step.Manager == "" {
			n++
		}
	}
	return n
}

// printAdopted counts what a deploy has taken over.
func printAdopted(p *page, report *engine.Report) {
	adopted := 0
	for _, r := range report.Results {
		if r.Adopted && r.Phase == engine.Updated {
			adopted++
		}
	}
	if adopted > 0 {
		p.line("taken over: %s", count(adopted, "resource"))
	}
}
