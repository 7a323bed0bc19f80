package main

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/aws/smithy-go"

	"enrich/engine"
	"enrich/pipeline"
)

// preflight refuses a plan that AWS would not let be carried out, with everything
// that stands in its way. failed is what planning ended with: where that is a
// missing permission, the others that are missing are told as well.
func (p *program) preflight(ctx context.Context, s *session, plan *engine.Plan, failed error) error {
	found, err := p.check(ctx, s, plan, failed)
	if found == nil || err != nil {
		return err
	}
	return s.obstacle(found, failed)
}

// foresee is preflight for somebody who need not be the one who deploys: of
// permissions it only warns.
func (p *program) foresee(ctx context.Context, s *session, plan *engine.Plan, failed error) error {
	found, err := p.check(ctx, s, plan, failed)
	if found == nil || err != nil {
		return err
	}
	if failed == nil {
		for _, line := range lacking(found) {
			p.out.warning("%s", line)
		}
		found.Missing = nil
	}
	return s.obstacle(found, failed)
}

// check finds out what there is to find out. It gives nothing where there is
// nothing to change, and the error of a plan that failed for another reason.
func (p *program) check(ctx context.Context, s *session, plan *engine.Plan, failed error) (*pipeline.Preflight, error) {
	switch {
	case failed != nil && !refused(failed):
		return nil, failed
	case failed != nil: // what else is missing for a first deployment?
		plan = &engine.Plan{}
		for _, r := range s.pipeline.Resources() {
			plan.Steps = append(plan.Steps, engine.Step{Resource: r, Action: engine.Create})
		}
	case plan.Empty():
		return nil, nil
	}
	found, err := s.pipeline.Preflight(ctx, s.caller, plan)
	if err != nil {
		return nil, err
	}
	for _, text := range found.Unchecked {
		p.out.note("%s", text)
	}
	if len(found.Uncertain) > 0 {
		p.out.warning("%s may not %s, which this may need", found.Principal, strings.Join(byResource(found.Uncertain), ", or "))
	}
	return found, nil
}

// obstacle is everything that stands in the way, in one error; nil if nothing
// does.
func (s *session) obstacle(found *pipeline.Preflight, failed error) error {
	lines := slices.Concat(found.Problems, lacking(found))
	if len(lines) == 0 && !s.taken(found, failed) {
		return failed
	}
	f := &fault{cause: failed, code: "Preflight", details: map[string]any{
		"problems": append([]string{}, found.Problems...), "missing": append([]pipeline.Permission{}, found.Missing...),
	}}
	if failed != nil {
		lines = append(lines, failed.Error())
	}
	f.message = strings.Join(lines, "\n       ") + "\n       nothing was changed"
	if len(found.Missing) > 0 {
		f.hints = append(f.hints, "enrich policy --for "+found.Principal+" prints the policy that it needs")
	}
	if s.taken(found, failed) {
		f.hints = append(f.hints, "the caller may ask for the bucket, so it is somebody else's: choose another --name")
	}
	return f
}

// lacking words the permissions that are missing, those of a resource in a line.
func lacking(found *pipeline.Preflight) []string {
	lines := byResource(found.Missing)
	for i, line := range lines {
		lines[i] = found.Principal + " may not " + line
	}
	return lines
}

// byResource words permissions, those of a resource in one text.
func byResource(permissions []pipeline.Permission) []string {
	var resources []string
	actions := map[string][]string{}
	for _, m := range permissions {
		if actions[m.Resource] == nil {
			resources = append(resources, m.Resource)
		}
		actions[m.Resource] = append(actions[m.Resource], m.Action)
	}
	texts := make([]string, len(resources))
	for i, resource := range resources {
		texts[i] = strings.Join(actions[resource], ", ") + " on " + resource
	}
	return texts
}

// refused tells whether an error is that of a missing permission, or looks like
// it.
func refused(err error) bool {
	api, ok := errors.AsType[smithy.APIError](err)
	return errors.Is(err, pipeline.ErrBucketRefused) || ok && slices.Contains([]string{"AccessDenied", "AccessDeniedException"}, api.ErrorCode())
}

// taken tells whether the bucket belongs to another account: S3 refuses it to a
// caller who may look at it.
func (s *session) taken(found *pipeline.Preflight, failed error) bool {
	if !errors.Is(failed, pipeline.ErrBucketRefused) || found.Principal == "" && !strings.HasSuffix(s.caller, ":root") {
		return false
	}
	return !slices.ContainsFunc(found.Missing, func(m pipeline.Permission) bool { return m.Action == "s3:ListBucket" })
}
