package lambda

import (
	"context"
	"log/slog"
	"time"
)

// stats is what is told about a batch.
type stats struct {
	keys                        int // unique ones
	hits, stale                 int // of them, answered by the cache, and by what was too old
	calls, retries, throttles   int // of lookups
	misses, letters, enriched   int // of records; a record can miss in several lookups
	objects, bytes, storeErrors int // of objects
}

// phases is how long each of them took.
type phases struct{ decode, look, write, store time.Duration }

func (p phases) sum() time.Duration { return p.decode + p.look + p.write + p.store }

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

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// log writes the batch's one line. It holds nothing of the events. It carries the
// metrics, so it is written whatever the log level.
func (b *batch) log(ctx context.Context, position int) {
	level, s, t := slog.LevelInfo, &b.stats, &b.took
	b.countDone(position)
	attributes := []slog.Attr{
		slog.String("request_id", requestID(ctx)),
		slog.Int("records", len(b.records)),
		slog.Int("unique_keys", s.keys),
		slog.Int("cache_hits", s.hits),
		slog.Int("stale", s.stale),
		slog.Int("lookups", s.calls),
		slog.Int("lookup_retries", s.retries),
		slog.Int("misses", s.misses),
		slog.Int("dead_letters", s.letters),
		slog.Int("objects", s.objects),
		slog.Int("bytes", s.bytes),
		slog.Float64("decode_ms", milliseconds(t.decode)),
		slog.Float64("lookup_ms", milliseconds(t.look)),
		slog.Float64("enrich_ms", milliseconds(t.write)),
		slog.Float64("store_ms", milliseconds(t.store)),
		slog.Bool("cold_start", !b.h.warm.Swap(true)),
	}
	if len(b.deliveries) > 0 {
		attributes = append(attributes, slog.String("shard_id", string(b.deliveries[0].shard)))
	}
	if position < len(b.deliveries) {
		if b.left != "" && len(b.failures) == 0 {
			attributes = append(attributes, slog.String("undone_because", b.left))
		}
		attributes = append(attributes, slog.Int("undone", len(b.deliveries)-position),
			slog.String("retry_from", string(b.deliveries[position].sequence)))
	}
	if len(b.failures) > 0 {
		level = slog.LevelError
		attributes = append(attributes, slog.Int("failures", len(b.failures)), slog.String("error", b.failures[0].Error()))
	}
	now := b.h.now()
	line := slog.NewRecord(now, level, "batch", 0)
	line.AddAttrs(attributes...)
	line.AddAttrs(b.metrics(now)...)
	// Not through the logger, which leaves out what is below its level. A line that
	// cannot be written cannot be told of either.
	_ = b.h.logger.Handler().Handle(ctx, line)
}

// countDone counts what became of the records that will not be delivered again.
func (b *batch) countDone(position int) {
	b.stats.enriched, b.stats.letters, b.stats.misses = 0, 0, 0
	for i := range b.records {
		r := &b.records[i]
		if r.whole >= position {
			return
		}
		b.stats.misses += r.misses
		if r.buried {
			b.stats.letters++
		} else {
			b.stats.enriched++
		}
	}
}
