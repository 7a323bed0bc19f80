package items

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	"golang.org/x/sync/errgroup"

	"enrich/throttle"
)

const (
	maxBatch = 25   // items that BatchWriteItem takes
	maxRows  = 1000 // rows with few keys between them that wait for one call
	width    = 4    // calls at the same time
)

// workers write batches. All rows of one key go to the same worker, which writes
// one batch after the other, so the last row of a key wins.
type workers struct {
	ctx    context.Context //nolint:containedctx // of the group, for as long as it runs
	group  *errgroup.Group
	queues [width]chan row
	seed   maphash.Seed
}

func (l *loader) start(ctx context.Context) *workers {
	w := &workers{seed: maphash.MakeSeed()}
	w.group, w.ctx = errgroup.WithContext(ctx)
	for i := range w.queues {
		queue := make(chan row, 2*maxBatch)
		w.queues[i] = queue
		w.group.Go(func() error { return l.work(w.ctx, queue) })
	}
	return w
}

// give hands a row to its worker.
func (w *workers) give(r row) error {
	queue := w.queues[maphash.String(w.seed, r.identity)%width]
	select {
	case queue <- r:
		return nil
	case <-w.ctx.Done():
		return context.Cause(w.ctx)
	}
}

// wait lets the workers finish and gives the error of the first that failed.
func (w *workers) wait() error {
	for _, queue := range w.queues {
		close(queue)
	}
	return w.group.Wait()
}

// work writes the rows of one queue.
func (l *loader) work(ctx context.Context, queue <-chan row) error {
	b, pace := newBatch(), &throttle.Pace{Batch: maxBatch}
	for r := range queue {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		b.add(r)
		if len(b.rows) < maxBatch && b.size < maxRows {
			continue
		}
		if err := l.write(ctx, pace, b); err != nil {
			return err
		}
		b = newBatch()
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return l.write(ctx, pace, b)
}

// batch holds the rows to be written, one of each key. What a later one took the
// place of is kept, in case that DynamoDB refuses the later one.
type batch struct {
	rows  map[string]row   // by identity
	older map[string][]row // by identity, the latest last
	size  int              // of both
}

func newBatch() *batch {
	return &batch{rows: make(map[string]row), older: make(map[string][]row)}
}

func (b *batch) add(r row) {
	if before, twice := b.rows[r.identity]; twice {
		b.older[r.identity] = append(b.older[r.identity], before)
	}
	b.rows[r.identity] = r
	b.size++
}

// write writes a batch until nothing of it is left.
func (l *loader) write(ctx context.Context, pace *throttle.Pace, b *batch) error {
	left := slices.SortedFunc(maps.Values(b.rows), func(a, b row) int { return a.line - b.line })
	for len(left) > 0 {
		chosen := left[:min(len(left), pace.Most())]
		if err := pace.Wait(ctx, len(chosen)); err != nil {
			return err
		}
		again, err := l.call(ctx, chosen)
		switch {
		case invalid(err):
			if err := l.sift(ctx, pace, b, chosen, err); err != nil {
				return err
			}
			left = left[len(chosen):]
			continue
		case throttled(err):
			again = chosen
		case err != nil && ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			return fmt.Errorf("writing items into lookup table (%s): %w", l.options.Table, err)
		}
		pace.Answered(len(chosen)-len(again), len(again))
		l.loaded(b.count(chosen)-b.count(again), len(again))
		left = slices.Concat(again, left[len(chosen):])
	}
	return nil
}

// count is the number of rows that these stand for.
func (b *batch) count(rows []row) int {
	n := len(rows)
	for _, r := range rows {
		n += len(b.older[r.identity])
	}
	return n
}

// sift writes rows one by one, as DynamoDB does not say which item is the reason
// for refusing a batch. In place of one that it refuses alone comes the one
// before it with the same key.
func (l *loader) sift(ctx context.Context, pace *throttle.Pace, b *batch, rows []row, cause error) error {
	if len(rows) == 1 {
		l.reject(rows[0].line, reasonOf(cause))
		older := b.older[rows[0].identity]
		if len(older) == 0 {
			return nil
		}
		rows = older[len(older)-1:]
		b.older[rows[0].identity] = older[:len(older)-1]
	}
	for _, r := range rows {
		single := &batch{rows: map[string]row{r.identity: r}, older: b.older}
		if err := l.write(ctx, pace, single); err != nil {
			return err
		}
	}
	return nil
}

// call writes rows and gives those that were not processed.
func (l *loader) call(ctx context.Context, rows []row) ([]row, error) {
	requests := make([]types.WriteRequest, len(rows))
	byIdentity := make(map[string]row, len(rows))
	for i, r := range rows {
		requests[i] = types.WriteRequest{PutRequest: &types.PutRequest{Item: r.item}}
		byIdentity[r.identity] = r
	}
	out, err := l.client.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{
		RequestItems: map[string][]types.WriteRequest{l.options.Table: requests},
	})
	if err != nil {
		return nil, err
	}
	var again []row
	for _, unprocessed := range out.UnprocessedItems {
		for _, request := range unprocessed {
			if request.PutRequest == nil {
				return nil, errors.New("an unprocessed item that was not written")
			}
			r, known := byIdentity[identityOf(request.PutRequest.Item[l.key.name])]
			if !known {
				return nil, errors.New("an unprocessed item that was not written")
			}
			again = append(again, r)
		}
	}
	return again, nil
}

// invalid tells whether DynamoDB refuses what it was given.
func invalid(err error) bool {
	var failure smithy.APIError
	return errors.As(err, &failure) && failure.ErrorCode() == "ValidationException"
}

func reasonOf(err error) string {
	var failure smithy.APIError
	if errors.As(err, &failure) {
		return "refused by DynamoDB: " + failure.ErrorMessage()
	}
	return err.Error()
}

// throttled tells whether a whole call was refused for its rate, after the SDK
// has tried it some times.
func throttled(err error) bool {
	var failure smithy.APIError
	return errors.As(err, &failure) && slices.Contains([]string{
		"ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException",
	}, failure.ErrorCode())
}
