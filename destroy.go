package main

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"enrich/engine"
	"enrich/pipeline"
	"enrich/state"
)

func (p *program) destroyCommand() *cli.Command {
	return &cli.Command{
		Name:  "destroy",
		Usage: "deletes the pipeline with everything in it",
		Description: about(`
Shows what will go, with what is in it, and asks for the pipeline's name, then
deletes every resource and checks by name and by tag that nothing is left.
Without a terminal it needs --yes; of the environment prod it needs --force as
well. What is kept still belongs to the pipeline: the next deploy uses it. What
another tool has deployed from an export is refused.`,
			"enrich --local destroy", "enrich destroy -e staging --yes", "enrich destroy --keep-data", "enrich destroy -e prod --force"),
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "force", Usage: "delete production, and what is protected against deletion"},
			&cli.BoolFlag{Name: "keep-data", Usage: "keep the delivery bucket and the lookup tables, with what is in them"},
			&cli.BoolFlag{Name: "keep-logs", Usage: "keep the log group"},
			forceUnlock(),
		},
		Action: p.bounded(p.destroy),
	}
}

func (p *program) destroy(c *cli.Context) (err error) {
	if _, err := takeArguments(c); err != nil {
		return err
	}
	ctx := c.Context
	s, err := p.open(ctx)
	if err != nil {
		return err
	}
	s.pipeline.Force = c.Bool("force")
	store, err := s.lock(ctx, c.Bool("force-unlock"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()

	document := store.Document()
	further, err := s.left(&document)
	if err != nil {
		return err
	}
	all, err := p.whatExists(ctx, s, store, further)
	if err != nil {
		return err
	}
	d := &destruction{program: p, session: s, store: store, complete: ofDeploy(&document), keepData: c.Bool("keep-data"), keepLogs: c.Bool("keep-logs")}
	d.divide(all)
	found := existing(d.going)
	if len(found) == 0 {
		if !slices.ContainsFunc(d.going, d.unfinished) {
			return d.nothing()
		}
		// What an interrupted run began may exist without showing yet. Nobody
		// can have put anything into it.
		return d.carryOut(ctx)
	}
	if s.production() && !c.Bool("force") {
		return failf("%s is production; nothing was changed", s.cfg.Name+" (prod)").with("NotForced", nil).
			hint("--force allows to destroy it")
	}
	if err := refuseProtected(s, found); err != nil {
		return err
	}
	if err := d.confirm(ctx, found); err != nil {
		return err
	}
	return d.carryOut(ctx)
}

// destruction is one run of destroy.
type destruction struct {
	*program
	*session
	store              *state.Store
	complete           bool // the record that the run began with is of a deploy
	keepData, keepLogs bool
	going, staying     []engine.Inspection
}

// divide tells what goes from what is kept.
func (d *destruction) divide(all []engine.Inspection) {
	for _, f := range all {
		if d.keeps(f.Resource) {
			d.staying = append(d.staying, f)
		} else {
			d.going = append(d.going, f)
		}
	}
}

func (d *destruction) keeps(r engine.Resource) bool {
	return d.keepData && pipeline.HoldsData(r) || d.keepLogs && pipeline.HoldsLogs(r)
}

// existing leaves out what does not exist. What could not be read may.
func existing(found []engine.Inspection) []engine.Inspection {
	return slices.DeleteFunc(slices.Clone(found), func(f engine.Inspection) bool { return f.Observed == nil && f.Err == nil })
}

// unfinished tells whether an interrupted run left something half made.
func (d *destruction) unfinished(f engine.Inspection) bool {
	entry, recorded := d.store.Get(f.Resource.Key())
	return recorded && entry.Phase != state.Created
}

// refuseProtected refuses before anything goes: a table that cannot be deleted
// would be left alone, without the pipeline that reads it.
func refuseProtected(s *session, found []engine.Inspection) error {
	if s.pipeline.Force {
		return nil
	}
	var names []string
	for _, f := range found {
		if protected(f.Observed) {
			names = append(names, f.Resource.Name())
		}
	}
	if len(names) == 0 {
		return nil
	}
	return failf("%s %s protected against deletion; nothing was changed", strings.Join(names, ", "), isOrAre(len(names))).
		with("Protected", map[string]any{"tables": names}).
		hint("--force lifts the protection, and destroys what is in it")
}

// protected tells whether a resource refuses to be deleted.
func protected(observed *engine.Observed) bool {
	if observed == nil {
		return false
	}
	table, ok := observed.Spec.(pipeline.LookupTable)
	return ok && table.DeletionProtection
}

func isOrAre(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

// whatExists reads everything, and refuses what is not ours.
func (p *program) whatExists(ctx context.Context, s *session, store *state.Store, further []engine.Resource) ([]engine.Inspection, error) {
	_, stop := p.out.spinner("reading what exists")
	defer stop()
	e := s.engine(store, nil, nil, further...)
	all, err := p.survey(ctx, s, e)
	stop()
	if err != nil {
		return nil, err
	}
	if engine.Refuse(all[:len(e.Resources)]) != nil {
		return nil, refusal(engine.Refuse(all), "remove")
	}
	return p.withoutBeside(s, all), nil
}
