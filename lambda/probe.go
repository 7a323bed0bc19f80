package lambda

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/smithy-go"
	"golang.org/x/sync/errgroup"

	"enrich/enrichment"
)

// probeLimit is the time that the tables have to answer before the first batch.
const probeLimit = time.Second

// probe asks each table for one key, before the first batch does. A lookup that does
// not fit its table can never succeed, so it is an error; whatever else goes wrong
// is left to the batches, which wait for better. It opens the connection that the
// first batch needs in any case, while Lambda still lends a whole CPU to the start.
func (t *tables) probe(ctx context.Context, lookups []enrichment.Lookup) error {
	ctx, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	var group errgroup.Group
	group.SetLimit(parallelCalls)
	for i := range lookups {
		group.Go(func() error {
			l := &lookups[i]
			_, err := t.Find(ctx, l, []string{"0"}, enrichment.Once)
			if refused, ok := errors.AsType[smithy.APIError](err); ok && refused.ErrorCode() == "ValidationException" {
				return fmt.Errorf("lookup %s: %w", l.Name, err)
			}
			return nil
		})
	}
	return group.Wait()
}
