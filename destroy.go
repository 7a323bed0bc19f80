package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

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
Shows what will go and asks for the pipeline's name, then deletes every resource
with all data in it and checks that nothing is left. Without a terminal it needs
--yes; of the environment prod it needs --force as well.`,
			"enrich --local destroy", "enrich destroy -e staging --yes", "enrich destroy -e prod --force"),
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "force", Usage: "delete production, and what is protected against deletion"},
			forceUnlock(),
		},
		Action: p.destroy,
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
	// What could not be read may exist.
	found := slices.DeleteFunc(slices.Clone(all), func(f engine.Inspection) bool { return f.Observed == nil && f.Err == nil })
	if len(found) == 0 {
		if !unfinished(document) {
			return p.nothingToDestroy(s, store)
		}
		// What an interrupted run began may exist without showing yet. Nobody
		// can have put anything into it.
		return p.carryOutDestroy(ctx, s, store, all)
	}
	if s.production() && !c.Bool("force") {
		return failf("%s is production; nothing was changed", s.cfg.Name+" (prod)").with("NotForced", nil).
			hint("--force allows to destroy it")
	}
	if err := refuseProtected(s, found); err != nil {
		return err
	}
	if err := p.confirmDestroy(ctx, s, found); err != nil {
		return err
	}
	return p.carryOutDestroy(ctx, s, store, all)
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

// unfinished tells whether an interrupted run left something half made.
func unfinished(document state.Document) bool {
	return slices.ContainsFunc(document.Resources, func(r state.Resource) bool { return r.Phase != state.Created })
}

// whatExists reads everything, and refuses what is not ours.
func (p *program) whatExists(ctx context.Context, s *session, store *state.Store, further []engine.Resource) ([]engine.Inspection, error) {
	_, stop := p.out.spinner("reading what exists")
	defer stop()
	all, err := p.survey(ctx, s, s.engine(store, nil, nil, further...))
	stop()
	if err != nil {
		return nil, err
	}
	foreign := slices.DeleteFunc(slices.Clone(all), func(f engine.Inspection) bool { return !f.Foreign })
	if len(foreign) > 0 {
		return nil, planFailure(&engine.ForeignError{Found: foreign})
	}
	return all, nil
}

func (p *program) nothingToDestroy(s *session, store *state.Store) error {
	if err := store.Discard(); err != nil {
		return err
	}
	return p.out.summary(destroyDocument{Resources: []resultDocument{}}, func(page *page) {
		page.line("nothing to destroy: %s does not exist", s.describe())
	})
}

// confirmDestroy shows what will go and asks.
func (p *program) confirmDestroy(ctx context.Context, s *session, found []engine.Inspection) error {
	if !p.out.quiet || !p.globals.yes {
		page := &page{c: p.out.e}
		page.line("destroying %s deletes for good:", s.describe())
		var rows [][]cell
		for _, f := range found {
			detail := ""
			if f.Observed != nil {
				detail = f.Observed.Detail
			}
			if contents := p.contents(ctx, f); contents != "" {
				detail = contents
			}
			rows = append(rows, []cell{{text: f.Resource.Kind()}, {text: f.Resource.Name()}, {text: detail, paint: page.c.warn}})
		}
		page.table(rows)
		p.out.say(page.String())
	}
	return p.confirm(ctx, "destroying "+s.cfg.Name+" ("+s.cfg.Environment+")", s.cfg.Name)
}

// contents tells what a resource holds; "" where it holds nothing of its own.
func (p *program) contents(ctx context.Context, f engine.Inspection) string {
	container, ok := f.Resource.(engine.Container)
	if !ok || f.Observed == nil {
		return ""
	}
	_, stop := p.out.spinner("counting what is in " + f.Resource.Name())
	defer stop()
	contents, err := container.Contents(ctx)
	if err != nil {
		// Deleting is not refused for it: some endpoints let nobody list.
		return "contents unknown: " + err.Error()
	}
	return contents
}

// carryOutDestroy deletes everything and proves that nothing is left.
func (p *program) carryOutDestroy(ctx context.Context, s *session, store *state.Store, found []engine.Inspection) error {
	began := time.Now()
	shown := p.out.progress("deleting")
	defer shown.end()
	report, err := p.destroyAll(ctx, s, s.engine(store, nil, shown.observe), found)
	shown.end()
	if err != nil {
		return destroyFailure(err, report, store.Document())
	}
	if err := store.Discard(); err != nil {
		return err
	}
	d := destroyDocument{Destroyed: true, Resources: results(report), ElapsedMS: time.Since(began).Milliseconds()}
	return p.out.summary(d, func(page *page) {
		page.line("%s %s in %s; nothing is left", page.c.good("destroyed:"), phaseCounts(report, engine.Deleted), seconds(report.Elapsed))
	})
}

// destroyAll deletes what was found, then what the index of tags shows besides: it
// may have lagged behind before.
func (p *program) destroyAll(ctx context.Context, s *session, e *engine.Engine, found []engine.Inspection) (*engine.Report, error) {
	report, err := e.DestroyFound(ctx, found)
	if err != nil {
		return report, err
	}
	known := make([]engine.Resource, 0, len(found))
	for _, f := range found {
		known = append(known, f.Resource)
	}
	more, err := p.tagged(ctx, s, known)
	if err != nil || len(more) == 0 {
		return report, err
	}
	late, err := e.DestroyFound(ctx, more)
	if late != nil {
		report.Results = append(report.Results, late.Results...)
		report.Elapsed += late.Elapsed
	}
	return report, err
}

// destroyFailure says what is left, and that a rerun is safe.
func destroyFailure(err error, report *engine.Report, document state.Document) error {
	f := &fault{message: err.Error(), cause: err}
	failed, ok := errors.AsType[*engine.FailedError](err)
	if ok {
		f.message = failureText(failed)
	}
	if left, ok := errors.AsType[*engine.LeftError](err); ok {
		f.message = fmt.Sprintf("not everything is gone: %s", left)
		if failed != nil { // why it is left
			f.message += "\n       " + failureText(failed)
		}
	}
	if report != nil {
		f.details = map[string]any{"resources": results(report)}
	}
	if len(document.Resources) == 0 {
		return f.hint("everything was deleted, but that it is gone was not verified; run enrich destroy again to do so")
	}
	return f.hint("%s not deleted yet; run enrich destroy again to continue", count(len(document.Resources), "recorded resource is", "recorded resources are"))
}
