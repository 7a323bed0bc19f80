package redrive

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"enrich/delivery"
)

// object is one whose records failed.
type object struct {
	key, etag string
	batch     bool   // a failed batch; otherwise dead letters
	first     string // sequence number of its first record
	begun     bool   // an earlier run may have put some of its records
}

// plan is what there is to do.
type plan struct {
	objects []object
	gone    []string // keys that have an intent and no object
	skipped []Skipped
}

// find looks for the objects, in the order in which their records first arrived: then
// those of a partition key stay in theirs. An earlier run's unfinished work is always
// among them.
func find(ctx context.Context, s *store, o Options) (plan, error) {
	var p plan
	begun, err := s.begun(ctx)
	if err != nil {
		return p, err
	}
	seen := make(map[string]bool)
	if o.DeadLetters {
		since := o.Since.UTC().Truncate(time.Hour)
		err = s.list(ctx, delivery.DeadLetters, func(f found) error {
			seen[f.key] = true
			parsed, ours := delivery.ParseKey(delivery.DeadLetters, f.key)
			switch {
			case !ours:
				p.skip(f.key, "its name is none of the function's")
			case begun[f.key] || !parsed.Hour.Before(since):
				p.objects = append(p.objects, object{key: f.key, etag: f.etag, first: parsed.SequenceNumber, begun: begun[f.key]})
			}
			return nil
		})
	}
	if err == nil && o.FailedBatches {
		err = s.list(ctx, delivery.FailedBatchesFolder, func(f found) error {
			seen[f.key] = true
			if !begun[f.key] && f.stored.Before(o.Since) {
				return nil
			}
			batch, err := readFailed(ctx, s, f.key)
			switch {
			case isUnreadable(err):
				p.skip(f.key, err.Error())
			case errors.Is(err, delivery.ErrGone):
			case err != nil:
				return err
			default:
				p.objects = append(p.objects, object{key: f.key, etag: f.etag, batch: true, first: batch.Batch.First, begun: begun[f.key]})
			}
			return nil
		})
	}
	if err != nil {
		return p, err
	}
	for key := range begun {
		asked := o.DeadLetters && strings.HasPrefix(key, delivery.DeadLetters) || o.FailedBatches && strings.HasPrefix(key, delivery.FailedBatchesFolder)
		if asked && !seen[key] {
			p.gone = append(p.gone, key)
		}
	}
	slices.Sort(p.gone)
	slices.SortStableFunc(p.objects, func(a, b object) int { return delivery.CompareSequence(a.first, b.first) })
	return p, nil
}

func (p *plan) skip(key, reason string) { p.skipped = append(p.skipped, Skipped{key, reason}) }
