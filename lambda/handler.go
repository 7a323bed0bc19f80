package lambda

import (
	"context"
	"log/slog"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"enrich/enrichment"
)

// core is what the function needs of an enrichment.Enricher.
type core interface {
	Lookups() []enrichment.Lookup
	Parse(ev *enrichment.Event, data []byte) error
	Hit(lookup int, item enrichment.Item) (*enrichment.Answer, error)
	Miss(ev *enrichment.Event, answers []*enrichment.Answer, lookup int) bool
	Append(dst []byte, ev *enrichment.Event, answers []*enrichment.Answer, stamp enrichment.Stamp) ([]byte, error)
}

// Options of a Handler.
type Options struct {
	Lookups []enrichment.Lookup
	Finder  enrichment.Finder
	Sink    enrichment.Sink
	Output  Output
	Logger  *slog.Logger     // default: discards
	Now     func() time.Time // default time.Now
	// Function is the function's name, the one dimension of its metrics; "": there
	// are none.
	Function string
	// Memory is the function's, in bytes, of which caches and answers take their
	// shares; 0: unknown.
	Memory int64
}

// Handler answers the invocations of a Kinesis event source mapping that has
// ReportBatchItemFailures. It is safe for concurrent use.
type Handler struct {
	core    core
	lookups []enrichment.Lookup
	finder  enrichment.Finder
	sink    enrichment.Sink
	layout  layout
	logger  *slog.Logger
	now     func() time.Time
	warm    atomic.Bool
	batches sync.Pool
	caches  []*cache // by lookup; nil: it keeps nothing
	sizes   sizes
	// share is the memory in bytes that the items of a batch, and its objects, may each
	// take up before the rest of it is left for the next invocation.
	share    int64
	function string
}

// New makes a Handler. It fails when lookups and output are not valid together.
func New(o Options) (*Handler, error) {
	enricher, err := enrichment.New(o.Lookups, o.Output.PartitionBy)
	if err != nil {
		return nil, err
	}
	layout, err := newLayout(o.Output)
	if err != nil {
		return nil, err
	}
	h := &Handler{
		core: enricher, lookups: enricher.Lookups(), finder: o.Finder, sink: o.Sink,
		layout: layout, logger: o.Logger, now: o.Now, function: o.Function,
	}
	if h.logger == nil {
		h.logger = slog.New(slog.DiscardHandler)
	}
	if h.now == nil {
		h.now = time.Now
	}
	h.share = math.MaxInt64
	if o.Memory > 0 {
		h.share = o.Memory / 8
	}
	h.sizes = make(sizes, len(h.lookups))
	if h.caches, err = newCaches(h.lookups, o.Memory); err != nil {
		return nil, err
	}
	h.batches.New = func() any { return h.newBatch() }
	return h, nil
}

func (h *Handler) newBatch() *batch {
	b := &batch{h: h, budget: newBudget(h.share), compressors: compressors{codec: h.layout.codec}}
	for range h.lookups {
		b.questions = append(b.questions, &question{index: map[string]int32{}})
	}
	return b
}

// Invoke takes a Kinesis event and answers a partial batch response. An error
// means that the event is none, or that this program is wrong; nothing of the
// batch counts as done then. The payload is neither changed nor kept.
func (h *Handler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	b := h.batches.Get().(*batch)
	defer h.batches.Put(b)
	response, err := b.run(ctx, payload)
	if err != nil {
		h.logger.ErrorContext(ctx, "batch failed", "request_id", requestID(ctx), "error", err.Error())
	}
	return response, err
}

// run takes a batch through its phases.
func (b *batch) run(ctx context.Context, payload []byte) ([]byte, error) {
	b.stats, b.failures = stats{}, nil
	b.budget.reset()
	for _, q := range b.questions {
		q.reset()
	}
	clock := stopwatch{now: b.h.now, last: b.h.now()}
	limits := limitsOf(ctx, clock.last)
	var err error
	if b.deliveries, err = b.decoder.decode(payload); err != nil {
		return nil, err
	}
	b.parse()
	b.took.decode = clock.lap()
	b.looked = clock.last
	until(ctx, limits.look, b.look)
	b.took.look = clock.lap()
	b.limit()
	if err := b.write(limits.write); err != nil {
		return nil, err
	}
	b.took.write = clock.lap()
	position := len(b.deliveries)
	until(ctx, limits.store, func(ctx context.Context) { position = b.store(ctx) })
	b.took.store = clock.lap()
	b.log(ctx, position)
	for i := range b.events {
		b.events[i].Release()
	}
	return b.response(position), nil
}

// until runs a phase that must be over at a time; zero: at none.
func until(ctx context.Context, limit time.Time, phase func(context.Context)) {
	if limit.IsZero() {
		phase(ctx)
		return
	}
	ctx, cancel := context.WithDeadline(ctx, limit)
	defer cancel()
	phase(ctx)
}

// response reports the lowest sequence number that is to be delivered again. The
// event source mapping takes it, and all that follows, as not done.
func (b *batch) response(position int) []byte {
	if position == len(b.deliveries) {
		return []byte(`{"batchItemFailures":[]}`)
	}
	response := enrichment.AppendString([]byte(`{"batchItemFailures":[{"itemIdentifier":`), b.deliveries[position].sequence)
	return append(response, "}]}"...)
}

func requestID(ctx context.Context) string {
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		return lc.AwsRequestID
	}
	return ""
}
