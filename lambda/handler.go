package lambda

import (
	"context"
	"log/slog"
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
		layout: layout, logger: o.Logger, now: o.Now,
	}
	if h.logger == nil {
		h.logger = slog.New(slog.DiscardHandler)
	}
	if h.now == nil {
		h.now = time.Now
	}
	h.batches.New = func() any { return h.newBatch() }
	return h, nil
}

func (h *Handler) newBatch() *batch {
	b := &batch{h: h, compressors: compressors{codec: h.layout.codec}}
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
	for _, q := range b.questions {
		q.reset()
	}
	clock := stopwatch{now: b.h.now}
	clock.lap()
	limits := limitsOf(ctx, clock.last)
	var err error
	if b.deliveries, err = b.decoder.decode(payload); err != nil {
		return nil, err
	}
	b.parse()
	decoding := clock.lap()
	until(ctx, limits.look, b.look)
	looking := clock.lap()
	b.limit()
	if err := b.write(limits.write); err != nil {
		return nil, err
	}
	writing := clock.lap()
	position := len(b.deliveries)
	until(ctx, limits.store, func(ctx context.Context) { position = b.store(ctx) })
	storing := clock.lap()
	b.log(ctx, position, decoding, looking, writing, storing)
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

// log writes the batch's one line. It holds nothing of the events.
func (b *batch) log(ctx context.Context, position int, decoding, looking, writing, storing time.Duration) {
	level, s := slog.LevelInfo, &b.stats
	attributes := []slog.Attr{
		slog.String("request_id", requestID(ctx)),
		slog.Int("records", len(b.deliveries)),
		slog.Int("unique_keys", s.keys),
		slog.Int("lookups", s.calls),
		slog.Int("lookup_retries", s.retries),
		slog.Int("misses", s.misses),
		slog.Int("dead_letters", s.letters),
		slog.Int("objects", s.objects),
		slog.Int("bytes", s.bytes),
		slog.Float64("decode_ms", milliseconds(decoding)),
		slog.Float64("lookup_ms", milliseconds(looking)),
		slog.Float64("enrich_ms", milliseconds(writing)),
		slog.Float64("store_ms", milliseconds(storing)),
		slog.Bool("cold_start", !b.h.warm.Swap(true)),
	}
	if len(b.deliveries) > 0 {
		attributes = append(attributes, slog.String("shard_id", string(b.deliveries[0].shard)))
	}
	if position < len(b.deliveries) {
		if b.left == "" || len(b.failures) > 0 {
			level = slog.LevelError
		} else {
			attributes = append(attributes, slog.String("undone_because", b.left))
		}
		attributes = append(attributes, slog.Int("undone", len(b.deliveries)-position),
			slog.String("retry_from", string(b.deliveries[position].sequence)))
	}
	if len(b.failures) > 0 {
		attributes = append(attributes, slog.Int("failures", len(b.failures)), slog.String("error", b.failures[0].Error()))
	}
	b.h.logger.LogAttrs(ctx, level, "batch", attributes...)
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func requestID(ctx context.Context) string {
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		return lc.AwsRequestID
	}
	return ""
}

// stopwatch measures phases that follow each other.
type stopwatch struct {
	now  func() time.Time
	last time.Time
}

// lap answers the time since the last lap.
func (s *stopwatch) lap() time.Duration {
	now := s.now()
	d := now.Sub(s.last)
	s.last = now
	return d
}
