package main

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v2"
	"golang.org/x/sync/errgroup"

	"enrich/engine"
	"enrich/pipeline"
	"enrich/state"
)

// wish is how far a deploy may go.
type wish struct {
	deleteData bool // of what the configuration no longer has
	adopt      bool // what has the pipeline's names without being its own
	look       bool // at what another tool manages, instead of refusing it
}

// wishFlags are those of deploy, and of plan, which shows what deploy would do
// with them.
func wishFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "delete-data", Usage: "delete the tables of lookups that the configuration no longer has"},
		&cli.BoolFlag{Name: "adopt", Usage: "take over what another tool manages, or what has the pipeline's names, but not its tags"},
	}
}

func wishOf(c *cli.Context) wish {
	return wish{deleteData: c.Bool("delete-data"), adopt: c.Bool("adopt")}
}

// comparison is what a deploy does with the configuration's resources, and with
// what the configuration no longer has.
type comparison struct {
	plan *engine.Plan
	kept []engine.Resource
	gone []engine.Resource // recorded, but no longer there
}

// compare reads everything at once and plans. What the configuration no longer
// has goes with the next deploy, but for what holds data: that is kept unless its
// deletion is wished.
func (p *program) compare(ctx context.Context, s *session, e *engine.Engine, document *state.Document, w wish) (*comparison, error) {
	e.Adopt, e.Regard = w.adopt, w.look && !w.adopt
	c := &comparison{}
	var further, going []engine.Inspection
	group, reading := errgroup.WithContext(ctx)
	group.Go(func() (err error) { c.plan, err = e.Plan(reading); return refusal(err, "change") })
	group.Go(func() (err error) { further, err = p.further(reading, s, document); return err })
	if err := group.Wait(); err != nil {
		return c, err
	}
	for _, f := range further {
		switch {
		case f.Err == nil && f.Observed == nil:
			c.gone = append(c.gone, f.Resource)
		case f.Observed != nil && f.Observed.Deleting: // it goes by itself
		case f.Err != nil:
			s.warn(p.out, f.Err.Error()+"; it is left alone")
		case f.Owner.Manager != "" && !w.adopt:
			s.warn(p.out, beside(f))
		case pipeline.OfOthers(f.Resource, further, w.adopt): // its topic is named
		case strange(f):
			s.warn(p.out, fmt.Sprintf("%s %s is neither in the configuration nor made by this pipeline; it is left alone", f.Resource.Kind(), f.Resource.Name()))
		case pipeline.HoldsData(f.Resource) && !w.deleteData:
			c.keep(s.pipeline, f)
		default:
			going = append(going, f)
		}
	}
	for _, text := range pipeline.Lingering(going) {
		s.warn(p.out, text)
	}
	return c, e.Retire(c.plan, going)
}

// keep leaves a table as it is, but that it is the pipeline's from now on.
func (c *comparison) keep(p *pipeline.Pipeline, f engine.Inspection) {
	c.kept = append(c.kept, f.Resource)
	if r := p.Kept(f.Resource, f.Observed); f.Foreign && r != nil {
		c.plan.Steps = append(c.plan.Steps, engine.Step{
			Resource: r, Action: engine.Update, Changes: r.Diff(f.Observed), Observed: f.Observed, Adopted: true, Manager: f.Owner.Manager,
		})
	}
}

// settle brings the record up to date with what the configuration no longer has:
// what is kept, maybe found by its tags alone, and what is gone. What an interrupted
// run began to create may not show yet and stays recorded.
func (c *comparison) settle(store *state.Store) error {
	for _, r := range c.gone {
		if entry, recorded := store.Get(r.Key()); recorded && entry.Phase != state.Creating {
			if err := store.Remove(r.Key()); err != nil {
				return err
			}
		}
	}
	return remember(store, c.kept)
}
