package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/smithy-go"

	"enrich/engine"
)

// Preflight is what was found out before anything is created.
type Preflight struct {
	Principal string       // ARN of the user or role whose permissions were checked; "" if none were
	Missing   []Permission // that Principal does not have, and the plan surely needs
	Uncertain []Permission // that Principal does not have, and the plan may need
	Problems  []string     // what else stands in the way
	Unchecked []string     // what could not be found out, and why
}

// Permission is an action on a resource.
type Permission struct {
	Action   string `json:"action"`
	Resource string `json:"resource"` // an ARN, or *
}

// preflightLimit bounds all checks together: they take a fraction of a second,
// and a deployment must not wait for them when they do not.
const preflightLimit = 5 * time.Second

// Preflight checks, without changing anything, that AWS will let a plan be
// carried out by a caller (an ARN as STS names it): permissions and quotas. That
// the names are free has been seen by whoever made the plan. What cannot be
// checked is no problem.
func (p *Pipeline) Preflight(ctx context.Context, caller string, plan *engine.Plan) (*Preflight, error) {
	limited, cancel := context.WithTimeout(ctx, preflightLimit)
	defer cancel()
	var found, quotas Preflight
	var group sync.WaitGroup
	group.Go(func() { p.checkPermissions(limited, caller, plan, &found) })
	group.Go(func() { p.checkQuotas(limited, plan, &quotas) })
	group.Wait()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	found.Problems = append(found.Problems, quotas.Problems...)
	found.Unchecked = append(found.Unchecked, quotas.Unchecked...)
	return &found, nil
}

// required lists what the steps of a plan call for, surely or maybe, and what of
// it surely.
func (p *Pipeline) required(plan *engine.Plan) (all []Statement, certain map[Permission]bool) {
	var list []need
	certain = map[Permission]bool{}
	for _, step := range plan.Steps {
		d, ok := step.Resource.(demanding)
		if !ok {
			continue
		}
		for _, n := range d.needs() {
			n.use = nil
			for action, how := range calls(step, n) {
				n.use = append(n.use, action)
				for _, arn := range n.on {
					if how == surely {
						certain[Permission{action, arn}] = true
					}
				}
			}
			list = append(list, n)
		}
	}
	return statements(list, func(n need) words { return n.use }), certain
}

// calls gives the actions of a need that a step may call for.
func calls(step engine.Step, n need) map[string]likelihood {
	found := map[string]likelihood{}
	add := func(actions words, of func(string) likelihood) {
		for _, action := range actions {
			if how := of(action); how != never {
				found[action] = max(found[action], how)
			}
		}
	}
	creation := func(action string) likelihood { return ofCreation(step, action) }
	switch step.Action {
	case engine.Create, engine.Resume: // a creation may find and mend what another one has left
		add(slices.Concat(n.read, n.create), creation)
	case engine.Update:
		add(n.update, func(action string) likelihood { return ofUpdate(step, action) })
	case engine.Replace:
		add(slices.Concat(n.read, n.create), creation)
		add(n.remove, ofRemoval)
	case engine.Delete:
		add(n.remove, ofRemoval)
	case engine.None: // has been read already
	}
	return found
}

// why tells in one line why something could not be found out.
func why(err error, operation string) string {
	var failure smithy.APIError
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Sprintf("no answer within %s", preflightLimit)
	case hasCode(err, "AccessDenied", "AccessDeniedException"):
		return operation + " is not allowed"
	case foreign(err):
		return "this endpoint does not have " + operation
	case errors.As(err, &failure):
		return operation + ": " + failure.ErrorCode() + ": " + oneLine(failure.ErrorMessage())
	}
	return operation + ": " + oneLine(err.Error())
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
