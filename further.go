package main

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"enrich/engine"
	"enrich/state"
)

// further are the resources of the pipeline that the configuration does not have:
// those that are recorded, and those that carry its tags. The record may be lost,
// or lie in another directory.
func (p *program) further(ctx context.Context, s *session, document *state.Document) (found []engine.Inspection, err error) {
	recorded, err := s.left(document)
	if err != nil {
		return nil, err
	}
	var tagged []engine.Inspection
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		e := s.engineOf(recorded...)
		e.Recorded = document
		found, err = e.Inspect(ctx)
		return err
	})
	group.Go(func() (err error) {
		tagged, err = p.tagged(ctx, s, slices.Concat(s.pipeline.Resources(), recorded))
		return err
	})
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return append(found, tagged...), nil
}

// survey reads everything of the pipeline at once: what the engine has, and what
// else carries the pipeline's tags.
func (p *program) survey(ctx context.Context, s *session, e *engine.Engine) (found []engine.Inspection, err error) {
	var tagged []engine.Inspection
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) { found, err = e.Inspect(ctx); return err })
	group.Go(func() (err error) { tagged, err = p.tagged(ctx, s, e.Resources); return err })
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return append(found, tagged...), nil
}

// search is what came of looking for the pipeline's tags in this run.
type search struct {
	made    bool     // once at least
	failed  error    // why it could not be made
	strange []string // ARNs of what has the tags but no name of the pipeline
	beside  bool     // another tool manages some of what was found
}

// tagged is what carries the pipeline's tags besides the known. The index of tags
// lags behind, so each is read: what is gone or has other tags by now is left out.
// Where nobody may ask for tags, or can answer, that is told, and names have to
// do.
func (p *program) tagged(ctx context.Context, s *session, known []engine.Resource) ([]engine.Inspection, error) {
	resources, unnamed, err := s.pipeline.Discover(ctx)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		s.search.failed = err
		s.warn(p.out, fmt.Sprintf("%s; what neither the configuration nor the record names is not found", err))
		return nil, nil
	}
	s.search = search{made: true, strange: unnamed}
	for _, arn := range unnamed {
		s.warn(p.out, arn+" carries the tags of this pipeline, but no name of it; it is left alone")
	}
	resources = slices.DeleteFunc(resources, func(r engine.Resource) bool {
		return slices.ContainsFunc(known, func(k engine.Resource) bool { return k.Key() == r.Key() })
	})
	found, err := s.engineOf(resources...).Inspect(ctx)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(found, func(f engine.Inspection) bool {
		return strange(f) || f.Observed == nil && f.Err == nil
	}), nil
}

// withoutBeside leaves alone what another tool manages beside the pipeline, and says so.
func (p *program) withoutBeside(s *session, found []engine.Inspection) []engine.Inspection {
	return slices.DeleteFunc(found, func(f engine.Inspection) bool {
		if f.Foreign {
			s.warn(p.out, beside(f))
			s.search.beside = true
		}
		return f.Foreign
	})
}

// warn tells something once, however often it is found.
func (s *session) warn(out *output, text string) {
	if !slices.Contains(s.warned, text) {
		s.warned = append(s.warned, text)
		out.warning("%s", text)
	}
}
