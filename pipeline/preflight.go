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
	Missing   []Permission // that Principal does not have
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

// required lists what the steps of a plan call for.
func (p *Pipeline) required(plan *engine.Plan) []Statement {
	var list []need
	for _, step := range plan.Steps {
		d, ok := step.Resource.(demanding)
		if !ok {
			continue
		}
		for _, n := range d.needs() {
			var actions words
			switch step.Action {
			case engine.Create, engine.Resume: // a creation may find and mend what another one has left
				actions = slices.Concat(n.read, n.create)
			case engine.Update:
				actions = n.update
			case engine.Replace:
				actions = slices.Concat(n.read, n.create, n.remove)
			case engine.Delete:
				actions = n.remove
			case engine.None: // has been read already
			}
			list = append(list, need{sid: n.sid, on: n.on, condition: n.condition, use: actions})
		}
	}
	return statements(list, func(n need) words { return n.use })
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
